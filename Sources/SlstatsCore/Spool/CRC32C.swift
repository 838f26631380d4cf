// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The Castagnoli checksum, as in RFC 3720, appendix B.4, and the `crc32` instruction of x86-64 and ARMv8.
///
/// Finds every single flipped bit and every burst of up to 32; a spool line has no other protection.
package struct CRC32C {
    private var state: UInt32 = ~0

    package init() {}

    package var value: UInt32 { ~state }

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            state = Self.table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ state >> 8
        }
    }

    package static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        var checksum = CRC32C()
        checksum.update(bytes)
        return checksum.value
    }

    /// The reversed polynomial 0x82f63b78, eight bits at a time.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
    }
}
