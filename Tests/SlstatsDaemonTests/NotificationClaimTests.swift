// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import Testing

@Suite("Claiming notifications")
struct NotificationClaimTests {
    private static let news = ScriptedCollector.Answer.status(
        200,
        body:
            #"[{"code":"NEWS","message":"hello"},{"code":"bad"},{"code":"OUTDATED_MINOR_VERSION","message":"new","visibilityInterval":12}]"#
    )

    /// A daemon that has been answered with the list above, or another one.
    private func run(
        _ answer: ScriptedCollector.Answer = news, in home: String? = nil,
        _ body: @escaping @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        try await ScriptedCollector.run(answer) { collector, url in
            try await TestDaemon.run(in: home) {
                $0.collector.url = CollectorURL(url)
            } _: { daemon async throws in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"info"}}"#)
                    _ = try await connection.flush()
                }
                try await body(daemon)
            }
        }
    }

    private static func claim(_ daemon: TestDaemon, _ params: String = "{}") async throws -> String? {
        try await LineConnection.open(daemon.socket) { connection async throws in
            try await connection.ask("notifications.claim", params)["notification"]?["code"]?.string
        }
    }

    @Test("one is shown once, then the next, then none; the display time is in the rc file")
    func sequence() async throws {
        try await run { daemon async throws in
            #expect(try await Self.claim(daemon) == "NEWS")
            #expect(daemon.readRcFile()?.contains("\"NEWS\": 1") == true)
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon) == nil)
        }
    }

    @Test("of fifty that ask at the same time, one gets it [F023]")
    func concurrent() async throws {
        try await run { daemon async throws in
            let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 { group.addTask { try await Self.claim(daemon) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == "NEWS" } == 1)
            #expect(codes.count { $0 == "OUTDATED_MINOR_VERSION" } == 1)
            #expect(codes.count { $0 == nil } == 48)
        }
    }

    @Test("modes come with the facts: off nothing, upgrades-only upgrades, force again and again")
    func modes() async throws {
        try await run { daemon async throws in
            #expect(try await Self.claim(daemon, #"{"facts":{"notificationsMode":"off"}}"#) == nil)
            #expect(daemon.readRcFile() == nil)
            let upgrades = #"{"facts":{"notificationsMode":"upgrades-only"}}"#
            #expect(try await Self.claim(daemon, upgrades) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon, upgrades) == nil)
            let force = #"{"facts":{"notificationsMode":"force"}}"#
            #expect(try await Self.claim(daemon, force) == "NEWS")
            #expect(try await Self.claim(daemon, force) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon, force) == "NEWS")
        }
    }

    @Test("a peek claims nothing")
    func peek() async throws {
        try await run { daemon async throws in
            #expect(try await Self.claim(daemon, #"{"peek":true}"#) == "NEWS")
            #expect(try await Self.claim(daemon, #"{"peek":true}"#) == "NEWS")
            #expect(daemon.readRcFile() == nil)
            #expect(try await Self.claim(daemon) == "NEWS")
        }
    }

    @Test("with a broken rc file a notification is still shown once, and the file stays as it is")
    func brokenRcFile() async throws {
        try await run { daemon async throws in
            try daemon.writeRcFile("{broken")
            #expect(try await Self.claim(daemon) == "NEWS")
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon) == nil)
            #expect(daemon.readRcFile() == "{broken")
        }
    }

    @Test("with an rc file that cannot be written a notification is shown once as well")
    func unwritableRcFile() async throws {
        try await run { daemon async throws in
            try daemon.writeRcFile("{}")
            try FileManager.default.linkItem(atPath: daemon.rcFile, toPath: daemon.home + "/second-name")
            #expect(try await Self.claim(daemon) == "NEWS")
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon) == nil)
        }
    }

    @Test("a display time that could not be written is written with the next one")
    func laterHistory() async throws {
        try await run { daemon async throws in
            try daemon.writeRcFile("{\"shownNotificationsHistory\":{\"OLD\":1}}")
            let twin = daemon.home + "/second-name"
            try FileManager.default.linkItem(atPath: daemon.rcFile, toPath: twin)
            #expect(try await Self.claim(daemon) == "NEWS")
            try FileManager.default.removeItem(atPath: twin)
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            let history = try JSON(parsing: daemon.readRcFile() ?? "")["shownNotificationsHistory"]?.object
            #expect(history?.members.map(\.key) == ["OLD", "NEWS", "OUTDATED_MINOR_VERSION"])
        }
    }

    @Test("the list outlives the daemon")
    func restart() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await run(in: home) { _ in }
        try await TestDaemon.run(in: home) { _ in
        } _: { daemon async throws in
            #expect(try await Self.claim(daemon) == "NEWS")
        }
    }

    // MARK: - Claims that nobody reads

    /// Claims on a socket of its own and leaves without reading what has come.
    private static func claimAndLeave(_ daemon: TestDaemon, waits: Bool) throws {
        let location = try SocketLocation(checking: daemon.socket)
        let socket = try UnixSocket(nonBlocking: false)
        try socket.connect(to: location)
        let line = LineConnection.line("notifications.claim", id: 1)
        #expect(send(socket.descriptor, line, line.utf8.count, 0) == line.utf8.count)
        guard waits else { return }
        var entry = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 60_000) == 1)
    }

    @Test("a claim whose answer nobody has read is given back, to what it was before", arguments: [true, false])
    func givenBack(waits: Bool) async throws {
        try await run { daemon async throws in
            try daemon.writeRcFile("{\"shownNotificationsHistory\":{\"OLD\":1}}")
            for _ in 0..<5 { try Self.claimAndLeave(daemon, waits: waits) }
            // The daemon hears of the end some time; whoever asks meanwhile is given the other one, or none.
            var codes: [String] = []
            let deadline = ContinuousClock.now + .seconds(120)
            while !codes.contains("NEWS"), ContinuousClock.now < deadline {
                if let code = try await Self.claim(daemon) { codes.append(code) }
            }
            #expect(codes.count { $0 == "NEWS" } == 1)
            #expect(try await Self.claim(daemon).map { $0 != "NEWS" } ?? true)
            let history = try JSON(parsing: daemon.readRcFile() ?? "")["shownNotificationsHistory"]
            #expect(history?["OLD"] == 1)
        }
    }

    @Test("a claim that was read is not given back, however the connection ends")
    func notGivenBack() async throws {
        try await run { daemon async throws in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("notifications.claim")["notification"]?["code"] == "NEWS")
                // Leaves with the answer to this one unread.
                try await connection.send(LineConnection.line("status", id: 9))
            }
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon) == nil)
        }
    }

    // MARK: - Whom it is for, and what a user says of it

    @Test("a notice for a version is for callers that say they are it, and gone when the new one asks")
    func targeted() async throws {
        let list = #"[{"code":"A","message":"m","appliesTo":{"product":"serverless","versions":"<3.0.0"}}]"#
        try await run(.status(200, body: list)) { daemon async throws in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let bad = try await connection.ask("notifications.claim", #"{"for":"serverless"}"#)["error"]
                #expect(bad?["data"]?["reason"] == "wrong-params")
            }
            #expect(try await Self.claim(daemon) == nil)
            #expect(try await Self.claim(daemon, #"{"for":"other@2.0.0"}"#) == nil)
            #expect(try await Self.claim(daemon, #"{"for":"serverless@3.0.0"}"#) == nil)
            #expect(try await Self.claim(daemon, #"{"for":"serverless@2.72.4"}"#) == "A")
        }
    }

    @Test("list, acknowledge, snooze and reset; what was said survives a restart of the daemon")
    func preferences() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await run(in: home) { daemon async throws in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let acknowledged = try await connection.ask("notifications.acknowledge", #"{"code":"NEWS"}"#)
                #expect(acknowledged["isKnown"] == true && acknowledged["acknowledgedAt"]?.integer != nil)
                let unknown = try await connection.ask("notifications.snooze", #"{"code":"X","forMs":1000}"#)
                #expect(unknown["isKnown"] == false && unknown["snoozedUntil"]?.integer != nil)
                for params in ["{}", #"{"code":""}"#, #"{"code":"A","forMs":0}"#, #"{"code":"A"}"#, #"{"code":5}"#] {
                    let reason = try await connection.ask("notifications.snooze", params)["error"]?["data"]?[
                        "reason"]
                    #expect(reason == "wrong-params", "\(params)")
                }
            }
            #expect(
                try await Self.claim(daemon, #"{"facts":{"notificationsMode":"force"}}"#)
                    == "OUTDATED_MINOR_VERSION")
        }
        try await TestDaemon.run(in: home) { daemon async throws in
            #expect(try await Self.claim(daemon) == nil)
            try await LineConnection.open(daemon.socket) { connection async throws in
                let list = try await connection.ask("notifications.list")
                let entries = list["notifications"]?.array ?? []
                #expect(entries.map { $0["code"]?.string } == ["NEWS", "OUTDATED_MINOR_VERSION"])
                #expect(entries.first?["nextAt"] == .null && entries.first?["source"] == "collector")
                #expect(entries.last?["lastShownAt"]?.integer != nil)
                let shown = entries.last?["lastShownAt"]?.integer ?? 0
                #expect(entries.last?["nextAt"]?.integer == shown + 12 * 3_600_000)
                _ = try await connection.ask("notifications.reset", #"{"code":"NEWS"}"#)
            }
            #expect(try await Self.claim(daemon) == "NEWS")
        }
    }

    @Test("for prompts it stands in a file when to ask next; without anything to show there is none")
    func schedule() async throws {
        try await run { daemon async throws in
            func line() -> [Substring] {
                ((try? String(contentsOfFile: daemon.state + "/notifications-due", encoding: .utf8)) ?? "").split(
                    whereSeparator: \.isWhitespace)
            }
            func due() -> Int64? { line().first.flatMap { Int64($0) } }
            let now = Int64(Date().timeIntervalSince1970)
            // Known since the flush, and never shown.
            #expect(due() == 0)
            let before = line()
            #expect(try await Self.claim(daemon) == "NEWS")
            // There is another one for the same moment, so the line is another one.
            #expect(due() == 0 && line() != before)
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            #expect((now + 86_400...now + 87_000).contains(due() ?? 0))
            try await LineConnection.open(daemon.socket) { connection async throws in
                for code in ["NEWS", "OUTDATED_MINOR_VERSION"] {
                    _ = try await connection.ask("notifications.acknowledge", #"{"code":"\#(code)"}"#)
                }
            }
            #expect(line().first == "never")
        }
    }

    // MARK: - Clocks, stages, and telemetry that is off

    @Test("a display time in the future is mended in the file, once, and holds no longer than its interval [F024]")
    func future() async throws {
        try await run { daemon async throws in
            try daemon.writeRcFile(#"{"shownNotificationsHistory":{"NEWS":99999999999999,"OUTDATED_MINOR_VERSION":1}}"#)
            #expect(try await Self.claim(daemon, #"{"peek":true}"#) == "OUTDATED_MINOR_VERSION")
            #expect(daemon.readRcFile()?.contains("99999999999999") == true)
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            #expect(try await Self.claim(daemon) == nil)
            let history = try JSON(parsing: daemon.readRcFile() ?? "")["shownNotificationsHistory"]
            let shown = history?["NEWS"]?.integer ?? 0
            #expect(shown > 1_700_000_000_000 && shown < 9_999_999_999_999)
            let mended = daemon.readRcFile()
            #expect(try await Self.claim(daemon) == nil)
            #expect(daemon.readRcFile() == mended)
        }
    }

    @Test("each stage has a history of its own")
    func stages() async throws {
        try await run { daemon async throws in
            #expect(try await Self.claim(daemon) == "NEWS")
            let dev = #"{"facts":{"stage":"dev"}}"#
            #expect(try await Self.claim(daemon, dev) == "NEWS")
            #expect(try await Self.claim(daemon) == "OUTDATED_MINOR_VERSION")
            let file = try JSON(parsing: String(contentsOfFile: daemon.home + "/.serverlessdevrc", encoding: .utf8))
            #expect(file["shownNotificationsHistory"]?.object?.members.map(\.key) == ["NEWS"])
        }
    }

    @Test("with telemetry off a notice makes no rc file, which would hold an id; it is shown once all the same [F168]")
    func noFileWhileOff() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try FileManager.default.createDirectory(atPath: home + "/state", withIntermediateDirectories: true)
        try #"[{"code":"NEWS","message":"hello"}]"#.write(
            toFile: home + "/state/notifications.json", atomically: true, encoding: .utf8)
        let off = #"{"facts":{"off":["SLS_TELEMETRY_DISABLED"]}}"#
        for expected in ["NEWS", nil] {
            try await TestDaemon.run(in: home) { daemon async throws in
                #expect(try await Self.claim(daemon, off) == expected)
                #expect(try await Self.claim(daemon, off) == nil)
                #expect(daemon.readRcFile() == nil)
            }
        }
    }
}
