// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import Testing

@Suite("Scanning JSON")
struct JSONCursorTests {
    @Test(
        "well-formed documents are taken",
        arguments: [
            "null", "true", "false", "0", "-0", "1", "-1.5", "1e3", "1E+3", "1.0e-7", "12345678901234567890", "\"\"",
            #""a\"b\\c\/d\b\f\n\r\t\u00e9""#, #""\ud83d\ude00""#, "\"\u{7f}é€😀\"", "[]", "{}", " [ 1 , 2 ] ",
            "{\"a\":{\"b\":[true,null]}}", "\t{\r\n}\n", "1e400",
        ])
    func accepts(_ text: String) throws {
        _ = try JSON(parsing: text)
    }

    @Test(
        "everything else is refused, however many parsers take it [F071]",
        arguments: [
            "", " ", "nul", "nulls", "True", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "-", "NaN", "Infinity", "'a'",
            "\"a", "\"\t\"", #""\x""#, #""\u12""#, #""\u12g4""#, "[1,]", "[,1]", "[1 2]", "[", "]", "{\"a\":1,}",
            "{\"a\"}", "{\"a\":}", "{a:1}", "{1:2}", "{", "}", "1 2", "// no\n1", "[1]]", "{\"a\":1 \"b\":2}",
        ])
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0x80], [0xc0, 0xaf], [0xc1, 0xbf], [0xc3], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
            [0xf0, 0x80, 0x80, 0xaf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xe2, 0x82],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError(.invalidUTF8, at: 1)) { try JSON(parsing: [0x22] + bytes + [0x22]) }
    }

    @Test(
        "half of a surrogate pair is refused",
        arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#])
    func loneSurrogates(_ text: String) {
        #expect(throws: JSONError(.loneSurrogate, at: 1)) { try JSON(parsing: text) }
    }

    @Test("a byte order mark is named")
    func byteOrderMark() {
        #expect(throws: JSONError(.byteOrderMark, at: 0)) { try JSON(parsing: "\u{feff}{}") }
    }

    @Test(
        "a key that comes twice is refused, escapes resolved", arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#])
    func duplicateKeys(_ text: String) {
        #expect(throws: JSONError(.duplicateKey("a"), at: 7)) { try JSON(parsing: text) }
    }

    @Test("keys that only look alike are two keys")
    func composedAndDecomposed() throws {
        let json = try JSON(parsing: #"{"\u00e9":1,"e\u0301":2}"#)

        #expect(json.object?.members.count == 2)
    }

    @Test("512 levels are taken and 513 refused, without running out of stack at 100 000 [F072]")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }

        _ = try JSON(parsing: nested(512))
        #expect(throws: JSONError(.tooDeep, at: 512)) { try JSON(parsing: nested(513)) }
        #expect(throws: JSONError(.tooDeep, at: 512)) { try JSON(parsing: nested(100_000)) }
    }

    @Test("a document cut at any byte is refused")
    func cutAnywhere() throws {
        let document = Array(#"{"a":[1.5e3,"x\u00e9é\ud83d\ude00",{"b":null,"c":[true,false]}]}"#.utf8)

        _ = try JSON(parsing: document)
        for length in 0..<document.count {
            #expect(throws: JSONError.self) { try JSON(parsing: Array(document[..<length])) }
        }
    }

    @Test("errors name the place and the thing")
    func descriptions() {
        func description(_ text: String) -> String {
            do throws(JSONError) {
                _ = try JSON(parsing: text)
                return "taken"
            } catch {
                return error.description
            }
        }

        #expect(description("{\"a\":1,}") == "unexpected '}' at byte 7")
        #expect(description("[1") == "the document ends too early at byte 2")
        #expect(description("{} x") == "something after the end of the document at byte 3")
        #expect(description("{\"k\":1,\"k\":2}") == "the key \"k\" a second time at byte 7")
    }

    @Test("elements of an array are handed on as they are spelled")
    func rawElements() throws {
        let document = Array(#"{"x":1,"result":{"events":[ {"a":1.0} , [2 ,3], "\u00e9"]}}"#.utf8)

        let elements = try JSONCursor.rawElements(at: ["result", "events"], in: document)

        #expect(elements.map { String(decoding: $0, as: UTF8.self) } == [#"{"a":1.0}"#, "[2 ,3]", #""\u00e9""#])
        #expect(try JSONCursor.rawElements(at: ["result"], in: document).isEmpty)
    }
}
