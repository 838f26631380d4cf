// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SlstatsCore
internal import SlstatsProtocol

extension Store {
    /// What is accepted becomes synced within this time.
    static var syncInterval: TimeAmount { .seconds(1) }
    private static var maximumSyncInterval: TimeAmount { .seconds(64) }

    /// Completes when everything recorded so far would survive a loss of power.
    ///
    /// Group commit: all who ask while a sync runs share the next one, which covers them all.
    func sync() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        syncWaiters.append(promise)
        if !isSyncing { startSync() }
        return promise.futureResult
    }

    /// Armed by the first event after a sync, so that an idle daemon has no timer.
    func armSyncTimer() {
        guard syncTimer == nil, !isSyncing else { return }
        syncTimer = loop.scheduleTask(in: syncDelay) {
            self.assumeIsolated { store in
                store.syncTimer = nil
                if !store.isSyncing { store.startSync() }
            }
        }
    }

    /// Called when a segment is full: only what is sealed can be dropped if there is no room.
    func sealClosedSegments() {
        if spool.hasClosedSegments, !isSyncing, syncDelay == Self.syncInterval { startSync() }
    }

    /// - Parameter isRetry: the waiters have met a sync that failed; what it was about stands in another file now.
    private func startSync(isRetry: Bool = false) {
        syncTimer?.cancel()
        syncTimer = nil
        let waiters = syncWaiters
        syncWaiters = []
        guard let work = spool.beginSync() else { return answer(waiters, nil) }
        isSyncing = true
        let outcome = syncThread.runIfActive(eventLoop: loop) { work.run() }
        outcome.whenComplete { result in
            self.assumeIsolated { $0.syncFinished(work, result, waiters, isRetry: isRetry) }
        }
    }

    private func syncFinished(
        _ work: SyncWork, _ result: Result<SyncWork.Outcome, any Error>, _ waiters: [EventLoopPromise<Void>],
        isRetry: Bool
    ) {
        isSyncing = false
        switch result {
        case .success(let outcome):
            let isWrittenAgain = spool.endSync(work, outcome)
            guard outcome.error != nil || isWrittenAgain else {
                syncDelay = Self.syncInterval
                // The ledger may have had no place for more of them.
                if spool.settledBatches > 0, runningExport == nil { accountForSettled() }
                answer(waiters, nil)
                break
            }
            if let error = outcome.error {
                logger.error("sync failed", metadata: ["error": "\(error)"])
            } else if syncDelay == Self.syncInterval {
                logger.warning("somebody has removed a file of the spool; what was not synced is written again")
            }
            // Once may be somebody who tidies up.
            if outcome.error != nil || isRetry { syncDelay = min(syncDelay * 2, Self.maximumSyncInterval) }
            // What was not synced stands in another file now; a folder has no other.
            guard isRetry || outcome.isFolderFailed else {
                syncWaiters = waiters + syncWaiters
                return startSync(isRetry: true)
            }
            answer(waiters, outcome.error.map { "\($0)" } ?? "somebody removes the files of the spool")
        case .failure(let error):
            answer(waiters, "\(error)")
        }
        reportStatus()
        if !syncWaiters.isEmpty {
            startSync()
        } else if spool.hasUnsynced {
            armSyncTimer()
        }
    }

    private func answer(_ waiters: [EventLoopPromise<Void>], _ problem: String?) {
        let problem = problem ?? (spool.hasEventsInMemory ? "there is no disk that takes it" : nil)
        for waiter in waiters {
            guard let problem else {
                waiter.succeed()
                continue
            }
            waiter.fail(ProtocolError(.refused, .spoolUnavailable, "not on stable storage: \(problem)"))
        }
    }
}
