// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite(
    "The client as it is shipped", .enabled(if: Sandbox.staticClient != nil, "needs the static client: run make test"))
struct ClientBinaryTests {
    @Test("it needs no library")
    func isStatic() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run("ldd", [Sandbox.staticClient ?? ""])
            #expect((result.output + result.errors).contains("not a dynamic executable"))
        }
    }

    /// The system calls of one hot `record`, or of other words; those of the list or all.
    private func calls(
        _ sandbox: Sandbox, _ names: String? = nil, of words: [String] = ["record", "info", "--strict"],
        _ more: [String: String] = [:]
    ) async throws -> [String] {
        _ = try await sandbox.slstats("ping")
        guard Tracer.hasStrace else {
            try Test.cancel("strace is missing")
        }
        let log = sandbox.home + "/strace"
        let selection = names.map { ["-e", "trace=" + $0] } ?? []
        let result = try await sandbox.run(
            "strace", ["-f", "-o", log] + selection + [Sandbox.staticClient ?? ""] + words, more)
        if result.status != 0 { try Test.cancel("strace cannot trace here: \(result.errors)") }
        // "PID  call(arguments) = result", and how each process ended.
        return try String(contentsOfFile: log, encoding: .utf8)
            .matches(of: /^\d+ +(\w+)\(/.anchorsMatchLineEndings()).map { String($0.1) }
    }

    /// What makes a process, and what talks to anybody.
    private static let outward = "execve,clone,clone3,fork,vfork,socket,connect,sendto,poll,recvfrom,write"

    @Test(
        "a hot record, and notifications, execute nothing and ask once on one socket [F003, F005]",
        arguments: [["record", "info", "--strict"], ["notifications"]])
    func systemCalls(_ words: [String]) async throws {
        try await Sandbox.run { sandbox async throws in
            let calls = try await calls(sandbox, Self.outward, of: words)
            #expect(calls == ["execve", "socket", "connect", "sendto", "poll", "recvfrom"])
        }
    }

    @Test("off by variable, a record opens no socket and starts nothing [F010]")
    func offByVariable() async throws {
        try await Sandbox.run { sandbox async throws in
            let calls = try await calls(sandbox, Self.outward, ["DO_NOT_TRACK": "1"])
            #expect(calls == ["execve"])
        }
    }

    // MARK: - What does not depend on the clock

    @Test("it is made of the modules of the list, and of nothing else")
    func modules() throws {
        let list = URL(filePath: Sandbox.staticClient ?? "").deletingLastPathComponent()
            .appending(path: "slstats.product/Objects.LinkFileList")
        let objects = try String(contentsOf: list, encoding: .utf8).matches(of: /([A-Za-z0-9_]+)\.build\//)
        let expected = try String(contentsOfFile: Sandbox.repository + "/Tests/Guards/client-modules", encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(Set(objects.map { String($0.1) }).sorted() == expected.sorted())
    }

    @Test("a hot record makes no more system calls than it did")
    func countedCalls() async throws {
        try await Sandbox.run { sandbox async throws in
            let count = try await calls(sandbox).count
            let limit = try Guards.figure("systemCalls")
            #expect(count > 20 && count <= limit, "\(count)")
        }
    }

    @Test("a hot record executes as many instructions as it did")
    func instructions() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/valgrind") else {
                try Test.cancel("valgrind is missing")
            }
            let result = try await sandbox.run(
                "valgrind",
                [
                    "--tool=callgrind", "--callgrind-out-file=/dev/null", Sandbox.staticClient ?? "", "record", "info",
                    "versions.serverless=3.38.0", "--strict",
                ])
            let count = result.errors.firstMatch(of: /Collected : (\d+)/).flatMap { Int($0.1) }
            guard result.status == 0, let count else { try Test.cancel("valgrind cannot run it: \(result.errors)") }
            let expected = try Guards.figure("instructions")
            #expect(abs(count - expected) * 20 <= expected, "\(count) instructions, \(expected) are written down")
        }
    }
}
