// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// What a user can do about what is pending: hold it, let it go, throw some of it away.
extension Store {
    /// Nothing leaves from here on; what is on its way is taken back.
    func beginHold() throws(ProtocolError) -> JSON {
        do throws(FileError) { try hold.begin(now: clock.milliseconds) } catch {
            throw ProtocolError(
                .refused, .stateUnavailable,
                "held for as long as this daemon runs, but not noted for the next: \(error)")
        }
        runningExport?.cancellation.finish()
        disarmFlushTimer()
        return holdStatus
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
        let count = spool.pendingEvents
        return discard(as: .onRequest).map { () -> [UInt8] in
            let answer: JSON = ["dropped": JSON(count), "notFound": [], "sending": []]
            return answer.serializedBytes()
        }
        .flatMapErrorThrowing { error in
            throw ProtocolError(.refused, .spoolUnavailable, "not dropped yet, it is tried again: \(error)")
        }
    }

    /// Throws single events away, wherever they wait.
    func drop(_ ids: [EventID]) -> EventLoopFuture<[UInt8]> {
        find(Set(ids), after: 0, found: [:]).flatMapThrowing { found in
            try self.assumeIsolated { try $0.drop(ids, found) }
        }
    }

    /// One segment a turn, so that nobody waits for all of them to be read.
    private func find(
        _ ids: Set<EventID>, after sequence: UInt64, found: [EventID: UInt64]
    ) -> EventLoopFuture<[EventID: UInt64]> {
        loop.flatSubmit {
            self.assumeIsolated { store in
                let page = store.spool.pendingIDs(after: sequence)
                let found = found.merging(page.sequences.filter { ids.contains($0.key) }) { _, new in new }
                guard let next = page.next, found.count < ids.count else {
                    return store.loop.makeSucceededFuture(found)
                }
                return store.find(ids, after: next, found: found)
            }
        }
    }

    private func drop(_ ids: [EventID], _ found: [EventID: UInt64]) throws(ProtocolError) -> [UInt8] {
        // A batch of which the collector has a part goes on as it began.
        let sending = found.filter { isPartlySent($0.value) }
        let sequences = found.filter { sending[$0.key] == nil }.values
        let dropped: Int
        do throws(FileError) { dropped = try spool.exclude(sequences) } catch {
            throw ProtocolError(.refused, .spoolUnavailable, "not dropped: \(error)")
        }
        // What was read before holds them still.
        narrowingChanges += 1
        redirect()
        if spool.pendingEvents == 0 { perform(flushMachine.discarded()) }
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
}
