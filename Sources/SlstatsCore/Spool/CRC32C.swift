// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CChecksum

/// The Castagnoli checksum, as in RFC 3720, appendix B.4, and the `crc32` instruction of x86-64 and ARMv8.
///
/// Finds every single flipped bit and every burst of up to 32; a spool line has no other protection.
package enum CRC32C {
    package static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBufferPointer { slstats_crc32c(0, $0.baseAddress, $0.count) }
    }
}
