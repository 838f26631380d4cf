// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsDaemon
internal import SlstatsProtocol

/// What a daemon that cannot run says on the socket that it was handed: whoever waits there hears the reason, instead of
/// waiting for their deadline or having the next daemon started for the same end.
enum LastWords {
    /// For whoever started us: they connect when we have been started.
    private static let firstPatience: CInt = 200
    private static let patience: CInt = 20
    private static let longestPatience = Duration.seconds(1)

    /// Answers each request of everybody in the queue, and returns when it is empty.
    ///
    /// - Parameter patience: milliseconds to wait for the first.
    static func say(_ reason: String, on listener: CInt, patience firstPatience: CInt = firstPatience) {
        let error = ProtocolError(.refused, .cannotRun, "slstatsd cannot run: \(reason)")
        let end = ContinuousClock.now + longestPatience
        var wait = firstPatience
        while ContinuousClock.now < end, isReadable(listener, wait) {
            wait = patience
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            defer { close(client) }
            // Nobody else is told anything.
            if PeerCredentials.of(client)?.userID == geteuid() { answer(error, to: client) }
        }
    }

    private static func answer(_ error: ProtocolError, to client: CInt) {
        var lines: [UInt8] = []
        while lines.last != 0x0a, lines.count <= ProtocolLimits.maximumLineBytes, isReadable(client, firstPatience) {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            lines += buffer[..<count]
        }
        for line in lines.split(separator: 0x0a).map(Array.init) {
            guard let id = id(of: line) else { continue }
            let reply = Reply.error(error, id: id)
            // What does not fit into the socket's buffer is for somebody who does not read.
            send(client, reply, reply.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        }
    }

    /// - Returns: `nil` for a request that wants no answer.
    private static func id(of line: [UInt8]) -> [UInt8]? {
        do throws(Request.Failure) {
            return try Request(parsing: line.span).id.map { Array(line[$0]) }
        } catch {
            if error.isNotification { return nil }
            return error.id.map { Array(line[$0]) } ?? Array("null".utf8)
        }
    }

    private static func isReadable(_ descriptor: CInt, _ milliseconds: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0 && entry.revents & Int16(POLLIN) != 0
    }
}
