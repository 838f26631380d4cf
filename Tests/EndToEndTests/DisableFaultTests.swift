// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

/// `slstats --disable` with one system call of the daemon failing, or being its last.
@Suite("A no at every system call", .enabled(if: Tracer.isThere, "needs root and strace: run make test as root"))
struct DisableFaultTests {
    private static let old = """
        {
            "users": {"u": {"dashboard": {"refreshToken": "s3cr3t\\/\\u00e9"}}},
            "trackingDisabled": false,
            "meta": {"created_at": 1.6e9, "updated_at": 1600000000}
        }

        """

    /// What became of one attempt.
    private struct Outcome {
        let status: Int32
        let errors: String
        let isDaemonAlive: Bool
        let calls: String
    }

    /// Runs `slstats --disable` against a daemon that has an event pending, with something happening to one call.
    private func disable(_ sandbox: Sandbox, _ call: Tracer.Call?, _ fault: String) async throws -> Outcome {
        await sandbox.stopDaemon(SIGKILL)
        // As if nothing had been said before.
        try? FileManager.default.removeItem(atPath: sandbox.state + "/consent.json")
        try Data(Self.old.utf8).write(to: URL(filePath: sandbox.rcFile))
        let record = try await sandbox.slstats("record", "info", "--sync", "--strict")
        #expect(record.status == 0, "\(record.errors)")
        let pid = try #require(sandbox.processes(named: "slstatsd").first)
        let (result, calls) = try await Tracer.watch(sandbox, pid, call, fault, "slstats --disable")
        let isAlive = sandbox.processes(named: "slstatsd").contains(pid)
        return Outcome(status: result.status, errors: result.errors, isDaemonAlive: isAlive, calls: calls)
    }

    /// Every call that a no takes, from the connection to the answer.
    private func calls(_ sandbox: Sandbox) async throws -> [Tracer.Call] {
        let outcome = try await disable(sandbox, nil, "")
        #expect(outcome.status == 0)
        let calls = Tracer.calls(in: outcome.calls)
        #expect(calls.count { $0.name == "fsync" || $0.name == "fdatasync" } >= 5, "\(calls)")
        return calls
    }

    /// The file is the old one or the new one, and nobody who was told "disabled" is ever counted again.
    private func check(_ sandbox: Sandbox, _ outcome: Outcome, _ fault: String) async throws {
        let text = try String(contentsOfFile: sandbox.rcFile, encoding: .utf8)
        let new = Self.old.replacing("\"trackingDisabled\": false", with: "\"trackingDisabled\": true")
        let isNew = text.replacing(/"updated_at": 1[0-9]{9}/, with: "\"updated_at\": 1600000000") == new
        #expect(text == Self.old || isNew, "\(fault): \(text)")

        // Whatever the rest of the answer is.
        let saidOff = outcome.status == 0 || outcome.errors.contains("telemetry is off")
        if outcome.isDaemonAlive, saidOff {
            #expect(try await sandbox.slstats("why", "--json").json["enabled"] == false, "\(fault)")
        }
        await sandbox.stopDaemon(SIGKILL)
        let why = try await sandbox.slstats("why", "--json")
        if saidOff {
            #expect(why.json["enabled"] == false, "\(fault): \(outcome.errors)\(why.errors)")
            #expect(try await sandbox.status()["events"]?["pending"] == 0, "\(fault)")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.home)
        #expect(!left.contains { $0.contains(".slstats-") }, "\(fault): \(left)")
    }

    @Test(
        "killed at any system call: the old file or the new one, and off after the restart if `disabled` was said [F048]",
        arguments: [0, 1])
    func kill(lane: Int) async throws {
        try await Sandbox.run { sandbox async throws in
            let calls = try await calls(sandbox)
            var killed = 0
            for (index, call) in calls.enumerated() where index % 2 == lane {
                let outcome = try await disable(sandbox, call, "signal=KILL")
                try await check(sandbox, outcome, "killed at \(call)")
                if !outcome.isDaemonAlive { killed += 1 }
            }
            // The waiting in between is not always divided into the same number of calls.
            #expect(killed >= calls.count / 2 - 6, "\(killed) of \(calls)")
        }
    }

    @Test(
        "a yes killed at any system call: the old file or the new one, and nothing else beside it [F048]",
        arguments: [0, 1])
    func killEnabling(lane: Int) async throws {
        let off = Self.old.replacing("false", with: "true")
        @Sendable func enable(_ sandbox: Sandbox, _ call: Tracer.Call?) async throws -> Outcome {
            await sandbox.stopDaemon(SIGKILL)
            try Data(off.utf8).write(to: URL(filePath: sandbox.rcFile))
            _ = try await sandbox.slstats("ping")
            let pid = try #require(sandbox.processes(named: "slstatsd").first)
            let (result, calls) = try await Tracer.watch(sandbox, pid, call, "signal=KILL", "slstats --enable")
            let isAlive = sandbox.processes(named: "slstatsd").contains(pid)
            return Outcome(status: result.status, errors: result.errors, isDaemonAlive: isAlive, calls: calls)
        }
        try await Sandbox.run { sandbox async throws in
            let calls = Tracer.calls(in: try await enable(sandbox, nil).calls)
            #expect(calls.count > 30)
            for (index, call) in calls.enumerated() where index % 2 == lane {
                let outcome = try await enable(sandbox, call)
                let text = try String(contentsOfFile: sandbox.rcFile, encoding: .utf8)
                let same = text.replacing(/"updated_at": 1[0-9]{9}/, with: "\"updated_at\": 1600000000")
                #expect(text == off || same == Self.old, "killed at \(call): \(text)")
                await sandbox.stopDaemon(SIGKILL)
                let isOn = try await sandbox.slstats("why", "--json").json["enabled"]
                if outcome.status == 0 { #expect(isOn == true, "killed at \(call)") }
                if text == off { #expect(isOn == false, "killed at \(call)") }
                let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.home)
                #expect(!left.contains { $0.contains(".slstats-") }, "killed at \(call): \(left)")
            }
        }
    }

    /// What touches a file. A reply that cannot be written is a connection that is lost, and counts as well.
    private static let fileCalls: Set = [
        "openat", "newfstatat", "fstat", "statx", "stat", "lstat", "read", "write", "pwrite64", "fsync", "fdatasync",
        "rename", "renameat", "renameat2", "link", "unlink", "unlinkat", "chmod", "fchmod", "chown", "listxattr",
        "getxattr", "readlink", "readlinkat", "getdents64",
    ]

    @Test(
        "each file operation failing once: the same, the daemon goes on, and says what is wrong [F051, F028]",
        arguments: ["ENOSPC", "EIO", "EROFS", "EACCES"])
    func errors(_ errno: String) async throws {
        try await Sandbox.run { sandbox async throws in
            let calls = try await calls(sandbox).filter { Self.fileCalls.contains($0.name) }
            var injected = 0
            for call in calls {
                let outcome = try await disable(sandbox, call, "error=\(errno)")
                try await check(sandbox, outcome, "\(errno) at \(call)")
                if outcome.calls.contains("INJECTED") { injected += 1 }
                #expect(outcome.isDaemonAlive, "\(errno) at \(call): \(outcome.calls.suffix(300))")
                // 69 only if it was the answer itself that could not be written or the question that could not be read.
                let isLost = outcome.status == 69 && (call.name == "read" || call.name == "write")
                #expect([0, 65, 75].contains(outcome.status) || isLost, "\(errno) at \(call): \(outcome.errors)")
                if outcome.status != 0, !isLost {
                    #expect(outcome.errors.contains("telemetry is off"), "\(outcome.errors)")
                }
            }
            // A busy machine has other turns of the event loop, and so some calls more or less; most are still met.
            #expect(injected * 5 >= calls.count * 4, "\(injected) of \(calls)")
        }
    }
}
