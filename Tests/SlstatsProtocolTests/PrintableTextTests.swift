// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsProtocol
import Testing

@Suite("Text that goes to a terminal")
struct PrintableTextTests {
    @Test(
        "nothing that moves the cursor, hides or turns text around is left",
        arguments: [
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"), ("a\u{9b}2Jb", "a2Jb"), ("a\rb", "ab"), ("a\u{7}b\u{8}c", "abc"),
            ("a\u{202e}b\u{2066}c\u{200f}", "abc"), ("a\u{200b}\u{200d}\u{feff}\u{2060}b", "ab"), ("a\u{0}b", "ab"),
            ("a\u{fe0f}\u{e0041}b", "ab"), ("a\u{3164}\u{115f}\u{ffa0}b", "ab"), ("a\u{2028}b\u{2029}c", "abc"),
            ("a\tb\nc", "a b\nc"), ("Zürich 東京 🎉", "Zürich 東京 🎉"), ("\u{e000}\u{10ffff}x", "x"),
        ])
    func removed(_ text: String, _ expected: String) {
        #expect(PrintableText.sanitize(text) == expected)
    }

    @Test("a letter carries four marks, not a tower of them")
    func marks() {
        #expect(PrintableText.sanitize("e" + String(repeating: "\u{301}", count: 40) + "x").unicodeScalars.count == 6)
    }

    @Test("2 KiB, cut between letters")
    func length() {
        #expect(PrintableText.sanitize(String(repeating: "x", count: 5000)).utf8.count == 2048)
        #expect(PrintableText.sanitize("x" + String(repeating: "é", count: 5000)).utf8.count == 2047)
    }

    @Test("whatever bytes come, what is left is printable text and line feeds")
    func anyBytes() {
        var random = SystemRandomNumberGenerator()
        let seeds: [UInt8] = [0x1b, 0x5b, 0x9b, 0xc2, 0xe2, 0x80, 0xae, 0xf3, 0xa0, 0x81, 0x0a, 0x0d, 0x41, 0xcc, 0x81]
        for _ in 0..<10_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? seeds.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
            }
            let text = PrintableText.sanitize(String(decoding: bytes, as: UTF8.self))
            for scalar in text.unicodeScalars where scalar != "\n" {
                let isSafe: Bool =
                    switch scalar.properties.generalCategory {
                    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                        false
                    default: !scalar.properties.isDefaultIgnorableCodePoint
                    }
                #expect(isSafe, "\(bytes)")
            }
            #expect(PrintableText.sanitize(text) == text)
        }
    }

    @Test(
        "lines are broken between words, and words that are too long within",
        arguments: [
            ("one two three", 7, "one two\nthree"), ("one two three", 13, "one two three"),
            ("abcdefgh", 3, "abc\ndef\ngh"),
            ("a  b", 80, "a  b"), ("a\n\nb", 80, "a\n\nb"), ("東京東京", 4, "東京\n東京"), ("x 東京", 5, "x\n東京"),
            ("", 10, ""), ("ab cd", 1, "a\nb\nc\nd"), ("🎉🎉", 1, "🎉\n🎉"),
        ])
    func wrapped(_ text: String, _ columns: Int, _ expected: String) {
        #expect(PrintableText.wrap(text, columns: columns) == expected)
    }

    @Test("a notice has no empty lines at its ends, one at most between, and no more than twenty")
    func notice() {
        #expect(PrintableText.notice("\n\n a\n \n\n\nb\n\n") == " a\n\nb")
        #expect(PrintableText.notice(String(repeating: "\n", count: 2000)) == "")
        #expect(PrintableText.notice(String(repeating: "x\n", count: 100)).split(separator: "\n").count == 20)
    }

    @Test("on one line a line feed is a blank")
    func line() {
        #expect(PrintableText.sanitizeLine("a\nTelemetry is off\u{1b}[2J") == "a Telemetry is off[2J")
    }

    @Test("JSON for a terminal says the same and steers nothing")
    func json() throws {
        let json: JSON = ["a\u{202e}": "x\u{9b}2J\u{200b}é東🎉\u{e0041}\n"]
        let text = PrintableText.escapeJSON(json.serialized())
        #expect(try JSON(parsing: text) == json)
        #expect(PrintableText.sanitize(text) == text && text.contains("é東🎉"))
    }
}
