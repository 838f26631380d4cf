// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage
import Testing

@Suite("The spool")
struct SpoolTests {
    private let files = InMemoryFileSystem()

    private func open(
        _ files: InMemoryFileSystem? = nil, limits: SpoolLimits = SpoolLimits(), now: Int64 = 1_000_000
    ) throws -> Spool {
        try Spool(state: "/state", limits: limits, files: files ?? self.files, clock: .fixed(now), random: .seeded(1))
    }

    private func record(_ events: [String], in spool: inout Spool) throws {
        for event in events { spool.stage(Array(event.utf8)) }
        try spool.commit()
    }

    private func pending(_ spool: Spool) throws -> [String] {
        try spool.pending().map { String(decoding: $0, as: UTF8.self) }
    }

    private func sync(_ spool: inout Spool) throws {
        guard let work = spool.beginSync() else { return }
        try work.run()
        spool.endSync(work, succeeded: true)
    }

    @Test("what came in one read is one write, whatever its number")
    func oneWrite() throws {
        var spool = try open()
        try record([#"{"n":0}"#], in: &spool)
        let before = files.operations.count

        try record([#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#], in: &spool)

        #expect(files.operations[before...].map { $0.prefix(6) } == ["append"])
        #expect(try pending(spool) == [#"{"n":0}"#, #"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        #expect(spool.recordedEvents == 4)
    }

    @Test("an idle spool makes no file")
    func noFile() throws {
        _ = try open()

        #expect(files.fileNames.isEmpty)
    }

    @Test("a restart goes on where the last run ended, again and again [F093]")
    func restart() throws {
        for run in 1...4 {
            var spool = try open()
            try record([#"{"run":\#(run)}"#], in: &spool)
            #expect(spool.pendingEvents == run)
            #expect(spool.segmentCount == 1)
        }

        #expect(try pending(open()).count == 4)
    }

    @Test("after a loss of power everything synced is there, and recording goes on", arguments: [0, 1, 700])
    func powerCut(nulTail: Int) throws {
        var spool = try open()
        try record([#"{"n":1}"#, #"{"n":2}"#], in: &spool)
        try sync(&spool)
        try record([#"{"n":3}"#], in: &spool)

        let survived = files.afterPowerCut(nulTail: nulTail)
        var recovered = try open(survived)
        #expect(try pending(recovered) == [#"{"n":1}"#, #"{"n":2}"#])
        try record([#"{"n":4}"#], in: &recovered)

        #expect(try pending(open(survived)) == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":4}"#])
    }

    @Test("a sync that started before an append does not cover it")
    func syncCoverage() throws {
        var spool = try open()
        try record(["{}"], in: &spool)
        let begun = spool.beginSync()
        let work = try #require(begun)
        try record(["{}"], in: &spool)
        try work.run()
        spool.endSync(work, succeeded: true)

        let rest = spool.beginSync()

        #expect(spool.hasUnsynced)
        #expect(rest != nil)
    }

    @Test("after a failed sync nothing more goes into that segment [F099]")
    func failedSync() throws {
        var spool = try open()
        try record([#"{"n":1}"#], in: &spool)
        let begun = spool.beginSync()
        let work = try #require(begun)
        spool.endSync(work, succeeded: false)
        try record([#"{"n":2}"#], in: &spool)

        #expect(spool.segmentCount == 2)
        #expect(spool.batches.count == 1)
        #expect(try pending(spool) == [#"{"n":1}"#, #"{"n":2}"#])
    }

    @Test("a sealed batch is durable before anybody hears of it")
    func sealing() throws {
        var spool = try open()
        try record(["{}", "{}"], in: &spool)
        try spool.seal()

        let recovered = try open(files.afterPowerCut())

        #expect(recovered.batches == spool.batches)
        #expect(spool.batches.map(\.eventCount) == [2])
    }

    @Test("a delivered batch counts as sent and is gone; its name is not used again")
    func delivery() throws {
        var spool = try open()
        try record(["{}"], in: &spool)
        try spool.seal()
        let first = try #require(spool.batches.first)
        try spool.resolve(first, as: .sent)
        try record(["{}"], in: &spool)
        try spool.seal()

        #expect(spool.ledger.sent == 1)
        #expect(spool.recordedEvents == 2)
        #expect(spool.batches.first?.id != first.id)
        #expect(try open().ledger.sent == 1)
    }

    @Test("a crash between the ledger and the unlinking neither sends nor counts twice [F088]")
    func crashAfterLedger() throws {
        var spool = try open()
        try record(["{}", "{}"], in: &spool)
        try spool.seal()
        let batch = try #require(spool.batches.first)
        // The ledger is replaced (unlink of a leftover, create, append, fdatasync, rename, fsync), then the batch goes.
        files.fail(at: files.operations.count + 6, with: .ioError)
        #expect(throws: FileError.self) { try spool.resolve(batch, as: .sent) }
        #expect(files.fileNames.contains("/state/spool/\(batch.name.fileName)"))

        let restarted = try open()

        #expect(restarted.pendingEvents == 0)
        #expect(restarted.ledger.sent == 2)
        #expect(!files.fileNames.contains("/state/spool/\(batch.name.fileName)"))
    }

    @Test("a failure before the ledger is durable leaves the batch pending", arguments: 0...4)
    func failureBeforeLedger(step: Int) throws {
        var spool = try open()
        try record(["{}"], in: &spool)
        try spool.seal()
        let batch = try #require(spool.batches.first)
        files.fail(at: files.operations.count + step, with: .ioError)

        #expect(throws: FileError.self) { try spool.resolve(batch, as: .sent) }

        #expect(spool.pendingEvents == 1)
        #expect(spool.ledger.sent == 0)
        #expect(try open().recordedEvents == 1)
    }

    @Test("discarding takes everything and counts it by reason")
    func discarding() throws {
        var spool = try open()
        try record(["{}", "{}"], in: &spool)
        try spool.seal()
        try record(["{}"], in: &spool)

        try spool.discardAll(as: .telemetryDisabled)

        #expect(spool.pendingEvents == 0)
        #expect(spool.ledger.dropped == [.telemetryDisabled: 3])
        #expect(files.fileNames == ["/state/ledger.json"])
        #expect(try open(files.afterPowerCut()).recordedEvents == 3)
    }

    @Test("when the limit is reached the oldest batch goes, and what is there never exceeds it")
    func limit() throws {
        var limits = SpoolLimits()
        limits.maximumBytes = 2000
        var spool = try open(limits: limits)
        for number in 0..<200 {
            try record([#"{"number":\#(number)}"#], in: &spool)
            #expect(spool.bytes <= 2000)
        }

        let numbers = try pending(spool)
        #expect(numbers.last == #"{"number":199}"#)
        #expect(spool.ledger.dropped[.spoolFull] == Int64(200 - numbers.count))
        #expect(spool.recordedEvents == 200)
    }

    @Test("batches that are too old are dropped and counted")
    func expiry() throws {
        var old = try open()
        try record(["{}"], in: &old)
        try old.seal()

        var spool = try open(now: 1_000_000 + 8 * 24 * 3600 * 1000)
        try spool.expire()

        #expect(spool.pendingEvents == 0)
        #expect(spool.ledger.dropped == [.expired: 1])
    }

    @Test(
        "a full disk cuts the half-written record off again; once there is room recording goes on [F096]",
        arguments: 1...30)
    func fullDisk(room: Int) throws {
        var spool = try open()
        try record([#"{"n":1}"#], in: &spool)
        files.setCapacity(spool.bytes + room)
        let error = #expect(throws: SpoolError.self) {
            try record([#"{"long":"\#(String(repeating: "x", count: 40))"}"#], in: &spool)
        }
        #expect(error?.code == .full)
        files.setCapacity(nil)
        try record([#"{"n":2}"#], in: &spool)

        #expect(try pending(open()) == [#"{"n":1}"#, #"{"n":2}"#])
        #expect(spool.recordedEvents == 2)
    }

    @Test("a damaged header costs no event, and no event its time")
    func damagedHeader() throws {
        var spool = try open()
        try record([#"{"n":1}"#, #"{"n":2}"#], in: &spool)
        try spool.seal()
        let path = spool.folder.appending(spool.batches[0].name.fileName)
        let bytes = try #require(files.bytes(of: path))
        let end = try #require(bytes.firstIndex(of: 0x0a))
        for bit in 0..<end * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            guard damaged[bit / 8] != 0x0a else { continue }
            files.write(damaged, to: path)

            var recovered = try open(now: 2_000_000)
            try recovered.expire()

            #expect(recovered.pendingEvents == 2, "bit \(bit)")
        }
    }

    @Test("a batch whose sync failed is not appended to any more [F099]")
    func failedSeal() throws {
        var spool = try open()
        try record([#"{"n":1}"#], in: &spool)
        files.fail(at: files.operations.count, with: .ioError)
        #expect(throws: SpoolError.self) { try spool.seal() }
        let before = files.bytes(of: spool.folder.appending(spool.batches[0].name.fileName))
        try record([#"{"n":2}"#], in: &spool)

        #expect(files.bytes(of: spool.folder.appending(spool.batches[0].name.fileName)) == before)
        #expect(try pending(open()) == [#"{"n":1}"#, #"{"n":2}"#])
    }

    @Test("batches delivered one after the other do not come back after a loss of power")
    func deliveriesAreDurable() throws {
        var spool = try open()
        for _ in 0..<3 {
            try record(["{}"], in: &spool)
            try spool.seal()
        }
        for batch in spool.batches { try spool.resolve(batch, as: .sent) }

        let recovered = try open(files.afterPowerCut())

        #expect(recovered.pendingEvents == 0)
        #expect(recovered.ledger.sent == 3)
        #expect(recovered.ledger.resolved.isEmpty)
    }

    @Test("the batch that is being delivered is neither dropped for room nor for age")
    func inDelivery() throws {
        var limits = SpoolLimits()
        limits.maximumBytes = 2000
        var spool = try open(limits: limits)
        try record(["{}"], in: &spool)
        try spool.seal()
        let batch = spool.batches[0]
        spool.inDelivery = batch.id
        for number in 0..<100 { try record([#"{"number":\#(number)}"#], in: &spool) }
        #expect(spool.batches.first == batch)
        try spool.resolve(batch, as: .sent)
        try spool.resolve(batch, as: .sent)

        #expect(spool.ledger.sent == 1)
        #expect(spool.recordedEvents == 101)
    }

    @Test("damaged lines are set aside and counted, the others are delivered [F092]")
    func damage() throws {
        var spool = try open()
        try record([#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#], in: &spool)
        try spool.seal()
        let path = spool.folder.appending(spool.batches[0].name.fileName)
        var bytes = try #require(files.bytes(of: path))
        let second = try #require(bytes.firstRange(of: Array(#"{"n":2}"#.utf8)))
        bytes[second.lowerBound + 5] ^= 1
        files.write(bytes, to: path)

        var recovered = try open()
        #expect(try pending(recovered) == [#"{"n":1}"#, #"{"n":3}"#])
        #expect(recovered.quarantinedEvents == 1)
        #expect(recovered.recordedEvents == 3)
        #expect(files.fileNames.contains { $0.hasPrefix("/state/quarantine/") })
        try recovered.resolve(recovered.batches[0], as: .sent)
        #expect(recovered.recordedEvents == 3)
        #expect(try open().recordedEvents == 3)
    }

    @Test("a segment of a later format is left alone [F112]")
    func futureFormat() throws {
        var line: [UInt8] = []
        SpoolRecord.append(Array(#"{"format":2}"#.utf8), sequence: 0, to: &line)
        let path: FilePath = "/state/spool/0000000000000009-00000000000000aa.batch"
        files.write(line, to: path)

        var spool = try open()
        try record(["{}"], in: &spool)
        try spool.discardAll(as: .telemetryDisabled)

        #expect(files.bytes(of: path) == line)
        #expect(spool.ledger.dropped == [.telemetryDisabled: 1])
    }

    @Test("foreign files in the folder are not touched, empty segments go [F087]")
    func otherFiles() throws {
        files.write([1, 2, 3], to: "/state/spool/README")
        files.write([], to: "/state/spool/0000000000000001-0000000000000001.open")
        files.write(
            SegmentContent.headerLine(epoch: 2, createdAt: 0), to: "/state/spool/0000000000000002-0000000000000002.open"
        )

        _ = try open()

        #expect(files.fileNames == ["/state/spool/README"])
    }

    @Test(
        "a ledger that is lost or damaged costs totals, never an event [F094]",
        arguments: ["", "{", "[]", "{\"format\":9}", "{\"format\":1,\"sent\":9223372036854775807,\"quarantined\":1}"])
    func damagedLedger(_ text: String) throws {
        var spool = try open()
        try record(["{}"], in: &spool)
        files.write(Array(text.utf8), to: "/state/ledger.json")

        #expect(try open().pendingEvents == 1)
        #expect(try open().recordedEvents <= 2)
    }

    @Test("a batch is sent ascending by timestamp, in one JSON array")
    func body() {
        let events = [#"{"timestamp":3,"a":1}"#, #"{"timestamp":1}"#, #"{"timestamp":3,"a":2}"#, #"{"b":0}"#]

        let body = BatchBody(id: BatchID("x"), events: events.map { Array($0.utf8) })

        #expect(
            String(decoding: body.jsonArray, as: UTF8.self)
                == #"[{"b":0},{"timestamp":1},{"timestamp":3,"a":1},{"timestamp":3,"a":2}]"#)
    }
}
