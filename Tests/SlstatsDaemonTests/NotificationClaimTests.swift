// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsDaemon
import Testing

@Suite("Claiming notifications")
struct NotificationClaimTests {
    private static let news = ScriptedCollector.Answer.status(
        200,
        body:
            #"[{"code":"NEWS","message":"hello"},{"code":"bad"},{"code":"OUTDATED_MINOR_VERSION","message":"new","visibilityInterval":12}]"#
    )

    /// A daemon that has been answered with the list above.
    private func run(_ body: @escaping @Sendable (TestDaemon) async throws -> Void) async throws {
        try await ScriptedCollector.run(Self.news) { collector, url in
            try await TestDaemon.run {
                $0.collectorURL = url
            } _: { daemon async throws in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"info"}}"#)
                    _ = try await connection.ask("flush")
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

    @Test("the list outlives the daemon")
    func restart() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await ScriptedCollector.run(Self.news) { collector, url in
            try await TestDaemon.run(in: home) {
                $0.collectorURL = url
            } _: { daemon async throws in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"info"}}"#)
                    _ = try await connection.ask("flush")
                }
            }
        }
        try await TestDaemon.run(in: home) { _ in
        } _: { daemon async throws in
            #expect(try await Self.claim(daemon) == "NEWS")
        }
    }
}
