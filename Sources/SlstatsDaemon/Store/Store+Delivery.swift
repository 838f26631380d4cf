// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

extension Store {
    /// A batch to deliver, and the sign that nobody wants it delivered any more: the stream ends.
    struct Export: Sendable {
        let body: BatchBody
        let cancellation: AsyncStream<Never>
    }

    /// Somebody who asked for `flush` and waits.
    struct FlushWaiter {
        let id: Int
        let promise: EventLoopPromise<JSON>
        let sentBefore: Int64
        let timer: Scheduled<Void>
    }

    var pendingTotals: FlushStateMachine.Pending {
        FlushStateMachine.Pending(events: spool.pendingEvents, bytes: spool.bytes)
    }

    /// What would be new to a flush: while one runs, its own batches are not.
    var newlyPendingTotals: FlushStateMachine.Pending {
        if case .exporting = flushMachine.state { return spool.unsealed }
        return pendingTotals
    }

    private var hasCollector: Bool { configuration.collectorURL != nil }

    // MARK: - Acting on the state machine

    func perform(_ action: FlushStateMachine.Action) {
        switch action {
        case .wait: break
        case .disarmTimer: disarmFlushTimer()
        case .armTimer(let delay):
            disarmFlushTimer()
            // Local only: events stay where they are, and nothing has to wake up for them.
            guard hasCollector else { return }
            flushDueAt = clock.milliseconds + Int64(delay / .milliseconds(1))
            flushTimer = loop.scheduleTask(in: TimeAmount(delay)) {
                self.assumeIsolated { $0.flushTimerFired() }
            }
        case .export:
            disarmFlushTimer()
            isSealDue = true
            exportRequest.yield()
        }
    }

    private func flushTimerFired() {
        flushTimer = nil
        flushDueAt = nil
        perform(flushMachine.timerFired())
    }

    private func disarmFlushTimer() {
        flushTimer?.cancel()
        flushTimer = nil
        flushDueAt = nil
    }

    // MARK: - What the flusher asks and tells

    /// The oldest batch, or `nil` if there is nothing to deliver or nobody to deliver it to.
    func nextExport() -> Export? {
        guard hasCollector, isExportAllowed() else { return endExports(.cancelled) }
        do {
            if isSealDue {
                try spool.seal()
                isSealDue = false
            }
            try spool.expire()
            guard let batch = spool.batches.first else { return endExports(.delivered(answer: [])) }
            let body = try spool.body(of: batch)
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            runningExport = (batch, continuation)
            return Export(body: body, cancellation: stream)
        } catch {
            logger.error("batch not readable", metadata: ["error": "\(error)"])
            return endExports(.retryLater(delay: nil, reason: "\(error)"))
        }
    }

    /// - Returns: whether to go on with the next batch.
    func finishExport(of id: BatchID, with outcome: DeliveryOutcome) -> Bool {
        guard let batch = runningExport?.batch, batch.id == id else { return false }
        runningExport = nil
        do throws(FileError) {
            switch outcome {
            case .delivered(let answer):
                try spool.resolve(batch, as: .sent)
                try notifications.update(fromAnswer: answer)
            case .rejected:
                try spool.quarantine(batch)
            case .retryLater, .stop, .cancelled:
                break
            }
        } catch {
            logger.error("delivery not accounted for", metadata: ["error": "\(error)"])
            _ = endExports(.retryLater(delay: nil, reason: "\(error)"))
            return false
        }
        lastFlush = (clock.milliseconds, outcome.summary)
        switch outcome {
        case .delivered, .rejected:
            if disableWaiters.isEmpty { return true }
            _ = endExports(.cancelled)
        case .retryLater, .stop, .cancelled:
            _ = endExports(outcome)
        }
        return false
    }

    private func endExports(_ outcome: DeliveryOutcome) -> Export? {
        perform(flushMachine.exportFinished(outcome, pending: pendingTotals))
        if !disableWaiters.isEmpty { finishDisabling() }
        if case .exporting = flushMachine.state { return nil }
        for waiter in flushWaiters { answer(waiter, outcome: summary(of: outcome)) }
        flushWaiters = []
        return nil
    }

    private func summary(of outcome: DeliveryOutcome) -> String {
        if case .delivered = outcome, spool.pendingEvents == 0 { return "delivered" }
        return outcome.summary
    }

    /// The switch may have been turned by hand, or by the original, since the last request.
    private func isExportAllowed() -> Bool {
        guard !decide(Facts()).isEnabled else { return true }
        // A plain no discards what is pending, as `--disable` does; a file that cannot be read only holds it back.
        if case .usable = rcFile.read() { discardPending() }
        return false
    }

    nonisolated func cancelExport() {
        loop.execute { self.assumeIsolated { $0.runningExport?.cancellation.finish() } }
    }

    /// Called when the daemon stops: whoever waits for a delivery is answered now, not when it ends.
    nonisolated func stopWaiting() {
        loop.execute {
            self.assumeIsolated { store in
                for waiter in store.flushWaiters { store.answer(waiter, outcome: "the daemon stops") }
                store.flushWaiters = []
            }
        }
        cancelExport()
    }

    // MARK: - Turning telemetry off

    /// Completes when nothing of what was pending can leave the machine any more.
    func discardForDisabling() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        disableWaiters.append(promise)
        if let runningExport {
            // What the collector has taken by now counts as sent; the end of the export says which.
            runningExport.cancellation.finish()
        } else {
            finishDisabling()
        }
        return promise.futureResult
    }

    private func finishDisabling() {
        discardPending()
        for waiter in disableWaiters { waiter.succeed() }
        disableWaiters = []
    }

    private func discardPending() {
        do throws(FileError) {
            try spool.discardAll(as: .telemetryDisabled)
        } catch {
            logger.error("pending events not discarded", metadata: ["error": "\(error)"])
        }
        perform(flushMachine.discarded())
    }

    // MARK: - The flush request

    /// Answers when everything pending is delivered, when that failed, or when the time is up; delivery goes on.
    func flush(timeout: TimeAmount) -> EventLoopFuture<JSON> {
        let promise = loop.makePromise(of: JSON.self)
        let id = (flushWaiters.map(\.id).max() ?? 0) + 1
        let timer = loop.scheduleTask(in: timeout) { self.assumeIsolated { $0.flushTimedOut(id) } }
        let waiter = FlushWaiter(id: id, promise: promise, sentBefore: spool.ledger.sent, timer: timer)
        if !hasCollector {
            answer(waiter, outcome: "local only: collector.url is not set")
        } else if !decide(Facts()).isEnabled {
            answer(waiter, outcome: "telemetry is off")
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

    private func answer(_ waiter: FlushWaiter, outcome: String) {
        waiter.timer.cancel()
        waiter.promise.succeed([
            "delivered": JSON(spool.ledger.sent - waiter.sentBefore), "pending": JSON(spool.pendingEvents),
            "outcome": .string(outcome),
        ])
    }
}
