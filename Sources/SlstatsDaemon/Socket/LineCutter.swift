// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import NIOCore
internal import SlstatsProtocol

/// Cuts a stream into lines, wherever its pieces end.
package struct LineCutter {
    /// A line that has not ended yet.
    private var partial = ByteBuffer()

    package init() {}

    /// Takes the next piece.
    ///
    /// - Parameter body: is given each line that is complete, without its newline.
    /// - Returns: false for a line that is too long; nothing behind it is looked at.
    package mutating func cut(_ piece: ByteBuffer, _ body: (Span<UInt8>) -> Void) -> Bool {
        var buffer = piece
        if partial.readableBytes > 0 {
            // Or it would keep everything that ever came, in a connection that never ends a write with a line.
            partial.discardReadBytes()
            partial.writeBuffer(&buffer)
            swap(&partial, &buffer)
        }
        partial = ByteBuffer()
        while true {
            let length = Self.lineLength(in: buffer)
            guard (length ?? buffer.readableBytes) < ProtocolLimits.maximumLineBytes else { return false }
            guard let length else { break }
            body(buffer.readableBytesUInt8Span.extracting(0..<length))
            buffer.moveReaderIndex(forwardBy: length + 1)
        }
        if buffer.readableBytes > 0 { partial = buffer }
        return true
    }

    /// memchr(3), up to the next newline; `nil` if there is none yet.
    private static func lineLength(in buffer: ByteBuffer) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress, let end = memchr(base, 0x0a, bytes.count) else { return nil }
            return UnsafeRawPointer(end) - base
        }
    }
}
