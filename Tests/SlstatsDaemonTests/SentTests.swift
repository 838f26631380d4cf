// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

@Suite("What has left can be looked at")
struct SentTests {
    private static let event = #"{"event":{"command":"info"}}"#

    @Test("each request that was answered, byte for byte as the collector had it and pending showed it [F175]")
    func record() async throws {
        let home = try TestDaemon.makeHome()
        try await ScriptedCollector.run(.status(201, body: #"[{"code":"A","message":"m"}]"#)) {
            collector, url async throws in
            for round in 1...2 {
                try await TestDaemon.run(in: home, { $0.collector.url = CollectorURL(url) }) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        for _ in 0..<3 { _ = try await connection.ask("record", Self.event) }
                        let shown = try await connection.ask("pending")["events"]?.array
                        #expect(try await connection.flush()["delivered"] == 3)
                        #expect(shown == collector.requests.last?.events)
                        // Answered means kept.
                        let entries = try await connection.ask("sent")["entries"]?.array ?? []
                        #expect(entries.count == round)
                        let entry = try #require(entries.last)
                        #expect(entry["events"] == 3 && entry["status"] == 201 && entry["number"] == JSON(round))
                        let file = try Data(contentsOf: URL(filePath: entry["file"]?.string ?? ""))
                        let lines = file.split(separator: 0x0a)
                        #expect(Array(lines[1]) == collector.requests.last?.body)
                        let head = try JSON(parsing: Array(lines[0]))
                        #expect(head["answer"] == #"[{"code":"A","message":"m"}]"#)
                        #expect(
                            head["key"]?.string == collector.requests.last?.head.headers.first(name: "idempotency-key"))
                        #expect(try await connection.ask("sent.verify")["problems"] == [])
                        #expect(try await connection.ask("sent", #"{"before":1}"#)["entries"] == [])
                    }
                }
            }
        }
        try FileManager.default.removeItem(atPath: home)
    }

    @Test("a request that is refused has left as well; one that was not answered is not said to have")
    func refused() async throws {
        try await ScriptedCollector.run(.status(503), .status(400), .status(200)) { _, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<2 { _ = try await connection.ask("record", Self.event) }
                    _ = try await connection.flush()
                    #expect(try await connection.ask("sent")["entries"] == [])
                    _ = try await connection.flush()
                    let entries = try await connection.ask("sent")["entries"]?.array ?? []
                    #expect(entries.compactMap { $0["status"]?.integer } == [400, 200, 200])
                    #expect(entries.compactMap { $0["events"]?.integer } == [2, 1, 1])
                }
            }
        }
    }

    @Test("what was changed or taken out shows [F175]")
    func verify() async throws {
        try await ScriptedCollector.run(.status(200)) { _, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<3 {
                        _ = try await connection.ask("record", Self.event)
                        _ = try await connection.flush()
                    }
                    let files =
                        try await connection.ask("sent")["entries"]?.array?.compactMap { $0["file"]?.string } ?? []
                    var bytes = try Data(contentsOf: URL(filePath: files[0]))
                    bytes[bytes.count - 5] ^= 1
                    try bytes.write(to: URL(filePath: files[0]))
                    try FileManager.default.removeItem(atPath: files[2])
                    #expect(
                        try await connection.ask("sent.verify")["problems"] == [
                            "2 does not follow 1: one of them was changed", "3 is missing",
                        ])
                }
            }
        }
    }

    @Test("where it cannot be kept events go all the same, and status says so")
    func unkept() async throws {
        try await ScriptedCollector.run(.status(200)) { _, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try Data().write(to: URL(filePath: daemon.state + "/sent"))
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.event)
                    #expect(try await connection.flush()["delivered"] == 1)
                    #expect(try await connection.ask("status")["sent"]?["problem"]?.string?.contains("/sent") == true)
                }
            }
        }
    }
}
