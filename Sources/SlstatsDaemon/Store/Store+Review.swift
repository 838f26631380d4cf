// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// What a user can do about what is pending: hold it, let it go, throw some of it away.
extension Store {
    /// Nothing leaves from here on. What is on its way is taken back; the answer comes when it is known what the collector
    /// has of it.
    func beginHold() -> EventLoopFuture<[UInt8]> {
        let noting = Result { () throws(FileError) in
            try spool.withRoom { () throws(FileError) in try hold.begin(now: clock.milliseconds) }
        }
        isReleased = false
        runningExport?.cancellation.finish()
        disarmFlushTimer()
        return exportEnd().flatMapThrowing {
            if case .failure(let error) = noting {
                throw ProtocolError(
                    .refused, .stateUnavailable,
                    "held for as long as this daemon runs, but not noted for the next: \(error)")
            }
            return self.assumeIsolated { $0.holdStatus.serializedBytes() }
        }
    }

    /// What has waited goes now.
    func endHold() throws(ProtocolError) -> JSON {
        do throws(FileError) { try hold.end() } catch {
            throw ProtocolError(.refused, .stateUnavailable, "still held: \(error)")
        }
        // What is being taken back for the hold still has to be.
        if case .exporting = flushMachine.state { isReleased = true } else { beginDelivering() }
        return holdStatus
    }

    var holdStatus: JSON { ["since": JSON(hold.since), "pending": JSON(spool.pendingEvents)] }

    // MARK: - Dropping

    /// Throws away everything pending, as `--disable` does; telemetry stays on.
    func dropAll() -> EventLoopFuture<[UInt8]> {
        let before = droppedTotal
        return discard(as: .onRequest).map { () -> [UInt8] in
            let dropped = self.assumeIsolated { $0.droppedTotal } - before
            let answer: JSON = ["dropped": JSON(dropped), "notFound": [], "sending": []]
            return answer.serializedBytes()
        }
        .flatMapErrorThrowing { error in
            throw ProtocolError(.refused, .spoolUnavailable, "not dropped yet, it is tried again: \(error)")
        }
    }

    private var droppedTotal: Int64 { spool.droppedEvents.values.reduce(0, +) }

    /// Where events with an id are; a caller may have given several the same.
    private typealias Found = [EventID: [UInt64]]

    /// Throws single events away, wherever they wait. What is on its way with one of them is taken back first: then it is
    /// known what the collector has.
    func drop(_ ids: [EventID]) -> EventLoopFuture<[UInt8]> {
        if let problem = spool.exclusionProblem {
            return loop.makeFailedFuture(ProtocolError(.refused, .stateUnavailable, "not dropped: \(problem)"))
        }
        return find(Set(ids), after: 0, found: [:]).flatMap { found in
            self.assumeIsolated { store in
                if store.isOnItsWay(found) { store.redirect() }
                let end = store.isOnItsWay(found) ? store.exportEnd() : store.loop.makeSucceededVoidFuture()
                return end.flatMapThrowing { try self.assumeIsolated { try $0.drop(ids, found) } }
            }
        }
    }

    /// One segment a turn, so that nobody waits for all of them to be read.
    private func find(_ ids: Set<EventID>, after sequence: UInt64, found: Found) -> EventLoopFuture<Found> {
        loop.flatSubmit {
            self.assumeIsolated { store in
                let page = store.spool.pendingIDs(after: sequence)
                var found = found
                for (id, sequence) in page.sequences where ids.contains(id) { found[id, default: []].append(sequence) }
                guard let next = page.next else { return store.loop.makeSucceededFuture(found) }
                return store.find(ids, after: next, found: found)
            }
        }
    }

    private func isOnItsWay(_ found: Found) -> Bool {
        guard let running = runningExport?.batch.id else { return false }
        return found.values.joined().contains { spool.batch(with: $0) == running }
    }

    private func drop(_ ids: [EventID], _ found: Found) throws(ProtocolError) -> [UInt8] {
        // It has left meanwhile, or the collector has a part of its batch, which goes on as it began.
        let sending = found.filter { $0.value.contains { !spool.isPending($0) || isPartlySent($0) } }
        let sequences = found.values.joined().filter { !isPartlySent($0) }
        let dropping = Result { () throws(FileError) in try spool.exclude(sequences) }
        // What was read before holds them still.
        narrowingChanges += 1
        readAhead = nil
        removeExcluded()
        let dropped: Int
        do throws(FileError) { dropped = try dropping.get() } catch {
            throw ProtocolError(
                .refused, .spoolUnavailable,
                "dropped for as long as this daemon runs, but not noted for the next: \(error)")
        }
        let answer: JSON = [
            "dropped": JSON(dropped),
            "notFound": .array(ids.filter { found[$0] == nil }.map { .string($0.description) }),
            "sending": .array(ids.filter { sending[$0] != nil }.map { .string($0.description) }),
        ]
        return answer.serializedBytes()
    }

    private func isPartlySent(_ sequence: UInt64) -> Bool {
        guard let deliveryPlan, deliveryPlan.plan.hasBegun else { return false }
        return spool.batch(with: sequence) == deliveryPlan.batch
    }

    /// Where nothing else is left beside them, they need not wait on disk for a delivery.
    func removeExcluded() {
        guard spool.hasExcluded else { return }
        if spool.pendingEvents == 0 { perform(flushMachine.discarded()) }
        guard sentKeeping == nil else { return }
        do throws(FileError) { try spool.removeExcluded() } catch {
            logger.warning("dropped events stay on disk for now", metadata: ["error": "\(error)"])
        }
        settledAccountedFor()
        if spool.isRemovalOwed { reviewDebts() }
    }
}
