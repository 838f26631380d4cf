// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

extension Spool {
    /// Far above what a segment grows to; a foreign file of that name is left alone.
    static let maximumSegmentBytes = 64 << 20

    mutating func recover() throws(FileError) {
        let names = try files.names(in: folder).compactMap(SegmentName.init(fileName:))
            .sorted { ($0.number, $0.epoch) < ($1.number, $1.epoch) }
        nextNumber = (names.map(\.number).max() ?? 0) + 1
        for name in names {
            if ledger.resolved.contains(name.batchID) {
                try files.remove(folder.appending(name.fileName))
            } else {
                // A file that cannot be read is left alone; it must not keep the daemon from starting.
                try? recover(name, isLast: name == names.last)
            }
        }
        // Their files are gone now, durably.
        if !ledger.resolved.isEmpty {
            try files.syncFolder(folder)
            ledger.forget(Array(ledger.resolved))
        }
    }

    private mutating func recover(_ name: SegmentName, isLast: Bool) throws(FileError) {
        let path = folder.appending(name.fileName)
        let bytes = try files.read(path, limit: Self.maximumSegmentBytes)
        let content = SegmentContent(scanning: bytes)
        if case .future = content.header { return }
        if content.events.isEmpty && content.damaged.isEmpty {
            try files.remove(path)
            return
        }
        try setAside(content.damaged + (content.tornTail.isEmpty ? [] : [content.tornTail]), of: bytes, name)
        // Without a readable header nobody knows its age: it has its time from now on.
        let createdAt = content.header == .current ? content.createdAt : clock.milliseconds
        guard name.stage == .open, isLast, content.damaged.isEmpty, content.header == .current else {
            // A damaged file is left as it is; new events go to a new one.
            if name.stage == .open { try files.rename(path, to: folder.appending(name.sealed.fileName)) }
            batches.append(
                SealedBatch(
                    name: name.sealed, bytes: bytes.count, eventCount: content.events.count,
                    damagedCount: content.damaged.count, createdAt: createdAt))
            return
        }
        let file = try files.open(path)
        if !content.tornTail.isEmpty { try file.truncate(to: content.tornTail.lowerBound) }
        nextSequence = content.lastSequence + 1
        open = OpenSegment(
            name: name, file: file, createdAt: createdAt, bytes: content.tornTail.lowerBound,
            eventCount: content.events.count)
    }

    /// Unreadable bytes are kept for whoever wants to look; a second run finds the same and writes the same.
    private func setAside(_ ranges: [Range<Int>], of bytes: [UInt8], _ name: SegmentName) throws(FileError) {
        guard !ranges.isEmpty else { return }
        let damage = ranges.flatMap { bytes[$0] + [0x0a] }
        try files.replace(quarantine.appending("\(name.batchID).damaged"), with: damage)
    }
}
