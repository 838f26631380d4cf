// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("The examples of the format pages")
struct FormatPageTests {
    /// The code blocks of a page, in order, as they stand there.
    private static func blocks(_ page: String, _ language: String = "") throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "Sources/SlstatsCore/SlstatsCore.docc/\(page).md"), encoding: .utf8)
        return text.components(separatedBy: "\n```\(language)\n").dropFirst()
            .compactMap { $0.components(separatedBy: "\n```").first }
    }

    @Test("the segment of SpoolFormat.md is read, and written the same way")
    func segment() throws {
        let page = Array((try #require(Self.blocks("SpoolFormat").first) + "\n").utf8)

        let content = SegmentContent(scanning: page)
        var written = SegmentHeader(epoch: 0x9f0c_2e4a_b1d3_5877, createdAt: 1_700_000_000_000, firstSequence: 1).line
        for (index, event) in content.events.enumerated() {
            SpoolRecord.append(page[event.json], sequence: UInt64(index + 1), to: &written)
        }

        #expect(content.header?.isCurrent == true)
        #expect(content.events.count == 2)
        #expect(content.damaged.isEmpty && content.tornTail.isEmpty)
        #expect(written == page)
    }

    @Test("the document of FeedFormat.md is taken, with every member")
    func feed() throws {
        let document = Array(try #require(Self.blocks("FeedFormat", "json").first).utf8)
        var feed = NotificationFeed(
            .init(place: "/feed.json", publicKey: "KEY"), state: "/state", files: InMemoryFileSystem())
        try feed.take(.document(document, entityTag: nil, isAuthentic: true), now: 0, jitter: 0)

        let notification = try #require(feed.list.notifications.first)
        #expect(feed.problem == nil && feed.sequence == 12 && feed.list.skippedCount == 0)
        #expect(notification.isFor(Product("serverless@3.38.0"), at: 1_795_557_548_250))
        #expect(!notification.isFor(Product("serverless@4.0.0"), at: 1_795_557_548_250))
        #expect(notification.severity == .warning && notification.link == "https://example.org/upgrade")
    }

    @Test("the ledger of SpoolFormat.md is read, and accounts for the segments it names")
    func ledger() throws {
        let files = InMemoryFileSystem()
        let json = try #require(Self.blocks("SpoolFormat", "json").first)
        var slot: [UInt8] = []
        SpoolRecord.append(
            Array(json.padding(toLength: 1024 - 12, withPad: " ", startingAt: 0).utf8), sequence: 7, to: &slot)
        #expect(slot.count == 1024)
        files.write(slot + [UInt8](repeating: 0, count: 1024), to: "/state/ledger")
        for number in 3...6 as ClosedRange<UInt64> {
            let name = SegmentName(number: number, epoch: 1, stage: .batch(events: 1))
            files.write(
                SegmentHeader(epoch: 1, createdAt: 1_000_000, firstSequence: number).line,
                to: FilePath("/state/spool/\(name.fileName)"))
        }

        let spool = try Spool.open(files)

        #expect(spool.batches.map(\.name.number) == [4, 6])
        #expect(spool.recordedEvents == 13)
        #expect(spool.ledger.sent == 9)
        #expect(spool.ledger.dropped == [.spoolFull: 2])
    }

    @Test("a spool goes on with the segment of the page")
    func recovery() throws {
        let files = InMemoryFileSystem()
        let page = try #require(Self.blocks("SpoolFormat").first) + "\n"
        files.write(Array(page.utf8), to: "/state/spool/0000000000000001-9f0c2e4ab1d35877.open")

        let spool = try Spool(
            state: "/state", limits: SpoolLimits(), files: files, clock: .fixed(1_700_000_000_300), random: .seeded(1))

        #expect(spool.pendingEvents == 2)
        #expect(spool.bytes == page.utf8.count)
    }

    @Test("the record of ConsentRecordFormat.md is what a no leaves that could not be told")
    func record() throws {
        let files = InMemoryFileSystem()
        files.write(Array("{".utf8), to: "/home/u/.serverlessrc")
        var consent = Consent(
            Consent.Surroundings(
                state: "/state", home: "/home/u", policy: "/p/policy.json", userID: 1000, administrator: 0),
            mode: .on, files: files, clock: .fixed(1_700_000_000_600), random: .seeded(1))

        _ = consent.disable(.production)

        let example = try #require(Self.blocks("ConsentRecordFormat", "json").first)
        let bytes = try #require(files.bytes(of: "/state/consent.json"))
        #expect(bytes.count == 512)
        #expect(
            String(decoding: bytes, as: UTF8.self) == example.padding(toLength: 511, withPad: " ", startingAt: 0) + "\n"
        )
    }

    @Test("the change of RcFileFormat.md is made as it is shown")
    func rcFile() throws {
        let blocks = try Self.blocks("RcFileFormat", "json")
        let files = InMemoryFileSystem()
        files.write(Array(blocks[0].utf8), to: "/home/u/.serverlessrc")
        var file = RcFile(
            RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(1_700_000_001_000),
            random: .seeded(1))

        try file.set([RcFile.Change(["trackingDisabled"], true)])

        #expect(files.bytes(of: "/home/u/.serverlessrc").map { String(decoding: $0, as: UTF8.self) } == blocks[1])
    }
    @Test("the record of SentFormat.md is what is written for that request, and is in order")
    func sent() throws {
        let files = InMemoryFileSystem()
        let lines = try #require(Self.blocks("SentFormat").first).split(separator: "\n").map(String.init)
        var record = SentRecord(state: "/state", limits: .init(), files: files, clock: .fixed(1_795_421_268_983))
        try record.append([
            SentEntry.Request(
                at: 1_795_421_268_983, collector: "https://telemetry.example/",
                key: "0000000000000001-9f0c2e4ab1d35877",
                status: 200, answer: Array("[]".utf8), events: 1, body: Array(lines[1].utf8))
        ])
        let file = try files.read("/state/sent/0000000000000001-0001795421268983.sent", limit: 4096)
        #expect(String(decoding: file, as: UTF8.self) == lines.joined(separator: "\n") + "\n")
        let head = try files.read("/state/sent/head.json", limit: 4096)
        #expect(try String(decoding: head, as: UTF8.self) == Self.blocks("SentFormat", "json").first.map { $0 + "\n" })
    }
}
