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
            try removeSegments()
            ledger = next
        }
        removeBatches { _ in true }
        settled = [:]
        closing = []
        open = nil
        forgetExcluded()
        settleExclusionProblem()
        if isCounted { try removeSegments() }
    }

    /// Makes room for a no to be written down elsewhere on the same disk.
    package mutating func giveUpReserve() { try? reserve.giveUp() }

    /// Removes every segment there is: also one that could not be read or is of a later format, since it may hold events
    /// from before the no.
    private mutating func removeSegments() throws(FileError) {
        let names: [String]
        do throws(FileError) { names = try files.names(in: folder) } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return
        }
        for name in names.compactMap(SegmentName.init(fileName:)) {
            try files.remove(folder.appending(name.fileName))
        }
        folderChange += 1
        try files.syncFolder(folder)
        syncedFolderChange = folderChange
        unlinked = []
        ledger.forget(ledger.resolved)
        lowestLeftAlone = nil
    }
}
