// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage

/// Whatever stands in the spool's folder, a start takes it over or sets it aside, counts right, and takes new events; the
/// next start finds the same.
func recoverSegments(_ bytes: [UInt8]) {
    let files = InMemoryFileSystem()
    for (number, segment) in bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).enumerated() {
        guard let kind = segment.first else { continue }
        let name = "000000000000000\(number + 1)-00000000000000aa"
        // Named as whole, with a number of events, or as one that a run was writing to.
        let suffix = kind.isMultiple(of: 2) ? ".open" : "-\(Int(kind) / 2 + 1).batch"
        files.write(lines(segment.dropFirst()), to: FilePath("/state/spool/\(name)\(suffix)"))
    }
    guard var spool = try? open(files) else { fatalError("no start") }
    check(spool)
    let before = spool.pendingEvents
    spool.stage(Array("{}".utf8))
    demand((try? spool.commit()) != nil, "nothing is taken any more")
    demand(spool.pendingEvents == before + 1, "\(before) pending, and with one more \(spool.pendingEvents)")
    check(spool)
    guard let again = try? open(files) else { fatalError("no second start") }
    check(again)
    demand(again.pendingEvents == before + 1, "\(before + 1) pending, and \(again.pendingEvents) at the next start")
    while let batch = spool.nextBatch {
        if let outcome = try? spool.reading(of: batch, nil).run() {
            spool.settle(batch, sent: min(spool.take(outcome).eventCount, batch.eventCount))
            demand((try? spool.accountForSettled()) != nil, "not accounted for")
        } else {
            demand((try? spool.setAside(batch)) != nil, "not set aside")
        }
        check(spool)
    }
}

private func open(_ files: InMemoryFileSystem) throws -> Spool {
    var limits = SpoolLimits()
    limits.reserveBytes = 16
    return try Spool(state: "/state", limits: limits, files: files, clock: .fixed(1_000_000), random: .seeded(1))
}

private func check(_ spool: Spool) {
    let gone = spool.droppedEvents.values.reduce(spool.ledger.sent + spool.ledger.quarantined, +)
    demand(spool.recordedEvents == Int64(spool.pendingEvents) + gone, "recorded is not pending and gone")
    let shown = spool.pending(after: 0, maximumBytes: .max, nil).events
    demand(shown.count <= spool.pendingEvents, "\(shown.count) events shown, \(spool.pendingEvents) pending")
}

/// No fuzzer guesses a checksum: of a line that begins with `!` it is put in.
private func lines(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var written: [UInt8] = []
    for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
        guard line.first == UInt8(ascii: "!") else {
            written += line + [0x0a]
            continue
        }
        let digits = line.dropFirst().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let sequence = UInt64(String(decoding: digits, as: UTF8.self)) ?? 0
        SpoolRecord.append(line.dropFirst(1 + digits.count), sequence: sequence, to: &written)
    }
    return written.dropLast(bytes.last == 0x0a ? 0 : 1)
}
