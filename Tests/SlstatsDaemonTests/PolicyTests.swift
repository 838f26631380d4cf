// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

@Suite("What the administrator's policy changes in a daemon that runs")
struct PolicyTests {
    private static let event = #"{"event":{"command":"info","timezone":"Europe/Berlin"}}"#

    private static func write(_ policy: String, _ daemon: TestDaemon) throws {
        let path = daemon.home + "/policy.json"
        try Data(policy.utf8).write(to: URL(filePath: path))
        chmod(path, 0o600)
    }

    @Test("a field that it denies does not leave with what was recorded before either, and is not shown as if it did")
    func pending() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<3 { _ = try await connection.ask("record", Self.event) }
                    try Self.write(#"{"fields":{"timezone":"deny"}}"#, daemon)
                    let shown = try await connection.ask("pending")["events"]?.array
                    #expect(shown?.map { $0["timezone"] } == [.null, .null, .null])
                    #expect(try await connection.flush()["delivered"] == 3)
                }
            }
            let sent = collector.requests.flatMap(\.events)
            #expect(sent.count == 3 && sent.allSatisfy { $0["timezone"] == .null && $0["command"] == "info" })
        }
    }

    @Test(
        "status has a hash of what is collected and where it goes; it changes with that, and with nothing else [F170]")
    func hash() async throws {
        try await TestDaemon.run({ $0.collector.url = CollectorURL("http://127.0.0.1:1/") }) { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                func hash() async throws -> String {
                    try await connection.ask("status")["disclosure"]?["hash"]?.string ?? "none"
                }
                let first = try await hash()
                #expect(first.count == 64)
                try Self.write(#"{"sender":{"eventsPerHour":100}}"#, daemon)
                #expect(try await hash() == first)
                try Self.write(#"{"fields":{"timezone":"deny","command":"deny"}}"#, daemon)
                let narrower = try await hash()
                #expect(narrower.count == 64)
                try Self.write(#"{"collector":{"url":"http://127.0.0.1:2/"}}"#, daemon)
                let elsewhere = try await hash()
                #expect(Set([first, narrower, elsewhere]).count == 3)
            }
        }
    }

    @Test("a delivery that is on its way is taken back, and goes to the collector that it names")
    func redirected() async throws {
        try await ScriptedCollector.run(.silence) { before, beforeURL async throws in
            try await ScriptedCollector.run(.status(200)) { after, afterURL async throws in
                try await TestDaemon.run({ $0.collector.url = CollectorURL(beforeURL) }) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        _ = try await connection.ask("record", Self.event)
                        try await connection.send(LineConnection.line("flush", "{}", id: 90))
                        #expect(await before.nextRequest()?.events.count == 1)
                        try Self.write(
                            #"{"collector":{"url":"\#(afterURL)"},"fields":{"timezone":"deny"}}"#, daemon)
                        #expect(await after.nextRequest()?.events.first?["timezone"] == .null)
                    }
                }
            }
        }
    }

    @Test(
        "a file of its collector that is missing holds everything back, and says so; when it has come, all of it goes")
    func missingFile() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run { daemon in
                let authority = daemon.home + "/ca.pem"
                try Self.write(#"{"collector":{"url":"\#(url)","caFile":"\#(authority)"}}"#, daemon)
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.event)
                    let outcome = try await connection.flush()["outcome"]?.string ?? ""
                    #expect(outcome.hasPrefix("the policy's collector cannot be used: "), "\(outcome)")
                    #expect(
                        try await connection.ask("status")["policy"]?["problem"]?.string?.contains("ca.pem") == true)
                    try Self.write(#"{"collector":{"url":"\#(url)"}}"#, daemon)
                    #expect(try await connection.flush()["pending"] == 0)
                }
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("a field that nobody knows denies nothing: its name is told to whoever looks")
    func unknownField() async throws {
        try await TestDaemon.run { daemon in
            try Self.write(#"{"fields":{"timzone":"deny","command":"coarsen","dashboard":"deny"}}"#, daemon)
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(
                    try await connection.ask("status")["policy"]?["problem"]
                        == "no field of the catalogue is called timzone; slstats schema lists them")
            }
        }
    }

    @Test("a link to nothing is broken, so telemetry is off; one to a file elsewhere is obeyed")
    func link() async throws {
        try await TestDaemon.run { daemon in
            let path = daemon.home + "/policy.json"
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: daemon.home + "/real.json")
            try await LineConnection.open(daemon.socket) { connection async throws in
                let status = try await connection.ask("status")
                #expect(status["policy"]?["state"] == "broken" && status["telemetry"]?["enabled"] == false)
                try Data(#"{"consent":{"locked":true}}"#.utf8).write(to: URL(filePath: daemon.home + "/real.json"))
                chmod(daemon.home + "/real.json", 0o600)
                let obeyed = try await connection.ask("status")
                #expect(obeyed["policy"]?["state"] == "obeyed" && obeyed["policy"]?["locked"] == true)
                chmod(daemon.home, 0o777)
                #expect(try await connection.ask("status")["policy"]?["state"] == "not believed")
                chmod(daemon.home, 0o755)
            }
        }
    }

    @Test("its rate holds over a stop and a start, and what is too large or not recorded costs nothing")
    func rate() async throws {
        let home = try TestDaemon.makeHome()
        let large = #"{"event":{"command":"\#(String(repeating: "a", count: 250))"}}"#
        for isSecond in [false, true] {
            try await TestDaemon.run(in: home, { $0.spool.maximumEventBytes = 200 }) { daemon in
                try Self.write(#"{"rate":{"eventsPerHour":3}}"#, daemon)
                try await LineConnection.open(daemon.socket) { connection async throws in
                    func reason(_ params: String) async throws -> String? {
                        let line = LineConnection.line("record", params, id: 5)
                        try await connection.send(line)
                        let answer = try await connection.receive()
                        return answer?["error"]?["data"]?["reason"]?.string
                    }
                    if !isSecond {
                        for _ in 0..<5 { #expect(try await reason(large) == "too-large") }
                        for _ in 0..<5 {
                            #expect(
                                try await reason(
                                    #"{"event":{"command":"info"},"facts":{"off":["DO_NOT_TRACK"]}}"#) == nil)
                        }
                        for _ in 0..<3 { #expect(try await reason(Self.event) == nil) }
                    }
                    #expect(try await reason(Self.event) == "rate-limited")
                }
            }
        }
        try FileManager.default.removeItem(atPath: home)
    }
}
