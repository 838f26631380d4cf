// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SlstatsCore

/// From an outcome to a line in the ledger, and then to a file that is gone.
extension Store {
    func settle(_ batch: SealedBatch, _ body: BatchBody) {
        let plan = deliveryPlan?.plan
        deliveryPlan = nil
        spool.partlySent = nil
        let rejected = (plan?.rejected ?? []).map { body[$0] }
        if !rejected.isEmpty {
            // The others may be fine, but the flush as a whole was not.
            worstOutcome = worstOutcome ?? .rejected(status: plan?.rejectedStatus ?? 0)
            logger.warning(
                "events that the collector does not take are in quarantine",
                metadata: ["batch": "\(batch.id)", "events": "\(rejected.count)"])
        }
        if sentKeeping != nil { spool.unkept.insert(batch.id) }
        spool.settle(batch, sent: plan?.sent ?? 0, rejected: rejected, unnamed: plan?.unnamedRejected ?? 0)
    }

    /// Called when the record of what left has it, while the next request is on its way, and at the end. What a crash in
    /// between leaves out of the ledger is sent again, under the same key.
    ///
    /// - Parameter minimum: fewer batches wait for the next time; a sync of the ledger takes as long as half a request.
    func accountForSettled(atLeast minimum: Int = 1) {
        // What is not in the record yet comes back here when it is.
        guard sentKeeping == nil, spool.settledBatches >= minimum else { return }
        do throws(FileError) {
            try spool.accountForSettled()
            settledAccountedFor()
        } catch {
            // It will not be sent again by us, and the ledger is tried again with the next entry.
            logger.error("delivery not accounted for", metadata: ["error": "\(error)"])
        }
    }

    func settledAccountedFor() {
        if spool.pendingEvents == 0 { recordedStages = [] }
        removeFiles()
        // The unlinking has to become durable some time.
        armSyncTimer()
    }

    private func removeFiles() {
        guard removal == nil, let work = spool.beginRemoval() else { return }
        let future = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { work.run() }
        removal = future
        future.whenComplete { result in
            self.assumeIsolated { store in
                store.removal = nil
                store.spool.endRemoval((try? result.get()) ?? [])
                store.removeFiles()
            }
        }
    }

    func removalFinished() async {
        while let removal { _ = try? await removal.get() }
    }
}
