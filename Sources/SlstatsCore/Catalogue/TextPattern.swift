// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Shapes of strings that are no list: what fits into one has no room for a path, an address or a sentence.
///
/// Named ones, not regular expressions: each takes one pass over the bytes, whatever is in them.
package enum TextPattern: String, CaseIterable, Sendable {
    /// `node-js_20`: letters, digits, `-` and `_`.
    case word
    /// Words with one space between them, or nothing at all: the command that was given.
    case words
    /// `3.38.0-beta.1`: a digit first, then letters, digits, `.`, `-` and `+`; 64 bytes at most.
    case version
    /// `UPPER_SNAKE_CASE`.
    case code
    /// `America/Argentina/Buenos_Aires`: letters, digits, `_`, `-`, `+`, parts with `/` between them.
    case timeZone = "time-zone"
    /// `_continuation_`: a word that begins with `_`, as the original marks answers that say nothing of the person.
    case mark
    /// Anything printable. Only identities are looked for in it; no field of ours has it.
    case text

    package func accepts(_ bytes: Span<UInt8>) -> Bool {
        switch self {
        case .word: return bytes.count > 0 && Self.all(bytes, Self.isWord)
        case .words: return Self.areWords(bytes, between: UInt8(ascii: " "), Self.isWord) || bytes.count == 0
        case .version:
            guard 1...64 ~= bytes.count, Self.isDigit(bytes[0]) else { return false }
            return Self.all(bytes) { Self.isAlphanumeric($0) || $0 == 0x2e || $0 == 0x2d || $0 == 0x2b }
        case .code:
            guard bytes.count > 0, Self.isUpper(bytes[0]) else { return false }
            return Self.all(bytes) { Self.isUpper($0) || Self.isDigit($0) || $0 == 0x5f }
        case .timeZone: return Self.areWords(bytes, between: UInt8(ascii: "/")) { Self.isWord($0) || $0 == 0x2b }
        case .mark: return bytes.count > 0 && bytes[0] == 0x5f && Self.all(bytes, Self.isWord)
        case .text: return Self.all(bytes) { $0 >= 0x20 && $0 != 0x7f }
        }
    }

    /// What stands between its parts, the most general of which comes first; `nil` for one that has none.
    var separator: Character? {
        switch self {
        case .version: "."
        case .words: " "
        case .timeZone: "/"
        case .word, .code, .mark, .text: nil
        }
    }

    /// For sentences such as "must be a version".
    var phrase: String {
        switch self {
        case .word: "a word"
        case .words: "words"
        case .version: "a version"
        case .code: "a code in capitals"
        case .timeZone: "a time zone"
        case .mark: "a word that begins with _"
        case .text: "a text without control characters"
        }
    }

    private static func all(_ bytes: Span<UInt8>, _ accepts: (UInt8) -> Bool) -> Bool {
        for index in bytes.indices where !accepts(bytes[index]) { return false }
        return true
    }

    /// Not empty, and none of them either.
    private static func areWords(
        _ bytes: Span<UInt8>, between separator: UInt8, _ accepts: (UInt8) -> Bool
    ) -> Bool {
        var previous = separator
        for index in bytes.indices {
            let byte = bytes[index]
            guard accepts(byte) || byte == separator && previous != separator else { return false }
            previous = byte
        }
        return previous != separator
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isUpper(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 26 }
    static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == 0x2d || byte == 0x5f }
}
