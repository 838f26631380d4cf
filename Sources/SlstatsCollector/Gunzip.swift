// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CZlib

/// RFC 1952, by zlib, up to a limit: a small body can be a large one.
enum Gunzip {
    enum Failure: Error { case isNotGzip, isTooLarge }

    private static let chunkBytes = 64 << 10

    static func decompress(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var stream = z_stream()
        guard slstats_inflate_init_gzip(&stream) == Z_OK else { throw .isNotGzip }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output: [UInt8] = []
        let failure = input.withUnsafeMutableBufferPointer { source -> Failure? in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while true {
                var status: CInt = Z_OK
                let chunk = [UInt8](unsafeUninitializedCapacity: chunkBytes) { target, count in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(chunkBytes)
                    status = inflate(&stream, Z_NO_FLUSH)
                    count = chunkBytes - Int(stream.avail_out)
                }
                guard output.count + chunk.count <= limit else { return .isTooLarge }
                output += chunk
                if status == Z_STREAM_END { return stream.avail_in == 0 ? nil : .isNotGzip }
                // Neither an error nor the end of what there is.
                guard status == Z_OK, stream.avail_in > 0 || stream.avail_out == 0 else { return .isNotGzip }
            }
        }
        if let failure { throw failure }
        return output
    }
}
