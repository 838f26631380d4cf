// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// From staged lines to the open segment (SpoolFormat.md, "Writing").
extension Spool {
    /// Puts one event into the buffer of the next ``commit()``.
    package mutating func stage(_ event: [UInt8]) { stage(atMost: .max) { $0 += event } }

    /// The same for an event that is written where it belongs at once.
    ///
    /// - Returns: its bytes. If they are more than `maximumBytes` nothing is staged.
    @discardableResult
    package mutating func stage(atMost maximumBytes: Int, _ event: (inout [UInt8]) -> Void) -> Int {
        let start = staged.count
        var bytes = 0
        SpoolRecord.append(sequence: ledger.lastSequence + UInt64(stagedCount) + 1, to: &staged) { buffer in
            bytes = buffer.count
            event(&buffer)
            bytes = buffer.count - bytes
        }
        if bytes <= maximumBytes { stagedCount += 1 } else { staged.removeSubrange(start...) }
        return bytes
    }

    /// What the next ``commit()`` would write.
    package var stagedBytes: Int { staged.count }

    /// Nothing of what is staged shall be written after all.
    package mutating func unstage() {
        staged.removeAll(keepingCapacity: staged.capacity <= 1 << 20)
        stagedCount = 0
    }

    /// Hands everything staged to the kernel in one write. After an error none of it counts as recorded.
    package mutating func commit() throws(SpoolError) {
        guard stagedCount > 0 else { return }
        // Taken out, not copied: the buffer comes back for the next ones.
        var lines: [UInt8] = []
        swap(&lines, &staged)
        let count = stagedCount
        stagedCount = 0
        ledger.lastSequence += UInt64(count)
        defer {
            lines.removeAll(keepingCapacity: lines.capacity <= 1 << 20)
            swap(&lines, &staged)
        }
        do throws(FileError) {
            try append(lines, count)
        } catch {
            ledger.lastSequence -= UInt64(count)
            throw SpoolError(error, folder: folder)
        }
    }

    private mutating func append(_ lines: [UInt8], _ count: Int) throws(FileError) {
        try holdReserve()
        let first = ledger.lastSequence - UInt64(count) + 1
        // The numbers of a segment have no gaps: one that was written again, or that lost some, is at its end.
        if open.map({ $0.nextSequence != first || $0.eventCount > 0 && !fits(lines.count, $0) }) == true { rotate() }
        if open == nil {
            let header = newHeader(firstSequence: first)
            try makeRoom(for: header.line.count + lines.count)
            try startSegment(header)
        } else {
            try makeRoom(for: lines.count)
            try? writeFile()
        }
        do throws(FileError) {
            try appendToOpen(lines, count)
        } catch {
            // RLIMIT_FSIZE ends a file, not the disk.
            let isFileFull = error.errno == .fileTooLarge && open.map { $0.eventCount > 0 } == true
            guard isFileFull || !error.isFull && error.errno != .noMemory else { throw error }
            // Not this file, then; another one, or memory if there is none.
            rotate()
            try startSegment(newHeader(firstSequence: first))
            try appendToOpen(lines, count)
        }
    }

    private mutating func appendToOpen(_ lines: [UInt8], _ count: Int) throws(FileError) {
        // Never held in a second variable: the lines that wait for their sync would be copied with each event.
        guard open != nil else { return }
        guard open?.file != nil || memoryBytes + lines.count <= limits.maximumMemoryBytes else {
            throw FileError("keep in memory", folder, .noMemory)
        }
        do throws(FileError) {
            try open?.append(lines, eventCount: count)
        } catch {
            if open?.isSuspect == true { rotate() }
            throw error
        }
    }

    private func fits(_ count: Int, _ segment: OpenSegment) -> Bool {
        segment.bytes + count <= limits.segmentBytes
            && clock.steadyMilliseconds
                < segment.expiresAt - limits.maximumAgeMilliseconds + limits.segmentAgeMilliseconds
            // The next start goes by the time in the header: what is recorded behind a jump of the clock has another.
            && abs(clock.milliseconds - segment.header.createdAt) < limits.segmentAgeMilliseconds
    }

    /// With the disk full to the last byte what little room there is belongs to draining.
    private mutating func holdReserve() throws(FileError) {
        do throws(FileError) { try reserve.hold() } catch {
            guard !error.isFull else { throw error }
        }
    }

    /// The oldest batch goes first; the open segment and the batch that is being delivered never do.
    private mutating func makeRoom(for count: Int) throws(FileError) {
        guard bytes + count > limits.maximumBytes else { return }
        guard count <= limits.maximumBytes else { throw FileError("append", folder, .diskQuotaExceeded) }
        var doomed: [SealedBatch] = []
        var excess = bytes + count - limits.maximumBytes
        for batch in batches where batch.id != inDelivery && !unkept.contains(batch.id) && excess > 0 {
            doomed.append(batch)
            excess -= batch.bytes
        }
        guard excess <= 0 else { throw FileError("append", folder, .diskQuotaExceeded) }
        try drop(doomed, as: .spoolFull)
    }
}
