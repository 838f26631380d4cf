// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SlstatsCore
internal import SlstatsProtocol

extension Store {
    /// What is accepted becomes synced within this time.
    private static var syncInterval: TimeAmount { .seconds(1) }

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
        syncTimer = loop.scheduleTask(in: Self.syncInterval) {
            self.assumeIsolated { store in
                store.syncTimer = nil
                if !store.isSyncing { store.startSync() }
            }
        }
    }

    private func startSync() {
        syncTimer?.cancel()
        syncTimer = nil
        let waiters = syncWaiters
        syncWaiters = []
        guard let work = spool.beginSync() else {
            for waiter in waiters { waiter.succeed() }
            return
        }
        isSyncing = true
        let result = syncThread.runIfActive(eventLoop: loop) { try work.run() }
        result.whenComplete { result in
            self.assumeIsolated { $0.syncFinished(work, result, waiters) }
        }
    }

    private func syncFinished(_ work: SyncWork, _ result: Result<Void, any Error>, _ waiters: [EventLoopPromise<Void>])
    {
        isSyncing = false
        switch result {
        case .success:
            spool.endSync(work, succeeded: true)
            for waiter in waiters { waiter.succeed() }
        case .failure(let error):
            spool.endSync(work, succeeded: false)
            logger.error("sync failed, segment closed", metadata: ["error": "\(error)"])
            let failure = ProtocolError(.refused, .spoolUnavailable, "not on stable storage: \(error)")
            // Those who came meanwhile wrote into the same segment, which nobody will sync again.
            for waiter in waiters + syncWaiters { waiter.fail(failure) }
            syncWaiters = []
        }
        if !syncWaiters.isEmpty {
            startSync()
        } else if spool.hasUnsynced {
            armSyncTimer()
        }
    }
}
