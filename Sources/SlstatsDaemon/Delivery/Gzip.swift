// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CZlib

/// RFC 1952, by zlib: async-http-client compresses no requests.
enum Gzip {
    /// - Returns: `nil` only if there is no memory for it.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard slstats_deflate_init_gzip(&stream) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        let capacity = Int(deflateBound(&stream, UInt(bytes.count)))
        var input = bytes
        return input.withUnsafeMutableBufferPointer { source in
            var status: CInt = Z_OK
            let compressed = [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(capacity)
                status = deflate(&stream, Z_FINISH)
                count = capacity - Int(stream.avail_out)
            }
            return status == Z_STREAM_END ? compressed : nil
        }
    }
}
