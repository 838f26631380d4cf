// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Taking over what earlier runs left. Of a batch nothing is read but its first line, so a start does not depend on how
/// much is pending; what had not been sealed is read whole.
extension Spool {
    /// Far above what a segment grows to.
    static let maximumSegmentBytes = 64 << 20
    /// A run leaves one segment unsealed, or a few; ten thousand come from somewhere else.
    private static let maximumSyncs = 8
    /// More than a header has.
    private static let maximumHeaderBytes = 256

    mutating func recover() throws(FileError) {
        let names = try segmentNames().sorted { ($0.number, $0.epoch) < ($1.number, $1.epoch) }
        folderChange += 1
        // What is accounted for goes, and once that is durable nobody has to know of it any more.
        var gone = ledger.resolved
        for name in names where ledger.accountsFor(name) {
            if (try? files.remove(folder.appending(name.fileName))) == nil { gone.remove(name.number) }
        }
        unlinked = gone.map { ($0, folderChange) }
        let kept = names.filter { !ledger.accountsFor($0) }
        // A number that is accounted for is never given again: the new segment would be taken for the old one.
        nextNumber = max(ledger.floor, (ledger.resolved.max() ?? 0) + 1, (names.last?.number ?? 0) + 1)
        // From the last to the first: events that were written again stand in the later segment.
        var written: [Range<UInt64>] = []
        var syncs = 0
        // Their last names may not be durable.
        if !kept.isEmpty { nameChanged() }
        for name in kept.reversed() {
            switch name.stage {
            case .batch(let events): recoverBatch(name, events, &written)
            case .open: recoverOpen(name, isLast: name == kept.last, &written, &syncs)
            }
        }
        batches.reverse()
        ledger.lastSequence = max(ledger.lastSequence, written.map { $0.upperBound - 1 }.max() ?? 0)
        reconcile()
        // A limit that was lowered, or a daemon that was away for weeks.
        try? expire()
        dropExcess()
    }

    private func segmentNames() throws(FileError) -> [SegmentName] {
        do throws(FileError) { return try files.names(in: folder).compactMap(SegmentName.init(fileName:)) } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return []
        }
    }

    private mutating func recoverBatch(_ name: SegmentName, _ events: Int, _ written: inout [Range<UInt64>]) {
        let path = folder.appending(name.fileName)
        let size = Int((try? files.status(of: path))?.identity.size ?? 0)
        let beginning = (try? files.readBeginning(of: path, count: Self.maximumHeaderBytes)) ?? []
        let header = SegmentHeader(beginning: beginning)
        if let header, !header.isCurrent { return leaveAlone(name) }
        var first = header?.firstSequence
        if let first {
            written.append(first..<first + UInt64(events))
        } else if let bytes = try? files.read(path, limit: Self.maximumSegmentBytes) {
            let events = SegmentContent(scanning: bytes).events
            first = events.first?.sequence
            if let first, let last = events.last { written.append(first..<last.sequence + 1) }
        }
        append(
            SealedBatch(
                name: name, bytes: size, eventCount: events, firstSequence: first, expiresAt: expiry(header),
                lines: nil))
    }

    private mutating func recoverOpen(
        _ name: SegmentName, isLast: Bool, _ written: inout [Range<UInt64>], _ syncs: inout Int
    ) {
        let path = folder.appending(name.fileName)
        guard let bytes = try? files.read(path, limit: Self.maximumSegmentBytes) else {
            // Nobody knows how many there were; the sequence numbers of the others will tell.
            guard (try? quarantine.move(path, of: name.batchID)) != nil else { return leaveAlone(name) }
            folderChange += 1
            return
        }
        let content = SegmentContent(scanning: bytes)
        if let header = content.header, !header.isCurrent { return leaveAlone(name) }
        keepInQuarantine(content.damaged.map { bytes[$0] }, of: name.batchID, .damaged)
        keepInQuarantine(content.tornTail.isEmpty ? [] : [bytes[content.tornTail]], of: name.batchID, .torn)
        let repeated = content.events.first { event in written.contains { $0.contains(event.sequence) } }
        let first = content.header?.firstSequence ?? content.events.first?.sequence
        let unrepeated = repeated.map { Int($0.sequence - (first ?? $0.sequence)) }
        let count = min(unrepeated ?? .max, content.acknowledgedCount)
        guard count > 0, let first else {
            try? files.remove(path)
            folderChange += 1
            return
        }
        written.append(first..<first + UInt64(count))
        if isLast, repeated == nil, content.isWhole, let header = content.header,
            goOn(name, header, content, bytes.count)
        {
            return
        }
        // What was read back may stand in the kernel only; nobody else will sync it.
        if syncs < Self.maximumSyncs { try? files.open(path).sync() }
        syncs += 1
        // A damaged file is left as it is; new events go to a new one.
        var sealed = name
        if (try? files.rename(path, to: folder.appending(name.sealed(events: count).fileName))) != nil {
            sealed = name.sealed(events: count)
            nameChanged()
        }
        append(
            SealedBatch(
                name: sealed, bytes: bytes.count, eventCount: count, firstSequence: first,
                expiresAt: expiry(content.header), lines: nil))
    }

    /// Goes on with the segment that the last run wrote to.
    private mutating func goOn(
        _ name: SegmentName, _ header: SegmentHeader, _ content: SegmentContent, _ size: Int
    ) -> Bool {
        guard let file = try? files.open(folder.appending(name.fileName)) else { return false }
        let end = content.tornTail.lowerBound
        if end < size, (try? file.truncate(to: end)) == nil { return false }
        // What was read back may stand in the kernel only. A file that cannot be synced is not gone on with.
        guard (try? file.sync()) != nil else { return false }
        open = OpenSegment(
            name: name, header: header, expiresAt: expiry(header), file: file, bytes: end,
            events: content.events.count)
        return true
    }

    private mutating func leaveAlone(_ name: SegmentName) {
        lowestLeftAlone = min(lowestLeftAlone ?? .max, name.number)
    }

    /// Without a readable header nobody knows its age: it has its time from now on. So has one from the future.
    private func expiry(_ header: SegmentHeader?) -> Int64 {
        let age = max(0, clock.milliseconds - (header?.createdAt ?? clock.milliseconds))
        return clock.steadyMilliseconds + limits.maximumAgeMilliseconds - age
    }

    /// What was recorded and is neither pending nor accounted for is lost, and that is counted. If there is more than was
    /// recorded, the ledger is younger than the events, or a copy.
    private mutating func reconcile() {
        let missing = ledger.recorded - ledger.total - Int64(storedEvents)
        if missing < 0 || ledger.generation == 0 {
            ledger.uncounted += missing
        } else if missing > 0 {
            ledger.count(Ledger.Entry(dropped: [.lost: Int(missing)]))
        }
        guard missing != 0 || ledger.generation == 0 else { return }
        try? write(ledger)
    }

    private mutating func dropExcess() {
        var excess = bytes - limits.maximumBytes
        let doomed = batches.prefix { batch in
            defer { excess -= batch.bytes }
            return excess > 0
        }
        try? drop(Array(doomed), as: .spoolFull)
    }
}
