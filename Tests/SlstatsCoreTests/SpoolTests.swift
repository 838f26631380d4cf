// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("The spool")
struct SpoolTests {
    private let files = InMemoryFileSystem()

    @Test("what came in one read is one write, whatever its number")
    func oneWrite() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":0}"#)
        let before = files.operations.count

        try spool.record(#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#)

        #expect(files.operations[before...].map { $0.prefix(6) } == ["append"])
        #expect(spool.pendingTexts == [#"{"n":0}"#, #"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        #expect(spool.recordedEvents == 4)
    }

    @Test("an idle spool has a ledger and a reserve, and no segment")
    func noFile() throws {
        _ = try Spool.open(files)

        #expect(files.fileNames == ["/state/ledger", "/state/reserve"])
    }

    @Test("a restart goes on where the last run ended, again and again [F093]")
    func restart() throws {
        for run in 1...4 {
            var spool = try Spool.open(files)
            try spool.record(#"{"run":\#(run)}"#)
            #expect(spool.pendingEvents == run)
            #expect(spool.segmentCount == 1)
            #expect(spool.isConserved)
        }

        #expect(try Spool.open(files).pendingTexts.count == 4)
    }

    @Test("after a loss of power everything synced is there, and recording goes on [F086]", arguments: [0, 1, 700])
    func powerCut(nulTail: Int) throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#, #"{"n":2}"#)
        try spool.sync()
        try spool.record(#"{"n":3}"#)

        let survived = files.afterPowerCut(nulTail: nulTail)
        var recovered = try Spool.open(survived)
        #expect(recovered.pendingTexts == [#"{"n":1}"#, #"{"n":2}"#])
        try recovered.record(#"{"n":4}"#)

        #expect(try Spool.open(survived).pendingTexts == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":4}"#])
        #expect(recovered.isConserved)
    }

    @Test("a sync that started before an append does not cover it")
    func syncCoverage() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        let begun = spool.beginSync()
        let work = try #require(begun)
        try spool.record("{}")
        spool.endSync(work, work.run())

        let rest = spool.beginSync()

        #expect(spool.hasUnsynced)
        #expect(rest != nil)
    }

    @Test("a sealed batch is durable before anybody hears of it")
    func sealing() throws {
        var spool = try Spool.open(files)
        try spool.record("{}", "{}")
        spool.rotate()
        #expect(spool.nextBatch == nil)
        try spool.seal()

        let recovered = try Spool.open(files.afterPowerCut())

        #expect(recovered.batches == spool.batches)
        #expect(spool.nextBatch?.eventCount == 2)
    }

    @Test("a segment that is full is closed without a sync, and what comes next goes to another")
    func rotation() throws {
        var limits = SpoolLimits.test
        limits.maximumBatchBytes = 300
        var spool = try Spool.open(files, limits: limits)
        for number in 0..<20 { try spool.record(#"{"number":\#(number)}"#) }

        #expect(!files.operations.contains { $0.hasPrefix("fdatasync 0") })
        #expect(spool.segmentCount > 2)
        #expect(spool.pendingTexts.count == 20)
        try spool.seal()
        #expect(spool.batches.allSatisfy { $0.bytes <= 300 })
        #expect(spool.pendingTexts == (0..<20).map { #"{"number":\#($0)}"# })
    }

    @Test("a delivered batch counts as sent and is gone; its name is not used again")
    func delivery() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        let first = try #require(spool.nextBatch)
        try spool.deliver(first)
        try spool.record("{}")
        try spool.seal()

        #expect(spool.ledger.sent == 1)
        #expect(spool.recordedEvents == 2)
        #expect(spool.nextBatch?.id != first.id)
        let restarted = try Spool.open(files)
        #expect(restarted.ledger.sent == 1)
        #expect(restarted.isConserved)
        #expect(files.spoolFiles.count == 1)
    }

    @Test(
        "whatever step of an acknowledgement is the last, nothing is sent or counted twice, and nothing is lost [F088]")
    func crashWhileResolving() throws {
        for step in 0..<12 {
            let files = InMemoryFileSystem()
            var spool = try Spool.open(files)
            try spool.record("{}", "{}")
            try spool.seal()
            let batch = try #require(spool.nextBatch)
            let start = files.operations.count
            files.fail(from: start + step, with: .ioError)
            do { try spool.deliver(batch) } catch {}
            let isOver = files.operations.count <= start + step
            files.fail(from: .max, with: .ioError)

            #expect(spool.isConserved, "step \(step)")
            for survivors in [files, files.afterPowerCut()] {
                let restarted = try Spool.open(survivors)
                #expect(restarted.isConserved, "step \(step)")
                #expect(restarted.recordedEvents == 2, "step \(step)")
                #expect(restarted.pendingEvents == (restarted.ledger.sent == 2 ? 0 : 2), "step \(step)")
            }
            if isOver { return }
        }
        Issue.record("an acknowledgement takes more than 12 operations")
    }

    @Test("what was delivered and could not be accounted for is not sent again, and accounted for later")
    func settled() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        let batch = try #require(spool.nextBatch)
        files.fail(from: files.operations.count + 1, with: .readOnlyFileSystem)
        #expect(throws: FileError.self) { try spool.deliver(batch) }
        #expect(spool.nextBatch == nil)
        #expect(spool.pendingEvents == 1)
        files.fail(from: .max, with: .ioError)
        try spool.accountForSettled()

        #expect(spool.ledger.sent == 1)
        #expect(spool.pendingEvents == 0)
        #expect(spool.isConserved)
    }

    @Test("batches delivered one after the other do not come back after a loss of power")
    func deliveriesAreDurable() throws {
        var spool = try Spool.open(files)
        for _ in 0..<3 {
            try spool.record("{}")
            try spool.seal()
        }
        for batch in spool.batches { try spool.deliver(batch) }

        let recovered = try Spool.open(files.afterPowerCut())

        #expect(recovered.pendingEvents == 0)
        #expect(recovered.ledger.sent == 3)
        #expect(recovered.isConserved)
    }

    @Test(
        "a backup that is restored neither sends again what was accounted for, nor gives a new batch an old name [F113]"
    )
    func backup() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        let batch = try #require(spool.nextBatch)
        let (name, bytes) = (spool.path(of: batch), try #require(files.bytes(of: spool.path(of: batch))))
        try spool.deliver(batch)
        files.write(bytes, to: name)

        var restored = try Spool.open(files, seed: 2)
        #expect(restored.nextBatch == nil)
        try restored.record("{}")
        try restored.seal()

        #expect(restored.nextBatch?.id != batch.id)
        #expect(restored.isConserved)
    }

    @Test("what the collector does not take is kept apart with its reason, and counted [F129]")
    func rejected() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#, #"{"n":2}"#)
        try spool.seal()
        let batch = try #require(spool.nextBatch)

        try spool.resolve(batch, sent: 1, rejected: [Array(#"{"n":2}"#.utf8)])

        #expect(spool.ledger.sent == 1)
        #expect(spool.ledger.quarantined == 1)
        #expect(spool.isConserved)
        #expect(files.quarantineFiles == ["/state/quarantine/\(batch.id).rejected"])
        #expect(files.bytes(of: FilePath("/state/quarantine/\(batch.id).rejected")) == Array("{\"n\":2}\n".utf8))
    }

    @Test("the ids of what was recorded last are known again after a restart [F082]")
    func recentIDs() throws {
        var random = RandomSource.seeded(7)
        let ids = (0..<40).map { _ in EventID(using: &random) }
        var spool = try Spool.open(files)
        for (index, id) in ids.enumerated() {
            try spool.record(index % 2 == 0 ? #"{"id":"\#(id)","timestamp":1}"# : #"{"command":"x","id":"\#(id)"}"#)
            if index == 20 { try spool.seal() }
        }

        let recent = try Spool.open(files).recentIDs()

        #expect(ids.allSatisfy(recent.contains))
        #expect(!recent.contains(EventID(using: &random)))
    }

    @Test("only so many ids are remembered, the latest")
    func recentIDWindow() {
        var random = RandomSource.seeded(7)
        var recent = RecentIDs()
        let first = EventID(using: &random)
        recent.insert(first)
        for _ in 0..<RecentIDs.capacity - 1 { recent.insert(EventID(using: &random)) }
        #expect(recent.contains(first))
        let last = EventID(using: &random)
        recent.insert(last)

        #expect(!recent.contains(first))
        #expect(recent.contains(last))
    }

    @Test("pending events come in pages, in order, wherever they stand")
    func pages() throws {
        var spool = try Spool.open(files)
        for number in 0..<30 {
            try spool.record(#"{"number":\#(number)}"#)
            if number % 7 == 0 { try spool.seal() }
        }
        var all: [String] = []
        var next: UInt64? = 0
        while let after = next {
            let page = spool.pending(after: after, maximumBytes: 40, nil)
            #expect(page.events.reduce(0) { $0 + $1.count } <= 40)
            all += page.events.map { String(decoding: $0, as: UTF8.self) }
            next = page.next
        }

        #expect(all == (0..<30).map { #"{"number":\#($0)}"# })
    }

    @Test("a batch is sent ascending by timestamp, in one JSON array; a half of it as well")
    func body() {
        let events = [#"{"timestamp":3,"a":1}"#, #"{"timestamp":1}"#, #"{"timestamp":3,"a":2}"#, #"{"b":0}"#]

        let lines = Array(events.joined(separator: "\n").utf8)
        let ends = lines.indices.filter { lines[$0] == 0x0a } + [lines.count]
        let ranges = zip([0] + ends.map { $0 + 1 }, ends).map { $0..<$1 }
        let body = BatchBody(id: BatchID(number: 1, epoch: 2), bytes: lines, events: ranges)

        #expect(
            String(decoding: body.jsonArray(0..<4), as: UTF8.self)
                == #"[{"b":0},{"timestamp":1},{"timestamp":3,"a":1},{"timestamp":3,"a":2}]"#)
        #expect(String(decoding: body.jsonArray(1..<2), as: UTF8.self) == #"[{"timestamp":1}]"#)
    }
}
