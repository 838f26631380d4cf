// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("The programs")
struct ProgramTests {
    @Test("the first request starts the daemon; it goes on after a restart where it was")
    func startAndRestart() async throws {
        try await Sandbox.run { sandbox async throws in
            #expect(try await sandbox.slstats("ping").status == 0)
            #expect(try await sandbox.slstats("record", "info", "--sync", "--strict").status == 0)
            #expect(try await sandbox.slstats("record", "deploy", "config.provider.name=aws", "--strict").status == 0)
            await sandbox.stopDaemon()
            #expect(sandbox.processes(named: "slstatsd").isEmpty)
            #expect(!FileManager.default.fileExists(atPath: sandbox.socket))
            #expect(try await sandbox.status()["events"]?["pending"] == 2)
            let pending = try await sandbox.slstats("pending").output.split(separator: "\n")
            #expect(try pending.map { try JSON(parsing: String($0))["command"]?.string } == ["info", "deploy"])
        }
    }

    @Test("a daemon that was killed is replaced by the next client, and nothing recorded is lost [F056, F108]")
    func killed() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            for round in 1...3 as ClosedRange<Int64> {
                #expect(try await sandbox.slstats("record", "info", "--sync", "--strict").status == 0)
                await sandbox.stopDaemon(SIGKILL)
                #expect(try await sandbox.status()["events"]?["pending"]?.integer == round)
            }
        }
    }

    @Test("a daemon that aborts is gone at once, and leaves no report of what was in its memory [F172]")
    func aborted() async throws {
        try await Sandbox.run { sandbox async throws in
            #expect(try await sandbox.slstats("record", "info", "--sync", "--strict").status == 0)
            await sandbox.stopDaemon(SIGABRT)
            #expect(sandbox.processes(named: "slstatsd").isEmpty)
            #expect(try await sandbox.status()["events"]?["pending"]?.integer == 1)
            let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.home)
            #expect(!names.contains { $0.hasPrefix("core") })
        }
    }

    @Test("a daemon that nobody can reach any more makes room for the next [F061]")
    func orphan() async throws {
        try await Sandbox.run { sandbox async throws in
            #expect(try await sandbox.slstats("record", "info", "--sync").status == 0)
            _ = try await sandbox.slstats("ping")
            let orphan = sandbox.processes(named: "slstatsd")
            try FileManager.default.removeItem(atPath: sandbox.home + "/run/slstats")
            #expect(try await sandbox.slstats("ping").status == 0)
            #expect(sandbox.processes(named: "slstatsd").count == 1)
            #expect(sandbox.processes(named: "slstatsd") != orphan)
            #expect(try await sandbox.status()["events"]?["pending"] == 1)
        }
    }

    @Test("a second daemon says who is at work and leaves the first alone [F057, F108]")
    func secondDaemon() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            let second = try await sandbox.run("slstatsd")
            #expect(second.status == 75)
            let first = try #require(sandbox.processes(named: "slstatsd").first)
            #expect(second.errors.contains("another slstatsd (pid \(first))"))
            #expect(try await sandbox.slstats("ping").status == 0)
        }
    }

    @Test("with no place for a socket record is silent, --strict says 69 and names the place [F059]")
    func noPlace() async throws {
        try await Sandbox.run { sandbox async throws in
            let path = "/" + String(repeating: "x", count: 110)
            #expect(try await sandbox.run("slstats", ["record", "a"], ["SLSTATS_SOCKET": path]).errors == "")
            let strict = try await sandbox.run("slstats", ["record", "a", "--strict"], ["SLSTATS_SOCKET": path])
            #expect(strict.status == 69)
            #expect(strict.errors.contains(path) && strict.errors.contains("103"))
        }
    }

    @Test("a payload comes from an option or from stdin, over several lines if need be")
    func payload() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            let payload =
                "{\n  \"command\": \"info\",\n  \"config\": {\"plugins\": [\"serverless-offline\", \"b\"]}\n}\n"
            #expect(try await sandbox.slstats("record", "--payload", payload, "--strict").status == 0)
            // From a file: stdin is waited for a quarter of a second, and a busy test process writes too late.
            try Data(payload.utf8).write(to: URL(filePath: sandbox.home + "/payload"))
            let piped = try await sandbox.run("bash", ["-c", "slstats record --payload - --strict < payload"])
            #expect(piped.status == 0, "\(piped.errors)")
            let pending = try await sandbox.slstats("pending").output.split(separator: "\n")
            #expect(
                try pending.map { try JSON(parsing: String($0))["config"]?["plugins"] } == [
                    ["serverless-offline", "other"], ["serverless-offline", "other"],
                ])
        }
    }

    @Test(
        "off by variable: no daemon, no file, no folder [F010, F035, F036]",
        arguments: ["SLS_TELEMETRY_DISABLED", "SLS_TRACKING_DISABLED", "DO_NOT_TRACK"])
    func offByVariable(_ variable: String) async throws {
        try await Sandbox.run([variable: "1"]) { sandbox async throws in
            for _ in 0..<10 { #expect(try await sandbox.slstats("record", "deploy", "--strict").status == 0) }
            #expect(try FileManager.default.subpathsOfDirectory(atPath: sandbox.home) == ["run"])
        }
    }

    @Test("a project file says no for its folder only [F026]")
    func projectFile() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            let project = sandbox.home + "/project"
            try FileManager.default.createDirectory(atPath: project, withIntermediateDirectories: true)
            try Data("{\"trackingDisabled\": true}".utf8).write(to: URL(filePath: project + "/.serverlessrc"))
            #expect(try await sandbox.run("slstats", ["record", "a", "--strict"], folder: project).status == 0)
            #expect(
                try await sandbox.run("slstats", ["why", "--json"], folder: project).json["decidedBy"]
                    == "./.serverlessrc")
            #expect(try await sandbox.status()["events"]?["recorded"] == 0)
            #expect(try await sandbox.slstats("record", "a", "--strict").status == 0)
            #expect(try await sandbox.status()["events"]?["recorded"] == 1)
        }
    }

    @Test("--disable works with no daemon running, holds for all shells, and --enable turns it on again [F036]")
    func toggle() async throws {
        try await Sandbox.run { sandbox async throws in
            let disabled = try await sandbox.slstats("--disable")
            #expect(disabled.status == 0)
            #expect(disabled.output == "")
            #expect(disabled.errors == "Stats successfully disabled\n")
            let rcFile = try String(contentsOfFile: sandbox.home + "/.serverlessrc", encoding: .utf8)
            #expect(rcFile.contains("\"trackingDisabled\": true"))
            await sandbox.stopDaemon()
            #expect(try await sandbox.slstats("record", "a", "--strict").status == 0)
            #expect(try await sandbox.status()["events"]?["recorded"] == 0)
            #expect(try await sandbox.slstats("--enable").errors == "Stats successfully enabled\n")
            #expect(try await sandbox.slstats("record", "a", "--strict").status == 0)
            #expect(try await sandbox.status()["events"]?["recorded"] == 1)
            #expect(try await sandbox.slstats("--enable", "--disable").status == 64)
        }
    }

    @Test("a configuration mistake ends the daemon with 78, naming file, line, key and mend")
    func configuration() async throws {
        try await Sandbox.run { sandbox async throws in
            let folder = sandbox.home + "/.config/slstats"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data("{\n \"flush\": {\"events\": -1}\n}".utf8).write(to: URL(filePath: folder + "/config.json"))
            let result = try await sandbox.run("slstatsd")
            #expect(result.status == 78)
            #expect(
                result.errors.contains("\(folder)/config.json:2: flush.events is -1; it takes a whole number above 0"))
            // Nobody is left waiting for a daemon that cannot start.
            #expect(try await sandbox.slstats("ping").status == 69)
            // Once whoever waited has been told.
            let gone = try await sandbox.run(
                "timeout", ["20", "sh", "-c", "while [ -e \"$0\" ]; do :; done", sandbox.socket])
            #expect(gone.status == 0)
        }
    }

    @Test("help and version go to stdout; an unknown word is a usage error")
    func help() async throws {
        try await Sandbox.run { sandbox async throws in
            for program in ["slstats", "slstatsd", "slstats-collector"] {
                #expect(try await sandbox.run(program, ["--help"]).output.contains("USAGE: \(program)"))
                #expect(try await sandbox.run(program, ["--version"]).output == "0.1.0\n")
                let wrong = try await sandbox.run(program, ["--no-such-option"])
                #expect(wrong.status == 64)
                #expect(wrong.output == "")
            }
            #expect(try await sandbox.slstats().output.contains("USAGE: slstats"))
            #expect(try await sandbox.slstats("record", "--help").output.contains("key=value"))
        }
    }

    @Test("the bash completions are a script that bash takes")
    func completions() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = try await sandbox.slstats("completions", "bash").output
            #expect(try await sandbox.run("bash", ["-n"], input: script).status == 0)
        }
    }
}
