// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CSystemd
internal import Glibc

/// What the service manager is told (sd_notify(3), "Standalone Implementations"); without one it goes nowhere.
///
/// Not with sd_notify itself, which waits as long as the manager's queue is full, and the event loop with it.
package enum ServiceNotification {
    /// A request would be answered from now on.
    package static func ready() { send("READY=1", patience: 1000) }

    /// A line for whoever looks at the unit.
    package static func status(_ status: String) { send("STATUS=\(status)") }

    /// The configuration is read again; ``ready()`` follows.
    package static func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    /// How often the manager wants to hear that we live, to be on the safe side twice as often as it says
    /// (sd_watchdog_enabled(3)); `nil` if it does not.
    package static func watchdogInterval() -> Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 1 else { return nil }
        return .microseconds(microseconds / 2)
    }

    package static func alive() { send("WATCHDOG=1") }

    package static func stopping() { send("STOPPING=1\nSTATUS=Stopping") }

    /// - Parameter patience: milliseconds to wait for a place in the manager's queue. What finds none is not said.
    private static func send(_ state: String, patience: CInt = 0) {
        guard let descriptor = connectedSocket() else { return }
        defer { close(descriptor) }
        func send() -> Bool {
            Glibc.send(descriptor, state, state.utf8.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)) >= 0
        }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard !send(), errno == EAGAIN, patience > 0, poll(&entry, 1, patience) > 0 else { return }
        _ = send()
    }

    /// A path, or `@` and an abstract name (unix(7)).
    private static func connectedSocket() -> CInt? {
        guard let name = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else { return nil }
        var bytes = Array(name.utf8)
        var address = sockaddr_un()
        guard let first = bytes.first, bytes.count > 1, bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else {
            return nil
        }
        if first == UInt8(ascii: "@") { bytes[0] = 0 } else if first != UInt8(ascii: "/") { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name ends where the address does, a path with its NUL.
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (bytes[0] == 0 ? 0 : 1)
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(length)) }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
