// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import Glibc
internal import NIOCore

/// Who is at the other end of a connection, as the kernel knows it: `struct ucred` of unix(7), in its layout.
package struct PeerCredentials: Sendable, Equatable {
    let processID: pid_t
    package let userID: uid_t
    let groupID: gid_t

    /// - Returns: `nil` for what is no connected Unix socket.
    package static func of(_ descriptor: CInt) -> PeerCredentials? {
        var peer = PeerCredentials(processID: 0, userID: 0, groupID: 0)
        var size = socklen_t(MemoryLayout<PeerCredentials>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer : nil
    }

    static func of(_ channel: any Channel) -> EventLoopFuture<PeerCredentials> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        return provider.unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    }
}
