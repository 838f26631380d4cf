// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// From a line to an event on disk: checked when it is read, decided and written with what came in the same turn,
/// answered then.
extension Store {
    /// What became of one `record` before anything is written.
    enum Staged {
        case event(EventID)
        case off(decidedBy: String)
    }

    /// What became of everything that was staged.
    enum Commit {
        case written
        case off(decidedBy: String)
        case failed(ProtocolError)
    }

    /// The facts at a place of a line. They are read once: a shell, and as a rule a user, says the same every time.
    func facts(_ line: Span<UInt8>, at range: Range<Int>) throws(ProtocolError) -> Facts {
        if let knownFacts, knownFacts.bytes.count == range.count,
            knownFacts.bytes.indices.allSatisfy({ knownFacts.bytes[$0] == line[range.lowerBound + $0] })
        {
            return knownFacts.facts
        }
        do throws(JSONError) {
            let facts = try Facts(parsing: line, at: range)
            knownFacts = (JSONCursor(line).copyBytes(range), facts)
            return facts
        } catch {
            throw .invalidParams("\(error)")
        }
    }

    /// One decision serves all that is written together, so it has to be about the same facts.
    func canStage(_ facts: Facts) -> Bool { stagedFacts == nil || stagedFacts == facts }

    /// Checks one event and puts it into the buffer of the next ``commitStaged()``, which asks for consent: after
    /// everything of this turn has been read, so that what a shell sends behind a change of the rc file finds it.
    ///
    /// - Parameter sender: the process at the other end.
    func stage(
        _ params: RecordParams, _ check: EventCheck? = nil, of line: Span<UInt8>, from sender: pid_t
    ) throws(ProtocolError) -> Staged {
        precondition(canStage(params.facts))
        let check = check ?? EventCheck(line, at: params.event, rules: rules)
        do throws(ProtocolError) {
            // Where telemetry is off nothing is made for an event, not even a key.
            if check.needsKey {
                let decision = decideRecording(params.facts)
                if !decision.isEnabled { return .off(decidedBy: decision.decidedBy) }
            }
            let before = spool.stagedBytes
            let id = try stage(params, check, line, sender)
            stagedFacts = params.facts
            // A retry of an event that is known already has staged nothing.
            if spool.stagedBytes > before { isStagedUrgent = isStagedUrgent || check.isUrgent }
            return .event(id)
        } catch {
            // Where telemetry is off nobody hears what would be wrong with an event.
            let decision = decideRecording(params.facts)
            if !decision.isEnabled { return .off(decidedBy: decision.decidedBy) }
            throw error
        }
    }

    private func stage(
        _ params: RecordParams, _ check: EventCheck, _ line: Span<UInt8>, _ sender: pid_t
    ) throws(ProtocolError) -> EventID {
        if let reason = check.refusal {
            spool.countRefusal(reason)
            throw Self.refusal(check.violations)
        }
        if let id = params.id, let own = check.id, id != own {
            throw .invalidParams("the event's id and the request's id differ")
        }
        let callersID = params.id ?? check.id
        if let callersID, recentIDs.contains(callersID) { return callersID }
        try checkSender(sender)
        try checkRate()
        let id = callersID ?? EventID(using: &random)
        let limit = configuration.spool.maximumEventBytes
        let timestamp = clock.milliseconds
        let key = try keyIfNeeded(check)
        let bytes = spool.stage(atMost: limit) {
            StoredEvent.append(line, at: params.event, check: check, id: id, timestamp: timestamp, key: key, to: &$0)
        }
        guard bytes <= limit else {
            rateLimit?.giveBack(1)
            stagedRate -= rateLimit == nil ? 0 : 1
            throw ProtocolError(.refused, .tooLarge, "the event has \(bytes) bytes, the limit is \(limit)")
        }
        if let callersID {
            recentIDs.insert(callersID)
            stagedIDs.append(callersID)
        }
        return id
    }

    /// Made for the first event that needs it, and not for one that is not recorded.
    private func keyIfNeeded(_ check: EventCheck) throws(ProtocolError) -> [UInt8] {
        guard check.needsKey else { return [] }
        do throws(FileError) {
            return try installationKey.bytes(using: &random)
        } catch {
            throw ProtocolError(.refused, .stateUnavailable, "no key for hashes: \(error)")
        }
    }

    /// The decision of the sources, and that nobody makes up stages without end.
    private func decideRecording(_ facts: Facts) -> (isEnabled: Bool, decidedBy: String) {
        let decision = consent.decide(facts)
        guard decision.isEnabled else { return (false, decision.decidedBy) }
        guard recordedStages.contains(facts.stage) || recordedStages.count < Consent.maximumStages else {
            return (false, OffSwitch.unknownStage.rawValue)
        }
        return (true, decision.decidedBy)
    }

    /// So much is written at once; what comes then waits for the next write. A part of what memory holds without a
    /// disk, since all of one write are kept or none.
    var isStagingFull: Bool { spool.stagedBytes >= 64 << 10 }
    /// Somebody's event, or a retry of one, has been read and is not answered yet: before anything else is done it is.
    var hasStaged: Bool { stagedFacts != nil }

    /// The connection has staged something: it is written, with what others stage in the same turn of the event loop,
    /// when all that can be read now has been read. One write then serves all of them.
    func commitInThisTurn(_ connection: NIOLoopBound<ConnectionHandler>) {
        stagers.append(connection)
        guard stagers.count == 1 else { return }
        loop.execute {
            self.assumeIsolated { store in
                if !store.stagers.isEmpty { _ = store.commitStaged() }
            }
        }
    }

    /// One decision and one write for everything staged, and the answers to all who wait for it. Nobody is told
    /// "recorded" before it has returned.
    func commitStaged() -> Commit {
        commitSync = nil
        let outcome = writeStaged()
        let waiting = stagers
        stagers.removeAll(keepingCapacity: true)
        for connection in waiting { connection.value.committed(outcome, self) }
        if case .off = outcome { obeyConsent() }
        return outcome
    }

    /// One sync for all who asked for it in what was written last.
    func syncOfCommit() -> EventLoopFuture<Void> {
        if let commitSync { return commitSync }
        let future = sync()
        commitSync = future
        return future
    }

    private func writeStaged() -> Commit {
        guard let facts = stagedFacts else { return .written }
        let isUrgent = isStagedUrgent
        let ids = stagedIDs
        stagedFacts = nil
        isStagedUrgent = false
        stagedIDs.removeAll(keepingCapacity: true)
        let rate = stagedRate
        stagedRate = 0
        let decision = decideRecording(facts)
        guard decision.isEnabled else {
            spool.unstage()
            rateLimit?.giveBack(rate)
            for id in ids { recentIDs.remove(id) }
            return .off(decidedBy: decision.decidedBy)
        }
        // Retries only.
        guard spool.stagedBytes > 0 else { return .written }
        // Before the write: it may have to make room, and whose events these are must be known then.
        recordedStages.insert(facts.stage)
        do throws(SpoolError) {
            try spool.commit()
        } catch {
            rateLimit?.giveBack(rate)
            for id in ids { recentIDs.remove(id) }
            note(spoolProblem: error.description)
            return .failed(
                ProtocolError(.refused, error.code == .full ? .spoolFull : .spoolUnavailable, error.description))
        }
        note(spoolProblem: spool.hasEventsInMemory ? Self.memoryProblem : nil)
        sealClosedSegments()
        armSyncTimer()
        armExpiryTimer()
        // Local only, or nobody has been told yet: nothing is due.
        if isDeliveryPossible {
            perform(flushMachine.eventsRecorded(pending: newlyPendingTotals, isUrgent: isUrgent))
        }
        return .written
    }

    static let memoryProblem = "no disk takes events; they wait in memory and do not survive the daemon"

    /// What a caller who asked for `accepted` can be told.
    var acceptedDurability: String { spool.isMemoryOnly ? "memory" : Durability.accepted.rawValue }

    /// One line in the log when it begins and one when it ends, however many events it concerns.
    private func note(spoolProblem problem: String?) {
        if let problem, spoolProblem == nil { logger.error("spool", metadata: ["problem": "\(problem)"]) }
        if problem == nil, spoolProblem != nil { logger.notice("spool takes events again") }
        spoolProblem = problem
    }

    private static func refusal(_ violations: [EventCheck.Violation]) -> ProtocolError {
        let sentences = violations.prefix(8).map { "\($0.field) \($0.problem)" }
        return ProtocolError(
            .refused, .eventRefused, "event refused: " + sentences.joined(separator: "; "),
            fields: violations.map(\.field))
    }
}
