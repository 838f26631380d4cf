// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("Notifications, as their users and makers meet them")
struct NotificationProgramTests {
    @Test("made, signed, served from a file, shown to whom it is for, snoozed, acknowledged and reset")
    func life() async throws {
        try await Sandbox.run { sandbox async throws in
            let feed = #"""
                {"sequence": 1, "notifications": [
                  {"code": "OUTDATED_MAJOR_VERSION", "message": "Version 4 is here", "link": "https://example.org/4",
                   "appliesTo": {"product": "serverless", "versions": "<4"}},
                  {"code": "NEWS", "message": "hello"}]}
                """#
            let path = sandbox.home + "/feed.json"
            try feed.write(toFile: path, atomically: true, encoding: .utf8)
            let key = sandbox.home + "/feed.key"
            let publicKey = try await sandbox.run("slstats-collector", ["make-key", key]).output
                .trimmingCharacters(in: .newlines)
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let signed = try await sandbox.run("slstats-collector", ["sign", "--key", key, path])
            #expect(signed.output == path + ".sig\n" && signed.status == 0, "\(signed.errors)")

            let settings = ["SLSTATS_NOTIFICATIONS_FEED": path, "SLSTATS_NOTIFICATIONS_PUBLICKEY": publicKey]
            _ = try await sandbox.run("slstats", ["ping"], settings)
            func shown(_ arguments: String...) async throws -> String {
                try await sandbox.run("slstats", ["notifications"] + arguments).output
            }
            #expect(try await shown("--for", "serverless@4.0.0", "--peek") == "hello\n")
            #expect(try await shown("--for", "serverless@3.38.0") == "Version 4 is here\nhttps://example.org/4\n")
            #expect(try await shown("--for", "serverless@3.38.0", "--json").contains(#""code":"NEWS""#))
            #expect(try await shown("--for", "serverless@3.38.0") == "")
            let wrong = try await sandbox.run("slstats", ["notifications", "--for", "serverless"])
            #expect(wrong.status == 64 && wrong.output == "")

            let list = try await shown("list")
            #expect(list.contains("OUTDATED_MAJOR_VERSION  shown ") && list.contains("for serverless <4, next in 2"))
            let snooze = try await sandbox.slstats("notifications", "snooze", "NEWS", "7d")
            #expect(snooze.errors == "NEWS will not be shown for 7 days\n" && snooze.status == 0)
            let empty = try await sandbox.slstats("notifications", "ack", "")
            #expect(empty.status == 64 && empty.errors.contains("A code has 1 to 128 bytes"))
            let unknown = try await sandbox.slstats("notifications", "ack", "NEVER_HEARD_OF")
            #expect(unknown.errors.contains("No notification has this code now; see: slstats notifications list"))
            let reset = try await sandbox.slstats("notifications", "reset", "NEWS", "--json").json
            #expect(reset["snoozedUntil"] == .null && reset["isKnown"] == true)
            #expect(try await sandbox.slstats("notifications", "snooze", "NEWS", "soon").status == 64)

            // A document that was changed behind the signature's back, and one that goes back.
            try feed.replacing("hello", with: "hallo").write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await shown("list").contains("hello"))
            #expect(try await sandbox.slstats("status").output.contains("Feed        not taken: the signature is not"))
        }
    }

    @Test("what a daemon would not take is not signed, and a key is not written over")
    func signing() async throws {
        try await Sandbox.run { sandbox async throws in
            let key = sandbox.home + "/feed.key"
            func make() async throws -> Sandbox.Result {
                try await sandbox.run("slstats-collector", ["make-key", key])
            }
            #expect(try await make().status == 0)
            let again = try await make()
            #expect(again.status == 64 && again.errors.contains("File exists"))
            let documents = [
                ("[]", "has no member notifications"), (#"{"notifications":[]}"#, "has no member sequence"),
                (#"{"sequence":1,"notifications":[{"code":"A"}]}"#, "element 0 of notifications is none"),
                ("{", "is not JSON"),
                (
                    #"{"sequence":1,"notifications":[\#(Array(repeating: #"{"code":"A","message":"m"}"#, count: 257).joined(separator: ","))]}"#,
                    "has 257 notifications"
                ),
                (
                    #"{"sequence":1,"notifications":[],"padding":"\#(String(repeating: "x", count: 256 << 10))"}"#,
                    "daemons take 262144"
                ),
            ]
            let path = sandbox.home + "/feed.json"
            for (document, words) in documents {
                try document.write(toFile: path, atomically: true, encoding: .utf8)
                let result = try await sandbox.run("slstats-collector", ["sign", "--key", key, path])
                #expect(result.status == 64 && result.errors.contains(words), "\(result.errors)")
                #expect(!FileManager.default.fileExists(atPath: path + ".sig"))
            }
            let noKey = try await sandbox.run("slstats-collector", ["sign", "--key", path, path])
            #expect(noKey.status == 64 && noKey.errors.contains("is no key; make one with:"))
        }
    }

    @Test("on a terminal a notice is broken to its width, and nothing of it steers the terminal [F016]")
    func terminal() async throws {
        try await Sandbox.run { sandbox async throws in
            let message = String(repeating: "word ", count: 20) + "\\u001b[2J\\u202e\\u200b"
            let link = #"\u001b]8;;https://one.example/\u001b\\two.example\u001b]8;;\u001b\\"#
            try #"[{"code":"A","message":"\#(message)"},{"code":"B","message":"\#(link)"}]"#.write(
                toFile: sandbox.home + "/feed.json", atomically: true, encoding: .utf8)
            let result = try await sandbox.run(
                "script", ["-qec", "stty cols 40; slstats notifications", "/dev/null"],
                ["SLSTATS_NOTIFICATIONS_FEED": sandbox.home + "/feed.json"])
            let lines = result.output.replacing("\r\n", with: "\n").split(separator: "\n")
            #expect(lines.count == 3 && lines.allSatisfy { $0.count <= 40 }, "\(result.output)")
            #expect(!result.output.contains("\u{1b}") && !result.output.contains("\u{202e}"))

            let list = try await sandbox.slstats("notifications", "list")
            #expect(list.output.contains("https://one.example/"), "\(list.output)")
            #expect(!list.output.contains("\u{1b}") && !list.output.contains("\u{7}"))
            let json = try await sandbox.run("slstats", ["notifications", "list", "--json"]).json
            #expect(json["notifications"]?.array?.map { $0["code"]?.string } == ["A", "B"])
        }
    }

    @Test("a feed that is not UTF-8, or larger than any list, shows nothing and stops nothing [F016]")
    func unreadable() async throws {
        try await Sandbox.run { sandbox async throws in
            let feed = sandbox.home + "/feed.json"
            let variables = ["SLSTATS_NOTIFICATIONS_FEED": feed]
            let list = Array(#"[{"code":"A","message":""#.utf8)
            for message in [[0xff, 0xfe], [0xc3, 0x28], [UInt8](repeating: 0x61, count: 1 << 20)] as [[UInt8]] {
                try Data(list + message + Array(#""}]"#.utf8)).write(to: URL(filePath: feed))
                let shown = try await sandbox.run("slstats", ["notifications"], variables)
                #expect(shown.status == 0 && shown.output + shown.errors == "", "\(shown)")
                let status = try await sandbox.run("slstats", ["notifications", "list", "--json"], variables).json
                #expect(
                    status["notifications"]?.array?.isEmpty == true && status["feed"]?["problem"]?.string != nil,
                    "\(status)")
                await sandbox.stopDaemon()
            }
        }
    }

    @Test("why --notifications needs no daemon")
    func why() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run(
                "slstats", ["why", "--notifications"], ["SLS_NOTIFICATIONS_MODE": "", "CI": "1"])
            #expect(result.output.contains("Notifications are off, decided by SLS_NOTIFICATIONS_MODE."))
            let json = try await sandbox.run("slstats", ["why", "--notifications", "--json"], ["CI": "1"]).json
            #expect(json["mode"] == "upgrades-only" && json["decidedBy"] == "CI")
            #expect(sandbox.processes(named: "slstatsd").isEmpty)
        }
    }
}
