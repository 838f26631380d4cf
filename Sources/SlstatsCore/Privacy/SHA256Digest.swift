// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// SHA-256 (FIPS 180-4) of something; written as 64 digits of base 16, small letters.
///
/// Kept as numbers: a text or an array would be a block of memory beside it, and the record of what left remembers a digest
/// for each file that it has written.
package struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    private let first, second, third, fourth: UInt64

    /// Of nothing that is: what stands where there is nothing before.
    static let zero = SHA256Digest(Words(repeating: 0, count: wordCount))

    package init(of bytes: [UInt8]) {
        var words = Words(repeating: 0, count: Self.wordCount)
        for (index, byte) in SHA256.hash(data: bytes).enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.init(words)
    }

    package init(of text: String) { self.init(of: Array(text.utf8)) }

    /// As ``description`` writes it; `nil` for any other spelling.
    package init?(_ text: String) {
        guard text.utf8.count == Self.wordCount * 16 else { return nil }
        var words = Words(repeating: 0, count: Self.wordCount)
        for (index, byte) in text.utf8.enumerated() {
            guard let digit = byte.hexDigitValue else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(digit)
        }
        self.init(words)
    }

    package var description: String {
        [first, second, third, fourth].map(\.hexDigits).joined()
    }

    private typealias Words = [UInt64]
    private static let wordCount = 4

    private init(_ words: Words) {
        (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
    }
}
