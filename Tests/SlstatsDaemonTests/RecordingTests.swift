// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

@Suite("Recording and the switch")
struct RecordingTests {
    private static let info = #"{"event":{"command":"info"}}"#

    @Test("a recorded event is pending, and on disk before the answer")
    func record() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let result = try await connection.ask(
                    "record", #"{"event":{"command":"info","config":{"provider":{"name":"aws"}}}}"#)
                let id = try #require(result["id"]?.string)
                let spool = daemon.state + "/spool"
                let file = try #require(try FileManager.default.contentsOfDirectory(atPath: spool).first)
                #expect(try String(contentsOfFile: "\(spool)/\(file)", encoding: .utf8).contains(id))
                let events = try await connection.ask("pending")["events"]?.array
                #expect(events?.map { $0["id"]?.string } == [id])
                #expect(events?.first?["config"]?["provider"]?["name"]?.string == "aws")
            }
        }
    }

    @Test("the caller's id is kept; two that contradict each other are refused")
    func callerID() async throws {
        let id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("record", #"{"event":{},"id":"\#(id)"}"#)["id"]?.string == id)
                #expect(try await connection.ask("record", #"{"event":{"id":"\#(id)"}}"#)["id"]?.string == id)
                let other = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
                let refused = try await connection.ask("record", #"{"event":{"id":"\#(id)"},"id":"\#(other)"}"#)
                #expect(refused["error"]?["code"]?.integer == -32602)
            }
        }
    }

    @Test("a refused event names the fields and leaves the others of its batch alone")
    func refusal() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send(
                    LineConnection.line("record", Self.info, id: 1)
                        + LineConnection.line("record", #"{"event":{"secret":1,"config":{"x":2}}}"#, id: 2)
                        + LineConnection.line("record", Self.info, id: 3))
                #expect(try await connection.receive()?["result"]?["recorded"]?.bool == true)
                let error = try await connection.receive()?["error"]
                #expect(error?["data"]?["fields"] == ["secret", "config.x"])
                #expect(error?["message"]?.string?.contains("secret is not in the catalogue") == true)
                #expect(try await connection.receive()?["id"]?.integer == 3)
                #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == 2)
            }
        }
    }

    @Test("an event over the limit is refused and the spool untouched [F105]")
    func tooLarge() async throws {
        try await TestDaemon.run {
            $0.spool.maximumEventBytes = 300
        } _: { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let long = String(repeating: "x", count: 240)
                let refused = try await connection.ask("record", #"{"event":{"command":"\#(long)"}}"#)
                #expect(refused["error"]?["data"]?["reason"]?.string == "too-large")
                #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == 0)
            }
        }
    }

    @Test("off by the caller's facts: not recorded, and said who decided; others are not affected [F030]")
    func offByFacts() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let off = try await connection.ask(
                    "record", #"{"event":{"command":"a"},"facts":{"off":["SLS_TELEMETRY_DISABLED"]}}"#)
                #expect(off["recorded"]?.bool == false)
                #expect(off["decidedBy"]?.string == "SLS_TELEMETRY_DISABLED")
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == true)
            }
        }
    }

    @Test("a foreign edit of the rc file is obeyed by the very next record [F047]")
    func foreignEdit() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == true)
                try daemon.writeRcFile("{\"trackingDisabled\":true}")
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == false)
                try daemon.writeRcFile("{\"trackingDisabled\":false}")
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == true)
                try daemon.writeRcFile("{broken")
                let off = try await connection.ask("record", Self.info)
                #expect(off["recorded"]?.bool == false)
                #expect(off["decidedBy"]?.string == "trackingDisabled")
            }
        }
    }

    @Test("disabling writes the rc file, discards what is pending, and enabling brings nothing back [F029]")
    func toggle() async throws {
        try await TestDaemon.run { daemon in
            try daemon.writeRcFile("{\n    \"userId\": \"u\",\n    \"trackingDisabled\": false\n}\n")
            try await LineConnection.open(daemon.socket) { connection async throws in
                for _ in 0..<3 { _ = try await connection.ask("record", Self.info) }
                let result = try await connection.ask("telemetry.set", #"{"enabled":false}"#)
                #expect(result["enabled"]?.bool == false)
                #expect(result["rcFile"]?.string == daemon.rcFile)
                let text = try #require(daemon.readRcFile())
                #expect(text.hasPrefix("{\n    \"userId\": \"u\",\n    \"trackingDisabled\": true,\n    \"meta\": {"))
                let status = try await connection.ask("status")
                #expect(status["events"]?["pending"]?.integer == 0)
                #expect(status["events"]?["dropped"]?["telemetry-disabled"]?.integer == 3)
                #expect(status["telemetry"]?["decidedBy"] == "trackingDisabled")
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == false)
                _ = try await connection.ask("telemetry.set", #"{"enabled":true}"#)
                #expect(try await connection.ask("status")["events"]?["pending"]?.integer == 0)
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == true)
            }
        }
    }

    @Test("a broken rc file is not mended by the switch; the error names it [F027]")
    func brokenRcFile() async throws {
        try await TestDaemon.run { daemon in
            try daemon.writeRcFile("{broken")
            try await LineConnection.open(daemon.socket) { connection async throws in
                let refused = try await connection.ask("telemetry.set", #"{"enabled":true}"#)
                #expect(refused["error"]?["data"]?["reason"]?.string == "rc-file-unusable")
                #expect(refused["error"]?["message"]?.string?.contains(daemon.rcFile) == true)
                #expect(daemon.readRcFile() == "{broken")
                let why = try await connection.ask("telemetry.explain")
                #expect(why["enabled"]?.bool == false)
            }
        }
    }

    @Test("a no that the rc file cannot be told holds all the same, and is said [F051]")
    func unsavedDisable() async throws {
        try await TestDaemon.run { daemon in
            try daemon.writeRcFile("{\"trackingDisabled\":false}")
            try FileManager.default.linkItem(atPath: daemon.rcFile, toPath: daemon.home + "/second-name")
            try await LineConnection.open(daemon.socket) { connection async throws in
                _ = try await connection.ask("record", Self.info)
                let refused = try await connection.ask("telemetry.set", #"{"enabled":false}"#)
                #expect(refused["error"]?["data"]?["reason"]?.string == "rc-file-unusable")
                #expect(
                    refused["error"]?["message"]?.string?.contains("telemetry is off, also after a restart") == true)
                #expect(try await connection.ask("record", Self.info)["decidedBy"]?.string == "--disable")
                #expect(try await connection.ask("status")["events"]?["pending"] == 0)
                try FileManager.default.removeItem(atPath: daemon.home + "/second-name")
                _ = try await connection.ask("telemetry.set", #"{"enabled":true}"#)
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == true)
            }
        }
    }

    @Test("a graceful stop keeps every event, and the next daemon goes on with them")
    func restart() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        for run in 1...3 as ClosedRange<Int64> {
            try await TestDaemon.run(in: home) { _ in
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.info)
                    #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == run)
                    #expect(try await connection.ask("pending")["events"]?.array?.count == Int(run))
                }
            }
        }
    }

    @Test("pending comes in pages that fit on a line")
    func paging() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let names = Array(repeating: "\"\(String(repeating: "P", count: 200))\"", count: 100).joined(
                    separator: ",")
                for _ in 0..<7 {
                    _ = try await connection.ask("record", #"{"event":{"triggeredDeprecations":[\#(names)]}}"#)
                }
                var start: Int64? = 0
                var sizes: [Int] = []
                while let after = start {
                    let page = try await connection.ask("pending", "{\"after\":\(after)}")
                    sizes.append(page["events"]?.array?.count ?? 0)
                    start = page["next"]?.integer
                }
                #expect(sizes == [2, 2, 2, 1])
            }
        }
    }

    @Test("what another connection sent before a no was answered is gone with it, also if it came in the same turn")
    func noInTheSameTurn() async throws {
        try await TestDaemon.run { daemon in
            for _ in 0..<40 {
                try await LineConnection.open(daemon.socket) { recorder async throws in
                    try await LineConnection.open(daemon.socket) { switcher async throws in
                        // Both are there when the loop looks again: the switch, and what was sent before it.
                        let record = LineConnection.line("record", #"{"event":{"command":"a"}}"#, id: 1)
                        let off = LineConnection.line("telemetry.set", #"{"enabled":false}"#, id: 2)
                        let pending = LineConnection.line("status", id: 3)
                        try await recorder.send(record)
                        try await switcher.send(off + pending)
                        _ = try await switcher.receive()
                        let status = try await switcher.receive()?["result"]
                        #expect(status?["events"]?["pending"] == 0)
                        // Decided before or after the no, it is not pending once that was answered.
                        _ = try await recorder.receive()
                        #expect(try await switcher.ask("status")["events"]?["pending"] == 0)
                        _ = try await switcher.ask("telemetry.set", #"{"enabled":true}"#)
                    }
                }
            }
        }
    }

    @Test("a connection that never ends a write with a line keeps no more than what it has not ended")
    func halfLines() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let line = LineConnection.line("record", #"{"event":{"command":"a"}}"#, id: 1)
                let half = line.index(line.startIndex, offsetBy: 20)
                try await connection.send(String(line[..<half]))
                for _ in 0..<500 {
                    try await connection.send(String(line[half...]) + line[..<half])
                    #expect(try await connection.receive()?["result"]?["recorded"] == true)
                }
                try await connection.send(String(line[half...]))
                #expect(try await connection.receive()?["result"]?["recorded"] == true)
                #expect(try await connection.ask("status")["events"]?["recorded"] == 501)
            }
        }
    }
}
