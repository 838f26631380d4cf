// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// From a line to an event on disk: decided when it is read, written with what came in the same turn, answered then.
extension Store {
    /// What became of one `record` before anything is written.
    enum Staged {
        case event(EventID)
        case off(decidedBy: String)
    }

    /// Called before the lines of a read, and before each request that may change something: the sources of consent are
    /// looked at once for all events that came together. Not once for a turn of the loop: what a shell sends behind a
    /// change of the rc file must find it.
    func beginRead() { readDecision = nil }

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

    /// Decides and checks one event and puts it into the buffer of the next ``commitStaged()``.
    func stage(
        _ params: RecordParams, _ check: EventCheck? = nil, of line: Span<UInt8>
    ) throws(ProtocolError) -> Staged {
        if readDecision?.facts != params.facts { readDecision = (params.facts, consent.decide(params.facts)) }
        if let decision = readDecision?.decision, !decision.isEnabled { return .off(decidedBy: decision.decidedBy) }
        let stages = recordedStages.union(stagedStages)
        guard stages.contains(params.facts.stage) || stages.count < Consent.maximumStages else {
            return .off(decidedBy: OffSwitch.unknownStage.rawValue)
        }
        let check = check ?? EventCheck(line, at: params.event, catalogue: catalogue)
        guard check.violations.isEmpty else { throw Self.refusal(check.violations) }
        if let id = params.id, let own = check.id, id != own {
            throw .invalidParams("the event's id and the request's id differ")
        }
        let callersID = params.id ?? check.id
        if let callersID, recentIDs.contains(callersID) { return .event(callersID) }
        let id = callersID ?? EventID(using: &random)
        let event = StoredEvent.make(line, at: params.event, check: check, id: id, timestamp: clock.milliseconds)
        guard event.count <= configuration.spool.maximumEventBytes else {
            throw ProtocolError(
                .refused, .tooLarge,
                "the event has \(event.count) bytes, the limit is \(configuration.spool.maximumEventBytes)")
        }
        stagedEvents.append(event)
        stagedBytes += event.count
        stagedStages.insert(params.facts.stage)
        isStagedUrgent = isStagedUrgent || check.isUrgent
        if let callersID {
            recentIDs.insert(callersID)
            stagedIDs.append(callersID)
        }
        return .event(id)
    }

    /// So much is written at once; what comes then waits for the next write. A part of what memory holds without a
    /// disk, since all of one write are kept or none.
    var isStagingFull: Bool { stagedBytes >= 64 << 10 }
    /// Somebody's event has been decided and is not written yet: before anything else is done it is.
    var hasStaged: Bool { !stagedEvents.isEmpty }

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

    /// One write for everything staged, and the answers to all who wait for it. Nobody is told "recorded" before it has
    /// returned.
    func commitStaged() -> Result<Void, ProtocolError> {
        commitSync = nil
        let result: Result<Void, ProtocolError>
        do throws(ProtocolError) { result = .success(try writeStaged()) } catch { result = .failure(error) }
        let waiting = stagers
        stagers.removeAll(keepingCapacity: true)
        for connection in waiting { connection.value.committed(result, self) }
        return result
    }

    /// One sync for all who asked for it in what was written last.
    func syncOfCommit() -> EventLoopFuture<Void> {
        if let commitSync { return commitSync }
        let future = sync()
        commitSync = future
        return future
    }

    private func writeStaged() throws(ProtocolError) {
        guard !stagedEvents.isEmpty else { return }
        let isUrgent = isStagedUrgent
        let ids = stagedIDs
        recordedStages.formUnion(stagedStages)
        stagedStages.removeAll(keepingCapacity: true)
        for event in stagedEvents { spool.stage(event) }
        isStagedUrgent = false
        stagedIDs.removeAll(keepingCapacity: true)
        stagedEvents.removeAll(keepingCapacity: true)
        stagedBytes = 0
        do throws(SpoolError) {
            try spool.commit()
        } catch {
            for id in ids { recentIDs.remove(id) }
            note(spoolProblem: error.description)
            throw ProtocolError(.refused, error.code == .full ? .spoolFull : .spoolUnavailable, error.description)
        }
        // Again: what was pending before may have been discarded in between, ids and all.
        for id in ids { recentIDs.insert(id) }
        note(spoolProblem: spool.hasEventsInMemory ? Self.memoryProblem : nil)
        sealClosedSegments()
        armSyncTimer()
        armExpiryTimer()
        perform(flushMachine.eventsRecorded(pending: newlyPendingTotals, isUrgent: isUrgent))
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
