// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage
import Testing

@Suite("A no and the spool")
struct SpoolDiscardTests {
    private let files = InMemoryFileSystem()

    /// Two events in a batch, one in a closed segment, one in the open one.
    private func filled(_ files: InMemoryFileSystem) throws -> Spool {
        var spool = try Spool.open(files)
        try spool.record("{}", "{}")
        try spool.seal()
        try spool.record("{}")
        spool.rotate()
        try spool.record("{}")
        return spool
    }

    @Test("discarding takes everything and counts it by reason")
    func discarding() throws {
        var spool = try filled(files)

        try spool.discardAll(as: .telemetryDisabled)

        #expect(spool.pendingEvents == 0)
        #expect(spool.ledger.dropped == [.telemetryDisabled: 4])
        #expect(files.fileNames == ["/state/ledger", "/state/reserve"])
        let restarted = try Spool.open(files.afterPowerCut())
        #expect(restarted.recordedEvents == 4)
        #expect(restarted.isConserved)
    }

    @Test(
        "whatever step of discarding fails, another try leaves nothing on disk, and all is counted",
        arguments: [Errno.noSpace, .ioError])
    func discardingFails(_ errno: Errno) throws {
        for step in 0..<32 {
            let files = InMemoryFileSystem()
            var spool = try filled(files)
            let start = files.operations.count
            files.fail(at: start + step, with: errno)
            do { try spool.discardAll(as: .telemetryDisabled) } catch {
                try spool.discardAll(as: .telemetryDisabled)
            }
            let isOver = files.operations.count <= start + step
            files.fail(at: .max, with: .ioError)

            #expect(spool.pendingEvents == 0)
            #expect(spool.ledger.dropped == [.telemetryDisabled: 4], "step \(step)")
            // What is recorded now was not said no to.
            try spool.record("{}")
            try spool.removeDiscarded()
            #expect(!spool.isRemovalOwed)
            #expect(spool.pendingEvents == 1, "step \(step)")
            #expect(files.spoolFiles.count == 1, "step \(step)")
            try spool.discardAll(as: .telemetryDisabled)
            #expect(files.spoolFiles.isEmpty, "step \(step)")
            #expect(spool.isConserved)
            #expect(spool.recordedEvents == 5)
            #expect(try Spool.open(files).pendingEvents == 0)
            if isOver { return }
        }
        Issue.record("discarding takes more than 32 operations")
    }

    @Test("a segment that could not be read at the start goes with a no as well, and does not come back")
    func discardingUnreadable() throws {
        var spool = try Spool.open(files)
        try spool.record("{}")
        try spool.seal()
        for step in 0..<16 {
            let copy = files.afterPowerCut()
            copy.fail(at: step, with: .ioError)
            guard var next = try? Spool.open(copy) else { continue }
            copy.fail(at: .max, with: .ioError)
            try next.discardAll(as: .telemetryDisabled)
            #expect(copy.spoolFiles.isEmpty, "step \(step)")
            #expect(try Spool.open(copy).pendingEvents == 0, "step \(step)")
        }
    }

    @Test("on a disk that takes nothing any more, discarding still removes the events [F097]")
    func discardingOnFullDisk() throws {
        var spool = try filled(files)
        files.setCapacity(0)

        try spool.discardAll(as: .telemetryDisabled)

        #expect(files.spoolFiles.isEmpty)
        #expect(spool.recordedEvents == 4)
        files.setCapacity(nil)
        try spool.record("{}")
        try spool.discardAll(as: .telemetryDisabled)
        let restarted = try Spool.open(files)
        #expect(restarted.recordedEvents == 5)
        #expect(restarted.isConserved)
    }

    @Test("a sync that was under way brings nothing back, and has not failed", arguments: [false, true])
    func duringSync(isFirst: Bool) throws {
        var spool = try filled(files)
        let begun = spool.beginSync()
        let work = try #require(begun)
        if isFirst { try spool.discardAll(as: .telemetryDisabled) }
        let outcome = work.run()
        if !isFirst { try spool.discardAll(as: .telemetryDisabled) }
        #expect(outcome.error == nil)
        let isWrittenAgain = spool.endSync(work, outcome)
        #expect(!isWrittenAgain)
        try spool.sync()

        #expect(spool.pendingEvents == 0)
        #expect(files.spoolFiles.isEmpty)
        #expect(spool.isConserved)
    }
}
