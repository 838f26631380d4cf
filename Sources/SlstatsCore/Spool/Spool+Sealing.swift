// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Stable storage, and how an open segment becomes a batch: sync, rename, sync of the folder. The syncs run elsewhere
/// (``SyncWork``), so that no client waits for a disk.
extension Spool {
    /// Closes the open segment: what comes next goes to a new one.
    package mutating func rotate() {
        guard let segment = open else { return }
        open = nil
        if segment.eventCount > 0 {
            closing.append(segment)
        } else if segment.file != nil {
            try? files.remove(folder.appending(segment.name.fileName))
            folderChange += 1
        }
    }

    /// Closed segments are not batches yet, or a loss of power could take a batch its name.
    package var isSealing: Bool { !closing.isEmpty || nameChange > syncedFolderChange }

    /// Segments wait for a sync that makes batches of them, which can be dropped.
    package var hasClosedSegments: Bool { !closing.isEmpty }

    /// What has to be synced so that everything recorded so far survives a loss of power; `nil` if it does already.
    package mutating func beginSync() -> SyncWork? {
        try? writeFile()
        takeBackFromMemory()
        for index in closing.indices {
            var segment = closing[index]
            try? writeFile(of: &segment)
            closing[index] = segment
        }
        let targets = unsealedSegments.filter { !$0.isSynced }.compactMap { segment in
            segment.file.map {
                SyncWork.Target(segment: segment.name, bytes: segment.bytes, eventCount: segment.eventCount, file: $0)
            }
        }
        let isFolderDue = folderChange > syncedFolderChange
        guard !targets.isEmpty || isFolderDue || !closing.isEmpty else { return nil }
        return SyncWork(
            targets: targets, folder: folder, change: isFolderDue ? folderChange : nil,
            isFolderNew: newFolderChange > syncedFolderChange, files: files)
    }

    /// Batches that wait in memory get a file as soon as there is one to be had.
    private mutating func takeBackFromMemory() {
        // Asked with each sync, however many batches there are.
        guard hasBatchesInMemory else { return }
        for batch in batches where batch.id != inDelivery && settled[batch.id] == nil {
            guard let lines = batch.lines, let first = batch.firstSequence else { continue }
            let header = SegmentHeader(epoch: batch.name.epoch, createdAt: clock.milliseconds, firstSequence: first)
            var segment = OpenSegment(name: batch.name, header: header, expiresAt: batch.expiresAt)
            guard (try? segment.append(lines, eventCount: batch.eventCount)) != nil else { continue }
            guard (try? writeFile(of: &segment)) != nil else { return }
            closing.append(segment)
            removeBatches { $0.id == batch.id }
        }
    }

    /// Takes the result of a sync that ran elsewhere, and gives closed segments their final name.
    ///
    /// - Returns: whether something had to be written to another file, which wants a sync of its own.
    @discardableResult
    package mutating func endSync(_ work: SyncWork, _ outcome: SyncWork.Outcome) -> Bool {
        for target in outcome.synced {
            if let index = closing.firstIndex(where: { $0.name == target.segment }) {
                closing[index].synced(upTo: target.bytes, eventCount: target.eventCount)
            } else if open?.name == target.segment {
                open?.synced(upTo: target.bytes, eventCount: target.eventCount)
            }
        }
        if outcome.isFolderSynced, let change = work.change { folderSynced(at: change) }
        // It may have been made again, and its own name not be durable.
        if outcome.isFolderFailed { newFolderChange = folderChange }
        var isWrittenAgain = false
        for target in outcome.failed { isWrittenAgain = writeAgain(target.segment) || isWrittenAgain }
        sealClosed()
        return isWrittenAgain
    }

    /// The folder is on stable storage as it was at a change: what was unlinked by then does not come back, and nobody has
    /// to know of it any more.
    mutating func folderSynced(at change: Int) {
        syncedFolderChange = max(syncedFolderChange, change)
        let gone = unlinked.prefix { $0.change <= change }
        ledger.forget(Set(gone.map(\.number)))
        unlinked.removeFirst(gone.count)
    }

    /// What was not synced is written to another file. After a failed sync the next one would report success without having
    /// written anything, and the old file is trusted with nothing but what was synced before. That stays a batch of its own,
    /// also if the file is not in its place: a copy may be there, and if none is, whoever reads it will count it as lost.
    ///
    /// - Returns: whether there was anything: somebody may have said no meanwhile.
    private mutating func writeAgain(_ name: SegmentName) -> Bool {
        var later: OpenSegment?
        var wasClosing = false
        let failed: OpenSegment
        if let index = closing.firstIndex(where: { $0.name == name }) {
            failed = closing.remove(at: index)
            later = open
            wasClosing = true
        } else if let segment = open, segment.name == name {
            failed = segment
        } else {
            return false
        }
        open = nil
        if failed.eventCount > failed.syncedCount { startAgain(failed) }
        if let segment = open, segment.file == nil {
            // There is no other file: the old one stays as it is for the next start, should we not come to write another.
            lowestLeftAlone = min(lowestLeftAlone ?? .max, failed.name.number)
            if failed.syncedCount > 0 { append(batch(failed, name: failed.name, events: failed.syncedCount)) }
        } else if failed.syncedCount == 0 {
            // Also what somebody has put in its place: the next start would find the same events twice.
            try? files.remove(folder.appending(failed.name.fileName))
            folderChange += 1
        } else {
            failed.cutBack()
            seal(failed, events: failed.syncedCount)
        }
        if wasClosing {
            rotate()
            open = later
        }
        return true
    }

    /// Another segment with what was not synced; in memory if there is no file for it.
    private mutating func startAgain(_ failed: OpenSegment) {
        let header = newHeader(firstSequence: failed.header.firstSequence + UInt64(failed.syncedCount))
        let count = failed.eventCount - failed.syncedCount
        do throws(FileError) {
            do throws(FileError) { try startSegment(header) } catch {
                guard error.isFull, reserve.isHeld else { throw error }
                try reserve.giveUp()
                try startSegment(header)
            }
            try open?.append(failed.unsynced, eventCount: count)
        } catch {
            if open == nil || open?.file != nil { startInMemory(firstSequence: header.firstSequence) }
            try? open?.append(failed.unsynced, eventCount: count)
        }
    }

    private mutating func startInMemory(firstSequence: UInt64) {
        rotate()
        open = newSegment(newHeader(firstSequence: firstSequence))
    }

    /// What is closed and synced, or has no file to be synced, is a batch from here on.
    private mutating func sealClosed() {
        let done = closing.filter { $0.isSynced || $0.file == nil }
        closing.removeAll { $0.isSynced || $0.file == nil }
        for segment in done { seal(segment, events: segment.eventCount) }
    }

    private mutating func seal(_ segment: OpenSegment, events: Int) {
        var name = segment.name
        if segment.file != nil {
            let sealed = name.sealed(events: events)
            let (files, from, target) = (
                files, folder.appending(name.fileName), folder.appending(sealed.fileName)
            )
            // A name that cannot be changed is no reason not to deliver: the content will not change any more.
            if (try? reserve.withRoom { () throws(FileError) in try files.rename(from, to: target) }) != nil {
                name = sealed
                nameChanged()
            }
        }
        append(batch(segment, name: name, events: events))
    }

    private func batch(_ segment: OpenSegment, name: SegmentName, events: Int) -> SealedBatch {
        SealedBatch(
            name: name, bytes: events == segment.eventCount ? segment.bytes : segment.syncedBytes, eventCount: events,
            firstSequence: segment.header.firstSequence, expiresAt: segment.expiresAt,
            lines: segment.file == nil ? segment.unsynced : nil)
    }
}
