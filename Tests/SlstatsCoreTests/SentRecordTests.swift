// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SystemPackage
import Testing

@Suite("The record of what left")
struct SentRecordTests {
    private static let isLong = ProcessInfo.processInfo.environment["SLSTATS_LONG"] != nil
    private let files = InMemoryFileSystem()
    private let clock = TestClock(1_795_421_268_983)

    init() throws { try files.createFolder("/state") }

    private func open(_ limits: SentRecord.Limits = SentRecord.Limits()) -> SentRecord {
        SentRecord(state: "/state", limits: limits, files: files, clock: clock.clock)
    }

    private func request(_ number: Int) -> SentEntry.Request {
        SentEntry.Request(
            at: clock.clock.milliseconds, collector: "https://t.example/", key: "key\(number)", status: 200,
            answer: Array(#"[{"code":"A"}]"#.utf8), events: 1, body: Array(#"[{"n":\#(number)}]"#.utf8))
    }

    /// So many requests, in groups of three.
    private func filled(_ count: Int) throws -> SentRecord {
        var record = open()
        for start in stride(from: 1, through: count, by: 3) {
            try record.append((start...min(start + 2, count)).map(request))
        }
        return record
    }

    private var names: [FilePath] {
        ((try? files.names(in: "/state/sent")) ?? []).filter { $0.hasSuffix(".sent") }
            .map { FilePath("/state/sent").appending($0) }
    }

    private func problems() throws -> [String] {
        try open().verify().problems
    }

    // MARK: - What is kept

    @Test("each request is a file: its head on a line, the body behind it byte for byte")
    func file() throws {
        _ = try filled(2)
        let text = String(decoding: try files.read(names[1], limit: 1 << 20), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(names[1] == "/state/sent/0000000000000002-0001795421268983.sent")
        #expect(lines.count == 3 && lines[1] == #"[{"n":2}]"# && lines[2] == "")
        let head = try JSON(parsing: String(lines[0]))
        let first = SHA256Digest(of: try files.read(names[0], limit: 1 << 20)).description
        #expect(head["number"] == 2 && head["previous"] == .string(first) && head["key"] == "key2")
        #expect(head["answer"] == #"[{"code":"A"}]"# && head["status"] == 200 && head["events"] == 1)
    }

    @Test("what was written is read again, by the next daemon too; the last ones, or those before a number")
    func entries() throws {
        _ = try filled(7)
        var record = open()
        #expect(try record.entries(last: 3).map(\.number) == [5, 6, 7])
        #expect(try record.entries(last: 2, before: 5).map(\.number) == [3, 4])
        #expect(try record.entries(last: 9).first?.request == request(1))
        #expect(try record.verify().entries == 7)
        try record.append([request(8)])
        #expect(try problems() == [] && names.count == 8)
    }

    @Test("where nothing has left there is nothing, and that is in order")
    func empty() throws {
        var record = open()
        #expect(try record.entries(last: 5).isEmpty)
        #expect(try record.verify().entries == 0 && record.verify().problems == [])
        try record.expire()
        #expect(try files.status(of: "/state/sent") == nil)
    }

    @Test("an answer that is no text is not kept; a text of any kind is")
    func answers() throws {
        var record = open()
        for answer in [[0xff, 0xfe], [], Array("\u{0}\"\\ü\n".utf8)] as [[UInt8]] {
            try record.append([
                SentEntry.Request(
                    at: clock.clock.milliseconds, collector: "c", key: "k", status: 204, answer: answer, events: 0,
                    body: Array("[]".utf8))
            ])
        }
        #expect(try record.entries(last: 3).map(\.request.answer.count) == [0, 0, 6])
        #expect(try problems() == [])
    }

    // MARK: - What is taken away

    @Test("what is older than the limit, or too much, goes, the oldest first; the rest is in order [F104]")
    func expiry() throws {
        var limits = SentRecord.Limits()
        limits.maximumAge = .seconds(60)
        var record = open(limits)
        try record.append([request(1), request(2)])
        clock.advance(by: 59_000)
        try record.append([request(3)])
        clock.advance(by: 2_000)
        try record.expire()
        #expect(try record.entries(last: 9).map(\.number) == [3])
        #expect(names.count == 1)
        #expect(try problems() == [])
        clock.advance(by: 60_000)
        #expect(try record.entries(last: 9).isEmpty)
        #expect(try problems() == [])
        try record.append([request(4)])
        limits.maximumBytes = 1000
        var small = open(limits)
        try small.append((5...9).map(request))
        let left = try small.entries(last: 9).map(\.number)
        #expect(left.last == 9 && left.count == names.count && left.count < 5)
        #expect(try names.reduce(0) { try $0 + files.read($1, limit: 4096).count } <= 1000)
        #expect(try problems() == [])
    }

    // MARK: - What shows

    @Test("a bit of any file of a hundred, wherever it is in it")
    func bits() throws {
        _ = try filled(100)
        #expect(try problems() == [])
        // Each file at other places: together all of them.
        for (index, name) in names.enumerated() { try flipEachBit(of: name, from: index * 29 % 1400, step: 1401) }
    }

    @Test(
        "every bit of every file of a hundred", .enabled(if: isLong, "takes minutes: make test-long"))
    func allBits() throws {
        _ = try filled(100)
        for name in names { try flipEachBit(of: name) }
    }

    @Test("every bit of its head")
    func headBits() throws {
        _ = try filled(5)
        try flipEachBit(of: "/state/sent/head.json")
    }

    @Test("every bit of a short one")
    func shortBits() throws {
        _ = try filled(2)
        for name in names { try flipEachBit(of: name) }
    }

    private func flipEachBit(of path: FilePath, from first: Int = 0, step: Int = 1) throws {
        let bytes = try files.read(path, limit: 1 << 20)
        for bit in stride(from: first, to: bytes.count * 8, by: step) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            files.write(changed, to: path)
            if try problems() == [] { Issue.record("bit \(bit) of \(path)") }
        }
        files.write(bytes, to: path)
        #expect(try problems() == [])
    }

    @Test("every one that was taken out of a hundred, the last and the first too, and its number")
    func removed() throws {
        _ = try filled(100)
        for (index, name) in names.enumerated() {
            let bytes = try files.read(name, limit: 1 << 20)
            try files.remove(name)
            #expect(try problems() == ["\(index + 1) is missing"])
            files.write(bytes, to: name)
        }
        for name in names[40..<60] { try files.remove(name) }
        #expect(try problems() == ["41 to 60 are missing"])
        for name in names { try files.remove(name) }
        #expect(try problems() == ["1 to 100 are missing"])
    }

    @Test("two that have changed places, one that was put there, a head that is gone")
    func swapped() throws {
        _ = try filled(4)
        let (second, third) = (try files.read(names[1], limit: 4096), try files.read(names[2], limit: 4096))
        files.write(third, to: names[1])
        files.write(second, to: names[2])
        #expect(try problems() != [])
        files.write(second, to: names[1])
        files.write(third, to: names[2])
        files.write([1], to: "/state/sent/note.txt")
        #expect(try problems() == ["note.txt does not belong there"])
        try files.remove("/state/sent/note.txt")
        try files.remove("/state/sent/head.json")
        #expect(try problems() == ["head.json is missing or was changed"])
        var record = open()
        try record.append([request(5)])
        #expect(try problems() == ["5 is missing"], "nothing is thrown away, and the gap stays")
        #expect(try record.entries(last: 9).map(\.number) == [1, 2, 3, 4, 6])
    }

    @Test("all of it is gone, and events were sent; or its head was changed and there is nothing else")
    func gone() throws {
        #expect(try open().verify(hasSent: true).problems == ["/state/sent is missing, and events were sent"])
        try files.createFolder("/state/sent")
        #expect(try open().verify().problems == [])
        #expect(try open().verify(hasSent: true).problems == ["head.json is missing or was changed"])
        files.write(Array("{}".utf8), to: "/state/sent/head.json")
        #expect(try problems() == ["head.json is missing or was changed"])
    }

    // MARK: - Crashes and full disks

    @Test("whatever call fails once, what is there is not taken for something that was never whole")
    func unreadable() throws {
        _ = try filled(2)
        // As a crash leaves it: whole, and not in the head yet.
        let head = try files.read("/state/sent/head.json", limit: 4096)
        var record = open()
        try record.append([request(3)])
        files.write(head, to: "/state/sent/head.json")
        for call in 0..<60 {
            let copy = files.afterPowerCut()
            let failing = copy.operations.count + call
            copy.fail(at: failing, with: .tooManyOpenFiles)
            var next = SentRecord(state: "/state", limits: .init(), files: copy, clock: clock.clock)
            let isAdded = (try? next.append([request(4)])) != nil
            // It needed no more calls than that.
            if copy.operations.count <= failing { return }
            try next.append([request(5)])
            #expect(try next.entries(last: 9).map(\.number).starts(with: [1, 2, 3]), "call \(call)")
            if isAdded { #expect(try next.verify().problems == [], "call \(call)") }
        }
        Issue.record("never done")
    }

    @Test("names that nobody could have written are in nobody's way")
    func strangers() throws {
        _ = try filled(2)
        files.write([1], to: "/state/sent/18446744073709551615-0001795421268983.sent")
        var record = open()
        try record.append([request(3)])
        #expect(try record.entries(last: 9).map(\.number) == [1, 2, 3])
        #expect(try problems() == ["18446744073709551615-0001795421268983.sent does not belong there"])
    }

    @Test("whatever call the power is cut behind, what was there before is there, whole, and can be added to")
    func powerCuts() throws {
        _ = try filled(3)
        for cut in 0..<60 {
            let copy = files.afterPowerCut()
            copy.fail(from: copy.operations.count + cut, with: .ioError)
            var record = SentRecord(state: "/state", limits: .init(), files: copy, clock: clock.clock)
            let isDone = (try? record.append([request(4), request(5)])) != nil
            let after = copy.afterPowerCut()
            var next = SentRecord(state: "/state", limits: .init(), files: after, clock: clock.clock)
            let count = try next.entries(last: 99).count
            #expect(isDone ? count == 5 : 3...5 ~= count, "cut \(cut)")
            #expect(try next.verify().problems == [], "cut \(cut)")
            try next.append([request(6)])
            #expect(try next.verify().problems == [] && next.verify().entries == count + 1)
            if isDone { return }
        }
        Issue.record("never done")
    }

    @Test("what could not be kept leaves a gap")
    func full() throws {
        var record = try filled(2)
        files.fail(from: files.operations.count + 1, with: .noSpace)
        #expect(throws: FileError.self) { try record.append([request(3), request(4)]) }
        files.fail(from: .max, with: .noSpace)
        try record.append([request(5)])
        #expect(try record.entries(last: 9).map(\.number) == [1, 2, 5])
        #expect(try problems() == ["3 to 4 are missing"])
    }
}
