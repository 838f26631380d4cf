// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Logging
internal import NIOCore
internal import NIOPosix
package import ServiceLifecycle
internal import SlstatsCore
internal import SlstatsProtocol
package import UnixSignals

/// Where everything is put together: one event loop, its services, the four seams.
package struct Daemon {
    /// What the world outside wants to hear, and what has to be done about the socket at the end.
    package struct Hooks: Sendable {
        /// A request would be answered from now on.
        package var accepting: @Sendable () -> Void = {}
        /// Once, when starting is over and done with.
        package var settled: @Sendable () -> Void = {}
        package var stopping: @Sendable () -> Void = {}
        /// The configuration is being read again; ``accepting`` follows.
        package var reloading: @Sendable () -> Void = {}
        /// How things stand, in a line.
        package var status: @Sendable (String) -> Void = { _ in }
        /// The configuration as it stands now; without it SIGHUP is left alone.
        package var configuration: (@Sendable () throws -> DaemonConfiguration)?
        /// Called this often, each time after everything that could hang has answered.
        package var watchdog: (interval: Duration, ping: @Sendable () -> Void)?
        /// What runs in the place of each part; a test can let one die.
        package var part: @Sendable (any Service) -> any Service = { $0 }
        /// Given the group that runs everything, before it runs.
        package var starting: @Sendable (ServiceGroup) -> Void = { _ in }

        package init() {}
    }

    /// How long stopping may take, in two parts: what runs is asked to end, then it is cancelled. What is left after both
    /// ends with the process, so that no manager has to kill it.
    package struct StopLimits: Sendable {
        package var asked: Duration = .milliseconds(1500)
        package var cancelled: Duration = .milliseconds(500)

        package init() {}
    }

    private let configuration: DaemonConfiguration
    private let places: DaemonPlaces
    private let hooks: Hooks
    private let logger: Logger
    private let signals: [UnixSignal]
    /// Whoever waits in the socket's queue when we stop would be turned away: the path is gone, and nobody comes after us.
    private let answersQueue: Bool
    private let stopLimits: StopLimits

    private static var settlingTime: TimeAmount { .seconds(5) }

    /// - Parameters:
    ///   - signals: what ends the run gracefully.
    ///   - answersQueue: serve whoever has connected when it ends. With a socket that stays they wait for the next daemon.
    package init(
        configuration: DaemonConfiguration, places: DaemonPlaces, hooks: Hooks, logger: Logger,
        signals: [UnixSignal] = [.sigterm, .sigint], answersQueue: Bool = true, stopLimits: StopLimits = StopLimits()
    ) {
        self.configuration = configuration
        self.places = places
        self.hooks = hooks
        self.logger = logger
        self.signals = signals
        self.answersQueue = answersQueue
        self.stopLimits = stopLimits
    }

    /// Serves until SIGTERM or SIGINT, then answers what was asked, puts everything on disk and returns.
    ///
    /// - Parameter listener: a listening Unix stream socket, which becomes ours.
    package func run(listener: CInt) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await run(listener: listener, group)) } catch { outcome = .failure(error) }
        try await group.shutdownGracefully()
        try outcome.get()
    }

    /// The same for a program that does nothing else: its tasks run on the event loop, and nothing wakes it.
    package func runAlone(listener: CInt) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let end = loop.makePromise(of: Void.self)
        Task(executorPreference: LoopTaskExecutor(loop)) {
            do { end.succeed(try await run(listener: listener, group)) } catch { end.fail(error) }
        }
        let outcome = Result { try end.futureResult.wait() }
        try group.syncShutdownGracefully()
        try outcome.get()
    }

    private func run(listener: CInt, _ group: MultiThreadedEventLoopGroup) async throws {
        // A write beyond RLIMIT_FSIZE should fail like any other full disk, not kill us.
        signal(SIGXFSZ, SIG_IGN)
        try configuration.collector.checkFiles()
        let syncThread = NIOThreadPool(numberOfThreads: 1)
        syncThread.start()
        let store = try Store(
            configuration: configuration, places: places, loop: group.next(), syncThread: syncThread,
            files: PosixFileSystem(), clock: .system, random: .system, logger: logger, report: hooks.status)
        let server = SocketServer(
            descriptor: listener, socket: places.socket.path, store: store, userID: places.userID, group: group,
            answersQueue: answersQueue, stopLimits: stopLimits, logger: logger,
            onAccepting: hooks.accepting, onStopping: hooks.stopping)

        // Shut down from the last to the first: no more requests, then no more deliveries, then the files.
        var running: [any Service] = [StoreService(store: store)]
        running.append(ConsentWatch(store: store, group: group, logger: logger))
        running.append(Flusher(store: store, group: group, logger: logger))
        running.append(FeedFetcher(store: store, group: group))
        if let read = hooks.configuration {
            running.append(Reload(store: store, hooks: hooks, configuration: read, logger: logger))
        }
        if let watchdog = hooks.watchdog {
            running.append(Watchdog(store: store, interval: TimeAmount(watchdog.interval), ping: watchdog.ping))
        }
        running.append(server)
        // A part that ends before it is asked to ends the process, so that nothing lives on half-deaf.
        var lifecycle = ServiceGroupConfiguration(
            services: running.map { .init(service: hooks.part($0)) }, gracefulShutdownSignals: signals,
            logger: logger)
        lifecycle.services.append(
            .init(service: hooks.part(IdleExit(store: store)), successTerminationBehavior: .gracefullyShutdownGroup))
        lifecycle.maximumGracefulShutdownDuration = stopLimits.asked
        lifecycle.maximumCancellationDuration = stopLimits.cancelled
        let services = ServiceGroup(configuration: lifecycle)
        hooks.starting(services)
        let settling = group.next().scheduleTask(in: Self.settlingTime, hooks.settled)
        defer { settling.cancel() }
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await services.run())
        } catch is CancellationError {
            // Stopping took longer than it may: what was running has been cancelled, and what is on disk is whole.
            logger.warning("stopped in the middle of something")
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }

        try await syncThread.shutdownGracefully()
        try outcome.get()
    }
}

/// Keeps the store until everybody else has stopped, then syncs it.
private struct StoreService: Service {
    let store: Store

    func run() async throws {
        try? await gracefulShutdown()
        await store.stop()
    }
}
