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
            guard let body = try? spool.body(of: batch) else {
                // One file that is gone or cannot be read must not hold up the others.
                logger.error("batch not readable, set aside", metadata: ["batch": "\(batch.id)"])
                try spool.setAside(batch)
                return nextExport()
            }
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            runningExport = (batch, continuation)
            spool.inDelivery = batch.id
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
        spool.inDelivery = nil
        do throws(FileError) {
            switch outcome {
            case .delivered(let answer):
                try spool.resolve(batch, as: .sent)
                updateNotifications(from: answer)
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
            // The batches after a rejected one may be fine, but the flush as a whole was not.
            if case .rejected = outcome { worstOutcome = outcome }
            if disableWaiters.isEmpty { return true }
            _ = endExports(.cancelled)
        case .retryLater, .stop, .cancelled:
            _ = endExports(outcome)
        }
        return false
    }

    private func updateNotifications(from answer: [UInt8]) {
        do throws(FileError) {
            try notifications.update(fromAnswer: answer)
        } catch {
            logger.warning("notifications kept in memory only", metadata: ["error": "\(error)"])
        }
    }

    private func endExports(_ outcome: DeliveryOutcome) -> Export? {
        let summary = (worstOutcome ?? outcome).summary
        worstOutcome = nil
        perform(flushMachine.exportFinished(outcome, pending: pendingTotals))
        if !disableWaiters.isEmpty { finishDisabling() }
        if case .exporting = flushMachine.state { return nil }
        for waiter in flushWaiters { answer(waiter, outcome: summary) }
        flushWaiters = []
        return nil
    }

    /// The switch may have been turned by hand, or by the original, since the last request.
    private func isExportAllowed() -> Bool {
        guard !decide(Facts()).isEnabled else { return true }
        obeyRcFile()
        return false
    }

    /// A plain no in the rc file discards what is pending, as `--disable` does, whoever wrote it there. A file that
    /// cannot be read only holds it back.
    func obeyRcFile() {
        guard spool.pendingEvents > 0, !decide(Facts()).isEnabled else { return }
        if case .unusable = rcFile.read(), !isDisableUnsaved { return }
        if let runningExport {
            runningExport.cancellation.finish()
        } else {
            do throws(FileError) { try discardPending() } catch { logDiscardFailure(error) }
        }
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
        let waiters = disableWaiters
        disableWaiters = []
        do throws(FileError) {
            try discardPending()
            for waiter in waiters { waiter.succeed() }
        } catch {
            logDiscardFailure(error)
            let failure = ProtocolError(
                .refused, .spoolUnavailable, "telemetry is off, but pending events could not be discarded: \(error)")
            for waiter in waiters { waiter.fail(failure) }
        }
    }

    private func discardPending() throws(FileError) {
        perform(flushMachine.discarded())
        try spool.discardAll(as: .telemetryDisabled)
    }

    private func logDiscardFailure(_ error: FileError) {
        logger.error("pending events not discarded", metadata: ["error": "\(error)"])
    }

    // MARK: - The flush request

    /// Answers when everything pending is delivered, when that failed, or when the time is up; delivery goes on.
    func flush(timeout: TimeAmount) -> EventLoopFuture<JSON> {
        let promise = loop.makePromise(of: JSON.self)
        let id = (flushWaiters.map(\.id).max() ?? 0) + 1
        let timer = loop.scheduleTask(in: timeout) { self.assumeIsolated { $0.flushTimedOut(id) } }
        let waiter = FlushWaiter(id: id, promise: promise, sentBefore: spool.ledger.sent, timer: timer)
        if !hasCollector {
            obeyRcFile()
            answer(waiter, outcome: "local only: collector.url is not set")
        } else if !isExportAllowed() {
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
