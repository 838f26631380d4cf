// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

/// What is JSON and what is not, as an independent reader sees it: Python's, which refuses a key that comes twice, NaN and
/// Infinity here. It differs in two ways (Protocol.md): it takes lone surrogates, and it nests as deep as its stack.
@Suite("What is JSON, asked of two readers")
struct DifferentialTests {
    /// Reads lines of `document what-we-wrote-of-it`, in base64, the second `-` if we refuse it; prints the numbers of
    /// those that the two do not agree about, then how many there were.
    private static let python = """
        import base64, json, sys
        def members(pairs):
            if len({key for key, _ in pairs}) < len(pairs): raise ValueError('a key comes twice')
            return pairs
        def constant(name): raise ValueError(name)
        def read(text):
            value = json.loads(base64.b64decode(text).decode('utf-8', 'strict'), object_pairs_hook=members,
                               parse_int=lambda s: ('number', s), parse_float=lambda s: ('number', s),
                               parse_constant=constant)
            check(value)
            return value
        def check(value):
            if isinstance(value, str): value.encode('utf-8', 'strict')
            elif isinstance(value, (list, tuple)):
                for element in value: check(element)
        count = 0
        for line in open(sys.argv[1], encoding='ascii'):
            document, written = line.split()
            count += 1
            try: value = read(document)
            except (ValueError, UnicodeError):
                if written != '-': print(count, 'is none, and we take it')
                continue
            if written == '-': print(count, 'is JSON, and we refuse it')
            elif read(written) != value: print(count, 'is something else when we write it')
        print(f'{count} read')
        """

    /// Each was a bug somewhere (of parsers in many languages, and of ours).
    private static let hard: [[UInt8]] =
        [
            "", " ", "{}", "[]", "null", "true", "\"\"", "0", "-0", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1E400",
            "1e-400", "9007199254740993", "123456789012345678901234567890", "-9223372036854775809", "0x10", "1_000",
            "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}",
            "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "NaN", "Infinity", "-Infinity", "nan", "True", "nul", "nullx", "truefalse", "[true", "tru",
            "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\ude00\\ud83d\"",
            "\"\\ud800x\"",
            "\"\\u00\"", "\"\\u12g4\"", "\"\\x41\"", "\"\\'\"", "\"\\", "\"", "\"\\\"", "\"\\/\"", "\"\t\"", "\"\n\"",
            "\"\\u0000\"", "\"\u{7f}\"", "\"\u{2028}\"", "'a'", "// c\n1", "/* c */1", "# c\n1", "1 // c", "[1]x",
            "[1][2]",
            "{}{}", "\u{feff}{}", "\u{a0}1", "\u{c}1", "\u{b}1", "\r\n\t 1 \r\n", "1\u{0}", "[\"a\",\n\"b\"]", "[-]",
            "[--1]",
            "[1.0e]", "[1.5E+3]", "[0e0]", "[00]", "[-01]", "[1e5.5]", "{\"a\":[}", "[{]}", "]", "}", ",", ":",
            "\"a\":1",
            String(repeating: "[", count: 512) + String(repeating: "]", count: 512),
            String(repeating: "[", count: 200), "[" + String(repeating: "0,", count: 500) + "0]",
        ].map { Array($0.utf8) } + [
            [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xe2, 0x82, 0x22], [0x22, 0x80, 0x22], [0xff, 0xfe, 0x31, 0x00], [0x31, 0x00], [0x00],
            [0x22, 0xf0, 0x9f, 0x98, 0x80, 0x22], [0x22, 0xc1, 0xbf, 0x22], [0x22, 0xf0, 0x80, 0x80, 0x80, 0x22],
        ]

    @Test(
        "hard ones, and five thousand that are made up and half of them broken, are JSON for both or for neither [F054]"
    )
    func differential() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = Generator(seed: seed)
        let documents = Self.hard + (0..<5000).map { _ in generator.document() }
        let lines = documents.map { document in
            let written = (try? JSON(parsing: document)).map { Data($0.serializedBytes()).base64EncodedString() }
            #expect(
                Self.isScanned(document) == (written != nil),
                "seed \(seed): \(String(decoding: document, as: UTF8.self))")
            let text = Data(document).base64EncodedString()
            return "\(text.isEmpty ? "=" : text) \(written ?? "-")"
        }
        guard let output = try IndependentReader.run("python3", ["-c", Self.python], lines) else {
            try Test.cancel("python3 is missing")
        }
        #expect(output == "\(documents.count) read\n", "seed \(seed)")
    }

    /// By the reader that builds no tree.
    private static func isScanned(_ document: [UInt8]) -> Bool {
        do throws(JSONError) {
            var cursor = JSONCursor(document.span)
            _ = try cursor.scanStrictDocument()
            return true
        } catch {
            return false
        }
    }

    /// Documents in any spelling, and those with a byte or two that something has happened to.
    private struct Generator: RandomNumberGenerator {
        private var numbers: SplitMix64

        init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

        mutating func next() -> UInt64 { numbers.next() }

        mutating func document() -> [UInt8] {
            var bytes = Array((blank() + value(depth: 0) + blank()).utf8)
            guard Bool.random(using: &self) else { return bytes }
            for _ in 0..<Int.random(in: 1...3, using: &self) {
                let place = Int.random(in: 0...bytes.count, using: &self)
                let byte = Bool.random(using: &self) ? UInt8.random(in: 0...255, using: &self) : one(of: Self.telling)
                switch Int.random(in: 0..<4, using: &self) {
                case 0: bytes.insert(byte, at: place)
                case 1: if place < bytes.count { bytes[place] = byte }
                case 2: if place < bytes.count { bytes.remove(at: place) }
                default: bytes.removeSubrange(place...)
                }
            }
            return bytes
        }

        private static let telling = Array("{}[]:,\"\\/0123456789.eE+-utfnbr \t\n".utf8)

        private mutating func one<Element>(of choices: [Element]) -> Element {
            choices[Int.random(in: 0..<choices.count, using: &self)]
        }

        private mutating func blank() -> String { one(of: ["", "", "", " ", "\n", "\t", "\r\n"]) }

        private mutating func value(depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 4 ? 4 : 7), using: &self) {
            case 0: return one(of: ["true", "false", "null"])
            case 1: return number()
            case 2, 3: return string()
            case 4, 5:
                let members = (0..<Int.random(in: 0...4, using: &self)).map { _ in
                    blank() + string() + blank() + ":" + blank() + value(depth: depth + 1) + blank()
                }
                return "{" + (members.isEmpty ? blank() : members.joined(separator: ",")) + "}"
            default:
                let elements = (0..<Int.random(in: 0...4, using: &self)).map { _ in
                    blank() + value(depth: depth + 1) + blank()
                }
                return "[" + (elements.isEmpty ? blank() : elements.joined(separator: ",")) + "]"
            }
        }

        private mutating func number() -> String {
            let whole = one(of: [
                "0", "7", "10", "9007199254740993", "18446744073709551616", String(repeating: "9", count: 40),
            ])
            let fraction = one(of: ["", "", ".0", ".5", ".000000000000000000001"])
            return one(of: ["", "-"]) + whole + fraction + one(of: ["", "", "e0", "E+5", "e-400", "e999"])
        }

        private mutating func string() -> String {
            let parts = (0..<Int.random(in: 0...5, using: &self)).map { _ in
                one(of: [
                    "a", "b", "key", "é", "日本", "😀", "\u{7f}", "\u{2028}", "\\n", "\\\"", "\\\\", "\\/", "\\u0000",
                    "\\u00e9",
                    "\\ud83d\\ude00", "\\uD83D\\uDE00", "\\b", "e\u{301}",
                ])
            }
            return "\"" + parts.joined() + "\""
        }
    }
}
