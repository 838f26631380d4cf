// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
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
        var written = SegmentContent.headerLine(epoch: 0x9f0c_2e4a_b1d3_5877, createdAt: 1_700_000_000_000)
        for (index, event) in content.events.enumerated() {
            SpoolRecord.append(page[event], sequence: UInt64(index + 1), to: &written)
        }

        #expect(content.header == .current)
        #expect(content.events.count == 2)
        #expect(content.damaged.isEmpty && content.tornTail.isEmpty)
        #expect(written == page)
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

    @Test("the change of RcFileFormat.md is made as it is shown")
    func rcFile() throws {
        let blocks = try Self.blocks("RcFileFormat", "json")
        let files = InMemoryFileSystem()
        files.write(Array(blocks[0].utf8), to: "/home/u/.serverlessrc")
        var file = RcFile(
            home: "/home/u", userID: 1000, files: files, clock: .fixed(1_700_000_001_000), random: .seeded(1))

        try file.set([RcFile.Change(["trackingDisabled"], true)])

        #expect(files.bytes(of: "/home/u/.serverlessrc").map { String(decoding: $0, as: UTF8.self) } == blocks[1])
    }
}
