// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// Events on disk between the moment they are recorded and the moment they are delivered (SpoolFormat.md).
///
/// Appending goes to one open segment; sealing renames it to a batch, which never changes again. The folder is the
/// state: there is no index that could disagree with it.
package struct Spool {
    package let folder: FilePath
    package var limits: SpoolLimits
    /// Oldest first.
    package internal(set) var batches: [SealedBatch] = []
    package internal(set) var ledger: Ledger
    /// The batch that is on its way to the collector; its outcome is not ours to decide.
    package var inDelivery: BatchID?

    let files: any FileSystem
    let clock: WallClock
    var random: RandomSource
    /// Segments that take no more events and wait for their sync and their new name.
    var closing: [OpenSegment] = []
    var open: OpenSegment?
    var reserve: Reserve
    let quarantine: Quarantine
    var nextNumber: UInt64 = 1
    /// What the collector has of a batch that takes several requests.
    package var partlySent: (batch: BatchID, events: Int)?
    var hasUnsavedRefusals = false
    /// Pending, but taken out: by their sequence numbers.
    var excluded: Set<UInt64> = []
    /// The file does not say so yet.
    var hasUnsavedExclusions = false
    /// Why nobody knows which these are.
    package internal(set) var exclusionProblem: String?
    /// Batches whose outcome is certain, but which the ledger has not taken yet: they are not sent again.
    var settled: [BatchID: Ledger.Entry] = [:]
    /// Of those, the ones that are not in the record of what left: they stay on disk until they are.
    package var unkept: Set<BatchID> = []
    /// Segments with lower numbers are dropped, but may still be on disk.
    var removalOwed: UInt64?
    /// The lowest number of a segment that stays where it is: of a later format, or for the next start to look at.
    var lowestLeftAlone: UInt64?
    /// Counts what happens to the names in the folder.
    var folderChange = 0
    /// The one with which the folder itself was made again.
    var newFolderChange = 0
    /// The last change that has to become durable, a new name, and the last one that is.
    var nameChange = 0
    var syncedFolderChange = 0
    /// Accounted for, but the files are still there.
    var removable: [SegmentName] = []
    /// Unlinked, but they could come back after a loss of power.
    var unlinked: [(number: UInt64, change: Int)] = []
    /// Lines that wait for the next ``commit()``: one write for all that came in one turn of the loop.
    var staged: [UInt8] = []
    var stagedCount = 0
    private var sealed = Totals()

    var ledgerPath: FilePath { folder.removingLastComponent().appending("ledger") }

    /// Takes over what earlier runs left in the folder.
    ///
    /// - Parameter state: the state folder; `spool/` and `quarantine/` are made in it.
    package init(
        state: FilePath, limits: SpoolLimits, files: any FileSystem, clock: WallClock, random: RandomSource
    ) throws(SpoolError) {
        folder = state.appending("spool")
        self.limits = limits
        self.files = files
        self.clock = clock
        self.random = random
        quarantine = Quarantine(
            folder: state.appending("quarantine"), maximumBytes: limits.maximumQuarantineBytes, files: files)
        do throws(FileError) {
            try files.createFolder(folder)
            try files.createFolder(quarantine.folder)
        } catch {
            // A disk that takes nothing, not even a folder, is no reason not to serve: events wait in memory.
            guard error.isFull || [.readOnlyFileSystem, .noSuchFileOrDirectory].contains(error.errno)
            else { throw SpoolError(error, folder: folder) }
        }
        ledger = Ledger()
        reserve = Reserve(state.appending("reserve"), bytes: limits.reserveBytes, files: files)
        do throws(FileError) {
            ledger = try Ledger(reading: ledgerPath, files: files)
            try recover()
            readExcluded()
        } catch {
            throw SpoolError(error, folder: folder)
        }
    }

    // MARK: - Totals

    var unsealedSegments: [OpenSegment] { closing + (open.map { [$0] } ?? []) }

    /// Of all batches: asked for with each event, and changed with a batch only.
    private struct Totals {
        var events = 0
        var bytes = 0
        /// What of it is in memory only.
        var memoryBytes = 0

        mutating func add(_ batch: SealedBatch) {
            events += batch.eventCount
            bytes += batch.bytes
            memoryBytes += batch.lines?.count ?? 0
        }
    }

    /// The newest.
    mutating func append(_ batch: SealedBatch) {
        batches.append(batch)
        sealed.add(batch)
    }

    mutating func removeBatches(where isGone: (SealedBatch) -> Bool) {
        batches.removeAll(where: isGone)
        sealed = batches.reduce(into: Totals()) { $0.add($1) }
        forgetExcluded()
    }

    var hasBatchesInMemory: Bool { sealed.memoryBytes > 0 }

    package var pendingEvents: Int { storedEvents - excluded.count }
    /// The same with those that were taken out.
    package var storedEvents: Int {
        closing.reduce(sealed.events + (open?.eventCount ?? 0)) { $0 + $1.eventCount }
    }
    package var bytes: Int { closing.reduce(sealed.bytes + (open?.bytes ?? 0)) { $0 + $1.bytes } }
    package var segmentCount: Int { batches.count + unsealedSegments.count }
    /// What the open segment holds: recorded since the last seal.
    package var unsealed: FlushStateMachine.Pending {
        FlushStateMachine.Pending(events: open?.eventCount ?? 0, bytes: open?.bytes ?? 0)
    }
    /// Something was recorded that a loss of power could take.
    package var hasUnsynced: Bool {
        unsealedSegments.contains { !$0.isSynced } || nameChange > syncedFolderChange
    }
    /// Counts an event that was never recorded; on disk with the next write of the ledger.
    package mutating func countRefusal(_ reason: RefusalReason) {
        ledger.refused[reason, default: 0] += 1
        hasUnsavedRefusals = true
    }

    /// The end is near, and no other write may come.
    package mutating func saveRefusals() {
        if hasUnsavedRefusals { try? write(ledger) }
    }

    /// Of the event that was recorded last.
    package var lastSequence: UInt64 { ledger.lastSequence }
    /// Since the install, counted by sequence numbers and not by adding up what became of the events: a test, and a
    /// user, can compare the two.
    package var recordedEvents: Int64 { ledger.recorded }
    /// What was thrown away, with what will be when its batch goes.
    package var droppedEvents: [DropReason: Int64] {
        var dropped = ledger.dropped
        if !excluded.isEmpty { dropped[.onRequest, default: 0] += Int64(excluded.count) }
        return dropped
    }
    /// Events wait in memory, because there was no disk that took them.
    package var hasEventsInMemory: Bool { memoryBytes > 0 }
    /// What is recorded now waits there too.
    package var isMemoryOnly: Bool { open.map { $0.file == nil } ?? false }

    /// What waits without a file.
    var memoryBytes: Int {
        func own(_ segment: OpenSegment) -> Int { segment.file == nil ? segment.bytes : 0 }
        return closing.reduce(sealed.memoryBytes + (open.map(own) ?? 0)) { $0 + own($1) }
    }

    // MARK: - New segments

    mutating func newSegment(_ header: SegmentHeader) -> OpenSegment {
        defer { nextNumber += 1 }
        return OpenSegment(
            name: SegmentName(number: nextNumber, epoch: header.epoch, stage: .open), header: header,
            expiresAt: clock.steadyMilliseconds + limits.maximumAgeMilliseconds)
    }

    func newHeader(firstSequence: UInt64) -> SegmentHeader {
        SegmentHeader(epoch: random.next(), createdAt: clock.milliseconds, firstSequence: firstSequence)
    }

    /// Starts the segment that events go to. Without a disk it starts in memory; a full disk is an error.
    mutating func startSegment(_ header: SegmentHeader) throws(FileError) {
        open = newSegment(header)
        do throws(FileError) {
            try writeFile()
        } catch {
            guard error.isFull else { return }
            open = nil
            throw error
        }
    }

    /// Gives the open segment a file unless it has one.
    mutating func writeFile() throws(FileError) {
        guard var segment = open, segment.file == nil else { return }
        try writeFile(of: &segment)
        open = segment
    }

    mutating func writeFile(of segment: inout OpenSegment) throws(FileError) {
        guard segment.file == nil else { return }
        let path = folder.appending(segment.name.fileName)
        let file: any AppendableFile
        do throws(FileError) {
            file = try files.create(path)
        } catch {
            // Somebody removed the folder; the state folder itself is not ours to make again.
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            try files.createFolder(folder)
            newFolderChange = folderChange + 1
            file = try files.create(path)
        }
        do throws(FileError) {
            try segment.write(to: file)
        } catch {
            try? files.remove(path)
            throw error
        }
        nameChanged()
    }

    /// A file has a new name, which a loss of power could take.
    mutating func nameChanged() {
        folderChange += 1
        nameChange = folderChange
    }
}
