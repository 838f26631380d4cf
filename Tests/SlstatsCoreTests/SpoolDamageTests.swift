// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SlstatsCore
import SystemPackage
import Testing

/// Whatever stands in the folder, every event that can be read is kept, and what is lost is counted.
@Suite("A damaged spool")
struct SpoolDamageTests {
    private let files = InMemoryFileSystem()

    private static let isLong = ProcessInfo.processInfo.environment["SLSTATS_LONG"] != nil

    /// Some 4 KiB of events in one segment, sealed or not.
    private static func segment(isSealed: Bool) throws -> (path: FilePath, bytes: [UInt8], events: [String]) {
        let files = InMemoryFileSystem()
        var spool = try Spool.open(files)
        let events = (0..<24).map { #"{"number":\#($0),"text":"\#(String(repeating: "x", count: 126))"}"# }
        try spool.record(events)
        if isSealed { try spool.seal() }
        let path = FilePath(try #require(files.spoolFiles.first))
        let bytes = try #require(files.bytes(of: path))
        #expect(bytes.count > 3900 && bytes.count < 4200)
        return (path, bytes, events)
    }

    @Test(
        "reading it, any bit flipped costs at most the one event concerned, and it is known how many there were [F090]")
    func everyBitRead() throws {
        let (_, bytes, events) = try Self.segment(isSealed: false)
        let headerEnd = try #require(bytes.firstIndex(of: 0x0a))
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            let content = SegmentContent(scanning: damaged)
            // The header costs nothing; a newline as little, since its neighbours are whole.
            let cost = bit / 8 <= headerEnd || bytes[bit / 8] == 0x0a ? 0 : 1
            #expect(content.events.count >= events.count - cost, "bit \(bit)")
            #expect(content.acknowledgedCount == events.count, "bit \(bit)")
        }
    }

    /// Takes over a folder that holds nothing but these bytes, records, takes over again, and delivers everything.
    private static func recover(
        _ bytes: [UInt8], at path: FilePath
    ) throws -> (events: [String], sent: Int64, total: Int64, isConserved: Bool) {
        let files = InMemoryFileSystem()
        files.write(bytes, to: path)
        var first = try Spool.open(files)
        try first.record(#"{"later":true}"#)
        var spool = try Spool.open(files)
        let events = spool.pendingTexts
        try spool.seal()
        var delivered: [String] = []
        while let batch = spool.nextBatch {
            delivered += try spool.body(of: batch).events.map { String(decoding: $0, as: UTF8.self) }
            try spool.deliver(batch)
        }
        #expect(Set(delivered) == Set(events) && delivered.count == events.count)
        #expect(files.spoolFiles.isEmpty)
        return (events, spool.ledger.sent, spool.ledger.total, first.isConserved && spool.isConserved)
    }

    @Test(
        "any bit flipped costs at most the one event concerned, and it is counted [F090]",
        arguments: [true, false])
    func everyBit(isSealed: Bool) throws {
        let (path, bytes, events) = try Self.segment(isSealed: isSealed)
        let known = Set(events)
        let headerEnd = try #require(bytes.firstIndex(of: 0x0a))
        for bit in stride(from: 0, to: bytes.count * 8, by: Self.isLong ? 1 : 101) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            let recovered = try Self.recover(damaged, at: path)
            let kept = recovered.events.filter { $0 != #"{"later":true}"# }
            let cost = bit / 8 <= headerEnd || bytes[bit / 8] == 0x0a ? 0 : 1
            #expect(kept.count >= events.count - cost, "bit \(bit)")
            #expect(known.isSuperset(of: kept), "bit \(bit) made an event up")
            #expect(recovered.events.last == #"{"later":true}"#)
            #expect(recovered.isConserved, "bit \(bit)")
            #expect(recovered.total == events.count + 1, "bit \(bit): \(recovered.total)")
            #expect(recovered.sent == recovered.events.count)
        }
    }

    @Test("cut at any byte, every whole record before the cut is kept, and what is missing is counted [F089]")
    func everyCut() throws {
        let (path, bytes, events) = try Self.segment(isSealed: true)
        for length in stride(from: 0, to: bytes.count, by: Self.isLong ? 1 : 13) {
            let recovered = try Self.recover(Array(bytes[..<length]), at: path)
            let whole = bytes[..<length].count { $0 == 0x0a } - 1
            let kept = recovered.events.count - 1
            // A record that has lost nothing but its newline is whole.
            #expect(kept == max(0, whole) || bytes[length] == 0x0a && kept == whole + 1, "cut at \(length)")
            #expect(recovered.total == events.count + 1, "cut at \(length)")
            #expect(recovered.isConserved)
        }
    }

    @Test("an unsealed segment cut at any byte goes on behind its last whole record [F089, F093]")
    func everyCutOfTheTail() throws {
        let (path, bytes, _) = try Self.segment(isSealed: false)
        for length in stride(from: 0, through: bytes.count, by: Self.isLong ? 1 : 13) {
            let recovered = try Self.recover(Array(bytes[..<length]), at: path)
            let whole = bytes[..<length].count { $0 == 0x0a } - 1
            #expect(recovered.events.count - 1 >= max(0, whole), "cut at \(length)")
            #expect(recovered.total == recovered.events.count)
            #expect(recovered.isConserved)
        }
    }

    @Test(
        "a block of garbage or of NULs in the middle costs what it covers, and is counted [F092]", arguments: [0, 0xa5])
    func block(value: UInt8) throws {
        for isSealed in [true, false] {
            let (path, bytes, events) = try Self.segment(isSealed: isSealed)
            var damaged = bytes
            damaged.replaceSubrange(1024..<2048, with: repeatElement(value, count: 1024))
            let recovered = try Self.recover(damaged, at: path)

            #expect(recovered.events.count > events.count - 10)
            #expect(recovered.total == events.count + 1)
        }
    }

    @Test("a tail of NULs is the end of the log [F086]", arguments: [1, 2, 511, 4096])
    func nulTail(count: Int) throws {
        let (path, bytes, events) = try Self.segment(isSealed: false)
        let recovered = try Self.recover(bytes + [UInt8](repeating: 0, count: count), at: path)

        #expect(recovered.events.count == events.count + 1)
        #expect(recovered.total == events.count + 1)
    }

    @Test("what cannot be read is kept apart under its reason [F092]")
    func quarantine() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#)
        try spool.seal()
        let batch = try #require(spool.nextBatch)
        let path = spool.path(of: batch)
        var bytes = try #require(files.bytes(of: path))
        let second = try #require(bytes.firstRange(of: Array(#"{"n":2}"#.utf8)))
        bytes[second.lowerBound + 5] ^= 1
        files.write(bytes + Array("torn".utf8), to: path)

        var recovered = try Spool.open(files)
        #expect(recovered.pendingTexts == [#"{"n":1}"#, #"{"n":3}"#])
        #expect(recovered.pendingEvents == 3)
        try recovered.deliver(try #require(recovered.nextBatch))

        #expect(recovered.ledger.sent == 2)
        #expect(recovered.ledger.quarantined == 1)
        #expect(recovered.isConserved)
        #expect(
            files.quarantineFiles == ["/state/quarantine/\(batch.id).damaged", "/state/quarantine/\(batch.id).torn"])
        let kept = String(
            decoding: files.bytes(of: FilePath("/state/quarantine/\(batch.id).damaged")) ?? [], as: UTF8.self)
        #expect(kept.hasSuffix("{\"n\":3}\n") && kept.split(separator: "\n").count == 1)
    }

    @Test("a batch that cannot be read, or is gone, is counted and does not hold up the others [F095, F100]")
    func unreadable() throws {
        var spool = try Spool.open(files)
        for _ in 0..<2 {
            try spool.record("{}", "{}")
            try spool.seal()
        }
        let gone = spool.batches[0]
        try files.remove(spool.path(of: gone))
        #expect(try spool.reading(of: gone, nil).run() == nil)
        try spool.setAside(gone)
        let unreadable = spool.batches[0]
        files.fail(from: files.operations.count, with: .ioError)
        #expect(try spool.reading(of: unreadable, nil).run() == nil)
        files.fail(from: .max, with: .ioError)
        try spool.setAside(unreadable)

        #expect(spool.ledger.dropped == [.lost: 2])
        #expect(spool.ledger.quarantined == 2)
        #expect(spool.isConserved)
        #expect(files.quarantineFiles == ["/state/quarantine/\(unreadable.id).unreadable"])
    }

    @Test("segments that vanish while nobody runs are counted as lost [F095, F110]")
    func vanished() throws {
        var spool = try Spool.open(files)
        for _ in 0..<3 {
            try spool.record("{}", "{}")
            try spool.seal()
        }
        try files.remove(spool.path(of: spool.batches[1]))

        let restarted = try Spool.open(files)

        #expect(restarted.pendingEvents == 4)
        #expect(restarted.ledger.dropped == [.lost: 2])
        #expect(restarted.isConserved)
    }

    @Test("a folder that is removed under us is made again; nothing is repeated and nothing spins [F110]")
    func folderRemoved() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        for name in files.spoolFiles { try files.remove(FilePath(name)) }
        try spool.record("{}")
        try spool.seal()
        try spool.setAside(spool.batches[0])
        try spool.deliver(spool.batches[0])

        #expect(spool.ledger.sent == 1)
        #expect(spool.ledger.dropped == [.lost: 1])
        #expect(spool.isConserved)
    }

    @Test(
        "of a segment that is gone what was not synced is written again, the rest is lost when it is looked for [F110]")
    func removedWhileClosing() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.sync()
        for name in files.spoolFiles { try files.remove(FilePath(name)) }
        try spool.record(#"{"n":2}"#)
        spool.rotate()
        let begun = spool.beginSync()
        let work = try #require(begun)
        // While that runs:
        try spool.record("{}")
        #expect(try spool.exclude([3]) == 1)
        let isWrittenAgain = spool.endSync(work, work.run())
        #expect(isWrittenAgain)
        try spool.record(#"{"n":4}"#)
        try spool.sync()
        try spool.setAside(try #require(spool.batches.first { $0.firstSequence == 1 }))

        #expect(!spool.isPending(3))
        func check(_ spool: Spool) {
            #expect(spool.recordedEvents == 4)
            #expect(spool.ledger.dropped == [.lost: 1])
            #expect(spool.pendingTexts == [#"{"n":2}"#, #"{"n":4}"#])
            #expect(spool.isConserved)
        }
        check(spool)
        check(try Spool.open(files))
    }

    @Test("what somebody has put in the place of a segment is not found beside what was written again [F110]")
    func replaced() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        try spool.record("{}")
        let path = try #require(files.spoolFiles.first { $0.hasSuffix(".open") })
        files.write(try #require(files.bytes(of: FilePath(path))), to: FilePath(path))
        try spool.seal()
        try spool.deliver(spool.batches[1])

        let restarted = try Spool.open(files)
        #expect(restarted.pendingEvents == 1)
        #expect(restarted.ledger.sent == 1)
        #expect(restarted.recordedEvents == 2)
    }

    @Test(
        "a folder that was moved by copying still holds what was synced, whatever else the copy has [F110]",
        arguments: [false, true])
    func copied(isComplete: Bool) throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#, #"{"n":2}"#)
        try spool.sync()
        let path = FilePath(try #require(files.spoolFiles.first))
        let synced = try #require(files.bytes(of: path))
        try spool.record(#"{"n":3}"#)
        files.write(isComplete ? try #require(files.bytes(of: path)) : synced, to: path)
        try spool.sync()
        try spool.record(#"{"n":4}"#)
        try spool.seal()

        func check(_ spool: Spool) {
            #expect(spool.pendingTexts == (1...4).map { #"{"n":\#($0)}"# })
            #expect(spool.pendingEvents == 4)
            #expect(spool.isConserved)
        }
        check(spool)
        check(try Spool.open(files))
    }

    @Test("a file that is taken away between its sync and that of its folder is not called synced [F110]")
    func replacedBehindItsSync() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        let begun = spool.beginSync()
        let work = try #require(begun)
        let path = FilePath(try #require(files.spoolFiles.first))
        files.interrupt(at: files.operations.count + 1, writing: [], to: path)
        let outcome = work.run()
        // What stands there now, whoever has put it there.
        #expect(files.operations.last == "fdatasync \(path.lastComponent?.string ?? "")")
        let isWrittenAgain = spool.endSync(work, outcome)
        #expect(isWrittenAgain)
        try spool.seal()
        #expect(try Spool.open(files).pendingTexts == ["{}"])
    }

    @Test("a folder that is removed when there is nothing to write is made again by the sync [F110]")
    func removedAndSealed() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        spool.rotate()
        let begun = spool.beginSync()
        let work = try #require(begun)
        spool.endSync(work, work.run())
        #expect(spool.hasUnsynced)
        files.fail(at: files.operations.count, with: .noSuchFileOrDirectory)
        try spool.sync()

        #expect(!spool.hasUnsynced)
        #expect(files.operations.suffix(4) == ["fsync spool", "mkdir spool", "fsync state", "fsync spool"])
    }

    @Test("a segment of a later format is left alone, but not by a no [F112]")
    func futureFormat() throws {
        var line: [UInt8] = []
        SpoolRecord.append(Array(#"{"format":2}"#.utf8), sequence: 0, to: &line)
        for name in ["0000000000000007-00000000000000aa-3.batch", "0000000000000009-00000000000000aa.open"] {
            files.write(line, to: FilePath("/state/spool/\(name)"))
        }

        var spool = try Spool.open(files)
        for _ in 0..<3 {
            try spool.record("{}")
            try spool.seal()
            try spool.deliver(try #require(spool.nextBatch))
        }
        var restarted = try Spool.open(files)
        #expect(files.spoolFiles.count == 2)
        #expect(restarted.pendingEvents == 0)

        // It may hold events from before the no.
        try restarted.discardAll(as: .telemetryDisabled)

        #expect(files.spoolFiles.isEmpty)
        #expect(restarted.ledger.sent == 3)
    }

    @Test("foreign files in the folder are not touched, empty segments go [F087, F121]")
    func otherFiles() throws {
        let foreign = ["README", "0000000000000001-0000000000000001-x.batch", "x.open", ".batch", "1-1-1.batch"]
        for name in foreign { files.write([1, 2, 3], to: FilePath("/state/spool/\(name)")) }
        files.write([], to: "/state/spool/0000000000000001-0000000000000001.open")
        files.write(
            SegmentHeader(epoch: 2, createdAt: 0, firstSequence: 1).line,
            to: "/state/spool/0000000000000002-0000000000000002.open")

        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        try spool.deliver(try #require(spool.nextBatch))
        try spool.discardAll(as: .telemetryDisabled)

        #expect(files.spoolFiles == foreign.map { "/state/spool/\($0)" }.sorted())
    }

    @Test(
        "a ledger that is lost or damaged costs totals, never an event [F094]",
        arguments: ["", "{", "[]", String(repeating: "x", count: 2048), String(repeating: "\n", count: 9000)])
    func damagedLedger(_ text: String) throws {
        var spool = try Spool.open(files)
        try spool.record("{}", "{}")
        try spool.seal()
        try spool.deliver(try #require(spool.nextBatch))
        try spool.record("{}")
        files.write(Array(text.utf8), to: "/state/ledger")

        var restarted = try Spool.open(files)
        #expect(restarted.pendingEvents == 1)
        #expect(restarted.recordedEvents == 1)
        try restarted.seal()
        try restarted.deliver(try #require(restarted.nextBatch))
        #expect(restarted.isConserved)
        #expect(try Spool.open(files).isConserved)
    }

    @Test("a write to the ledger that is torn anywhere leaves the state before it [F088]")
    func tornLedger() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        let before = try #require(files.bytes(of: "/state/ledger"))
        let segment = FilePath(files.spoolFiles[0])
        let content = try #require(files.bytes(of: segment))
        try spool.deliver(try #require(spool.nextBatch))
        let after = try #require(files.bytes(of: "/state/ledger"))
        let changed = before.indices.filter { before[$0] != after[$0] }
        #expect(!changed.isEmpty)
        for cut in stride(from: 0, through: changed.count, by: 1) {
            var torn = before
            for index in changed.prefix(cut) { torn[index] = after[index] }
            files.write(torn, to: "/state/ledger")
            files.write(content, to: segment)
            let restarted = try Spool.open(files)
            #expect(restarted.ledger.sent == (cut == changed.count ? 1 : 0), "cut \(cut)")
            #expect(restarted.pendingEvents == (cut == changed.count ? 0 : 1), "cut \(cut)")
            #expect(restarted.recordedEvents == 1)
        }
    }

    private static let many = isLong ? 10_000 : 1000

    @Test("thousands of segments of one event are taken over, and go [F107]")
    func manySegments() throws {
        for number in 1...Self.many {
            var bytes = SegmentHeader(epoch: 5, createdAt: 900_000, firstSequence: UInt64(number)).line
            SpoolRecord.append(Array("{}".utf8), sequence: UInt64(number), to: &bytes)
            let name = SegmentName(number: UInt64(number), epoch: 5, stage: number % 2 == 0 ? .open : .batch(events: 1))
            files.write(bytes, to: FilePath("/state/spool/\(name.fileName)"))
        }

        var spool = try Spool.open(files)

        #expect(spool.pendingEvents == Self.many)
        #expect(spool.isConserved)
        try spool.discardAll(as: .telemetryDisabled)
        #expect(files.spoolFiles.isEmpty)
    }
}
