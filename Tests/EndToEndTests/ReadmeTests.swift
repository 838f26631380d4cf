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
