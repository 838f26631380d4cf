// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// SHA-256 (FIPS 180-4) of something, as it is written: 64 digits of base 16, small letters.
package struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Of nothing that is: what stands where there is nothing before.
    static let zero = SHA256Digest(unchecked: String(repeating: "0", count: 64))

    package init(of bytes: [UInt8]) {
        self.init(
            unchecked: String(unsafeUninitializedCapacity: 64) { text in
                for (index, byte) in SHA256.hash(data: bytes).enumerated() {
                    text[2 * index] = Self.digit(byte >> 4)
                    text[2 * index + 1] = Self.digit(byte & 0xf)
                }
                return 64
            })
    }

    package init(of text: String) { self.init(of: Array(text.utf8)) }

    /// As it was written; `nil` for any other spelling.
    package init?(_ text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }) else {
            return nil
        }
        self.init(unchecked: text)
    }

    private init(unchecked text: String) { description = text }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }
}
