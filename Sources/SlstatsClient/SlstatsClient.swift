// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import OrderedJSON
package import SlstatsProtocol

/// Asks the daemon, and starts it if it is not there. Blocking; every call ends by its deadline.
///
///     let client = try SlstatsClient()
///     try client.record(event: #"{"command":"deploy"}"#)
///     if let notification = try client.claimNotification() { print(notification.message) }
///
/// Each call opens its own connection, so a client can be kept, copied and used from any thread.
public struct SlstatsClient: Sendable {
    /// What a call may take when nothing else is said: nobody's shell waits longer for us.
    public static let defaultDeadline = Duration.milliseconds(250)

    package let location: SocketLocation
    package let environment: CallerEnvironment
    private let launcher: DaemonLauncher?
    private let deadline: Duration

    /// Finds the socket from the environment of this process.
    public init(deadline: Duration = defaultDeadline) throws(SlstatsClientError) {
        try self.init(environment: .process, launcher: .besideThisProgram(), deadline: deadline)
    }

    package init(
        environment: CallerEnvironment, launcher: DaemonLauncher?, deadline: Duration
    ) throws(SlstatsClientError) {
        do {
            location = try SocketLocation.resolve(environment.surroundings)
        } catch {
            throw SlstatsClientError(.unreachable, error.description)
        }
        self.environment = environment
        self.launcher = launcher
        self.deadline = deadline
    }

    // MARK: - One request

    /// Sends one request and reads its answer.
    ///
    /// - Parameters:
    ///   - deadline: for requests that may take longer than others; a client that waits longer anyway does so here too.
    ///   - params: writes the `params` object.
    /// - Returns: the `result` member.
    /// - Throws: ``SlstatsClientError/Code/refused`` for an `error` member.
    package func call(
        _ method: Method, deadline: Duration? = nil, params: (inout JSONWriter) -> Void
    ) throws(SlstatsClientError) -> JSON {
        try callKeepingLine(method, deadline: deadline, params: params).result
    }

    /// The same, with the whole line, for results whose spelling matters.
    package func callKeepingLine(
        _ method: Method, deadline: Duration? = nil, params: (inout JSONWriter) -> Void
    ) throws(SlstatsClientError) -> (result: JSON, line: [UInt8]) {
        // To be given a notification twice is one too many; everything else can be asked again.
        let line = try exchange(
            Self.line(method, params: params), deadline: deadline, isRepeatable: method != .claimNotification)
        return (try Self.result(of: line), line)
    }

    /// - Throws: what the daemon said if it is an `error`.
    static func result(of line: [UInt8]) throws(SlstatsClientError) -> JSON {
        let reply: JSON
        do {
            reply = try JSON(parsing: line)
        } catch {
            throw SlstatsClientError(.connectionLost, "the daemon's answer is not JSON: \(error)")
        }
        if let error = reply["error"] {
            throw SlstatsClientError(
                .refused, reason: error["data"]?["reason"]?.string,
                fields: (error["data"]?["fields"]?.array ?? []).compactMap(\.string),
                error["message"]?.string ?? "the daemon refused without saying why")
        }
        guard let result = reply["result"] else {
            throw SlstatsClientError(.connectionLost, "the daemon's answer has neither result nor error")
        }
        return result
    }

    package static func line(_ method: Method, params: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.integer(1)
        writer.key("method")
        writer.string(method.rawValue)
        writer.key("params")
        params(&writer)
        writer.endObject()
        writer.endLine()
        return writer.bytes
    }

    /// One line there, one line back. Nobody there: the daemon is started, and the request waits for it in its queue.
    ///
    /// - Parameter isRepeatable: asking twice is as good as once. Then a daemon that goes away before it has answered is
    ///   asked again, within the same deadline: a few times, since the kernel takes a dying process's descriptors one
    ///   after the other, and its socket may still take a connection when the first is gone.
    package func exchange(
        _ line: [UInt8], deadline duration: Duration? = nil, isRepeatable: Bool = false
    ) throws(SlstatsClientError) -> [UInt8] {
        guard line.count <= ProtocolLimits.maximumLineBytes else {
            throw SlstatsClientError(
                .tooLarge, reason: ProtocolError.Reason.tooLarge.rawValue,
                "the request has \(line.count) bytes, the limit is \(ProtocolLimits.maximumLineBytes)")
        }
        let deadline = Deadline(after: max(duration ?? self.deadline, self.deadline))
        for attempt in 0..<Self.maximumRepeats where isRepeatable {
            do throws(SlstatsClientError) {
                return try ask(line, deadline)
            } catch {
                guard error.code == .connectionLost, deadline.remainingMilliseconds > 0 else { throw error }
            }
            // 1, 2, 4, 8 ms.
            var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000 << attempt)
            nanosleep(&pause, nil)
        }
        return try ask(line, deadline)
    }

    private static let maximumRepeats = 4

    private func ask(_ line: [UInt8], _ deadline: Deadline) throws(SlstatsClientError) -> [UInt8] {
        var connection = try connect(deadline)
        try connection.send(line, deadline: deadline)
        return try connection.receiveLine(deadline: deadline)
    }

    /// Sends one request whose answer takes its time, and calls `whileWaiting` every so often until it is there.
    package func call(
        _ method: Method, deadline duration: Duration, params: (inout JSONWriter) -> Void,
        every interval: Duration, whileWaiting: () throws(SlstatsClientError) -> Void
    ) throws(SlstatsClientError) -> JSON {
        let deadline = Deadline(after: max(duration, self.deadline))
        var connection = try connect(deadline)
        try connection.send(Self.line(method, params: params), deadline: deadline)
        while true {
            do throws(SlstatsClientError) {
                let slice = Deadline(after: min(interval, .milliseconds(deadline.remainingMilliseconds)))
                return try Self.result(of: connection.receiveLine(deadline: slice))
            } catch {
                guard error.code == .timedOut, deadline.remainingMilliseconds > 0 else { throw error }
            }
            try whileWaiting()
        }
    }

    private func connect(_ deadline: Deadline) throws(SlstatsClientError) -> DaemonConnection {
        do throws(SystemCallError) {
            return try DaemonConnection(to: location, deadline: deadline)
        } catch {
            switch error.errno {
            case ENOENT, ECONNREFUSED, ENOTDIR:
                if let launcher {
                    return try launcher.connect(to: location, environment.surroundings, deadline: deadline)
                }
            default: break
            }
            // systemd would have made a place that can be reached.
            let mend =
                error.errno == EACCES || error.errno == EPERM
                ? "it belongs to somebody else; set SLSTATS_SOCKET to a place of your own"
                // Also where the manager holds a socket whose path somebody has removed; "start" would change nothing.
                : "try: systemctl --user restart slstatsd.socket"
            throw SlstatsClientError(.unreachable, "daemon not reachable at \(location.path): \(error); \(mend)")
        }
    }
}
