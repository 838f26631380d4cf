// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

extension Spool {
    /// The batch to deliver next: the oldest whose outcome is open.
    package var nextBatch: SealedBatch? { batches.first { settled[$0.id] == nil } }

    /// The one behind it.
    package var batchAfterNext: SealedBatch? { batches.lazy.filter { settled[$0.id] == nil }.dropFirst().first }

    /// - Parameter narrowing: what may leave of events from before; `nil` for all of it.
    package func reading(of batch: SealedBatch, _ narrowing: Narrowing?) -> BatchReading {
        BatchReading(
            batch: batch, path: folder.appending(batch.name.fileName), files: files, narrowing: narrowing,
            excluded: excluded)
    }

    /// The events of a batch that has been read; what could not be read of it is kept in quarantine.
    package mutating func take(_ outcome: BatchReading.Outcome) -> BatchBody {
        if !outcome.damaged.isEmpty {
            keepInQuarantine(outcome.damaged.map { $0[...] }, of: outcome.body.id, .damaged)
        }
        if !outcome.tornTail.isEmpty { keepInQuarantine([outcome.tornTail[...]], of: outcome.body.id, .torn) }
        return outcome.body
    }

    /// - Returns: whether it could be kept.
    @discardableResult
    mutating func keepInQuarantine(
        _ pieces: [ArraySlice<UInt8>], of batch: BatchID, _ reason: Quarantine.Reason
    ) -> Bool {
        let quarantine = quarantine
        return
            (try? reserve.withRoom { () throws(FileError) in try quarantine.keep(pieces, of: batch, reason) }) != nil
    }

    /// Says what became of a batch: it is not sent again by us. ``accountForSettled()`` writes that down.
    ///
    /// - Parameters:
    ///   - sent: how many of its events the collector has.
    ///   - rejected: events that it does not take.
    ///   - unnamed: so many more that it does not take. What is missing from the sum could not be read.
    package mutating func settle(_ batch: SealedBatch, sent: Int, rejected: [[UInt8]] = [], unnamed: Int = 0) {
        guard batches.contains(where: { $0.id == batch.id }) else { return }
        var entry = Ledger.Entry(sent: sent)
        if !rejected.isEmpty {
            if keepInQuarantine(rejected.map { $0[...] }, of: batch.id, .rejected) {
                entry.quarantined = rejected.count
            } else {
                entry.dropped[.rejected] = rejected.count
            }
        }
        entry.dropped[.rejected, default: 0] += unnamed
        // One that was on its way when somebody took it out counts as sent.
        let excluded = min(excludedCount(in: batch), batch.eventCount - entry.total)
        if excluded > 0 { entry.dropped[.onRequest] = excluded }
        entry.quarantined += max(0, batch.eventCount - entry.total)
        settled[batch.id] = entry
    }

    /// Gives a batch up that cannot even be read, keeping what there is of it.
    package mutating func setAside(_ batch: SealedBatch) throws(FileError) {
        let path = folder.appending(batch.name.fileName)
        let isGone = (try? files.status(of: path)) == .some(nil)
        let quarantine = quarantine
        let isKept =
            !isGone
            && (try? reserve.withRoom { () throws(FileError) in try quarantine.move(path, of: batch.id) }) != nil
        settled[batch.id] =
            isKept ? Ledger.Entry(quarantined: batch.eventCount) : entry(dropping: batch, as: .lost)
        try accountForSettled()
        removeAccountedFor()
    }

    /// Something is older than anybody still wants it.
    package var isExpiryDue: Bool { nextExpiry.map { $0 <= clock.steadyMilliseconds } ?? false }

    /// Drops the batches that are older than anybody still wants them.
    package mutating func expire() throws(FileError) {
        let now = clock.steadyMilliseconds
        if let open, open.expiresAt <= now { rotate() }
        try drop(batches.filter { $0.expiresAt <= now && $0.id != inDelivery }, as: .expired)
    }

    /// Batches that have found their way, but count as pending until the ledger takes them.
    package var settledBatches: Int { settled.count }
    package var settledEvents: Int { batches.reduce(0) { $0 + (settled[$1.id] == nil ? 0 : $1.eventCount) } }

    /// The lowest sequence number of what is pending; everything below it has found its way.
    package var firstPendingSequence: UInt64? {
        let sealed = batches.lazy.filter { settled[$0.id] == nil }.map { $0.firstSequence ?? 0 }.min()
        return [sealed, unsealedSegments.map(\.header.firstSequence).min()].compactMap(\.self).min()
    }

    /// When the next event will be too old, by the clock that does not jump; `nil` if nothing is pending.
    package var nextExpiry: Int64? {
        (batches.map(\.expiresAt) + closing.map(\.expiresAt) + (open.map { [$0.expiresAt] } ?? [])).min()
    }

    mutating func drop(_ doomed: [SealedBatch], as reason: DropReason) throws(FileError) {
        guard !doomed.isEmpty else { return }
        for batch in doomed where settled[batch.id] == nil {
            settled[batch.id] = entry(dropping: batch, as: reason)
        }
        try accountForSettled()
        removeAccountedFor()
    }

    /// What the collector has of it already counts as sent, and what somebody had taken out as that.
    func entry(dropping batch: SealedBatch, as reason: DropReason) -> Ledger.Entry {
        let sent = partlySent?.batch == batch.id ? min(partlySent?.events ?? 0, batch.eventCount) : 0
        let excluded = min(excludedCount(in: batch), batch.eventCount - sent)
        var entry = Ledger.Entry(sent: sent, dropped: [.onRequest: excluded])
        entry.dropped[reason, default: 0] += batch.eventCount - sent - excluded
        return entry
    }

    /// Makes a state of the ledger durable; the reserve is for this where even an overwritten block takes a new one.
    mutating func write(_ next: Ledger) throws(FileError) {
        var written = next
        let (path, files) = (ledgerPath, files)
        try reserve.withRoom { () throws(FileError) in try written.write(to: path, files: files) }
        ledger = written
        hasUnsavedRefusals = false
    }

    /// Enters what is settled in the ledger, in one write. It is durable before a file goes.
    ///
    /// Of batches here and there only as many as the ledger can name; the others are entered when the files of these are
    /// gone for good.
    package mutating func accountForSettled() throws(FileError) {
        guard !settled.isEmpty else { return }
        var done = batches.filter { settled[$0.id] != nil && !unkept.contains($0.id) }
        var next = ledger(with: done)
        while !next.fits, !done.isEmpty {
            done.removeLast()
            next = ledger(with: done)
        }
        guard !done.isEmpty else { return }
        try write(next)
        let gone = Set(done.map(\.id))
        removeBatches { gone.contains($0.id) }
        for id in gone { settled[id] = nil }
        removable += done.filter { $0.lines == nil }.map(\.name)
        ledger.forget(Set(done.filter { $0.lines != nil }.map(\.name.number)))
    }

    private func ledger(with done: [SealedBatch]) -> Ledger {
        var next = ledger
        for batch in done {
            guard let entry = settled[batch.id] else { continue }
            next.count(entry)
            // A file that held more than its name says.
            next.uncounted -= Int64(max(0, entry.total - batch.eventCount))
        }
        let names = done.map(\.name)
        next.resolve(names, floor: floor(without: Set(names)))
        return next
    }

    /// The lowest number that is still needed.
    func floor(without gone: Set<SegmentName>) -> UInt64 {
        let needed =
            batches.map(\.name).filter { !gone.contains($0) } + closing.map(\.name) + (open.map { [$0.name] } ?? [])
        return min(needed.map(\.number).min() ?? nextNumber, lowestLeftAlone ?? .max)
    }

    // MARK: - Removing what is accounted for

    /// The files of batches that are accounted for, to be removed on another thread; `nil` if there are none. Should it
    /// come to nothing, the next start removes them.
    package mutating func beginRemoval() -> Removal? {
        guard !removable.isEmpty else { return nil }
        defer { removable = [] }
        return Removal(names: removable, folder: folder, files: files)
    }

    /// The ids stay in the ledger until it is certain that the files do not come back after a loss of power; one that
    /// could not be unlinked is tried again by the next start.
    package mutating func endRemoval(_ removed: [SegmentName]) {
        folderChange += 1
        unlinked += removed.map { ($0.number, folderChange) }
    }

    /// Both in one go, where room is wanted or nothing comes behind.
    package mutating func removeAccountedFor() {
        if let removal = beginRemoval() { endRemoval(removal.run()) }
    }
}
