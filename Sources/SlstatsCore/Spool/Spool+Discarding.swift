// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// What a no does to what is pending.
extension Spool {
    /// Drops everything pending in one step: after the ledger is written it is gone, however the rest ends.
    package mutating func discardAll(as reason: DropReason) throws(FileError) {
        var next = ledger
        for batch in batches {
            next.count(settled[batch.id] ?? entry(dropping: batch, as: reason))
        }
        for segment in unsealedSegments {
            let excluded = excludedCount(in: segment.header.firstSequence..<segment.nextSequence)
            next.count(Ledger.Entry(dropped: [.onRequest: excluded]))
            next.count(Ledger.Entry(dropped: [reason: segment.eventCount - excluded]))
        }
        next.resolve([], floor: nextNumber)
        next.forget(next.resolved)
        // On a disk that takes no ledger, what somebody said no to goes first; a crash in between costs the count.
        let isCounted = (try? write(next)) != nil
        if !isCounted {
            try removeSegments(below: nextNumber)
            ledger = next
        }
        removeBatches { _ in true }
        (settled, unkept) = ([:], [])
        closing = []
        open = nil
        lowestLeftAlone = nil
        forgetExcluded()
        settleExclusionProblem()
        guard isCounted else { return }
        removalOwed = nextNumber
        try? removeDiscarded()
    }

    /// Everything was dropped, but some of it is still on disk. It is never sent, whatever happens.
    package var isRemovalOwed: Bool { removalOwed != nil }

    /// Removes what was dropped and is still on disk; what was recorded since stays.
    package mutating func removeDiscarded() throws(FileError) {
        guard let removalOwed else { return }
        try removeSegments(below: removalOwed)
        self.removalOwed = nil
    }

    /// Makes room for a no to be written down elsewhere on the same disk.
    package mutating func giveUpReserve() { try? reserve.giveUp() }

    /// Writes something down elsewhere on the same disk, in the place of the reserve if there is no other room.
    package mutating func withRoom(_ body: () throws(FileError) -> Void) throws(FileError) {
        try reserve.withRoom(body)
    }

    /// Removes every segment there is: also one that could not be read or is of a later format, since it may hold events
    /// from before the no.
    ///
    /// - Parameter number: of the first one that stays.
    private mutating func removeSegments(below number: UInt64) throws(FileError) {
        let names: [String]
        do throws(FileError) { names = try files.names(in: folder) } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return
        }
        var failure: FileError?
        for name in names.compactMap(SegmentName.init(fileName:)) where name.number < number {
            let path = folder.appending(name.fileName)
            do throws(FileError) { try files.remove(path) } catch {
                // A folder that bears such a name is none of ours, and holds no event.
                if (try? files.status(of: path))?.kind != .folder { failure = error }
            }
        }
        folderChange += 1
        if let failure { throw failure }
        try files.syncFolder(folder)
        folderSynced(at: folderChange)
        // Below the floor as they are, nobody has to know of them.
        ledger.forget(ledger.resolved.filter { $0 < number })
    }
}
