// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Becoming the one that listens at a path, when systemd does not.
///
/// Whoever binds does so under a lock beside the socket and only after a probe, so a socket that somebody serves is never
/// unlinked and fifty starters make one listener. The lock dies with its holder (flock(2)).
package enum ListenerClaim: ~Copyable {
    /// Bound and listening; connections queue from now on.
    case bound(UnixSocket)
    /// Somebody else listens there; this is a connection to them.
    case alive(UnixSocket)
    /// Somebody else listens there, with so many waiting that there was no place for one more.
    case busy

    /// - Parameter patience: for whoever claims at the same moment, in milliseconds. That takes them microseconds, unless
    ///   the machine does not let them go on, or somebody has stopped them.
    package static func make(
        at location: SocketLocation, patience: CInt = defaultPatience
    ) throws(ListenerClaimError) -> ListenerClaim {
        do { try PrivateFolder.create(location.folder) } catch {
            throw ListenerClaimError(location: location, cause: error)
        }
        let lock = try Lock(at: location, patience: patience)
        defer { _ = lock }
        do throws(SystemCallError) {
            let probe = try UnixSocket(nonBlocking: true)
            do throws(SystemCallError) {
                try probe.connect(to: location)
                return .alive(probe)
            } catch {
                switch error.errno {
                case ENOENT: break
                case ECONNREFUSED: try removeStale(location)
                case EAGAIN: return .busy
                default: throw error
                }
            }
            let listener = try UnixSocket(nonBlocking: true)
            try listener.bind(to: location)
            try listener.listen()
            return .bound(listener)
        } catch {
            throw ListenerClaimError(location: location, cause: error)
        }
    }

    /// Unlinks the path under the same lock, if it is still the socket we bound; connections after that start a new daemon.
    package static func withdraw(_ location: SocketLocation, inode: UInt64) {
        guard let lock = try? Lock(at: location, patience: defaultPatience) else { return }
        defer { _ = lock }
        guard Self.inode(at: location) == inode else { return }
        unlink(location.path)
    }

    /// Tells the socket we bound from one that somebody put there later; `nil` if there is none.
    package static func inode(at location: SocketLocation) -> UInt64? {
        var status = stat()
        guard lstat(location.path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return UInt64(status.st_ino)
    }

    /// ECONNREFUSED comes from a plain file too; only a dead socket of ours may go.
    private static func removeStale(_ location: SocketLocation) throws(SystemCallError) {
        guard inode(at: location) != nil else { throw SystemCallError("bind", path: location.path, errno: ENOTSOCK) }
        guard unlink(location.path) == 0 || errno == ENOENT else {
            throw SystemCallError("unlink", path: location.path)
        }
    }

    /// Milliseconds, for whoever has no deadline of a call to keep: a daemon that starts, and one that gives way.
    package static let defaultPatience: CInt = 200

    /// An exclusive flock(2) on a file beside the socket, held for the microseconds between probe and listen.
    private struct Lock: ~Copyable {
        private let descriptor: CInt

        init(at location: SocketLocation, patience: CInt) throws(ListenerClaimError) {
            descriptor = open(location.path + ".lock", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else {
                throw ListenerClaimError(
                    location: location, cause: SystemCallError("open", path: location.path + ".lock"))
            }
            var attempts = patience / 2 + 1
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                attempts -= 1
                var pause = timespec(tv_sec: 0, tv_nsec: 2_000_000)
                guard errno == EINTR || errno == EWOULDBLOCK && attempts > 0 && nanosleep(&pause, nil) <= 0 else {
                    let error = SystemCallError("flock", path: location.path + ".lock")
                    close(descriptor)
                    throw ListenerClaimError(location: location, cause: error)
                }
            }
        }

        deinit { close(descriptor) }
    }
}

/// Why nobody can listen at a path.
package struct ListenerClaimError: Error, Equatable, CustomStringConvertible {
    package let place: String
    package let cause: SystemCallError

    init(location: SocketLocation, cause: SystemCallError) {
        place = location.path
        self.cause = cause
    }

    package var description: String {
        switch cause.errno {
        case ENOTSOCK: "\(place) exists and is not a socket; move it away or set SLSTATS_SOCKET"
        case EPERM: "the folder of \(place) belongs to another user; set SLSTATS_SOCKET to a place of your own"
        default: "cannot listen at \(place): \(cause)"
        }
    }
}
