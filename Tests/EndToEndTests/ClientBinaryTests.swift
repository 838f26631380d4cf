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

    @Test("a hot record executes nothing and asks once on one socket [F005]")
    func systemCalls() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else {
                try Test.cancel("strace is missing")
            }
            let log = sandbox.home + "/strace"
            let result = try await sandbox.run(
                "strace",
                [
                    "-f", "-o", log, "-e",
                    "trace=execve,clone,clone3,fork,vfork,socket,connect,sendto,poll,recvfrom,write",
                    Sandbox.staticClient ?? "", "record", "info", "--strict",
                ])
            if result.status != 0 { try Test.cancel("strace cannot trace here: \(result.errors)") }
            // "PID  call(arguments) = result", and how each process ended.
            let calls = try String(contentsOfFile: log, encoding: .utf8)
                .matches(of: /^\d+ +(\w+)\(/.anchorsMatchLineEndings()).map { String($0.1) }
            #expect(calls == ["execve", "socket", "connect", "sendto", "poll", "recvfrom"])
        }
    }
}
