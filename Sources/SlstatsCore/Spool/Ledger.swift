// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SystemPackage

/// What became of events that are no longer in the spool: totals that survive restarts.
///
/// Written before a segment is unlinked, with the segment's id. If the power goes in between, the id tells the next
/// start that the segment is accounted for and only has to be unlinked: nothing is counted or sent twice. A ledger that
/// is lost or damaged costs the totals, never an event; the spool folder is the truth.
package struct Ledger: Sendable, Equatable {
    /// What became of the events of one batch.
    package struct Entry: Sendable, Equatable {
        package var sent = 0
        package var quarantined = 0
        package var dropped: [DropReason: Int] = [:]

        package init(sent: Int = 0, quarantined: Int = 0, dropped: [DropReason: Int] = [:]) {
            self.sent = sent
            self.quarantined = quarantined
            self.dropped = dropped
        }

        var total: Int { sent + quarantined + dropped.values.reduce(0, +) }
    }

    package private(set) var sent: Int64 = 0
    package private(set) var quarantined: Int64 = 0
    package private(set) var dropped: [DropReason: Int64] = [:]
    /// Events that were never recorded. Written with the rest, so a crash costs those since.
    package var refused: [RefusalReason: Int64] = [:]
    /// The last sequence number that was given to an event.
    var lastSequence: UInt64 = 0
    /// Sequence numbers that the totals do not count, because they are older than this ledger.
    var uncounted: Int64 = 0
    /// Segments with lower numbers are accounted for.
    private(set) var floor: UInt64 = 1
    /// The numbers of others that are, and may still be on disk.
    package private(set) var resolved: Set<UInt64> = []
    /// Counts the writes; the later of the two slots holds.
    private(set) var generation: UInt64 = 0

    package init() {}

    /// Everything that ever left the spool.
    package var total: Int64 { sent + quarantined + dropped.values.reduce(0, +) }
    /// Everything that was ever recorded.
    package var recorded: Int64 { Int64(clamping: lastSequence) - uncounted }

    mutating func count(_ entry: Entry) {
        sent += Int64(entry.sent)
        quarantined += Int64(entry.quarantined)
        for (reason, count) in entry.dropped where count > 0 { dropped[reason, default: 0] += Int64(count) }
    }

    /// - Parameter floor: the lowest number that is still needed.
    mutating func resolve(_ names: [SegmentName], floor: UInt64) {
        self.floor = max(self.floor, floor)
        resolved.formUnion(names.map(\.number))
        resolved = resolved.filter { $0 >= self.floor }
    }

    mutating func forget(_ numbers: Set<UInt64>) { resolved.subtract(numbers) }

    /// With more of them it could not be written.
    var fits: Bool { ranges.count <= Self.maximumRanges }

    func accountsFor(_ name: SegmentName) -> Bool { name.number < floor || resolved.contains(name.number) }
}

/// Why events were thrown away unsent. The spellings are keys of `slstats status --json`: add, never rename.
package enum DropReason: String, Sendable, CaseIterable {
    case telemetryDisabled = "telemetry-disabled"
    case spoolFull = "spool-full"
    /// `slstats drop`.
    case onRequest = "on-request"
    case expired = "expired"
    /// Refused by the collector, and not even the quarantine could take it.
    case rejected = "rejected"
    /// Not there any more: a file that somebody removed, or what a loss of power took before the sync.
    case lost = "lost"
}

// MARK: - On disk

extension Ledger {
    /// Two lines of this length in one file, written in turn and in place: it takes no new block, so it works on a full
    /// disk, and a write that is torn leaves the other line (SpoolFormat.md, "The ledger").
    static let slotBytes = 1024
    /// More runs of numbers than this fit into no slot.
    private static let maximumRanges = 20

    /// An empty ledger where there is none or where it cannot be understood.
    ///
    /// - Throws: if one that cannot be read cannot even be moved out of the way: once it can be read again it would
    ///   account for new segments with old numbers.
    init(reading path: FilePath, files: any FileSystem) throws(FileError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.read(path, limit: 2 * Self.slotBytes)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return }
            try files.rename(path, to: path.removingLastComponent().appending("ledger.unreadable"))
            return
        }
        let slots = [bytes.prefix(Self.slotBytes), bytes.dropFirst(Self.slotBytes)].compactMap(Self.init(slot:))
        self = slots.max { $0.generation < $1.generation } ?? Ledger()
    }

    private init?(slot: ArraySlice<UInt8>) {
        guard let record = SpoolRecord.parse(slot.dropLast()), let json = try? JSON(parsing: Array(slot[record.json])),
            json["format"]?.integer == SegmentHeader.currentFormat
        else { return nil }
        generation = record.sequence
        sent = Self.total(json["sent"])
        quarantined = Self.total(json["quarantined"])
        for reason in DropReason.allCases {
            let count = Self.total(json["dropped"]?[reason.rawValue])
            if count > 0 { dropped[reason] = count }
        }
        for reason in RefusalReason.allCases {
            let count = Self.total(json["refused"]?[reason.rawValue])
            if count > 0 { refused[reason] = count }
        }
        lastSequence = UInt64(Self.total(json["lastSequence"]))
        uncounted = json["uncounted"]?.integer ?? 0
        floor = max(1, UInt64(Self.total(json["floor"])))
        for range in json["resolved"]?.array ?? [] {
            let (first, last) = (Self.total(range.array?.first), Self.total(range.array?.last))
            guard first > 0, first <= last, last - first < 1 << 20 else { continue }
            resolved.formUnion((first...last).map { UInt64($0) })
        }
    }

    /// A number that nobody counted to is damage.
    private static func total(_ json: JSON?) -> Int64 {
        guard let value = json?.integer, (0...1 << 60).contains(value) else { return 0 }
        return value
    }

    /// Writes the slot that does not hold the last state.
    mutating func write(to path: FilePath, files: any FileSystem) throws(FileError) {
        // Nobody enters more than fit; a ledger that somebody has made can hold more than we write.
        guard fits else { throw FileError("write", path, .invalidArgument) }
        var next = self
        next.generation += 1
        let slot = next.slot
        do throws(FileError) {
            try files.overwrite(path, with: slot, at: Int(next.generation % 2) * Self.slotBytes)
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            try files.replace(path, with: slot + slot)
        }
        self = next
    }

    /// The numbers in ``resolved``, those that follow each other as one.
    private var ranges: [ClosedRange<UInt64>] {
        resolved.sorted().reduce(into: []) { ranges, number in
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
    }

    private var slot: [UInt8] {
        let dropped = DropReason.allCases.compactMap { reason in
            self.dropped[reason].map { (reason.rawValue, JSON($0)) }
        }
        let refused = RefusalReason.allCases.compactMap { reason in
            self.refused[reason].map { (reason.rawValue, JSON($0)) }
        }
        let json: JSON = [
            "format": JSON(SegmentHeader.currentFormat), "lastSequence": JSON(Int64(clamping: lastSequence)),
            "uncounted": JSON(uncounted), "sent": JSON(sent), "quarantined": JSON(quarantined),
            "dropped": .object(JSONObject(dropped)), "refused": .object(JSONObject(refused)),
            "floor": JSON(Int64(clamping: floor)),
            "resolved": .array(
                ranges.map { [JSON(Int64(clamping: $0.lowerBound)), JSON(Int64(clamping: $0.upperBound))] }),
        ]
        let text = json.serializedBytes()
        // Checksum, generation, two spaces and the newline take the rest of the line.
        let padding = Self.slotBytes - 11 - String(generation).utf8.count - text.count
        var line: [UInt8] = []
        SpoolRecord.append(
            text + [UInt8](repeating: UInt8(ascii: " "), count: max(0, padding)), sequence: generation, to: &line)
        return line
    }
}
