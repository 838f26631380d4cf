// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CSystemd
internal import Glibc

/// The listening socket that systemd holds for us (sd_listen_fds(3)).
package enum InheritedSocket {
    /// The descriptor, or `nil` if this process was not started by a socket unit.
    ///
    /// The variables are removed, so that no child takes the socket for its own; sd_listen_fds checks that they were
    /// meant for this process and sets close-on-exec.
    package static func take() throws(InheritedSocketError) -> CInt? {
        let count = sd_listen_fds(1)
        guard count >= 0 else {
            throw InheritedSocketError(problem: "sd_listen_fds: \(String(cString: strerror(-count)))")
        }
        guard count > 0 else { return nil }
        guard count == 1 else {
            throw InheritedSocketError(problem: "\(count) sockets were handed over instead of one")
        }
        // SD_LISTEN_FDS_START, a macro that Swift does not see as a constant of type CInt.
        let descriptor: CInt = 3
        guard sd_is_socket_unix(descriptor, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw InheritedSocketError(problem: "the descriptor handed over is not a listening Unix stream socket")
        }
        return descriptor
    }
}

/// A socket unit that does not fit this service.
package struct InheritedSocketError: Error, CustomStringConvertible {
    package let problem: String

    package var description: String { "\(problem); compare slstatsd.socket with the one that was installed" }
}
