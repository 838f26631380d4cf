// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

extension Spool {
    /// The batch to deliver next: the oldest whose outcome is open.
    package var nextBatch: SealedBatch? { batches.first { settled[$0.id] == nil } }

    /// The events of a batch; those that cannot be read are left out, and kept in quarantine.
    package mutating func body(of batch: SealedBatch) throws(FileError) -> BatchBody {
        let bytes = try content(of: batch)
        let content = SegmentContent(scanning: bytes)
        if !content.damaged.isEmpty {
            keepInQuarantine(content.damaged.map { bytes[$0] }, of: batch.id, .damaged)
        }
        if !content.tornTail.isEmpty { keepInQuarantine([bytes[content.tornTail]], of: batch.id, .torn) }
        let own = content.events.enumerated().filter { batch.owns($0.element, at: $0.offset) }
        return BatchBody(id: batch.id, bytes: bytes, events: own.map(\.element.json))
    }

    private func content(of batch: SealedBatch) throws(FileError) -> [UInt8] {
        if let lines = batch.lines { return [0x0a] + lines }
        return try files.read(folder.appending(batch.name.fileName), limit: Self.maximumSegmentBytes)
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

    /// Says what became of a batch and removes it. The ledger is durable before the file goes.
    ///
    /// - Parameters:
    ///   - sent: how many of its events the collector has.
    ///   - rejected: events that it does not take. What is missing from the sum could not be read.
    package mutating func resolve(_ batch: SealedBatch, sent: Int, rejected: [[UInt8]] = []) throws(FileError) {
        guard batches.contains(where: { $0.id == batch.id }) else { return }
        var entry = Ledger.Entry(sent: sent)
        if !rejected.isEmpty {
            if keepInQuarantine(rejected.map { $0[...] }, of: batch.id, .rejected) {
                entry.quarantined = rejected.count
            } else {
                entry.dropped[.rejected] = rejected.count
            }
        }
        entry.quarantined += max(0, batch.eventCount - entry.total)
        settled[batch.id] = entry
        try accountForSettled()
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
            isKept ? Ledger.Entry(quarantined: batch.eventCount) : Ledger.Entry(dropped: [.lost: batch.eventCount])
        try accountForSettled()
    }

    /// Drops the batches that are older than anybody still wants them.
    package mutating func expire() throws(FileError) {
        let now = clock.steadyMilliseconds
        if let open, open.expiresAt <= now { rotate() }
        try drop(batches.filter { $0.expiresAt <= now && $0.id != inDelivery }, as: .expired)
    }

    /// Events that have found their way, but count as pending until the ledger takes it.
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
        for batch in doomed where settled[batch.id] == nil {
            settled[batch.id] = entry(dropping: batch, as: reason)
        }
        try accountForSettled()
    }

    /// What the collector has of it already counts as sent.
    func entry(dropping batch: SealedBatch, as reason: DropReason) -> Ledger.Entry {
        let sent = partlySent?.batch == batch.id ? min(partlySent?.events ?? 0, batch.eventCount) : 0
        return Ledger.Entry(sent: sent, dropped: [reason: batch.eventCount - sent])
    }

    /// Makes a state of the ledger durable; the reserve is for this where even an overwritten block takes a new one.
    mutating func write(_ next: Ledger) throws(FileError) {
        var written = next
        let (path, files) = (ledgerPath, files)
        try reserve.withRoom { () throws(FileError) in try written.write(to: path, files: files) }
        ledger = written
    }

    /// Enters everything that is settled in the ledger, in one write, and unlinks it.
    package mutating func accountForSettled() throws(FileError) {
        guard !settled.isEmpty else { return }
        let done = batches.filter { settled[$0.id] != nil }
        guard !done.isEmpty else { return }
        var next = ledger
        for batch in done {
            guard let entry = settled[batch.id] else { continue }
            next.count(entry)
            // A file that held more than its name says.
            next.uncounted -= Int64(max(0, entry.total - batch.eventCount))
        }
        let names = done.map(\.name)
        next.resolve(names, floor: floor(without: Set(names)))
        try write(next)
        let entries = settled
        removeBatches { entries[$0.id] != nil }
        settled = [:]
        unlink(done.filter { $0.lines == nil }.map(\.name))
        ledger.forget(Set(done.filter { $0.lines != nil }.map(\.name.number)))
    }

    /// The lowest number that is still needed.
    func floor(without gone: Set<SegmentName>) -> UInt64 {
        let needed =
            batches.map(\.name).filter { !gone.contains($0) } + closing.map(\.name) + (open.map { [$0.name] } ?? [])
        return min(needed.map(\.number).min() ?? nextNumber, lowestLeftAlone ?? .max)
    }

    /// The ids stay in the ledger until it is certain that the files do not come back after a loss of power; one that
    /// cannot be unlinked is tried again by the next start.
    private mutating func unlink(_ names: [SegmentName]) {
        folderChange += 1
        for name in names where (try? files.remove(folder.appending(name.fileName))) != nil {
            unlinked.append((name.number, folderChange))
        }
    }
}
