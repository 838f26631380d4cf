// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Disks that take nothing more, under the real programs: what was acknowledged is delivered, the rest is refused by name.
@Suite("The spool on disks that are in trouble", .enabled(if: geteuid() == 0, "needs root for a disk of its own"))
struct SpoolDiskProgramTests {
    private func lines(_ options: String, _ script: String) async throws -> [String] {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.onSmallDisk(disk: options, Sandbox.collectorForScripts + script)
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            return result.output.split(separator: "\n").map(String.init)
        }
    }

    /// Records until it is refused; `why` is the last answer.
    private static let recordAll = #"""
        recordAll() {
            n=0
            while [ $n -lt 300 ] && slstats record --payload "$event" --strict 2> "$outside/why"; do n=$((n + 1)); done
            sed 's/.*has no room for the event: \([a-z]*\) .*: /\1: /' "$outside/why"
            recorded=$((recorded + n))
        }
        recorded=0
        event="{\"command\":\"c\",\"triggeredDeprecations\":[\"$(printf 'X%.0s' $(seq 100))\"$(printf ',"DEPRECATION"%.0s' $(seq 40))]}"

        """#

    @Test(
        "full while recording: refused by name, silent without --strict, delivered what is there, and it goes on [F096]"
    )
    func full() async throws {
        let lines = try await lines(
            "size=256k",
            Self.recordAll + """
                slstats record first --strict
                fill
                recordAll
                slstats record --payload "$event" && echo silent
                [ $recorded -gt 0 ] && events | sed "s/:$((recorded + 1)),/:ALL,/g"
                slstats flush > "$outside/flush" && cat "$outside/flush" | sed "s/$((recorded + 1)) /ALL /"
                # What was delivered has made room.
                slstats record second --strict; slstats flush
                rm "$HOME/fill"
                slstats record third --strict --sync; slstats flush
                events | sed "s/:$((recorded + 3)),/:ALL,/g"
                [ "$(collected)" = $((recorded + 3)) ] && echo collected
                """)
        #expect(
            lines == [
                "write: No space left on device", "silent",
                #""events":{"recorded":ALL,"pending":ALL,"pendingBytes":\#(lines.count > 2 ? Self.bytes(lines[2]) : ""),"sent":0,"quarantined":0,"dropped":{},"refused":{}}"#,
                "ALL delivered, 0 pending: delivered", "1 delivered, 0 pending: delivered",
                "1 delivered, 0 pending: delivered",
                #""events":{"recorded":ALL,"pending":0,"pendingBytes":0,"sent":ALL,"quarantined":0,"dropped":{},"refused":{}}"#,
                "collected",
            ])
    }

    private static func bytes(_ line: String) -> String {
        (line.split(separator: "\"pendingBytes\":").last ?? "").prefix { $0.isNumber }.description
    }

    @Test("no room from the first start on: refused by name, and taken when there is room [F097]")
    func fullFromTheStart() async throws {
        let lines = try await lines(
            "size=64k",
            """
            fill
            slstats record first --strict 2>&1 | sed 's/.*: //'
            slstats status --json | grep -c 'has no room for the event'
            rm "$HOME/fill"; mount -o remount,size=256k "$HOME"
            slstats record second --strict
            slstats flush
            [ "$(collected)" = 1 ] && echo collected
            """)
        #expect(
            lines == ["No space left on device", "1", "1 delivered, 0 pending: delivered", "collected"])
    }

    @Test("no more files: the open segment goes on, a new one is refused by name until there is one [F096, F116]")
    func noFiles() async throws {
        let lines = try await lines(
            "size=1m,nr_inodes=40",
            #"""
            files=0; takeAll() { while touch "$HOME/f$files" 2> /dev/null; do files=$((files + 1)); done; }
            slstats record first --strict
            takeAll
            slstats record second --strict
            slstats flush
            # What was delivered goes on another thread, behind the answer.
            while ls "$XDG_STATE_HOME"/slstats/spool/*.batch > /dev/null 2>&1; do :; done
            takeAll
            slstats record third --strict 2>&1 | sed 's/.*has no room for the event: \([a-z]*\) .*: /\1: /'
            slstats flush
            rm "$HOME"/f*
            slstats record fourth --strict
            slstats flush
            events
            """#)
        #expect(
            lines == [
                "2 delivered, 0 pending: delivered", "open: No space left on device",
                "0 delivered, 0 pending: nothing pending", "1 delivered, 0 pending: delivered",
                #""events":{"recorded":3,"pending":0,"pendingBytes":0,"sent":3,"quarantined":0,"dropped":{},"refused":{}}"#,
            ])
    }

    /// The write that reaches the limit is a short one, and the next says EFBIG.
    @Test("files of limited size: a segment ends there, and another one begins [F098, F102]")
    func fileSize() async throws {
        let lines = try await lines(
            "size=2m",
            Self.recordAll + """
                ulimit -f 70
                recordAll
                echo "$n"; ls "$XDG_STATE_HOME/slstats/spool" | wc -l
                slstats flush
                [ "$(collected)" = 300 ] && echo collected
                """)
        #expect(lines.first == "300")
        try #require(lines.count == 4)
        #expect((Int(lines[1]) ?? 0) >= 3)
        #expect(lines.suffix(2) == ["300 delivered, 0 pending: delivered", "collected"])
    }

    @Test(
        "read-only from the start: in memory, which status says and --sync hears, and on disk when that can be written [F101]",
        arguments: [true, false])
    func readOnly(wasUsedBefore: Bool) async throws {
        let lines = try await lines(
            "size=2m",
            (wasUsedBefore ? "slstats record before --strict --sync; stop\n" : "") + """
                mount -o remount,ro "$HOME"
                slstats record first --strict
                slstats record second --strict --sync 2>&1 | sed 's/: .*//'
                slstats status --json | grep -o 'no disk takes events; they wait in memory'
                slstats --disable 2>&1 | sed 's/slstats: \\(.*\\), .*/\\1/'
                slstats --enable 2>&1 | grep -o 'Read-only file system'
                mount -o remount,rw "$HOME"; mkdir -p "$XDG_STATE_HOME/slstats"
                slstats --enable 2>&1
                slstats record third --strict --sync
                slstats flush | sed 's/.*delivered, //'
                events
                """)
        let recorded = wasUsedBefore ? 4 : 3
        #expect(
            lines == [
                "slstats record", "no disk takes events; they wait in memory",
                wasUsedBefore ? "telemetry is off" : "telemetry is off, for as long as this daemon runs",
                "Read-only file system", "Stats successfully enabled", "0 pending: delivered",
                #""events":{"recorded":\#(recorded),"pending":0,"pendingBytes":0,"sent":1,"quarantined":0,"dropped":{"telemetry-disabled":\#(recorded - 1)},"refused":{}}"#,
            ])
    }
}
