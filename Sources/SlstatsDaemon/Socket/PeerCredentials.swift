// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore

/// Who is at the other end of a connection, as the kernel knows it: `struct ucred` of unix(7), in its layout.
struct PeerCredentials: Sendable, Equatable {
    let processID: pid_t
    let userID: uid_t
    let groupID: gid_t

    static func of(_ channel: any Channel) -> EventLoopFuture<PeerCredentials> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        return provider.unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    }
}
