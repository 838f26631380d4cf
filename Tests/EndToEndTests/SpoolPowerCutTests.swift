// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SystemPackage
import Testing

/// Recording on a disk that loses power behind each of the daemon's system calls.
@Suite("Synced events and a power cut", .enabled(if: Tracer.isThere, "needs root and strace: run make test as root"))
struct SpoolPowerCutTests {
    private static let tool = Sandbox.repository + "/Tests/Tools/power-cut"

    /// What changes a disk, or makes a change durable.
    private static let calls: Set = ["openat", "write", "fsync", "fdatasync", "rename", "unlink", "ftruncate"]

    /// A daemon on the disk that will be cut, with nothing left to write; `$2` is a folder that survives in any case.
    private static let start = #"""
        set -eu
        export HOME="$POWER_CUT_DIR/home" XDG_RUNTIME_DIR="$POWER_CUT_DIR/run" SLSTATS_COLLECTOR_URL=http://127.0.0.1:1/
        mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
        slstatsd 2> "$2/log" &
        daemon=$!
        until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon || exit; done
        slstats ping > /dev/null
        sync -f "$HOME"

        """#

    /// `$1` is the call to stop behind. The collector is not there, so a flush seals; the second one finds a batch that was
    /// sealed before.
    private static let everything = #"""
        synced() { slstats record "$1" --sync --strict 2>> "$out/errors" && echo "$1" >> "$out/synced"; }
        out=$2
        strace -f -p $daemon -o "$2/calls" ${1:+-e "inject=$1"} 2> "$2/attached" &
        tracer=$!
        until grep -q attached "$2/attached"; do :; done
        (
            synced a || true; slstats record b; synced c || true
            slstats flush --timeout 1 > "$out/flush" 2>&1 || true
            synced d || true; slstats record e; synced f || true
            slstats flush --timeout 1 > "$out/flush" 2>&1 || true
            touch "$out/done"
        ) &
        until [ -e "$2/done" ] || grep -q '^State:.*[Tt] ' /proc/$daemon/status; do :; done
        if [ -e "$2/done" ]; then kill $tracer; wait $tracer || true; else touch "$2/stopped"; fi
        echo CUT
        wait
        """#

    private struct Survivors {
        let home: String
        let synced: [String]
        let log: String
        let isStopped: Bool
        let problem: String?
    }

    private func cut(
        _ sandbox: Sandbox, _ call: Tracer.Call?, _ options: String?, _ script: String = everything
    ) async throws -> Survivors {
        let outside = sandbox.home + "/outside"
        let survived = sandbox.home + "/survived"
        for folder in [outside, survived] { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        let injection = call.map { "\($0.name):signal=STOP:when=\($0.number)" } ?? ""
        let whole = Self.start + script
        let result = try await sandbox.run(
            Self.tool,
            ["--size", "16", "--hold", "60", "--out", survived] + (options.map { ["--mount-options", $0] } ?? [])
                + ["--", "bash", "-c", whole, "bash", injection, outside])
        if result.status == 77 { try Test.cancel("\(result.errors)") }
        func text(_ name: String) -> String {
            (try? String(contentsOfFile: "\(outside)/\(name)", encoding: .utf8)) ?? ""
        }
        return Survivors(
            home: survived + "/home", synced: text("synced").split(separator: "\n").map(String.init),
            log: text("calls"),
            isStopped: FileManager.default.fileExists(atPath: outside + "/stopped"),
            problem: result.status == 0 ? nil : "status \(result.status): \(result.output)\(result.errors)")
    }

    /// Takes over what survived, as the next daemon would, records, and takes over again.
    private func check(_ survivors: Survivors, _ fault: String) throws {
        let state = FilePath(survivors.home + "/.local/state/slstats")
        for turn in 0..<2 {
            var spool = try Spool(
                state: state, limits: SpoolLimits(), files: PosixFileSystem(), clock: .system, random: .system)
            let commands = spool.pending(after: 0, maximumBytes: .max, nil).events.compactMap {
                (try? JSON(parsing: $0))?["command"]?.string
            }
            #expect(Set(commands).count == commands.count, "\(fault): \(commands)")
            #expect(
                Set(survivors.synced).isSubset(of: commands),
                "\(fault), turn \(turn): \(commands), not \(survivors.synced)")
            #expect(spool.recordedEvents == Int64(spool.pendingEvents) + spool.ledger.total, "\(fault)")
            spool.stage(Array(#"{"command":"later\#(turn)"}"#.utf8))
            try spool.commit()
        }
    }

    @Test(
        "behind each call: every synced event is there, once, and recording goes on [F085, F086, F087]",
        arguments: Sandbox.isLong ? [nil, "noauto_da_alloc"] : [nil] as [String?])
    func everyCall(_ options: String?) async throws {
        try await Sandbox.run { sandbox async throws in
            let whole = try await cut(sandbox, nil, options)
            #expect(whole.synced == ["a", "c", "d", "f"] && whole.problem == nil, "\(whole.problem ?? "")")
            try check(whole, "after all")
            let calls = Tracer.callsOfAllThreads(in: whole.log).filter { Self.calls.contains($0.name) }
            #expect(calls.count > 20, "\(calls)")
            var stopped = 0
            for call in calls {
                let survivors = try await cut(sandbox, call, options)
                #expect(survivors.problem == nil, "\(call): \(survivors.problem ?? "")")
                if survivors.isStopped { stopped += 1 }
                try check(survivors, "cut behind \(call)")
            }
            #expect(stopped >= calls.count * 3 / 4, "\(stopped) of \(calls)")
        }
    }

    @Test("an event that nobody asked to sync is there seconds later, though the file system commits nothing [F085]")
    func later() async throws {
        try await Sandbox.run { sandbox async throws in
            // By itself ext4 would commit after five seconds; a disk may take longer for what the daemon asks it after one.
            let survivors = try await cut(
                sandbox, nil, "commit=600",
                """
                slstats record b --strict && echo b > "$2/synced"
                sleep 10
                echo CUT
                wait
                """)
            #expect(survivors.synced == ["b"] && survivors.problem == nil, "\(survivors.problem ?? "")")
            try check(survivors, "cut after ten seconds")
        }
    }
}
