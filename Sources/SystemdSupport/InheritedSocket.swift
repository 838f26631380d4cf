// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CSystemd
internal import Glibc

/// The listening socket that was handed over: by systemd (sd_listen_fds(3)), or by the client that started us.
package enum InheritedSocket {
    /// The descriptor, or `nil` if there is none.
    ///
    /// The variables are removed, so that no child takes the socket for its own; sd_listen_fds checks that they were
    /// meant for this process and sets close-on-exec.
    ///
    /// - Parameter descriptor: where the client put it, if one started us.
    package static func take(_ descriptor: CInt?) throws(InheritedSocketError) -> CInt? {
        let count = sd_listen_fds(1)
        if let descriptor { return try check(descriptor) }
        // "LISTEN_FDS=0" is invalid to it; whoever says so hands over nothing.
        guard count >= 0 || count == -EINVAL else {
            throw InheritedSocketError(problem: "sd_listen_fds: \(String(cString: strerror(-count)))")
        }
        guard count > 0 else { return nil }
        guard count == 1 else {
            throw InheritedSocketError(problem: "\(count) sockets were handed over instead of one")
        }
        // SD_LISTEN_FDS_START, a macro that Swift does not see as a constant of type CInt.
        return try check(3)
    }

    private static func check(_ descriptor: CInt) throws(InheritedSocketError) -> CInt {
        guard sd_is_socket_unix(descriptor, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw InheritedSocketError(
                problem: "descriptor \(descriptor), handed over, is not a listening Unix stream socket")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }
}

/// A socket unit that does not fit this service.
package struct InheritedSocketError: Error, CustomStringConvertible {
    package let problem: String

    package var description: String { "\(problem); compare slstatsd.socket with the one that was installed" }
}
