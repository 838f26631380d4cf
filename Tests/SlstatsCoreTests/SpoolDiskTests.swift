// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage
import Testing

/// Limits, and disks that are full, broken, or take nothing.
@Suite("A spool and its disk")
struct SpoolDiskTests {
    private let files = InMemoryFileSystem()

    private func limits(_ bytes: Int) -> SpoolLimits {
        var limits = SpoolLimits.test
        limits.maximumBytes = bytes
        return limits
    }

    // MARK: - Limits

    @Test("when the limit is reached the oldest batch goes, and the folder never holds a byte more [F103]")
    func limit() throws {
        var spool = try Spool.open(files, limits: limits(2000))
        for number in 0..<300 {
            try spool.record(#"{"number":\#(number)}"#)
            if number % 3 == 0 { try spool.sync() }
            let onDisk = files.spoolFiles.reduce(0) { $0 + (files.bytes(of: FilePath($1))?.count ?? 0) }
            #expect(onDisk <= 2000 && onDisk == spool.bytes)
            #expect(spool.isConserved)
        }

        let texts = spool.pendingTexts
        #expect(texts.last == #"{"number":299}"#)
        #expect(texts == (300 - texts.count..<300).map { #"{"number":\#($0)}"# })
        #expect(spool.ledger.dropped[.spoolFull] == Int64(300 - texts.count))
        #expect(spool.recordedEvents == 300)
    }

    @Test("an event that can never fit is refused, and costs no other")
    func tooLarge() throws {
        var spool = try Spool.open(files, limits: limits(2000))
        try spool.record("{}")
        let error = #expect(throws: SpoolError.self) {
            try spool.record(#"{"x":"\#(String(repeating: "x", count: 2000))"}"#)
        }

        #expect(error?.code == .full)
        #expect(spool.pendingTexts == ["{}"])
        #expect(spool.isConserved)
    }

    @Test("a limit that was lowered holds from the start on")
    func loweredLimit() throws {
        var spool = try Spool.open(files, limits: limits(20_000))
        for number in 0..<300 { try spool.record(#"{"number":\#(number)}"#) }
        try spool.seal()

        let smaller = try Spool.open(files, limits: limits(5000))

        #expect(smaller.bytes <= 5000)
        #expect(smaller.pendingTexts.last == #"{"number":299}"#)
        #expect(smaller.ledger.dropped[.spoolFull] == Int64(300 - smaller.pendingEvents))
        #expect(smaller.isConserved)
    }

    @Test("the batch that is being delivered is neither dropped for room nor for age")
    func inDelivery() throws {
        var spool = try Spool.open(files, limits: limits(2000))
        try spool.record("{}")
        try spool.seal()
        let batch = spool.batches[0]
        spool.inDelivery = batch.id
        for number in 0..<100 {
            try spool.record(#"{"number":\#(number)}"#)
            try spool.sync()
        }
        #expect(spool.batches.first == batch)
        try spool.deliver(batch)
        // A second answer to the same request changes nothing.
        try spool.resolve(batch, sent: 1)

        #expect(spool.ledger.sent == 1)
        #expect(spool.recordedEvents == 101)
        #expect(spool.isConserved)
    }

    @Test("what is too old is dropped and counted, after a restart and in a long run; young events are not [F103]")
    func expiry() throws {
        let day: Int64 = 24 * 3600 * 1000
        let clock = TestClock(1_000_000)
        var spool = try Spool.open(files, clock: clock.clock)
        for _ in 0..<10 {
            try spool.record("{}")
            try spool.sync()
            clock.advance(by: day)
            try spool.expire()
            try spool.sync()
        }
        #expect(spool.ledger.dropped == [.expired: 4])
        #expect(spool.pendingEvents == 6)

        clock.advance(by: 3 * day)
        let restarted = try Spool.open(files, clock: clock.clock)

        #expect(restarted.ledger.dropped == [.expired: 7])
        #expect(restarted.isConserved)
    }

    @Test("a clock that is set a year forward or back expires nothing while we run [F115]", arguments: [365, -365])
    func clockJump(days: Int64) throws {
        let clock = TestClock(400 * 24 * 3600 * 1000)
        var spool = try Spool.open(files, clock: clock.clock)
        try spool.record("{}")
        clock.jump(by: days * 24 * 3600 * 1000)
        try spool.record("{}")
        try spool.expire()

        #expect(spool.pendingEvents == 2)
        #expect((spool.nextExpiry ?? 0) - clock.clock.steadyMilliseconds == 7 * 24 * 3600 * 1000)

        // The next start knows the time of day only. By that the first is a year old, and the other is not.
        let restarted = try Spool.open(files, clock: clock.clock)
        #expect(restarted.pendingEvents == (days > 0 ? 1 : 2))
    }

    @Test("events of a segment from the future have their time all the same [F115]")
    func future() throws {
        var spool = try Spool.open(files, clock: .fixed(900_000_000_000))
        try spool.record("{}")
        try spool.seal()

        let earlier = try Spool.open(files, clock: .fixed(1_000_000))

        #expect(earlier.pendingEvents == 1)
        let week: Int64 = 7 * 24 * 3600 * 1000
        #expect(earlier.nextExpiry == 1_000_000 + week)
    }

    @Test("the quarantine has its own limit; the oldest goes [F104]")
    func quarantineLimit() throws {
        var limits = SpoolLimits.test
        limits.maximumQuarantineBytes = 100
        var spool = try Spool.open(files, limits: limits)
        for _ in 0..<20 {
            try spool.record(#"{"x":"yyyyyyyyyyyyyyyy"}"#)
            try spool.seal()
            let batch = try #require(spool.nextBatch)
            try spool.resolve(batch, sent: 0, rejected: try spool.body(of: batch).events)
            #expect(files.quarantineFiles.reduce(0) { $0 + (files.bytes(of: FilePath($1))?.count ?? 0) } <= 100)
        }

        #expect(spool.ledger.quarantined == 20)
        #expect(files.quarantineFiles.count == 4)
    }

    // MARK: - Syncs that fail

    @Test("after a failed sync the unsynced records stand in another file, and none twice [F099]", arguments: [0, 2])
    func failedSync(synced: Int) throws {
        var spool = try Spool.open(files)
        let before = (0..<synced).map { #"{"before":\#($0)}"# }
        if synced > 0 {
            try spool.record(before)
            try spool.sync()
        }
        try spool.record(#"{"n":1}"#, #"{"n":2}"#)
        let suspect = files.spoolFiles[0]
        files.fail(at: files.operations.count, with: .ioError)
        #expect(throws: FileError.self) { try spool.sync() }
        let old = files.bytes(of: FilePath(suspect.replacing(".open", with: "-\(synced).batch")))
        try spool.record(#"{"n":3}"#)

        #expect(spool.pendingTexts == before + [#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        #expect(spool.isConserved)
        #expect(synced == 0 ? old == nil : old.map { !$0.contains(Array(#"{"n":1}"#.utf8)) } == true)
        try spool.seal()
        for survivors in [files, files.afterPowerCut()] {
            let restarted = try Spool.open(survivors)
            #expect(restarted.pendingTexts == spool.pendingTexts)
            #expect(restarted.isConserved)
        }
    }

    @Test("if the old file cannot be cut back either, a crash leaves no event twice [F099]")
    func failedSyncAndCut() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#)
        try spool.sync()
        try spool.record(#"{"n":2}"#)
        let (path, bytes) = (
            FilePath(files.spoolFiles[0]), try #require(files.bytes(of: FilePath(files.spoolFiles[0])))
        )
        files.fail(at: files.operations.count, with: .ioError)
        #expect(throws: FileError.self) { try spool.sync() }
        try spool.record(#"{"n":3}"#)
        // As if neither the cut nor the new name had come to the disk.
        for name in files.spoolFiles where name.hasSuffix(".batch") { try files.remove(FilePath(name)) }
        files.write(bytes, to: path)

        let restarted = try Spool.open(files)

        #expect(restarted.pendingTexts == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        #expect(restarted.isConserved)
    }

    @Test("a closed segment whose sync fails is written again, beside the open one [F099]")
    func failedSyncOfClosed() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#)
        spool.rotate()
        try spool.record(#"{"n":2}"#)
        files.fail(at: files.operations.count, with: .ioError)
        #expect(throws: FileError.self) { try spool.sync() }
        try spool.record(#"{"n":3}"#)

        #expect(Set(spool.pendingTexts).count == 3)
        try spool.seal()
        #expect(spool.batches.reduce(0) { $0 + $1.eventCount } == 3)
        let restarted = try Spool.open(files)
        #expect(restarted.pendingTexts.count == 3)
        #expect(restarted.isConserved)
    }

    // MARK: - Full disks

    @Test(
        "a full disk cuts the half-written record off again; once there is room recording goes on [F096]",
        arguments: 1...30)
    func fullDisk(room: Int) throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#)
        let used = files.fileNames.reduce(0) { $0 + (files.bytes(of: FilePath($1))?.count ?? 0) }
        files.setCapacity(used + room)
        let error = #expect(throws: SpoolError.self) {
            try spool.record(#"{"long":"\#(String(repeating: "x", count: 40))"}"#)
        }
        #expect(error?.code == .full)
        #expect(spool.isConserved)
        files.setCapacity(nil)
        try spool.record(#"{"n":2}"#)

        let restarted = try Spool.open(files)
        #expect(restarted.pendingTexts == [#"{"n":1}"#, #"{"n":2}"#])
        #expect(restarted.isConserved)
    }

    @Test(
        "at zero bytes free everything that was recorded is delivered, over a restart, and then there is room again [F097]"
    )
    func draining() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#)
        try spool.seal()
        try spool.record(#"{"n":2}"#)
        let used = files.fileNames.reduce(0) { $0 + (files.bytes(of: FilePath($1))?.count ?? 0) }
        files.setCapacity(used)

        #expect(throws: SpoolError.self) { try spool.record(#"{"n":3}"#) }
        try spool.seal()
        try spool.deliver(try #require(spool.nextBatch))
        var restarted = try Spool.open(files)
        try restarted.seal()
        try restarted.deliver(try #require(restarted.nextBatch))

        #expect(restarted.ledger.sent == 2)
        #expect(restarted.isConserved)
        try restarted.record("{}")
        #expect(restarted.pendingEvents == 1)
    }

    @Test("once the reserve is gone no event is taken until there is room for it again [F097]")
    func reserve() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        let batch = try #require(spool.nextBatch)
        let used = files.fileNames.reduce(0) { $0 + (files.bytes(of: FilePath($1))?.count ?? 0) }
        files.setCapacity(used)
        // What is set aside needs room: the reserve's.
        try spool.resolve(batch, sent: 0, rejected: [Array("{}".utf8)])
        #expect(!files.fileNames.contains("/state/reserve"))
        #expect(spool.ledger.quarantined == 1)
        files.setCapacity(used - 100)

        let error = #expect(throws: SpoolError.self) { try spool.record("{}") }
        #expect(error?.code == .full)
        #expect(files.spoolFiles.isEmpty)
        files.setCapacity(nil)
        try spool.record("{}")

        #expect(files.bytes(of: "/state/reserve")?.count == 500)
        #expect(spool.isConserved)
    }

    @Test("a start on a full disk takes over what there is [F097]")
    func startOnFullDisk() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        for name in ["ledger", "reserve"] { try files.remove(FilePath("/state/\(name)")) }
        files.setCapacity(0)

        var restarted = try Spool.open(files)
        #expect(restarted.pendingEvents == 1)
        #expect(throws: SpoolError.self) { try restarted.record("{}") }
        try restarted.discardAll(as: .telemetryDisabled)

        #expect(files.spoolFiles.isEmpty)
        #expect(restarted.isConserved)
    }

    // MARK: - Disks that take nothing

    @Test("without a disk events wait in memory, so many and no more, and are delivered from there [F101]")
    func memoryOnly() throws {
        var limits = SpoolLimits.test
        limits.maximumMemoryBytes = 600
        var spool = try Spool.open(files, limits: limits)
        files.fail(from: files.operations.count, with: .readOnlyFileSystem)
        var kept = 0
        var refused = 0
        for number in 0..<40 {
            do {
                try spool.record(#"{"number":\#(number)}"#)
                kept += 1
            } catch { refused += 1 }
        }
        #expect(spool.isMemoryOnly)
        #expect(kept > 5 && refused > 5)
        #expect(spool.pendingTexts.count == kept)
        #expect(spool.isConserved)

        try? spool.seal()
        let batch = try #require(spool.nextBatch)
        #expect(try spool.body(of: batch).events.count == kept)
        #expect(throws: FileError.self) { try spool.deliver(batch) }
        #expect(spool.nextBatch == nil)
        files.fail(from: .max, with: .ioError)
        try spool.accountForSettled()
        #expect(spool.ledger.sent == kept)
        #expect(spool.isConserved)
    }

    @Test("a batch that waits in memory gets a file as soon as there is a disk, and `synced` is true again [F101]")
    func batchBackFromMemory() throws {
        var spool = try Spool.open(files)
        files.fail(from: files.operations.count, with: .readOnlyFileSystem)
        try spool.record(#"{"n":1}"#)
        try? spool.seal()
        #expect(spool.nextBatch != nil && spool.hasEventsInMemory)
        files.fail(from: .max, with: .ioError)
        try spool.record(#"{"n":2}"#)
        try spool.sync()

        #expect(!spool.hasEventsInMemory)
        for survivors in [files, files.afterPowerCut()] {
            let restarted = try Spool.open(survivors)
            #expect(restarted.pendingTexts.sorted() == [#"{"n":1}"#, #"{"n":2}"#])
            #expect(restarted.isConserved)
        }
    }

    @Test("a ledger that cannot be read is moved away, so that it never accounts for new segments [F094]")
    func unreadableLedger() throws {
        var spool = try Spool.open(files)
        for _ in 0..<3 {
            try spool.record("{}")
            try spool.seal()
            try spool.deliver(try #require(spool.nextBatch))
        }
        let read = files.operations.count + 3
        files.fail(at: read, with: .ioError)
        var restarted = try Spool.open(files)
        #expect(files.operations[read] == "read ledger")
        files.fail(at: .max, with: .ioError)
        try restarted.record(#"{"new":true}"#)
        try restarted.seal()

        #expect(files.fileNames.contains("/state/ledger.unreadable"))
        #expect(try Spool.open(files).pendingTexts == [#"{"new":true}"#])
    }

    @Test("what the collector has of a batch counts as sent, also if the rest is dropped")
    func partlySent() throws {
        var spool = try Spool.open(files)
        try spool.record("{}", "{}", "{}")
        try spool.seal()
        spool.partlySent = (try #require(spool.nextBatch).id, 2)
        try spool.discardAll(as: .telemetryDisabled)

        #expect(spool.ledger.sent == 2)
        #expect(spool.ledger.dropped == [.telemetryDisabled: 1])
        #expect(spool.isConserved)
    }

    @Test("when there is a disk again, what waited in memory goes to it first [F101]")
    func backFromMemory() throws {
        var spool = try Spool.open(files)
        try spool.record(#"{"n":1}"#)
        files.fail(from: files.operations.count, with: .readOnlyFileSystem)
        try spool.record(#"{"n":2}"#)
        #expect(spool.isMemoryOnly)
        files.fail(from: .max, with: .ioError)
        try spool.record(#"{"n":3}"#)

        #expect(!spool.isMemoryOnly)
        let restarted = try Spool.open(files)
        #expect(restarted.pendingTexts == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        #expect(restarted.isConserved)
    }

    @Test(
        "each operation of recording, syncing and sealing failing once loses nothing that was acknowledged",
        arguments: [
            Errno.ioError, .noSpace, .readOnlyFileSystem, .diskQuotaExceeded, .fileTooLarge, .staleNFSFileHandle,
        ])
    func everyFailure(_ errno: Errno) throws {
        var step = 0
        while true {
            let files = InMemoryFileSystem()
            var spool = try Spool.open(files)
            let start = files.operations.count
            files.fail(at: start + step, with: errno)
            var acknowledged: [String] = []
            for number in 0..<6 {
                let event = #"{"number":\#(number)}"#
                do {
                    try spool.record(event)
                    acknowledged.append(event)
                } catch {}
                if number == 1 { try? spool.sync() }
                if number == 3 { try? spool.seal() }
                #expect(spool.isConserved, "\(errno) at \(step)")
            }
            let isOver = files.operations.count <= start + step
            files.fail(at: .max, with: errno)
            try spool.sync()
            #expect(spool.pendingTexts.sorted() == acknowledged.sorted(), "\(errno) at \(step)")
            let restarted = try Spool.open(files)
            #expect(restarted.pendingTexts.sorted() == acknowledged.sorted(), "\(errno) at \(step)")
            #expect(restarted.isConserved, "\(errno) at \(step)")
            if isOver { break }
            step += 1
        }
        #expect(step > 10)
    }
}
