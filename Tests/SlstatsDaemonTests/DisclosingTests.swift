// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

@Suite("Nothing leaves before somebody was told")
struct DisclosingTests {
    private static let atTerminal = #"{"facts":{"isTerminal":true}}"#

    private static func required(_ url: String) -> (inout DaemonConfiguration) -> Void {
        {
            $0.disclosure = .required
            $0.collector.url = CollectorURL(url)
        }
    }

    @Test("neither many events, nor an urgent one, nor a flush, nor a restart sends any; then all of them go")
    func waits() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            let home = try TestDaemon.makeHome()
            for _ in 0..<2 {
                try await TestDaemon.run(in: home, Self.required(url)) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        for _ in 0..<30 { _ = try await connection.ask("record", #"{"event":{"command":"info"}}"#) }
                        _ = try await connection.ask("record", #"{"event":{"command":"deploy","outcome":"failure"}}"#)
                        let answer = try await connection.flush()
                        #expect(answer["delivered"] == 0)
                        #expect(answer["outcome"] == "waits until somebody has been told: slstats disclosure")
                    }
                }
            }
            #expect(collector.requests.isEmpty)
            try await TestDaemon.run(in: home, Self.required(url)) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let answer = try await connection.ask("disclosure", #"{"shown":"told"}"#)
                    #expect(answer["isDue"] == false && answer["way"] == "told")
                    #expect(try await connection.flush()["pending"] == 0)
                }
            }
            #expect(collector.requests.flatMap(\.events).count == 62)
        }
    }

    @Test("the first notice on a terminal, once; nobody else is shown it, and in mode off nobody by a claim")
    func notice() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run(Self.required(url)) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    func code(_ params: String) async throws -> JSON? {
                        try await connection.ask("notifications.claim", params)["notification"]?["code"]
                    }
                    #expect(try await code("{}") == nil)
                    // A job of a CI that has a terminal.
                    #expect(try await code(#"{"facts":{"isTerminal":true,"ciName":"unknown"}}"#) == nil)
                    let due = try String(contentsOfFile: daemon.state + "/notifications-due", encoding: .utf8)
                    #expect(due.hasPrefix("0 "), "prompts ask")
                    #expect(
                        try await code(#"{"facts":{"isTerminal":true,"notificationsMode":"off"}}"#) == nil)
                    #expect(
                        try await code(#"{"facts":{"isTerminal":true,"off":["DO_NOT_TRACK"]}}"#) == nil)
                    #expect(
                        try await code(#"{"peek":true,"facts":{"isTerminal":true}}"#) == "TELEMETRY_DISCLOSURE")
                    #expect(try await connection.ask("disclosure")["isDue"] == true)
                    let claimed = ContinuousClock.now
                    #expect(
                        try await code(#"{"facts":{"isTerminal":true,"notificationsMode":"upgrades-only"}}"#)
                            == "TELEMETRY_DISCLOSURE")
                    #expect(try await code(Self.atTerminal) == nil)
                    #expect(
                        try String(contentsOfFile: daemon.state + "/notifications-due", encoding: .utf8)
                            .hasPrefix("never "), "and no longer")
                    #expect(try await connection.ask("disclosure")["way"] == "notice")
                    // It may not have been read yet.
                    _ = try await connection.ask("record", #"{"event":{"command":"deploy"}}"#)
                    let flushed = try await connection.flush()["delivered"]
                    // On a machine that is busy the time is over by now.
                    #expect(flushed == 0 || ContinuousClock.now - claimed > .seconds(2))
                }
                // Then it goes by itself.
                #expect(await collector.nextRequest()?.events.count == 1)
            }
        }
    }

    @Test("whoever claims it and does not read the answer has not been told")
    func unread() async throws {
        try await TestDaemon.run(Self.required("http://127.0.0.1:1/")) { daemon in
            var isBack = false
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send(LineConnection.line("notifications.claim", Self.atTerminal, id: 1))
            }
            try await LineConnection.open(daemon.socket) { connection async throws in
                for _ in 0..<10_000 where !isBack {
                    isBack = try await connection.ask("disclosure")["isDue"] == true
                }
            }
            #expect(isBack)
        }
    }

    @Test("where the CLI tells its users, and where there is no collector, there is nothing to show")
    func nothing() async throws {
        try await TestDaemon.run({ $0.collector.url = CollectorURL("http://127.0.0.1:1/") }) { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("disclosure")["isDue"] == false)
                #expect(try await connection.ask("notifications.claim", Self.atTerminal)["notification"] == .null)
            }
        }
        try await TestDaemon.run({ $0.disclosure = .required }) { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("disclosure")["text"] == .null)
                #expect(try await connection.ask("notifications.claim", Self.atTerminal)["notification"] == .null)
            }
        }
    }
}
