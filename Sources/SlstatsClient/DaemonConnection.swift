// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsProtocol

/// One connection, one deadline: sends a line, reads a line.
///
/// The usual request costs six system calls: socket, connect, send, poll, recv, close.
struct DaemonConnection: ~Copyable {
    private let socket: UnixSocket
    private var received: [UInt8] = []

    init(_ socket: consuming UnixSocket) {
        self.socket = socket
    }

    /// Connects without waiting, unless the daemon's queue is full: then until the deadline (connect(2), SO_SNDTIMEO).
    init(to location: SocketLocation, deadline: Deadline) throws(SystemCallError) {
        let socket = try UnixSocket(nonBlocking: true)
        do throws(SystemCallError) {
            try socket.connect(to: location)
        } catch {
            guard error.errno == EAGAIN else { throw error }
            try Self.waitForPlace(socket, location, deadline)
        }
        self.init(socket)
    }

    private static func waitForPlace(
        _ socket: borrowing UnixSocket, _ location: SocketLocation, _ deadline: Deadline
    ) throws(SystemCallError) {
        let milliseconds = Int(deadline.remainingMilliseconds)
        guard milliseconds > 0 else { throw SystemCallError("connect", path: location.path, errno: ETIMEDOUT) }
        var timeout = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        setsockopt(socket.descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let flags = fcntl(socket.descriptor, F_GETFL)
        _ = fcntl(socket.descriptor, F_SETFL, flags & ~O_NONBLOCK)
        try socket.connect(to: location)
        _ = fcntl(socket.descriptor, F_SETFL, flags)
    }

    /// MSG_NOSIGNAL: a daemon that died must not kill its caller with SIGPIPE.
    mutating func send(_ line: [UInt8], deadline: Deadline) throws(SlstatsClientError) {
        var sent = 0
        while sent < line.count {
            let count = line.withUnsafeBytes { bytes in
                Glibc.send(socket.descriptor, bytes.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(for: CInt(POLLOUT), deadline)
            } else if errno != EINTR {
                throw Self.lost(SystemCallError("send"))
            }
        }
    }

    /// The next line without its newline. Replies may be longer than requests, but not without bound.
    mutating func receiveLine(deadline: Deadline) throws(SlstatsClientError) -> [UInt8] {
        var searched = 0
        while true {
            if let end = received[searched...].firstIndex(of: 0x0a) {
                let line = Array(received[..<end])
                received.removeSubrange(...end)
                return line
            }
            searched = received.count
            guard searched < 1 << 20 else {
                throw SlstatsClientError(.connectionLost, "the daemon's answer is longer than 1 MiB")
            }
            try receiveMore(deadline)
        }
    }

    private mutating func receiveMore(_ deadline: Deadline) throws(SlstatsClientError) {
        try wait(for: CInt(POLLIN), deadline)
        let capacity = 16 * 1024
        let start = received.count
        received.reserveCapacity(start + capacity)
        var failure: CInt = 0
        let count = withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
            let count = recv(socket.descriptor, buffer.baseAddress, capacity, 0)
            if count > 0 { received.append(contentsOf: buffer[..<count]) } else if count < 0 { failure = errno }
            return count
        }
        if count == 0 {
            throw SlstatsClientError(
                .connectionLost,
                "the daemon closed the connection before it answered; does the socket belong to another user?")
        }
        if count < 0, failure != EAGAIN, failure != EINTR {
            throw Self.lost(SystemCallError("recv", errno: failure))
        }
    }

    private func wait(for events: CInt, _ deadline: Deadline) throws(SlstatsClientError) {
        while true {
            var entry = pollfd(fd: socket.descriptor, events: Int16(events), revents: 0)
            let ready = poll(&entry, 1, deadline.remainingMilliseconds)
            if ready > 0 { return }
            if ready == 0 {
                throw SlstatsClientError(
                    .timedOut,
                    "the daemon did not answer in time; is it busy or stopped? see: systemctl --user status slstatsd")
            }
            guard errno == EINTR else { throw Self.lost(SystemCallError("poll")) }
        }
    }

    private static func lost(_ error: SystemCallError) -> SlstatsClientError {
        SlstatsClientError(.connectionLost, "the connection to the daemon broke: \(error)")
    }
}
