// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// Finds identities in strings: in any case, composed or decomposed, with escapes or percent signs, in base64 or hex.
///
/// Only whole words count, so that a user called `ann` does not lose the events about an `annotation`. Most strings are
/// ASCII as they stand; of those two bytes are looked at for each place, and nothing is copied.
package struct IdentityFilter: Sendable {
    /// What is looked for byte by byte.
    private struct Needle {
        let bytes: [UInt8]
        let kind: Identity.Kind
        /// Letters are folded to lower case first.
        let isFolded: Bool
        /// No letter or digit may be next to it.
        let isWord: Bool
    }

    private let needles: [Needle]
    /// What is looked for character by character, where bytes say too little.
    private let texts: [(characters: [Character], kind: Identity.Kind)]
    /// A bit for each two bytes that a needle can begin with.
    private let beginnings: [UInt64]

    package init(_ identities: [Identity] = []) {
        var needles: [Needle] = []
        for identity in Set(identities) {
            let utf8 = Array(identity.text.utf8)
            needles.append(Needle(bytes: utf8.map(Self.folded), kind: identity.kind, isFolded: true, isWord: true))
            // Shorter ones would be found by chance.
            guard utf8.count >= 5 else { continue }
            needles.append(Needle(bytes: Self.hex(utf8), kind: identity.kind, isFolded: true, isWord: false))
            for shift in 0..<3 {
                let bytes = Base64.core(of: utf8, shiftedBy: shift)
                needles.append(Needle(bytes: bytes, kind: identity.kind, isFolded: false, isWord: false))
                // The alphabet for URLs and file names (RFC 4648, section 5).
                let other: [UInt8] = bytes.map { $0 == 0x2b ? 0x2d : $0 == 0x2f ? 0x5f : $0 }
                guard other != bytes else { continue }
                needles.append(Needle(bytes: other, kind: identity.kind, isFolded: false, isWord: false))
            }
        }
        self.needles = needles
        texts = Set(identities).map { (Array($0.text.lowercased()), $0.kind) }
        var beginnings = [UInt64](repeating: 0, count: 1 << 10)
        for needle in needles {
            for first in Self.spellings(needle.bytes[0], needle.isFolded) {
                for second in Self.spellings(needle.bytes[1], needle.isFolded) {
                    let pair = Int(first) << 8 | Int(second)
                    beginnings[pair >> 6] |= 1 << UInt64(pair & 63)
                }
            }
        }
        self.beginnings = beginnings
    }

    private static func hex(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// What a string of a document holds that it should not.
    func finding(in string: JSONSlice, of cursor: borrowing JSONCursor) -> Identity.Kind? {
        let bytes = cursor.bytes.extracting(string.content)
        var isPlain = !string.hasEscapes
        for index in bytes.indices where bytes[index] >= 0x80 || bytes[index] == UInt8(ascii: "%") { isPlain = false }
        if let kind = finding(in: bytes) { return kind }
        return isPlain ? nil : finding(in: cursor.text(of: string))
    }

    /// The same for text that is not, or no longer, in a document.
    package func finding(in text: String) -> Identity.Kind? {
        var text = text
        // Somebody may have encoded what was encoded.
        for _ in 0..<3 {
            let utf8 = Array(text.utf8)
            if let kind = finding(in: utf8.span) ?? wholeText(text.lowercased()) { return kind }
            guard let decoded = Self.percentDecoded(utf8) else { return nil }
            text = String(decoding: decoded, as: UTF8.self)
        }
        return nil
    }

    // MARK: - Bytes

    private func finding(in bytes: Span<UInt8>) -> Identity.Kind? {
        if let kind = IdentityShape.finding(in: bytes) { return kind }
        guard !needles.isEmpty, bytes.count > 1 else { return nil }
        for index in 0..<(bytes.count - 1) {
            let pair = Int(bytes[index]) << 8 | Int(bytes[index + 1])
            guard beginnings[pair >> 6] & 1 << UInt64(pair & 63) != 0 else { continue }
            for needle in needles where Self.stands(needle, at: index, in: bytes) { return needle.kind }
        }
        return nil
    }

    private static func stands(_ needle: Needle, at start: Int, in bytes: Span<UInt8>) -> Bool {
        let end = start + needle.bytes.count
        guard end <= bytes.count else { return false }
        for offset in needle.bytes.indices {
            let byte = bytes[start + offset]
            guard (needle.isFolded ? folded(byte) : byte) == needle.bytes[offset] else { return false }
        }
        guard needle.isWord else { return true }
        return !(start > 0 && isWordByte(bytes[start - 1]) && isWordByte(bytes[start]))
            && !(end < bytes.count && isWordByte(bytes[end]) && isWordByte(bytes[end - 1]))
    }

    private static func folded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
    private static func spellings(_ byte: UInt8, _ isFolded: Bool) -> [UInt8] {
        isFolded && byte &- 0x61 < 26 ? [byte, byte & 0xdf] : [byte]
    }
    /// Letters and digits; a byte of more than ASCII is part of a letter as a rule.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte >= 0x80
    }

    // MARK: - Characters

    /// Characters are equal however they are composed.
    private func wholeText(_ text: String) -> Identity.Kind? {
        let characters = Array(text)
        for (needle, kind) in texts where needle.count <= characters.count {
            for start in 0...(characters.count - needle.count) where characters[start] == needle[0] {
                let end = start + needle.count
                guard characters[start..<end].elementsEqual(needle) else { continue }
                let isInWord =
                    start > 0 && Self.isWord(characters[start - 1]) && Self.isWord(needle[0])
                    || end < characters.count && Self.isWord(characters[end]) && Self.isWord(needle[needle.count - 1])
                if !isInWord { return kind }
            }
        }
        return nil
    }

    private static func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    /// `nil` if there is nothing to decode.
    private static func percentDecoded(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.contains(UInt8(ascii: "%")) else { return nil }
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded == bytes ? nil : decoded
    }
}
