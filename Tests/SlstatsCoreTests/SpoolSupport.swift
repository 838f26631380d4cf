// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage

extension SpoolLimits {
    /// With a reserve that is quickly written.
    static let test = {
        var limits = SpoolLimits()
        limits.reserveBytes = 500
        return limits
    }()
}

/// What the daemon does with a spool, in one go and on this thread.
extension Spool {
    static func open(
        _ files: any FileSystem, limits: SpoolLimits = .test, clock: WallClock = .fixed(1_000_000),
        seed: UInt64 = 1
    ) throws -> Spool {
        try Spool(state: "/state", limits: limits, files: files, clock: clock, random: .seeded(seed))
    }

    mutating func record(_ events: String...) throws { try record(events) }

    mutating func record(_ events: [String]) throws {
        for event in events { stage(Array(event.utf8)) }
        try commit()
    }

    mutating func sync() throws {
        guard let work = beginSync() else { return }
        let outcome = work.run()
        endSync(work, outcome)
        if let error = outcome.error { throw error }
    }

    /// Before a delivery: everything pending stands in batches.
    mutating func seal() throws {
        rotate()
        for _ in 0..<4 where isSealing { try sync() }
    }

    mutating func body(of batch: SealedBatch) throws -> BatchBody {
        guard let outcome = try reading(of: batch, nil).run() else { throw Unreadable() }
        return take(outcome)
    }

    mutating func resolve(_ batch: SealedBatch, sent: Int, rejected: [[UInt8]] = []) throws {
        settle(batch, sent: sent, rejected: rejected)
        try accountForSettled()
        removeAccountedFor()
    }

    mutating func deliver(_ batch: SealedBatch) throws {
        let body = try body(of: batch)
        try resolve(batch, sent: body.events.count)
    }

    var pendingTexts: [String] {
        pending(after: 0, maximumBytes: .max, nil).events.map { String(decoding: $0, as: UTF8.self) }
    }

    /// recorded = pending + sent + quarantined + dropped, the first counted by itself.
    var isConserved: Bool {
        recordedEvents == Int64(pendingEvents) + droppedEvents.values.reduce(ledger.sent + ledger.quarantined, +)
    }

    func path(of batch: SealedBatch) -> FilePath { folder.appending(batch.name.fileName) }
}

struct Unreadable: Error {}

extension InMemoryFileSystem {
    var spoolFiles: [String] { fileNames.filter { $0.hasPrefix("/state/spool/") } }
    var quarantineFiles: [String] { fileNames.filter { $0.hasPrefix("/state/quarantine/") } }
}

extension BatchBody {
    var events: [[UInt8]] { (0..<eventCount).map { self[$0] } }
}
