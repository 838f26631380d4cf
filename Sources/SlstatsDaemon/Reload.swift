// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import SlstatsCore
internal import UnixSignals

/// Reads the configuration again on SIGHUP, without a connection noticing.
struct Reload: Service {
    let store: Store
    let hooks: Daemon.Hooks
    /// Of everything that can be set, as it stands now.
    let configuration: @Sendable () throws -> DaemonConfiguration
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        let (end, ends) = AsyncStream<Never>.makeStream()
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in signals { await reload() }
                }
                group.addTask {
                    for await _ in end {}
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            ends.finish()
        }
    }

    private func reload() async {
        hooks.reloading()
        do {
            try await store.apply(configuration())
            logger.info("configuration read again")
        } catch {
            // A mistake in it is no reason to stop, nor to lose what held before.
            logger.error("configuration not taken, the one before holds", metadata: ["reason": "\(error)"])
        }
        hooks.accepting()
    }
}

extension Store {
    /// From now on this holds. A request that is on its way goes where it was going, the next one where this says; what
    /// stands on disk is not touched.
    func apply(_ next: DaemonConfiguration) throws(ConfigurationError) {
        try next.collector.checkFiles()
        let before = configuration
        // What was checked under the rules of before counts as theirs.
        if hasStaged { _ = commitStaged() }
        configured = next
        combine()
        readAhead = nil
        if before.collector != configuration.collector { forgetCollector() }
        spool.limits = next.spool
        consent.mode = next.consentMode
        if senderLimits.perHour != next.senderEventsPerHour {
            senderLimits = SenderLimits(perHour: next.senderEventsPerHour, now: clock.steadyMilliseconds)
        }
        if before.sent != next.sent { expireSent() }
        if before.feed.source != next.feed.source {
            feed = next.feed.source.map { NotificationFeed($0, state: state, files: files) }
            feedIdentities = []
        }
        if case .file(let path) = next.feed.place { readFeed(path) }
        idleTimer?.cancel()
        idleTimer = nil
        armIdleTimer()
        expiryTimer?.cancel()
        expiryTimer = nil
        armExpiryTimer()
        perform(flushMachine.reconfigured(next.flush, pending: pendingTotals))
        reportStatus()
    }
}
