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
        package fileprivate(set) var sequences: [(id: EventID, sequence: UInt64)] = []
        /// To go on from; `nil` if this was the last.
        package fileprivate(set) var next: UInt64?
    }

    /// The ids of the first segment that ends behind a sequence number: one at a time, since reading all takes a while.
    package func pendingIDs(after sequence: UInt64) -> PendingPage {
        var page = PendingPage()
        guard let segment = firstSegment(endingAfter: sequence) else { return page }
        let bytes = read(segment) ?? []
        for event in pendingEvents(in: bytes, of: segment, after: sequence) {
            if let id = Self.id(of: bytes[event.json]) { page.sequences.append((id, event.sequence)) }
        }
        page.next = segment.end - 1
        return page
    }

    /// The batch in which an event stands; `nil` if it is in none yet.
    package func batch(with sequence: UInt64) -> BatchID? {
        batches.first { $0.sequences?.contains(sequence) == true }?.id
    }

    /// Takes events out at once, whatever it throws, and durably when it returns; what is not pending is left out.
    ///
    /// - Returns: how many there were.
    package mutating func exclude(_ sequences: some Sequence<UInt64>) throws(FileError) -> Int {
        let before = excluded.count
        excluded.formUnion(sequences.filter(isPending))
        guard excluded.count > before || hasUnsavedExclusions else { return 0 }
        try saveExcluded()
        return excluded.count - before
    }

    private mutating func saveExcluded() throws(FileError) {
        hasUnsavedExclusions = true
        let (path, files, json) = (excludedPath, files, Self.excludedJSON(excluded).serializedBytes())
        _ = try reserve.withRoom { () throws(FileError) in try files.replace(path, with: json) }
        hasUnsavedExclusions = false
    }

    /// Something was dropped that is still on disk.
    package var hasExcluded: Bool { !excluded.isEmpty }

    /// Removes the segments of which nothing is left.
    package mutating func removeExcluded() throws(FileError) {
        guard !excluded.isEmpty else { return }
        // That would take with it what was left alone, which nobody has dropped.
        if pendingEvents == 0, settled.isEmpty, inDelivery == nil, lowestLeftAlone == nil {
            return try discardAll(as: .onRequest)
        }
        try drop(
            batches.filter {
                settled[$0.id] == nil && $0.id != inDelivery && excludedCount(in: $0) == $0.eventCount
            }, as: .onRequest)
    }

    /// Called when segments have gone, whose events are accounted for with them.
    mutating func forgetExcluded() {
        guard !excluded.isEmpty else { return }
        excluded = excluded.filter(isStored)
        guard excluded.isEmpty else { return }
        // What is left in the file means nothing: no event has such a number any more.
        hasUnsavedExclusions = false
        try? files.remove(excludedPath)
    }

    /// Called at the start. What cannot be read was written for a reason: nothing leaves until somebody has decided.
    mutating func readExcluded() {
        do throws(FileError) {
            guard try files.status(of: excludedPath) != nil else { return }
            let bytes = try files.read(excludedPath, limit: 16 << 20)
            guard let numbers = (try? JSON(parsing: bytes))?["sequences"]?.array else {
                return noteUnreadable("it is not what slstats drop writes")
            }
            let noted = Set(numbers.compactMap(\.integer).filter { (1...1 << 60).contains($0) }.map { UInt64($0) })
            excluded = noted.filter(isStored)
            forgetStale(noted)
        } catch {
            noteUnreadable("\(error)")
        }
    }

    /// A number that a loss of power took is given to another event, which nobody has dropped.
    private mutating func forgetStale(_ noted: Set<UInt64>) {
        guard noted.count > excluded.count else { return }
        do throws(FileError) {
            if excluded.isEmpty { try files.remove(excludedPath) } else { try saveExcluded() }
        } catch {
            let last = max(ledger.lastSequence, noted.max() ?? 0)
            ledger.uncounted += Int64(clamping: last - ledger.lastSequence)
            ledger.lastSequence = last
        }
    }

    private mutating func noteUnreadable(_ reason: String) {
        exclusionProblem =
            "held, since what was dropped is not known: \(excludedPath): \(reason); slstats drop --all, or remove it and start the daemon anew"
    }

    /// Called when nothing is stored any more that could be in it.
    mutating func settleExclusionProblem() {
        guard exclusionProblem != nil, (try? files.remove(excludedPath)) != nil else { return }
        exclusionProblem = nil
    }

    /// Those of a batch.
    func excludedCount(in batch: SealedBatch) -> Int {
        guard let sequences = batch.sequences else { return 0 }
        return excludedCount(in: sequences)
    }

    func excludedCount(in sequences: Range<UInt64>) -> Int {
        excluded.isEmpty ? 0 : excluded.count { sequences.contains($0) }
    }

    /// Nobody knows yet what becomes of it.
    package func isPending(_ sequence: UInt64) -> Bool {
        isStored(sequence) && !excluded.contains(sequence) && batch(with: sequence).map { settled[$0] == nil } ?? true
    }

    private func isStored(_ sequence: UInt64) -> Bool {
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
