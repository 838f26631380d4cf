// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A Unix domain stream socket that closes itself: the few system calls that client and daemon both make.
package struct UnixSocket: ~Copyable {
    package let descriptor: CInt

    /// Close-on-exec from birth, so that no program started by a host inherits it.
    package init(nonBlocking: Bool) throws(SystemCallError) {
        let flags = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_UNIX, nonBlocking ? flags | CInt(SOCK_NONBLOCK.rawValue) : flags, 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
    }

    package init(adopting descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Gives the descriptor away; it is not closed here any more.
    package consuming func release() -> CInt {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    package borrowing func connect(to location: SocketLocation) throws(SystemCallError) {
        let result = withAddress(of: location) { address, length in Glibc.connect(descriptor, address, length) }
        guard result == 0 else { throw SystemCallError("connect", path: location.path) }
    }

    /// Bound with mode 0600 from birth: bind(2) takes the mode of the socket's own inode, less the umask.
    package borrowing func bind(to location: SocketLocation) throws(SystemCallError) {
        guard fchmod(descriptor, 0o600) == 0 else { throw SystemCallError("fchmod", path: location.path) }
        let result = withAddress(of: location) { address, length in Glibc.bind(descriptor, address, length) }
        guard result == 0 else { throw SystemCallError("bind", path: location.path) }
    }

    /// Where a socket is bound (getsockname(2)); `nil` for what is none, or has no path.
    package static func path(of descriptor: CInt) -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        return withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The kernel cuts the queue to `net.core.somaxconn`, 4096 on Debian 12.
    package borrowing func listen() throws(SystemCallError) {
        guard Glibc.listen(descriptor, 4096) == 0 else { throw SystemCallError("listen") }
    }
}

/// `SocketLocation` has checked that the path fits, NUL included (unix(7)).
private func withAddress<Result>(
    of location: SocketLocation, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: location.path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

/// A system call that failed, with the errno it left behind.
package struct SystemCallError: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let path: String?
    package let errno: CInt

    /// Takes `errno` as it is now, so nothing may come between the call and this.
    package init(_ name: String, path: String? = nil, errno: CInt = Glibc.errno) {
        self.name = name
        self.path = path
        self.errno = errno
    }

    package var description: String {
        let reason = String(cString: strerror(errno))
        return path.map { "\(name) \($0): \(reason)" } ?? "\(name): \(reason)"
    }
}
