// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The name of one event, a lower-case UUID: what collectors de-duplicate by.
package struct EventID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Takes hex 8-4-4-4-12 in either case (RFC 9562, section 4); any version, since the original sends version 1.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        for (index, byte) in bytes.enumerated() {
            switch index {
            case 8, 13, 18, 23: guard byte == UInt8(ascii: "-") else { return nil }
            default: guard Self.isHexDigit(byte) else { return nil }
            }
        }
        description = text.lowercased()
    }

    /// A random one, RFC 9562 version 4: says nothing about the machine or the moment.
    package init(using generator: inout some RandomNumberGenerator) {
        var bytes: [UInt8] = (0..<16).map { _ in .random(in: .min ... .max, using: &generator) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        var text = ""
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        description = text
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
