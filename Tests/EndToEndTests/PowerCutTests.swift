// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

/// `slstats --disable` on a disk that loses power behind each of the daemon's system calls.
@Suite("A no and a power cut", .enabled(if: Tracer.isThere, "needs root and strace: run make test as root"))
struct PowerCutTests {
    private static let tool = Sandbox.repository + "/Tests/Tools/power-cut"
    private static let old = "{\n  \"users\": {\"u\": \"s3cr3t\"},\n  \"trackingDisabled\": false\n}\n"

    /// What changes a disk, or makes a change durable.
    private static let calls: Set = ["openat", "write", "fsync", "fdatasync", "rename", "link", "unlink", "chmod"]

    /// Runs in the folder of a fresh disk: `$1` is the rc file's content or empty, `$2` the call to stop behind, `$3` a
    /// folder that survives in any case.
    private static let script = #"""
        set -eu
        export HOME="$POWER_CUT_DIR/home" XDG_RUNTIME_DIR="$POWER_CUT_DIR/run"
        mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
        [ -z "$1" ] || (umask 077; printf '%s' "$1" > "$HOME/.serverlessrc")
        slstatsd 2> "$3/log" &
        daemon=$!
        # In this process group, which the tool stops when it cuts: not started by a client.
        until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon || exit; done
        slstats record info --sync --strict
        sync -f "$HOME"
        strace -f -p $daemon -o "$3/calls" ${2:+-e "inject=$2"} 2> "$3/attached" &
        tracer=$!
        until grep -q attached "$3/attached"; do :; done
        (slstats --disable 2> "$3/answer" && echo disabled > "$3/said"; touch "$3/done") &
        # The first thread only waits, so it is not stopped unless all are.
        until [ -e "$3/done" ] || grep -q '^State:.*[Tt] ' /proc/$daemon/status; do :; done
        if [ -e "$3/done" ]; then kill $tracer; wait $tracer || true; else touch "$3/stopped"; fi
        echo CUT
        wait
        """#

    /// What survived, what was said, and which calls were seen.
    private struct Survivors {
        let home: String
        let isSaid: Bool
        let log: String
        /// It came to the call.
        let isStopped: Bool
        let problem: String?
    }

    private func cut(_ sandbox: Sandbox, _ rcFile: String, _ call: Tracer.Call?, _ options: String?) async throws
        -> Survivors
    {
        let outside = sandbox.home + "/outside"
        let survived = sandbox.home + "/survived"
        for folder in [outside, survived] { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        let injection = call.map { "\($0.name):signal=STOP:when=\($0.number)" } ?? ""
        let result = try await sandbox.run(
            Self.tool,
            ["--size", "16", "--hold", "60", "--out", survived] + (options.map { ["--mount-options", $0] } ?? [])
                + ["--", "bash", "-c", Self.script, "bash", rcFile, injection, outside])
        if result.status == 77 { try Test.cancel("\(result.errors)") }
        let log = (try? String(contentsOfFile: outside + "/calls", encoding: .utf8)) ?? ""
        return Survivors(
            home: survived + "/home", isSaid: FileManager.default.fileExists(atPath: outside + "/said"), log: log,
            isStopped: FileManager.default.fileExists(atPath: outside + "/stopped"),
            problem: result.status == 0 ? nil : "status \(result.status): \(result.output)\(result.errors)")
    }

    /// As the next daemon would decide.
    private func isEnabled(_ home: String) -> Bool {
        var consent = Consent(
            Consent.Surroundings(
                state: FilePath(home + "/.local/state/slstats"), home: FilePath(home), policy: "/nowhere/policy.json",
                userID: geteuid(), administrator: 0),
            mode: .on, files: PosixFileSystem(), clock: .system, random: .system)
        return consent.decide(Facts()).isEnabled
    }

    @Test(
        "behind each call: the old file or the new one, never an empty one, and off if `disabled` was said [F048]",
        arguments: [(old, nil), (old, "noauto_da_alloc"), ("", "noauto_da_alloc")] as [(String, String?)])
    func everyCall(_ rcFile: String, _ options: String?) async throws {
        try await Sandbox.run { sandbox async throws in
            let whole = try await cut(sandbox, rcFile, nil, options)
            #expect(whole.isSaid && whole.problem == nil, "\(whole.problem ?? "")")
            let calls = Tracer.calls(in: whole.log).filter { Self.calls.contains($0.name) }
            #expect(calls.count > 20, "\(calls)")
            var stopped = 0
            for call in calls {
                let survivors = try await cut(sandbox, rcFile, call, options)
                #expect(survivors.problem == nil, "\(call): \(survivors.problem ?? "")")
                if survivors.isStopped { stopped += 1 }
                let text = try? String(contentsOfFile: survivors.home + "/.serverlessrc", encoding: .utf8)
                if rcFile.isEmpty {
                    #expect(
                        text == nil || text?.contains("\"trackingDisabled\": true") == true, "\(call): \(text ?? "")")
                    #expect(text == nil || text?.hasSuffix("}") == true, "\(call): \(text ?? "")")
                } else {
                    let isNew =
                        text?.hasPrefix(
                            "{\n  \"users\": {\"u\": \"s3cr3t\"},\n  \"trackingDisabled\": true,\n  \"meta\": {")
                        == true
                        && text?.hasSuffix("}\n}\n") == true
                    #expect(text == rcFile || isNew, "\(call): \(text ?? "no file")")
                }
                if survivors.isSaid { #expect(!isEnabled(survivors.home), "\(call)") }
            }
            #expect(stopped >= calls.count - 6, "\(stopped) of \(calls)")
        }
    }
}
