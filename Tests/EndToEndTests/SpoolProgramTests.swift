// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("The spool, as its users meet it")
struct SpoolProgramTests {
    private static func uuid(_ number: Int) -> String { "f1f1f1f1-0000-11ee-8000-00000000000\(number)" }

    @Test("import takes over the original's cache once, without what we do not take, and says what it left [F122]")
    func importing() async throws {
        try await Sandbox.run { sandbox async throws in
            let cache = sandbox.home + "/.serverless/telemetry-cache"
            try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
            func write(_ text: String, _ name: String) throws {
                try Data(text.utf8).write(to: URL(filePath: "\(cache)/\(name)"))
            }
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let payload =
                #"{"command":"deploy","dashboard":{"userId":"secret","orgUid":"o"},"npmDependencies":["@acme/x"],"timestamp":5}"#
            try write("{\"payload\":\(payload),\"timestamp\":\(now)}\n", Self.uuid(1))
            try write("{\"payload\":{\"command\":\"info\"},\"timestamp\":\(now)}\n", Self.uuid(2))
            try write("{\"payload\":{},\"timestamp\":\(now - 8 * 24 * 3600 * 1000)}", Self.uuid(3))
            try write("{\"payload\":{\"command\":\"half", Self.uuid(4))
            try write("{}", "README")

            let first = try await sandbox.slstats("import")
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.output == "2 imported, 1 too old and removed, 1 not readable and left there\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: cache).sorted() == ["README", Self.uuid(4)])
            let pending = try await sandbox.slstats("pending").output
            #expect(!pending.contains("secret") && !pending.contains("acme"))
            #expect(pending.contains(Self.uuid(1)) && pending.contains(Self.uuid(2)))
            // A file that could not be removed, or a second import at the same time: the ids are known.
            try write("{\"payload\":{\"command\":\"info\"},\"timestamp\":\(now)}\n", Self.uuid(2))
            #expect(try await sandbox.slstats("import", "--json").json["imported"] == 1)
            #expect(try await sandbox.status()["events"]?["recorded"] == 2)
        }
    }

    @Test("import touches nothing while telemetry is off, and nothing is there is fine")
    func importingOff() async throws {
        try await Sandbox.run { sandbox async throws in
            #expect(try await sandbox.slstats("import").output == "0 imported\n")
            let cache = sandbox.home + "/.serverless/telemetry-cache"
            try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            try Data("{\"payload\":{\"command\":\"a\"},\"timestamp\":\(now)}".utf8).write(
                to: URL(filePath: "\(cache)/\(Self.uuid(1))"))
            _ = try await sandbox.slstats("--disable")
            let off = try await sandbox.slstats("import")
            #expect(off.status == 0 && off.output == "0 imported\n")
            #expect(off.errors.contains("Telemetry is off, decided by"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: cache) == [Self.uuid(1)])
        }
    }

    @Test("a daemon that dies before it answers is asked again, and the event is there once [F080]")
    func retry() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = """
                slstats ping > /dev/null
                lock="$HOME/.local/state/slstats/lock"
                for turn in $(seq 20); do
                    daemon="$(cat "$lock")"
                    kill -STOP "$daemon"
                    # A thread that runs does so until another one has taken the signal.
                    until [[ "$(cut -d' ' -f3 /proc/$daemon/task/*/stat | sort -u)" == T ]]; do :; done
                    slstats record --payload '{"command":"c"}' --strict & client=$!
                    # Until it waits for an answer, or has ended without one.
                    until [[ "$(cut -d' ' -f3 /proc/$client/stat 2> /dev/null)" != [RD] ]]; do :; done
                    kill -9 "$daemon"
                    wait $client || echo "failed: $?"
                done
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.output == "" && result.status == 0, "\(result.output)\(result.errors)")
            #expect(try await sandbox.status()["events"]?["recorded"] == 20)
            #expect(try await sandbox.slstats("pending").output.split(separator: "\n").count == 20)
        }
    }

    @Test("stopped and continued all the time, it does whatever was interrupted, and does it once [F102]")
    func interrupted() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = """
                slstats ping > /dev/null
                daemon=$(cat "$HOME/.local/state/slstats/lock")
                for shell in 1 2 3 4; do
                    (for turn in $(seq 25); do slstats record info --sync --strict || echo "failed: $?"; done) &
                done
                turns=0
                while [ -n "$(jobs -r)" ]; do
                    kill -STOP "$daemon"
                    until [[ "$(cut -d' ' -f3 /proc/$daemon/task/*/stat | sort -u)" == T ]]; do :; done
                    kill -CONT "$daemon"
                    turns=$((turns + 1))
                done
                [ $turns -gt 2 ] || echo "only $turns turns"
                [ "$(cat "$HOME/.local/state/slstats/lock")" = "$daemon" ] && echo the same
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.output == "the same\n", "\(result.errors)")
            #expect(try await sandbox.status()["events"]?["recorded"] == 100)
        }
    }

    @Test("on a terminal flush shows how far it is; elsewhere it says one line at the end")
    func progress() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = #"""
                \#(Sandbox.collect)
                collect
                slstats record a; slstats record b
                script -qec 'slstats flush --timeout 60' terminal > /dev/null
                slstats record c
                slstats flush --timeout 60 > pipe 2> errors
                cat pipe
                kill $collector; wait
                """#
            let result = try await sandbox.run("bash", ["-c", script])
            let terminal = try String(contentsOfFile: sandbox.home + "/terminal", encoding: .utf8)
            #expect(
                terminal.contains("\r\u{1b}[KSent 2 of 2 events, 0 batches left\r\u{1b}[K"),
                "\(terminal.debugDescription)")
            #expect(terminal.contains("2 delivered, 0 pending: delivered"))
            #expect(result.output == "1 delivered, 0 pending: delivered\n")
            #expect(try String(contentsOfFile: sandbox.home + "/errors", encoding: .utf8) == "")
        }
    }
}
