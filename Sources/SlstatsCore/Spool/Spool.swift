// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// Events on disk between the moment they are recorded and the moment they are delivered (SpoolFormat.md).
///
/// Appending goes to one open segment; sealing renames it to a batch, which never changes again. The folder is the
/// state: there is no index that could disagree with it.
package struct Spool {
    package let folder: FilePath
    package let limits: SpoolLimits
    /// Oldest first.
    package internal(set) var batches: [SealedBatch] = []
    package internal(set) var ledger: Ledger
    /// The batch that is on its way to the collector; its outcome is not ours to decide.
    package var inDelivery: BatchID?

    let files: any FileSystem
    let clock: WallClock
    private var random: RandomSource
    var open: OpenSegment?
    var nextNumber: UInt64 = 1
    var nextSequence: UInt64 = 1
    /// Lines that wait for the next ``commit()``: one write for all that came in one read.
    private var staged: [UInt8] = []
    private var stagedCount = 0
    /// A segment was created or renamed and its name is not durable yet.
    private var isFolderDirty = false

    var ledgerPath: FilePath { folder.removingLastComponent().appending("ledger.json") }
    var quarantine: FilePath { folder.removingLastComponent().appending("quarantine") }

    /// Takes over what earlier runs left in the folder.
    ///
    /// - Parameter state: the state folder; `spool/` and `quarantine/` are made in it.
    package init(
        state: FilePath, limits: SpoolLimits, files: any FileSystem, clock: WallClock,
        random: RandomSource
    ) throws(SpoolError) {
        folder = state.appending("spool")
        self.limits = limits
        self.files = files
        self.clock = clock
        self.random = random
        ledger = Ledger(reading: state.appending("ledger.json"), files: files)
        do throws(FileError) {
            try files.createFolder(folder)
            try files.createFolder(quarantine)
            try recover()
        } catch {
            throw SpoolError(error, folder: folder)
        }
    }

    // MARK: - Totals

    package var pendingEvents: Int { batches.reduce(open?.eventCount ?? 0) { $0 + $1.eventCount } }
    package var bytes: Int { batches.reduce(open?.bytes ?? 0) { $0 + $1.bytes } }
    package var segmentCount: Int { batches.count + (open == nil ? 0 : 1) }
    /// What the open segment holds: recorded since the last seal.
    package var unsealed: FlushStateMachine.Pending {
        FlushStateMachine.Pending(events: open?.eventCount ?? 0, bytes: open?.bytes ?? 0)
    }
    /// Something was recorded that a loss of power could take.
    package var hasUnsynced: Bool { open?.isSynced == false }
    package var quarantinedEvents: Int64 { batches.reduce(ledger.quarantined) { $0 + Int64($1.damagedCount) } }
    /// Since the install: conservation is this sum, so it holds at every instant.
    package var recordedEvents: Int64 {
        ledger.total + Int64(pendingEvents) + quarantinedEvents - ledger.quarantined
    }

    // MARK: - Recording

    /// Puts one event into the buffer of the next ``commit()``.
    package mutating func stage(_ event: [UInt8]) {
        SpoolRecord.append(event, sequence: nextSequence, to: &staged)
        nextSequence += 1
        stagedCount += 1
    }

    /// Hands everything staged to the kernel in one write. After an error none of it counts as recorded.
    package mutating func commit() throws(SpoolError) {
        guard stagedCount > 0 else { return }
        defer {
            staged.removeAll(keepingCapacity: true)
            stagedCount = 0
        }
        do throws(FileError) {
            if let open, open.eventCount > 0, open.bytes + staged.count > segmentLimit { try sealOpen() }
            if open == nil { try startSegment() }
            try makeRoom(for: staged.count)
            try open?.append(staged, eventCount: stagedCount)
        } catch {
            throw SpoolError(error, folder: folder)
        }
    }

    /// A small spool has small segments, or there would be nothing old to drop.
    private var segmentLimit: Int { min(limits.maximumBatchBytes, limits.maximumBytes / 4) }

    /// The oldest batch goes first; the open segment and the batch that is being delivered never do.
    private mutating func makeRoom(for count: Int) throws(FileError) {
        while bytes + count > limits.maximumBytes {
            guard let oldest = batches.first(where: { $0.id != inDelivery }) else {
                throw FileError("append", folder, .diskQuotaExceeded)
            }
            try resolve(oldest, as: .dropped(.spoolFull))
        }
    }

    private mutating func startSegment() throws(FileError) {
        try expire()
        let name = SegmentName(number: nextNumber, epoch: random.next(), stage: .open)
        let header = SegmentContent.headerLine(epoch: name.epoch, createdAt: clock.milliseconds)
        let file = try files.create(folder.appending(name.fileName))
        var segment = OpenSegment(name: name, file: file, createdAt: clock.milliseconds, bytes: 0, eventCount: 0)
        do throws(FileError) {
            try segment.append(header, eventCount: 0)
        } catch {
            try? files.remove(folder.appending(name.fileName))
            throw error
        }
        nextNumber += 1
        isFolderDirty = true
        open = segment
    }

    // MARK: - Stable storage

    /// What has to be synced so that everything recorded so far survives a loss of power; `nil` if it does already.
    package mutating func beginSync() -> SyncWork? {
        guard let open, !open.isSynced else { return nil }
        let folder = isFolderDirty ? folder : nil
        return SyncWork(segment: open.name, bytes: open.bytes, file: open.file, folder: folder, files: files)
    }

    /// Takes the result of a sync that ran elsewhere.
    package mutating func endSync(_ work: SyncWork, succeeded: Bool) {
        guard open?.name == work.segment else { return }
        guard succeeded else {
            // The next fsync would report success without having written anything: nothing more goes into this file.
            abandonOpen()
            return
        }
        open?.synced(upTo: work.bytes)
        if work.folder != nil { isFolderDirty = false }
    }

    /// Keeps what can be read of a segment whose sync failed, but trusts it with nothing new.
    private mutating func abandonOpen() {
        guard let segment = open else { return }
        try? files.rename(folder.appending(segment.name.fileName), to: folder.appending(segment.name.sealed.fileName))
        batches.append(SealedBatch(segment))
        open = nil
        isFolderDirty = true
    }

    // MARK: - Sealing

    /// Closes the open segment, so that everything pending stands in batches.
    package mutating func seal() throws(SpoolError) {
        do throws(FileError) {
            if let open, open.eventCount > 0 { try sealOpen() }
        } catch {
            throw SpoolError(error, folder: folder)
        }
    }

    /// Sync, rename, sync of the folder: a batch is durable before anybody hears of it.
    private mutating func sealOpen() throws(FileError) {
        guard var segment = open else { return }
        do throws(FileError) {
            try segment.sync()
        } catch {
            abandonOpen()
            throw error
        }
        open = segment
        try files.rename(folder.appending(segment.name.fileName), to: folder.appending(segment.name.sealed.fileName))
        batches.append(SealedBatch(segment))
        open = nil
        try files.syncFolder(folder)
        isFolderDirty = false
    }
}

extension SealedBatch {
    fileprivate init(_ segment: OpenSegment) {
        self.init(
            name: segment.name.sealed, bytes: segment.bytes, eventCount: segment.eventCount, damagedCount: 0,
            createdAt: segment.createdAt)
    }
}
