// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The demo", .serialized)
struct DemoTests {
    private static let demo = Sandbox.repository + "/Tests/Demo/demo"

    @Test(
        "eight shells, two thousand events, one notification, one switch",
        .enabled(if: Sandbox.staticClient != nil, "needs the static client: run make test"))
    func runs() async throws {
        try await Sandbox.run { sandbox async throws in
            let bin = try sandbox.installPrograms()
            let temporary = sandbox.home + "/tmp"
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            let result = try await sandbox.run(Self.demo, [bin], ["TMPDIR": temporary])
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            #expect(result.output.contains("All as it should be."))
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
        }
    }

    @Test(
        "interrupted at any line it leaves nothing behind",
        .enabled(if: Sandbox.staticClient != nil, "needs the static client: run make test"),
        arguments: [2, 5, 8])
    func interrupted(line: Int) async throws {
        try await Sandbox.run { sandbox async throws in
            let bin = try sandbox.installPrograms()
            let temporary = sandbox.home + "/tmp"
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            let status = try await Self.interruptDemo(in: sandbox, bin, at: line, temporary)
            let errors = try? String(contentsOfFile: sandbox.home + "/errors", encoding: .utf8)
            #expect(status == .exited(130), "\(errors ?? "no file of errors")")
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
        }
    }

    /// Presses Ctrl-C when the demo has printed so many lines.
    private static func interruptDemo(
        in sandbox: Sandbox, _ bin: String, at line: Int, _ temporary: String
    ) async throws -> TerminationStatus {
        let result = try await Subprocess.run(
            Configuration(
                executable: .name("bash"),
                arguments: ["-c", "exec \"$0\" \"$1\" 2> \"$2\"", demo, bin, sandbox.home + "/errors"],
                environment: sandbox.environment(["TMPDIR": temporary])),
            input: .none, output: .sequence, error: .discarded
        ) { execution in
            var lines = 0
            for try await _ in execution.standardOutput.strings() {
                lines += 1
                if lines == line { try execution.send(signal: .interrupt) }
            }
        }
        return result.terminationStatus
    }
}
