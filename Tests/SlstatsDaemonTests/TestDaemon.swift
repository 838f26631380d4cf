// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import ServiceLifecycle
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import SystemPackage

/// A daemon in this process, on a socket and in a home of its own.
struct TestDaemon: Sendable {
    let socket: String
    let home: String

    var state: String { home + "/state" }
    var rcFile: String { home + "/.serverlessrc" }

    func readRcFile() -> String? { try? String(contentsOfFile: rcFile, encoding: .utf8) }
    func writeRcFile(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: rcFile)) }

    /// Runs a daemon while the body runs; then stops it gracefully.
    ///
    /// - Parameter home: an existing one, to start again on the same state; otherwise a new one that goes afterwards.
    static func run<Result: Sendable>(
        in home: String? = nil, hooks: Daemon.Hooks = Daemon.Hooks(),
        _ configure: (inout DaemonConfiguration) -> Void = { _ in },
        _ body: @Sendable (TestDaemon) async throws -> Result
    ) async throws -> Result {
        let folder = try home ?? makeHome()
        defer { if home == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let daemon = TestDaemon(socket: folder + "/d.sock", home: folder)
        var configuration = DaemonConfiguration()
        // Who tests that nothing leaves before it was shown says so.
        configuration.disclosure = .vendor
        configuration.senderEventsPerHour = 1_000_000_000
        // A collector that a busy machine does not let answer is none that is silent.
        configuration.collector.timeout = .seconds(60)
        configure(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical

        let location = try SocketLocation(checking: daemon.socket)
        let (accepting, accepts) = AsyncStream<Void>.makeStream()
        let (groups, group) = AsyncStream<ServiceGroup>.makeStream()
        var hooks = hooks
        hooks.accepting = { accepts.finish() }
        hooks.starting = { group.yield($0) }
        let listener = try listen(at: location)
        // As slstatsd does: a child of another test that has not executed its program yet holds the socket open as well,
        // and the next daemon in this home would meet somebody at the path.
        let inode = ListenerClaim.inode(at: location)
        hooks.stopping = { if let inode { ListenerClaim.withdraw(location, inode: inode) } }
        try FileManager.default.createDirectory(atPath: daemon.state, withIntermediateDirectories: true)
        let consent = Consent.Surroundings(
            state: FilePath(daemon.state), home: FilePath(folder), policy: FilePath(folder + "/policy.json"),
            userID: geteuid(), administrator: geteuid())
        let places = DaemonPlaces(consent: consent, socket: location)
        // Behind the last one the process ends, and with it all tests; a machine that runs all at once may be slow.
        var limits = Daemon.StopLimits()
        limits.asked = .seconds(60)
        limits.cancelled = .seconds(300)
        let service = Daemon(
            configuration: configuration, places: places, hooks: hooks, logger: logger, signals: [], stopLimits: limits)

        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer {
                    accepts.finish()
                    group.finish()
                }
                try await service.run(listener: listener)
            }
            for await _ in accepting {}
            guard let running = await groups.first(where: { _ in true }) else {
                // It did not even start, and says why.
                try await tasks.waitForAll()
                throw NotStarted()
            }
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await body(daemon)) } catch { outcome = .failure(error) }
            await running.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try outcome.get()
        }
    }

    static func makeHome() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sld-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func listen(at location: SocketLocation) throws -> CInt {
        switch try ListenerClaim.make(at: location) {
        case .bound(let socket): return socket.release()
        case .alive: throw AlreadyServed()
        case .busy: throw AlreadyServed()
        }
    }

    private struct AlreadyServed: Error {}
    private struct NotStarted: Error {}
}
