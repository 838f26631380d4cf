// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Whether it is whole groups of four, the last of them filled up.
    static func isEncoded(_ text: Span<UInt8>) -> Bool {
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        return text.count.isMultiple(of: 4) && (0..<end).allSatisfy { alphabet.contains(text[$0]) }
    }

    static func encode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var encoded: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            count += 1
            guard count == 3 else { continue }
            for shift in [18, 12, 6, 0] as [UInt32] { encoded.append(alphabet[Int(group >> shift & 63)]) }
            (group, count) = (0, 0)
        }
        guard count > 0 else { return encoded }
        group <<= UInt32(8 * (3 - count))
        for index in 0..<4 {
            encoded.append(index <= count ? alphabet[Int(group >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
        }
        return encoded
    }

    /// The characters that come of these bytes alone when so many others stand before them in a group of three: what is
    /// before or behind them changes nothing of it.
    static func core(of bytes: [UInt8], shiftedBy shift: Int) -> [UInt8] {
        let encoded = encode([UInt8](repeating: 0, count: shift) + bytes)
        // Bits of the bytes before are in the first `shift` characters and one more.
        let first = shift == 0 ? 0 : shift + 1
        let whole = (shift + bytes.count) * 8 / 6
        return Array(encoded[first..<whole])
    }
}
