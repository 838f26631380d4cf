// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import Testing

@Suite("JSON as a value")
struct JSONTests {
    @Test(
        "order and number spellings survive reading and writing",
        arguments: [
            #"{"z":1.0,"a":1e3,"m":12345678901234567890}"#, #"[-0,0.10,1E-5]"#, #"{"a":{},"b":[],"c":[{}]}"#,
            #""tab\tquote\"slash/""#,
        ])
    func roundTrip(_ text: String) throws {
        #expect(try JSON(parsing: text).serialized() == text)
    }

    @Test(
        "a number is an integer if it is a whole one that fits [F073]",
        arguments: [
            ("0", 0), ("-0", 0), ("42", 42), ("1.0", 1), ("1e3", 1000), ("9223372036854775807", Int64.max),
            ("9223372036854775808", nil), ("1.5", nil), ("1e400", nil), ("9007199254740993", 9_007_199_254_740_993),
            ("1e300", nil),
        ] as [(String, Int64?)])
    func integers(_ spelling: String, _ value: Int64?) throws {
        #expect(try JSON(parsing: spelling).integer == value)
    }

    @Test("a number beyond the range of a double has no value [F073]")
    func overflow() throws {
        #expect(try JSON(parsing: "1e400").number?.double == nil)
        #expect(try JSON(parsing: "1e-400").number?.double == 0)
    }

    @Test("written strings contain no control character, so a value is always one line")
    func escaping() throws {
        let text = String(String.UnicodeScalarView((0..<0x100).compactMap(Unicode.Scalar.init)))

        let written = JSON.string(text).serialized()

        #expect(written.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
        #expect(try JSON(parsing: written).string == text)
    }

    @Test("line ends in a value that is handed on become spaces")
    func rawOnOneLine() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("event")
        writer.raw(Array("{\n  \"a\": 1\r\n}".utf8))
        writer.key("next")
        writer.null()
        writer.endObject()

        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"event":{   "a": 1  },"next":null}"#)
    }

    @Test("pretty printing is the layout of the original")
    func pretty() {
        let json: JSON = ["userId": nil, "meta": ["created_at": 1], "list": [1, "a"], "empty": [:]]

        #expect(
            json.prettyPrinted() == """
                {
                  "userId": null,
                  "meta": {
                    "created_at": 1
                  },
                  "list": [
                    1,
                    "a"
                  ],
                  "empty": {}
                }
                """)
    }
}
