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
    package enum Outcome: Sendable, Equatable {
        case sent
        case quarantined
        case dropped(DropReason)
    }

    package private(set) var sent: Int64 = 0
    package private(set) var quarantined: Int64 = 0
    package private(set) var dropped: [DropReason: Int64] = [:]
    /// Segments that are accounted for and may still be on disk.
    package private(set) var resolved: Set<BatchID> = []

    package init() {}

    /// Everything that ever left the spool.
    package var total: Int64 { sent + quarantined + dropped.values.reduce(0, +) }

    mutating func count(_ events: Int, as outcome: Outcome) {
        switch outcome {
        case .sent: sent += Int64(events)
        case .quarantined: quarantined += Int64(events)
        case .dropped(let reason): dropped[reason, default: 0] += Int64(events)
        }
    }

    mutating func resolve(_ batches: [BatchID]) { resolved.formUnion(batches) }

    mutating func forget(_ batches: [BatchID]) { resolved.subtract(batches) }
}

/// Why events were thrown away unsent. The spellings are keys of `slstats status --json`: add, never rename.
package enum DropReason: String, Sendable, CaseIterable {
    case telemetryDisabled = "telemetry-disabled"
    case spoolFull = "spool-full"
    case expired = "expired"
}

extension Ledger {
    static let maximumBytes = 1 << 20

    /// An empty ledger where there is none or where it cannot be understood.
    init(reading path: FilePath, files: any FileSystem) {
        guard let bytes = try? files.read(path, limit: Self.maximumBytes), let json = try? JSON(parsing: bytes),
            json["format"]?.integer == 1
        else { return }
        sent = Self.total(json["sent"])
        quarantined = Self.total(json["quarantined"])
        for reason in DropReason.allCases {
            let count = Self.total(json["dropped"]?[reason.rawValue])
            if count > 0 { dropped[reason] = count }
        }
        resolved = Set((json["resolved"]?.array ?? []).compactMap(\.string).map { BatchID($0) })
    }

    /// A number that nobody counted to is damage.
    private static func total(_ json: JSON?) -> Int64 {
        guard let value = json?.integer, (0...1 << 53).contains(value) else { return 0 }
        return value
    }

    func write(to path: FilePath, files: any FileSystem) throws(FileError) {
        let dropped = DropReason.allCases.compactMap { reason in
            self.dropped[reason].map { (reason.rawValue, JSON($0)) }
        }
        let json: JSON = [
            "format": 1, "sent": JSON(sent), "quarantined": JSON(quarantined), "dropped": .object(JSONObject(dropped)),
            "resolved": .array(resolved.map(\.description).sorted().map(JSON.string)),
        ]
        try files.replace(path, with: json.serializedBytes() + [0x0a])
    }
}
