// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol
internal import SystemPackage

/// Single events that somebody has taken out of what is pending. Segments only grow, so they stay where they are until
/// the rest of their batch has found its way; from the moment they are in `dropped.json` they are neither sent nor shown
/// (SpoolFormat.md, "Dropped events").
extension Spool {
    var excludedPath: FilePath { folder.removingLastComponent().appending("dropped.json") }

    /// Pending events of one segment, for whoever looks for some.
    package struct PendingPage {
        package let sequences: [EventID: UInt64]
        /// To go on from; `nil` if this was the last.
        package let next: UInt64?
    }

    /// The ids of the first segment that ends behind a sequence number: one at a time, since reading all takes a while.
    package func pendingIDs(after sequence: UInt64) -> PendingPage {
        guard let segment = firstSegment(endingAfter: sequence) else { return PendingPage(sequences: [:], next: nil) }
        let bytes = read(segment) ?? []
        var sequences: [EventID: UInt64] = [:]
        for event in pendingEvents(in: bytes, of: segment, after: sequence) {
            if let id = Self.id(of: bytes[event.json]) { sequences[id] = event.sequence }
        }
        return PendingPage(sequences: sequences, next: segment.end - 1)
    }

    /// The batch in which an event stands; `nil` if it is in none yet.
    package func batch(with sequence: UInt64) -> BatchID? {
        batches.first { $0.sequences?.contains(sequence) == true }?.id
    }

    /// Takes events out, durably; what is not pending is left out.
    ///
    /// - Returns: how many there were.
    package mutating func exclude(_ sequences: some Sequence<UInt64>) throws(FileError) -> Int {
        let new = excluded.union(sequences.filter(isPending))
        guard new.count > excluded.count else { return 0 }
        let added = new.count - excluded.count
        try files.replace(excludedPath, with: Self.excludedJSON(new).serializedBytes())
        excluded = new
        return added
    }

    /// Called when segments have gone, whose events are accounted for with them.
    mutating func forgetExcluded() {
        guard !excluded.isEmpty else { return }
        excluded = excluded.filter(isPending)
        // What is left in the file means nothing: no event has such a number any more.
        if excluded.isEmpty { try? files.remove(excludedPath) }
    }

    /// Called at the start.
    mutating func readExcluded() {
        guard let json = files.readJSON(excludedPath, limit: 16 << 20) else { return }
        let numbers = (json["sequences"]?.array ?? []).compactMap(\.integer)
        excluded = Set(numbers.map { UInt64(clamping: $0) }).filter(isPending)
    }

    /// Those of a batch.
    func excludedCount(in batch: SealedBatch) -> Int {
        guard !excluded.isEmpty, let sequences = batch.sequences else { return 0 }
        return excluded.count { sequences.contains($0) }
    }

    private func isPending(_ sequence: UInt64) -> Bool {
        batches.contains { $0.sequences?.contains(sequence) == true }
            || unsealedSegments.contains { $0.header.firstSequence <= sequence && sequence < $0.nextSequence }
    }

    private static func excludedJSON(_ sequences: Set<UInt64>) -> JSON {
        ["format": 1, "sequences": .array(sequences.sorted().map { JSON(Int64(clamping: $0)) })]
    }
}

extension SealedBatch {
    /// `nil` if the header is damaged.
    fileprivate var sequences: Range<UInt64>? { firstSequence.map { $0..<($0 + UInt64(eventCount)) } }
}
