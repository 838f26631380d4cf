// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

/// What left is kept before it is accounted for: a file that is on its way to the disk keeps its batch pending.
extension Store {
    /// What a collector has answered, and so has, for good. What it has not is sent again, and noted then.
    func note(_ outcome: DeliveryOutcome, of export: RunningExport) {
        let (status, answer): (Int, [UInt8])
        switch outcome {
        case .delivered(let body, let code): (status, answer) = (code, body)
        case .partlyDelivered(let body, let code, _, _): (status, answer) = (code, body)
        case .rejected(let code): (status, answer) = (code, [])
        case .retryLater, .cutOff, .stop, .cancelled: return
        }
        unkeptSent.append(
            UnkeptRequest(
                at: clock.milliseconds, collector: export.collector, status: status, answer: answer,
                request: export.request))
        startKeeping()
    }

    /// An answered request, whose body is made once more where nobody waits for it.
    struct UnkeptRequest: Sendable {
        let at: Int64
        let collector: String
        let status: Int
        let answer: [UInt8]
        let request: ExportRequest

        fileprivate var entry: SentEntry.Request {
            SentEntry.Request(
                at: at, collector: collector, key: request.key.description, status: status, answer: answer,
                events: request.eventCount, body: request.body)
        }
    }

    /// The disk and the collector work at the same time; what is answered meanwhile is written together.
    private func startKeeping() {
        guard sentKeeping == nil, !unkeptSent.isEmpty else { return }
        let requests = unkeptSent
        unkeptSent = []
        let keeping = onSentRecord { record throws(FileError) in try record.append(requests.map(\.entry)) }
        sentKeeping = keeping
        keeping.whenComplete { result in
            self.assumeIsolated { store in
                store.sentKeeping = nil
                store.noteSent(result)
                store.startKeeping()
                if store.sentKeeping == nil { store.sentIsKept() }
            }
        }
    }

    /// All that left is in the record: the ledger may let its events go.
    private func sentIsKept() {
        spool.unkept = []
        if case .exporting = flushMachine.state { accountForSettled(atLeast: 2) } else { accountForSettled() }
        if runningExport == nil, isDiscardOwed || !disableWaiters.isEmpty { finishDiscarding() }
        if runningExport == nil { removeExcluded() }
    }

    /// Returns when all of it is durable, or could not be kept, which is said.
    func keepSent() async {
        while let sentKeeping { try? await sentKeeping.get() }
    }

    private func noteSent(_ result: Result<Void, any Error>) {
        var problem: String?
        if case .failure(let error) = result { problem = "\(error)" }
        if let problem, sentProblem == nil {
            logger.error("what left is not in the record", metadata: ["error": "\(problem)"])
        }
        sentProblem = problem
    }

    /// Called at the start, and when the limits have changed.
    func expireSent() {
        let limits = configuration.sent
        let expiry = onSentRecord { record throws(FileError) in
            record.limits = limits
            try record.expire()
        }
        expiry.whenFailure { error in
            self.assumeIsolated { $0.logger.warning("record of what left", metadata: ["error": "\(error)"]) }
        }
    }

    /// On the thread that syncs, which is the only one, so one after the other.
    private func onSentRecord<Result: Sendable>(
        _ body: @escaping @Sendable (inout SentRecord) throws(FileError) -> Result
    ) -> EventLoopFuture<Result> {
        syncThread.runIfActive(eventLoop: loop) { [sentRecord] in try sentRecord.withRecord(body) }
    }

    // MARK: - Looking

    /// The answer to `sent`: some of the last entries, and how to go on.
    func sent(last count: Int, before number: UInt64) -> EventLoopFuture<[UInt8]> {
        answered {
            record throws(FileError) in
            let entries = try record.entries(last: count, before: number)
            return [
                "folder": .string(record.folder.string),
                "entries": .array(
                    entries.map { entry in
                        var members = (entry.head.object?.members ?? []).map { ($0.key, $0.value) }
                        members.removeAll { $0.0 == "format" || $0.0 == "previous" || $0.0 == "answer" }
                        members.append(("bytes", JSON(entry.request.body.count)))
                        members.append(("file", .string(record.path(of: entry).string)))
                        return .object(JSONObject(members))
                    }),
            ]
        }
    }

    /// The answer to `sent.verify`.
    func verifySent() -> EventLoopFuture<[UInt8]> {
        let hasSent = spool.ledger.sent > 0
        return answered { record throws(FileError) in
            let found = try record.verify(hasSent: hasSent)
            return [
                "folder": .string(record.folder.string), "entries": JSON(found.entries), "bytes": JSON(found.bytes),
                "problems": .array(found.problems.prefix(100).map(JSON.string)),
            ]
        }
    }

    private func answered(
        _ body: @escaping @Sendable (inout SentRecord) throws(FileError) -> JSON
    ) -> EventLoopFuture<[UInt8]> {
        onSentRecord(body).map { $0.serializedBytes() }.flatMapErrorThrowing { error in
            throw ProtocolError(.refused, .stateUnavailable, "the record of what was sent cannot be read: \(error)")
        }
    }
}
