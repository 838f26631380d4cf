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
        // Two words: shifting 128 bits costs a call each.
        let words = (UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 { bytes.append(UInt8(ascii: "-")) }
            let word = digit < 16 ? words.0 : words.1
            let value = UInt8(truncatingIfNeeded: word &>> UInt64(60 - 4 * (digit & 15))) & 0xf
            bytes.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value)
        }
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
