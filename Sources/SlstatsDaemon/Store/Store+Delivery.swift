// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

extension Store {
    /// A request to deliver, and the sign that nobody wants it delivered any more: the stream ends.
    struct Export: Sendable {
        let request: ExportRequest
        /// Where to: it may be another place than that of the request before.
        let settings: CollectorSettings
        let url: CollectorURL
        let cancellation: AsyncStream<Never>
    }

    /// What is on its way to the collector.
    struct RunningExport {
        let batch: SealedBatch
        let request: ExportRequest
        let collector: String
        let cancellation: AsyncStream<Never>.Continuation
    }

    var hasCollector: Bool { configuration.collector.url != nil }

    // MARK: - What the flusher asks and tells

    /// The next request, or `nil` if there is nothing to deliver or nobody to deliver it to.
    func nextExport() async -> Export? {
        guard isExportStillWanted else { return await endExports(.cancelled) }
        if isSealDue {
            isSealDue = false
            spool.rotate()
        }
        // A disk that is slower than the collector: what left waits for it in memory.
        if unkeptSent.count >= Self.maximumUnkept { await keepSent() }
        // A batch is durable before anybody hears of it. A sync that fails puts it into another file, so not for ever.
        for _ in 0..<4 where spool.isSealing || spool.ledger.resolved.count > 8 {
            await removalFinished()
            try? await sync().get()
        }
        // What is closed from here on is none of ours: it waits for its time.
        let isUnsyncable = spool.hasClosedSegments
        if spool.isExpiryDue { await keepSent() }
        guard isExportStillWanted else { return await endExports(.cancelled) }
        do {
            try spool.expire()
            while true {
                guard let batch = spool.nextBatch else {
                    await keepSent()
                    try spool.accountForSettled()
                    settledAccountedFor()
                    guard removal != nil else { break }
                    await removalFinished()
                    if spool.settledBatches > 0 { try? await sync().get() }
                    guard isExportStillWanted else { return await endExports(.cancelled) }
                    continue
                }
                let narrowed = narrowingChanges
                let outcome = try await read(batch).get()
                guard isExportStillWanted, let url = configuration.collector.url else {
                    return await endExports(.cancelled)
                }
                // It may have been dropped meanwhile, to make room; or less of it may leave than when it was read.
                guard spool.nextBatch?.id == batch.id, narrowingChanges == narrowed else { continue }
                if let export = try export(batch, outcome, to: url) { return export }
            }
            if isUnsyncable, spool.hasClosedSegments {
                return await endExports(.retryLater(delay: nil, reason: "the spool cannot be synced"))
            }
            return await endExports(.delivered(answer: []))
        } catch {
            logger.error("delivery not accounted for, will try again", metadata: ["error": "\(error)"])
            return await endExports(.retryLater(delay: nil, reason: "\(error)"))
        }
    }

    /// So many requests, of half a mebibyte at most, wait for the record of what left.
    private static var maximumUnkept: Int { 4 }

    private var isExportWanted: Bool {
        hasCollector && disableWaiters.isEmpty && !isDiscardOwed && !isStopping && isExportAllowed()
    }

    /// Behind everything that took time: a policy may have come meanwhile.
    private var isExportStillWanted: Bool {
        obeyPolicy()
        return isExportWanted
    }

    /// Called when something has changed what may leave or where to: what is on its way is taken back and sent anew.
    func redirect() {
        readAhead = nil
        guard let runningExport else { return }
        isRedirected = true
        runningExport.cancellation.finish()
    }

    /// On a thread of its own: a disk takes its time, and checking half a mebibyte takes a millisecond.
    private func read(_ batch: SealedBatch) -> EventLoopFuture<BatchReading.Outcome?> {
        guard let ahead = readAhead, ahead.batch == batch.id else { return start(spool.reading(of: batch, narrowing)) }
        readAhead = nil
        return ahead.outcome
    }

    private func start(_ reading: BatchReading) -> EventLoopFuture<BatchReading.Outcome?> {
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try reading.run() }
    }

    /// - Returns: `nil` if nothing of the batch can be sent; it is accounted for then.
    private func export(
        _ batch: SealedBatch, _ outcome: BatchReading.Outcome?, to url: CollectorURL
    ) throws(FileError) -> Export? {
        guard let body = outcome.map({ spool.take($0) }) else {
            // One file that is gone or cannot be read must not hold up the others.
            logger.error("batch not readable, set aside", metadata: ["batch": "\(batch.id)"])
            try spool.setAside(batch)
            return nil
        }
        // Some of it may have been dropped since.
        if deliveryPlan?.batch != batch.id || deliveryPlan?.plan.eventCount != body.eventCount {
            let plan = DeliveryPlan(
                batch: batch.id, sizes: body.sizes, places: body.places, refusedBytes: refusedBytes,
                isolatesRefused: configuration.collector.kind == .serverless)
            deliveryPlan = (batch.id, plan)
        }
        guard let next = deliveryPlan?.plan.next else {
            settle(batch, body)
            return nil
        }
        let request = ExportRequest(key: next.key, events: body, range: next.range, encoding: encoding(of: batch))
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        runningExport = RunningExport(
            batch: batch, request: request, collector: url.description, cancellation: continuation)
        spool.inDelivery = batch.id
        if let next = spool.batchAfterNext, readAhead?.batch != next.id {
            readAhead = (next.id, start(spool.reading(of: next, narrowing)))
        }
        return Export(request: request, settings: configuration.collector, url: url, cancellation: stream)
    }

    private func encoding(of batch: SealedBatch) -> RequestEncoding {
        guard configuration.collector.kind == .otlp else { return .serverless }
        var logs = configuration.collector.otlp
        if configuration.collector.sendsInstanceID { logs.instanceID = instanceID(for: batch) }
        return .otlp(logs)
    }

    /// - Returns: whether to go on with the next request.
    func finishExport(of key: BatchID, with outcome: DeliveryOutcome) async -> Bool {
        guard let running = runningExport, running.request.key == key else { return false }
        let wasRedirected = isRedirected
        // Of what goes elsewhere now, or with less in it, it matters only if it was taken after all.
        if !wasRedirected || outcome.isDelivered { deliveryPlan?.plan.finished(outcome) }
        spool.partlySent = deliveryPlan.map { ($0.batch, $0.plan.sent) }
        if let refused = deliveryPlan?.plan.refusedBytes { refusedBytes = min(refusedBytes, refused) }
        note(outcome, of: running)
        if case .delivered(let answer, _) = outcome, running.request.encoding.bringsNotifications {
            updateNotifications(from: answer)
        }
        if case .partlyDelivered = outcome { worstOutcome = worstOutcome ?? outcome }
        if deliveryPlan?.plan.next == nil { settle(running.batch, running.request.events) }
        lastFlush = (clock.milliseconds, outcome.summary)
        exportHasEnded()
        switch outcome {
        case .delivered, .partlyDelivered, .rejected:
            if hasAnsweredFlushWaiters { await keepSent() }
            answerFlushWaiters()
            guard disableWaiters.isEmpty, !isDiscardOwed else {
                _ = await endExports(.cancelled)
                return false
            }
            // A server in trouble is given time before it refuses the next batch as well.
            guard case .rejected(let status) = outcome, status >= 500 else { return true }
            _ = await endExports(.retryLater(delay: nil, reason: "HTTP \(status)"))
        case .retryLater, .cutOff, .stop, .cancelled:
            if wasRedirected, isExportWanted { return true }
            _ = await endExports(wasRedirected ? .cancelled : outcome)
        }
        return false
    }

    private func exportHasEnded() {
        runningExport = nil
        isRedirected = false
        spool.inDelivery = nil
        let waiters = exportEndWaiters
        exportEndWaiters = []
        for waiter in waiters { waiter.succeed() }
    }

    /// Completes when nothing is on its way any more: only then is it known what the collector has of it.
    func exportEnd() -> EventLoopFuture<Void> {
        guard runningExport != nil else { return loop.makeSucceededVoidFuture() }
        let promise = loop.makePromise(of: Void.self)
        exportEndWaiters.append(promise)
        return promise.futureResult
    }

    private func updateNotifications(from answer: [UInt8]) {
        do throws(FileError) {
            guard try notifications.update(fromAnswer: answer) else { return }
        } catch {
            logger.warning("notifications kept in memory only", metadata: ["error": "\(error)"])
        }
        schedulePrompt(isNew: true)
    }

    /// There is no way to the collector at all.
    func exportFailed(_ reason: String) async {
        logger.error("nothing can be sent, will try again", metadata: ["reason": "\(reason)"])
        exportHasEnded()
        _ = await endExports(.retryLater(delay: nil, reason: reason))
    }

    private func endExports(_ outcome: DeliveryOutcome) async -> Export? {
        await keepSent()
        readAhead = nil
        accountForSettled()
        let summary = (worstOutcome ?? outcome).summary
        worstOutcome = nil
        perform(flushMachine.exportFinished(outcome, pending: pendingTotals))
        rotateIdentityIfDue()
        reportStatus()
        if !disableWaiters.isEmpty || isDiscardOwed { finishDiscarding() }
        removeExcluded()
        // What was taken back may go after all, and somebody waits for it.
        let isAskedFor = isReleased || outcome == .cancelled && !flushWaiters.isEmpty
        isReleased = false
        if isAskedFor, isExportWanted { beginDelivering() }
        if case .exporting = flushMachine.state { return nil }
        for waiter in flushWaiters { answer(waiter, outcome: summary) }
        flushWaiters = []
        return nil
    }

    nonisolated func cancelExport() {
        loop.execute { self.assumeIsolated { $0.runningExport?.cancellation.finish() } }
    }

    /// The same for good.
    nonisolated func stopExports() {
        exportRequest.finish()
        loop.execute { self.assumeIsolated { $0.isStopping = true } }
        cancelExport()
    }

    /// Called when the daemon stops: whoever waits for a delivery is answered now, not when it ends.
    nonisolated func stopWaiting() {
        loop.execute {
            self.assumeIsolated { store in
                store.isStopping = true
                for waiter in store.flushWaiters { store.answer(waiter, outcome: "the daemon stops") }
                store.flushWaiters = []
            }
        }
        cancelExport()
    }
}
