// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

extension Spool {
    /// The events of a batch; those that cannot be read are left out.
    package func body(of batch: SealedBatch) throws(SpoolError) -> BatchBody {
        BatchBody(id: batch.id, events: try events(in: batch.name))
    }

    /// Every pending event in the order in which it was recorded.
    package func pending() throws(SpoolError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for name in batches.map(\.name) + (open.map { [$0.name] } ?? []) {
            // What cannot be read is set aside when it is to be sent.
            all += (try? events(in: name)) ?? []
        }
        return all
    }

    private func events(in name: SegmentName) throws(SpoolError) -> [[UInt8]] {
        do throws(FileError) {
            let bytes = try files.read(folder.appending(name.fileName), limit: Self.maximumSegmentBytes)
            return SegmentContent(scanning: bytes).events.map { Array(bytes[$0]) }
        } catch {
            throw SpoolError(error, folder: folder)
        }
    }

    /// Says what became of a batch and removes it. The ledger is durable before the file goes.
    package mutating func resolve(_ batch: SealedBatch, as outcome: Ledger.Outcome) throws(FileError) {
        guard batches.contains(where: { $0.id == batch.id }) else { return }
        var ledger = ledger
        ledger.count(batch.eventCount, as: outcome)
        ledger.count(batch.damagedCount, as: .quarantined)
        ledger.resolve([batch.id])
        try ledger.write(to: ledgerPath, files: files)
        self.ledger = ledger
        batches.removeAll { $0.id == batch.id }
        try unlink([batch.name])
    }

    /// The ids stay in the ledger until it is certain that the files do not come back after a loss of power.
    private mutating func unlink(_ names: [SegmentName]) throws(FileError) {
        for name in names { try files.remove(folder.appending(name.fileName)) }
        try files.syncFolder(folder)
        ledger.forget(names.map(\.batchID))
    }

    /// Sets a batch aside that no collector will take, and goes on with the rest.
    package mutating func quarantine(_ batch: SealedBatch) throws(FileError) {
        let bytes = try files.read(folder.appending(batch.name.fileName), limit: Self.maximumSegmentBytes)
        try files.replace(quarantine.appending(batch.name.fileName), with: bytes)
        try resolve(batch, as: .quarantined)
    }

    /// Gives a batch up that cannot even be read, keeping what there is of it.
    package mutating func setAside(_ batch: SealedBatch) throws(FileError) {
        try? files.rename(folder.appending(batch.name.fileName), to: quarantine.appending(batch.name.fileName))
        try resolve(batch, as: .quarantined)
    }

    /// Drops everything pending in one step: after the ledger is written it is gone, however the rest ends.
    package mutating func discardAll(as reason: DropReason) throws(FileError) {
        var doomed = batches.map { (name: $0.name, events: $0.eventCount, damaged: $0.damagedCount) }
        if let open { doomed.append((open.name, open.eventCount, 0)) }
        guard !doomed.isEmpty else { return }
        var ledger = ledger
        for segment in doomed {
            ledger.count(segment.events, as: .dropped(reason))
            ledger.count(segment.damaged, as: .quarantined)
        }
        ledger.resolve(doomed.map(\.name.batchID))
        try ledger.write(to: ledgerPath, files: files)
        self.ledger = ledger
        batches = []
        open = nil
        try unlink(doomed.map(\.name))
    }

    /// Drops the batches that are older than anybody still wants them.
    package mutating func expire() throws(FileError) {
        let oldest = clock.milliseconds - limits.maximumAge.components.seconds * 1000
        for batch in batches where batch.createdAt < oldest && batch.id != inDelivery {
            try resolve(batch, as: .dropped(.expired))
        }
    }
}
