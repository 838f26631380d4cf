// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// The request to deliver now, and those who wait for it.
extension Store {
    /// Somebody who asked for `flush` and waits.
    struct FlushWaiter {
        let id: Int
        let promise: EventLoopPromise<JSON>
        let sentBefore: Int64
        /// Of the last event that was pending then.
        let lastSequence: UInt64
        let timer: Scheduled<Void>
    }

    /// Answers when everything pending is delivered, when that failed, or when the time is up; delivery goes on.
    func flush(timeout: TimeAmount) -> EventLoopFuture<JSON> {
        let promise = loop.makePromise(of: JSON.self)
        let id = (flushWaiters.map(\.id).max() ?? 0) + 1
        let timer = loop.scheduleTask(in: timeout) { self.assumeIsolated { $0.flushTimedOut(id) } }
        let waiter = FlushWaiter(
            id: id, promise: promise, sentBefore: spool.ledger.sent,
            lastSequence: spool.lastSequence, timer: timer)
        if !hasCollector {
            obeyConsent()
            answer(
                waiter,
                outcome: isPolicyCollectorUnusable
                    ? "the policy's collector cannot be used: \(policyProblem ?? "")"
                    : "local only: collector.url is not set")
        } else if let since = hold.since, objection() == nil {
            answer(waiter, outcome: "held since \(Timestamp.utc(since)): slstats release")
        } else if let problem = spool.exclusionProblem, objection() == nil {
            answer(waiter, outcome: problem)
        } else if isDisclosureDue, objection() == nil {
            answer(waiter, outcome: "waits until somebody has been told: slstats disclosure")
        } else if !isExportAllowed() {
            answer(waiter, outcome: "telemetry is off")
        } else if isStopping {
            answer(waiter, outcome: "the daemon stops")
        } else if spool.pendingEvents == 0 {
            answer(waiter, outcome: "nothing pending")
        } else {
            flushWaiters.append(waiter)
            perform(flushMachine.flushRequested(pending: pendingTotals))
        }
        return promise.futureResult
    }

    private func flushTimedOut(_ id: Int) {
        guard let index = flushWaiters.firstIndex(where: { $0.id == id }) else { return }
        answer(flushWaiters.remove(at: index), outcome: "timed out, delivery goes on")
    }

    func answer(_ waiter: FlushWaiter, outcome: String) {
        waiter.timer.cancel()
        waiter.promise.succeed([
            "delivered": JSON(spool.ledger.sent - waiter.sentBefore), "pending": JSON(spool.pendingEvents),
            "batches": JSON(spool.segmentCount), "outcome": .string(outcome),
        ])
    }

    var hasAnsweredFlushWaiters: Bool {
        let first = spool.firstPendingSequence ?? .max
        return flushWaiters.contains { $0.lastSequence < first }
    }

    /// Whoever asked for what was pending then has it, also if others go on recording.
    func answerFlushWaiters() {
        let first = spool.firstPendingSequence ?? .max
        let done = flushWaiters.filter { $0.lastSequence < first }
        guard !done.isEmpty else { return }
        accountForSettled()
        flushWaiters.removeAll { $0.lastSequence < first }
        for waiter in done { answer(waiter, outcome: (worstOutcome ?? .delivered(answer: [])).summary) }
    }
}
