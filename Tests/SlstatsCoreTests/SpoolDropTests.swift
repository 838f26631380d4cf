// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage
import Testing

@Suite("Single events that are dropped, and batches that are settled here and there")
struct SpoolDropTests {
    private let files = InMemoryFileSystem()
    private static let droppedFile: FilePath = "/state/dropped.json"

    @Test("an event that cannot be noted as dropped is dropped in this run, and noted with the next word")
    func unnoted() throws {
        for step in 0..<16 {
            let files = InMemoryFileSystem()
            var spool = try Spool.open(files)
            try spool.record(#"{"n":1}"#, #"{"n":2}"#)
            try spool.seal()
            let start = files.operations.count
            files.fail(at: start + step, with: .ioError)
            let failed: Bool
            do { failed = try spool.exclude([1]) != 1 } catch { failed = true }
            let isOver = files.operations.count <= start + step
            files.fail(at: .max, with: .ioError)

            #expect(spool.pendingTexts == [#"{"n":2}"#], "step \(step)")
            #expect(spool.isConserved)
            if failed { #expect(try spool.exclude([]) == 0) }
            #expect(try Spool.open(files.afterPowerCut()).pendingTexts == [#"{"n":2}"#], "step \(step)")
            if isOver { return }
        }
        Issue.record("more than 16 operations")
    }

    @Test("on a full disk an event is dropped with what is reserved [F097]")
    func dropOnFullDisk() throws {
        var spool = try Spool.open(files)
        try spool.record("{}", "{}")
        try spool.sync()
        files.setCapacity(files.fileNames.reduce(0) { $0 + (files.bytes(of: FilePath($1))?.count ?? 0) })
        #expect(try spool.exclude([2]) == 1)
        #expect(try Spool.open(files.afterPowerCut()).pendingEvents == 1)
    }

    @Test("a number that a loss of power took means nothing for the event that gets it next")
    func staleNumbers() throws {
        /// Two events, of which the second is dropped, as is a fourth that the disk never got.
        func disk() throws -> InMemoryFileSystem {
            let files = InMemoryFileSystem()
            var spool = try Spool.open(files)
            try spool.record("{}", "{}")
            try spool.seal()
            files.write(Array(#"{"format":1,"sequences":[2,4]}"#.utf8), to: Self.droppedFile)
            return files
        }
        let whole = try disk()
        let start = whole.operations.count
        _ = try Spool.open(whole)
        let operations = whole.operations.count - start
        // Also if the file cannot be written anew.
        for working in (0...operations).reversed() {
            let files = try disk()
            files.fail(from: files.operations.count + working, with: .ioError)
            guard var spool = try? Spool.open(files), spool.exclusionProblem == nil, spool.pendingEvents == 1 else {
                break
            }
            files.fail(from: .max, with: .ioError)
            try spool.record(#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#)
            #expect(spool.pendingEvents == 4, "\(working) operations of \(operations)")
            #expect(spool.isConserved)
            try spool.sync()
            #expect(try Spool.open(files).pendingEvents == 4, "\(working) operations of \(operations)")
            if working == operations - 4 { return }
        }
        Issue.record("the start does not write the file anew")
    }

    @Test("the last pending event is dropped, and what was left alone stays")
    func leftAlone() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        let later = FilePath("/state/spool/0000000000000007-00000000000000aa-3.batch")
        var line: [UInt8] = []
        SpoolRecord.append(Array(#"{"format":2}"#.utf8), sequence: 0, to: &line)
        files.write(line, to: later)
        var restarted = try Spool.open(files)
        _ = try restarted.exclude([1])
        try restarted.removeExcluded()

        #expect(restarted.pendingEvents == 0)
        #expect(files.spoolFiles == [later.string])
    }

    @Test("more batches here and there than the ledger can name are entered one handful after the other [F119]")
    func scattered() throws {
        var spool = try Spool.open(files)
        for _ in 0..<80 {
            try spool.record("{}")
            try spool.seal()
        }
        for (index, batch) in spool.batches.enumerated() where !index.isMultiple(of: 2) { spool.settle(batch, sent: 1) }
        #expect(spool.settledBatches == 40)

        var rounds = 0
        while spool.settledBatches > 0, rounds < 10 {
            try spool.accountForSettled()
            #expect(spool.isConserved)
            spool.removeAccountedFor()
            try spool.sync()
            rounds += 1
        }
        #expect(rounds == 2)
        #expect(spool.pendingEvents == 40)
        #expect(files.spoolFiles.count == 40)
        let restarted = try Spool.open(files.afterPowerCut())
        #expect(restarted.pendingEvents == 40)
        #expect(restarted.ledger.sent == 40)
        // Nothing of this is a full disk: what is recorded is taken.
        try spool.record("{}")
        #expect(files.bytes(of: "/state/reserve") != nil)
    }

    @Test("a ledger that names more than we would write harms nobody")
    func forgedLedger() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.sync()
        let ranges = (1...40).map { "[\(1000 + 2 * $0),\(1000 + 2 * $0)]" }.joined(separator: ",")
        let json = #"{"format":1,"lastSequence":1,"floor":1,"resolved":[\#(ranges)]}"#
        // One line of 1024 bytes: checksum, number, two blanks and the newline take 13 of them.
        var slot: [UInt8] = []
        SpoolRecord.append(
            Array(json.utf8) + [UInt8](repeating: 0x20, count: 1011 - json.utf8.count), sequence: 99, to: &slot)
        files.write(slot, to: "/state/ledger")
        var forged = try Spool.open(files)
        #expect(forged.ledger.resolved.count == 40)
        forged.countRefusal(.rate)
        forged.saveRefusals()
        try forged.record("{}")
        try forged.seal()
        for batch in forged.batches { forged.settle(batch, sent: batch.eventCount) }
        try? forged.accountForSettled()
        #expect(forged.isConserved)
        try forged.sync()
        #expect(try Spool.open(files).recordedEvents == 2)
    }

    @Test("what left stays on disk until it is in the record, whatever else is accounted for")
    func unkept() throws {
        var spool = try Spool.open(files)
        for _ in 0..<2 {
            try spool.record("{}")
            try spool.seal()
        }
        let batches = spool.batches
        spool.unkept = [batches[0].id]
        spool.settle(batches[0], sent: 1)
        try spool.deliver(batches[1])

        #expect(spool.ledger.sent == 1)
        #expect(files.spoolFiles == [spool.path(of: batches[0]).string])
        spool.unkept = []
        try spool.accountForSettled()
        #expect(spool.ledger.sent == 2)
    }
}
