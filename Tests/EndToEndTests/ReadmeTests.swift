// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("What README shows works")
struct ReadmeTests {
    /// The code block of README that follows the given heading and is marked with the language.
    private static func block(_ language: String, containing text: String) throws -> String {
        let readme = try String(contentsOfFile: Sandbox.repository + "/README.md", encoding: .utf8)
        let blocks = readme.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
        return try #require(blocks.first { $0.contains(text) }, "README has no such \(language) block")
    }

    /// The tour's commands with what is printed behind each.
    private static func tour() throws -> [(command: String, output: [String])] {
        let readme = try String(contentsOfFile: Sandbox.repository + "/README.md", encoding: .utf8)
        let section = readme.components(separatedBy: "## A minute's tour\n").last?.components(separatedBy: "\n## ")
            .first
        var steps: [(command: String, output: [String])] = []
        for line in try #require(section).components(separatedBy: "\n") where line.hasPrefix("    ") {
            if line.hasPrefix("    $ ") {
                steps.append((String(line.dropFirst(6)), []))
            } else if !steps.isEmpty {
                steps[steps.count - 1].output.append(line)
            }
        }
        return steps
    }

    /// What differs from run to run and from place to place is made the same.
    private static func general(_ lines: [String]) -> [String] {
        lines.map { line in
            line.replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, with: "UUID")
                .replacing(/\/\S*(\.serverlessrc|slstatsd\.sock|consent\.json)/) { "/…\($0.1)" }
                .replacing(/[0-9]+ (ms|s|min)\b/, with: "TIME").replacing(/pid [0-9]+/, with: "pid N").replacing(
                    /[0-9]{4,}/, with: "N"
                )
                .replacing(/\s+/, with: " ").trimmingCharacters(in: .whitespaces)
        }.filter { !$0.isEmpty }
    }

    @Test("the table of fields is what slstats schema --markdown prints [F165]")
    func schema() async throws {
        let readme = try String(contentsOfFile: Sandbox.repository + "/README.md", encoding: .utf8)
        try await Sandbox.run { sandbox async throws in
            let printed = try await sandbox.slstats("schema", "--markdown")
            #expect(printed.status == 0, "\(printed.errors)")
            #expect(printed.output.contains("| `command` | words |"))
            #expect(readme.contains("\n\n" + printed.output + "\n"))
        }
    }

    @Test("the tour prints what it shows")
    func tourIsTrue() async throws {
        let steps = try Self.tour()
        #expect(steps.count == 15)
        let port = Int.random(in: 10_240...29_999)
        let script = steps.map { step in
            let command = step.command.replacing("--data", with: "--port \(port) --data").replacing(
                "8686", with: "\(port)"
            ).replacing("slstats flush", with: "slstats flush --timeout 60")
            guard command.hasSuffix(" &") else { return "echo '@@'\n\(command)" }
            return
                "echo '@@'\n\(command.dropLast(2)) >listening 2>log & until [ -s listening ]; do :; done; cat listening"
        }
        try await Sandbox.run { sandbox async throws in
            guard try await sandbox.run("bash", ["-c", "command -v sqlite3"]).status == 0 else {
                try Test.cancel("sqlite3 is missing")
            }
            let result = try await sandbox.run(
                "bash", ["-c", "trap 'kill $!; wait' EXIT\nexec 2>&1\n" + script.joined(separator: "\n")])
            let printed = result.output.components(separatedBy: "@@\n").dropFirst().map {
                $0.components(separatedBy: "\n")
            }
            #expect(printed.count == steps.count)
            for (step, output) in zip(steps, printed) {
                #expect(Self.general(output) == Self.general(step.output), "\(step.command)")
            }
        }
    }

    @Test(
        "the examples obey the switches",
        arguments: [
            ("js", "createConnection", ["node", "-e"]), ("python", "AF_UNIX", ["python3", "-c"]),
            ("sh", "socat", ["bash", "-c"]),
        ])
    func examplesObey(_ language: String, _ text: String, _ program: [String]) async throws {
        let script = try Self.block(language, containing: text)
        try await withNotification { sandbox async throws in
            guard try await sandbox.run("bash", ["-c", "command -v \(program[0]) && command -v socat"]).status == 0
            else {
                try Test.cancel("\(program[0]) or socat is missing")
            }
            _ = try await sandbox.run(program[0], [program[1], script], ["SLS_TELEMETRY_DISABLED": "0"])
            _ = try await sandbox.run(program[0], [program[1], script], ["DO_NOT_TRACK": "1"])
            #expect(try await sandbox.status()["events"]?["recorded"] == 0)
        }
    }

    /// A sandbox in which a notification waits.
    private func withNotification(_ body: @escaping @Sendable (Sandbox) async throws -> Void) async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            let list = #"[{"code":"NEWS","message":"hello from the collector","visibilityInterval":24}]"#
            await sandbox.stopDaemon()
            try Data(list.utf8).write(to: URL(filePath: sandbox.state + "/notifications.json"))
            _ = try await sandbox.slstats("ping")
            try await body(sandbox)
        }
    }

    @Test("the Node script records an event and claims a notification")
    func node() async throws {
        let script = try Self.block("js", containing: "createConnection")
        try await withNotification { sandbox async throws in
            guard try await sandbox.run("bash", ["-c", "command -v node"]).status == 0 else {
                try Test.cancel("node is missing")
            }
            let result = try await sandbox.run("node", ["-e", script])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("hello from the collector"))
            #expect(try await sandbox.status()["events"]?["recorded"] == 1)
        }
        #expect(script.split(separator: "\n").count <= 10)
    }

    @Test("the Python script does as well")
    func python() async throws {
        let script = try Self.block("python", containing: "AF_UNIX")
        try await withNotification { sandbox async throws in
            guard try await sandbox.run("bash", ["-c", "command -v python3"]).status == 0 else {
                try Test.cancel("python3 is missing")
            }
            let result = try await sandbox.run("python3", ["-c", script])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("hello from the collector"))
            #expect(try await sandbox.status()["events"]?["recorded"] == 1)
        }
    }

    @Test("and the shell, with socat")
    func shell() async throws {
        let script = try Self.block("sh", containing: "socat")
        try await withNotification { sandbox async throws in
            guard try await sandbox.run("bash", ["-c", "command -v socat"]).status == 0 else {
                try Test.cancel("socat is missing")
            }
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("\"recorded\":true"))
        }
    }
}
