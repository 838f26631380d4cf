// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SlstatsCore
import SystemPackage
import Testing

/// Random runs of everything that can happen to a spool, compared with what a list of events would say.
@Suite("The spool against a model")
struct SpoolModelTests {
    /// What was acknowledged, and what may have become of it.
    private struct Model {
        /// Acknowledged, and neither delivered nor counted as gone.
        var pending: Set<Int> = []
        /// Not on stable storage as far as anybody was told.
        var unsynced: Set<Int> = []
        /// What the collector has.
        var delivered: Set<Int> = []
        /// Refused with an error: it may be there all the same, if the error came late.
        var refused: Set<Int> = []
        /// Delivered, but the spool could not write that down: after a crash they come again under their ids.
        var unaccounted: Set<Int> = []
        /// Were in memory after a sync that failed: the old file stays until the next start, should we not come to write
        /// another, and then they come again under their ids as well.
        var leftBehind: Set<Int> = []
    }

    private static let operations = [
        "record", "record", "record", "record", "sync", "seal", "deliver", "deliver", "reject", "settle", "fault",
        "fault",
        "full", "room", "age", "restart", "power", "discard",
    ]

    @Test("ten thousand random steps [F118]", arguments: 0..<20)
    func random(seed: Int) throws {
        let seed =
            ProcessInfo.processInfo.environment["SLSTATS_SEED"].flatMap(UInt64.init)
            ?? UInt64.random(in: 0...UInt64.max)
        var log: [String] = []
        do { try run(seed, steps: 500, &log) } catch {
            Issue.record("seed \(seed): \(error) after \(log.suffix(12))")
        }
    }

    private struct Failure: Error, CustomStringConvertible { let description: String }

    private func run(_ seed: UInt64, steps: Int, _ log: inout [String]) throws {
        var random = RandomSource.seeded(seed)
        var files = InMemoryFileSystem()
        let clock = TestClock(1_000_000)
        var limits = SpoolLimits()
        limits.maximumBytes = 8000
        limits.reserveBytes = 500
        func open() throws -> Spool {
            try Spool(state: "/state", limits: limits, files: files, clock: clock.clock, random: .seeded(random.next()))
        }
        var spool = try open()
        var model = Model()
        var next = 0
        for step in 0..<steps {
            let operation = Self.operations.randomElement(using: &random) ?? ""
            log.append(operation)
            let before = spool.ledger.total
            var settled = 0
            switch operation {
            case "record":
                let events = Array(next..<next + Int.random(in: 1...5, using: &random))
                next += events.count
                let size = Int.random(in: 0...200, using: &random)
                for event in events {
                    spool.stage(Array(#"{"n":\#(event),"x":"\#(String(repeating: "x", count: size))"}"#.utf8))
                }
                do {
                    try spool.commit()
                    model.pending.formUnion(events)
                    model.unsynced.formUnion(events)
                } catch { model.refused.formUnion(events) }
            case "sync":
                if (try? spool.sync()) != nil, !spool.hasEventsInMemory { model.unsynced = [] }
            case "seal": try? spool.seal()
            case "deliver", "reject":
                guard let batch = spool.nextBatch else { break }
                let body = try files.unharmed { try spool.body(of: batch) }
                let events = Set(Self.numbers(body.events))
                guard model.delivered.isDisjoint(with: events.subtracting(model.unaccounted.union(model.leftBehind)))
                else {
                    throw Failure(description: "\(events) delivered twice")
                }
                let rejected = operation == "reject" ? [body.events[0]] : []
                settled = body.events.count
                do { try spool.resolve(batch, sent: settled - rejected.count, rejected: rejected) } catch {
                    model.unaccounted.formUnion(events)
                    settled = 0
                }
                model.delivered.formUnion(events)
                model.pending.subtract(events)
            case "settle":
                // The ledger takes it with a later batch, or after a crash never.
                guard let batch = spool.nextBatch else { break }
                let events = Set(Self.numbers(try files.unharmed { try spool.body(of: batch) }.events))
                spool.settle(batch, sent: batch.eventCount)
                model.delivered.formUnion(events)
                model.unaccounted.formUnion(events)
                model.pending.subtract(events)
            case "fault":
                let errno = [Errno.ioError, .noSpace, .readOnlyFileSystem].randomElement(using: &random) ?? .ioError
                files.fail(at: files.operations.count + Int.random(in: 0...6, using: &random), with: errno)
            case "full":
                files.setCapacity(
                    files.fileNames.reduce(Int.random(in: 0...300, using: &random)) {
                        $0 + (files.bytes(of: FilePath($1))?.count ?? 0)
                    })
            case "room": files.setCapacity(nil)
            case "age":
                clock.advance(by: Int64.random(in: 0...3 * 24 * 3600 * 1000, using: &random))
                try? spool.expire()
            case "restart", "power":
                files.fail(at: .max, with: .ioError)
                let isInMemory = spool.hasEventsInMemory
                if operation == "power" { files = files.afterPowerCut(nulTail: Int.random(in: 0...50, using: &random)) }
                spool = try open()
                let found = Set(
                    Self.numbers(files.unharmed { spool.pending(after: 0, maximumBytes: .max, nil).events }))
                let mayBeGone = operation == "power" || isInMemory ? model.unsynced : []
                let gone = model.pending.subtracting(found)
                let dropped = spool.ledger.total - before
                guard gone.isSubset(of: mayBeGone) || gone.subtracting(mayBeGone).count <= dropped else {
                    throw Failure(description: "step \(step): \(gone) lost")
                }
                model.pending.formIntersection(found)
                model.pending.formUnion(found.intersection(model.refused))
                model.unsynced.formUnion(found.intersection(model.refused))
                if operation == "power" { model.unsynced = [] }
            case "discard" where step % 10 == 0:
                do { try spool.discardAll(as: .telemetryDisabled) } catch {
                    try spool.discardAll(as: .telemetryDisabled)
                }
                try spool.removeDiscarded()
                guard files.spoolFiles.isEmpty else {
                    throw Failure(description: "left after a no: \(files.spoolFiles)")
                }
            default: break
            }
            try check(spool, files, &model, dropped: spool.ledger.total - before - Int64(settled), operation, limits)
        }
    }

    private func check(
        _ spool: Spool, _ files: InMemoryFileSystem, _ model: inout Model, dropped: Int64, _ operation: String,
        _ limits: SpoolLimits
    ) throws {
        guard spool.isConserved else {
            throw Failure(description: "\(spool.recordedEvents) ≠ \(spool.pendingEvents) + \(spool.ledger.total)")
        }
        let numbers = Self.numbers(files.unharmed { spool.pending(after: 0, maximumBytes: .max, nil).events })
        let found = Set(numbers)
        let extra = found.subtracting(model.pending)
        if spool.hasEventsInMemory { model.leftBehind.formUnion(found) }
        guard extra.isSubset(of: model.unaccounted.union(model.refused).union(model.leftBehind)) else {
            throw Failure(description: "\(extra) pending, but neither recorded nor delivered in doubt")
        }
        let gone = model.pending.subtracting(found)
        guard gone.count <= Int(dropped) + spool.settledEvents || operation == "restart" || operation == "power" else {
            throw Failure(description: "\(gone) gone and \(dropped) counted")
        }
        // What was to be dropped and is not written down yet comes back after a crash.
        if spool.settledEvents > 0 { model.unaccounted.formUnion(gone) }
        guard numbers.count == found.count else { throw Failure(description: "twice: \(numbers)") }
        guard spool.bytes <= limits.maximumBytes else { throw Failure(description: "\(spool.bytes) bytes") }
        model.pending = model.pending.intersection(found)
        model.unsynced.formIntersection(found)
    }

    private static func numbers(_ events: [[UInt8]]) -> [Int] {
        events.compactMap { Int(String(decoding: $0, as: UTF8.self).dropFirst(5).prefix { $0.isNumber }) }
    }
}
