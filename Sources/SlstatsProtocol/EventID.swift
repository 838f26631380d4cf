// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The name of one event, a UUID: what collectors de-duplicate by.
package struct EventID: Sendable, Hashable, CustomStringConvertible {
    private let value: UInt128

    /// Takes hex 8-4-4-4-12 in either case (RFC 9562, section 4); any version, since the original sends version 1.
    package init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

    package init?(utf8 text: some Collection<UInt8>) {
        guard text.count == Self.length else { return nil }
        var value: UInt128 = 0
        var index = 0
        for byte in text {
            if Self.isHyphen(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.hexDigit(byte) else { return nil }
                value = value << 4 | UInt128(digit)
            }
            index += 1
        }
        self.value = value
    }

    /// The same in place: a part of a line.
    package init?(_ bytes: Span<UInt8>, at range: Range<Int>) {
        guard range.count == Self.length else { return nil }
        var value: UInt128 = 0
        for index in 0..<Self.length {
            let byte = bytes[range.lowerBound + index]
            if Self.isHyphen(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.hexDigit(byte) else { return nil }
                value = value << 4 | UInt128(digit)
            }
        }
        self.value = value
    }

    /// Whether this is how we would spell it, which is in lower case.
    package func isSpelled(_ bytes: Span<UInt8>, at range: Range<Int>) -> Bool {
        range.allSatisfy { !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(bytes[$0]) }
    }

    /// A random one, RFC 9562 version 4: says nothing about the machine or the moment.
    package init(using generator: inout some RandomNumberGenerator) {
        let random = UInt128(generator.next()) << 64 | UInt128(generator.next())
        value = random & ~(0xf << 76 | 0xc << 60) | 0x4 << 76 | 0x8 << 60
    }

    /// In lower case.
    package var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The description, without a string.
    package func append(to bytes: inout [UInt8]) {
        let words = (UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
        Self.append(Self.hex(words.0 &>> 32), 0..<8, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        let second = Self.hex(words.0 & 0xffff_ffff)
        Self.append(second, 0..<4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(second, 4..<8, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        let third = Self.hex(words.1 &>> 32)
        Self.append(third, 0..<4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(third, 4..<8, to: &bytes)
        Self.append(Self.hex(words.1 & 0xffff_ffff), 0..<8, to: &bytes)
    }

    /// Eight digits of 32 bits at once, the first in the highest byte: each half byte is moved to a byte of its own, and
    /// those above nine have the way from `:` to `a` added.
    private static func hex(_ word: UInt64) -> UInt64 {
        var digits = (word | word &<< 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits &<< 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits | digits &<< 4) & 0x0f0f_0f0f_0f0f_0f0f
        let letters = (digits &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    private static func append(_ digits: UInt64, _ places: Range<Int>, to bytes: inout [UInt8]) {
        for place in places { bytes.append(UInt8(truncatingIfNeeded: digits &>> UInt64(56 - 8 * place))) }
    }

    private static let length = 36

    private static func isHyphen(_ index: Int) -> Bool { index == 8 || index == 13 || index == 18 || index == 23 }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
