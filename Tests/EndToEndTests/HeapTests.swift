// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("The daemon's memory")
struct HeapTests {
    /// malloc reserves 64 MiB for each heap beside the first, at a multiple of that, and makes use of its beginning.
    @Test("there is one heap for all its threads")
    func one() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = #"""
                slstatsd --log-level=error & daemon=$!
                until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon; done
                slstats record info --strict
                ls /proc/$daemon/task | awk 'END { print (NR > 1 ? "several threads" : "one thread") }'
                awk 'split($1, range, "-") && isBegun && $2 == "---p" && range[2] ~ /[048c]000000$/ { others++ }
                     { isBegun = ($2 == "rw-p" && range[1] ~ /[048c]000000$/) }
                     END { print others + 0, "other heaps" }' /proc/$daemon/maps
                kill $daemon; wait
                """#
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.output == "several threads\n0 other heaps\n", "\(result.errors)")
        }
    }

    /// Whoever asks hangs up, as clients do: 4000 connections a round, each with one line of these.
    private static let round = #"""
        import json, os, socket
        def request(method, **params):
            return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
        event = {"command": "info", "commandDurationMs": 1}
        calls = "hello status schema disclosure id pending sent telemetry.explain notifications.list hold release id.rotate"
        lines = [request("record", event=event)] * 20 + [request(call) for call in calls.split()] + [
            request("notifications.claim", facts={"command": "info"}), request("record", event=event, durability="synced"),
            request("record", event=3), request("record", event={"command": 1, "foo": 2}), request("nothing"),
            b"nonsense\n", b"[" * 300 + b"\n", request("record", event=event)[:40],
        ]
        for line in lines * 100:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock")
                client.sendall(line)
                if line.endswith(b"\n") and not client.makefile("rb").readline(): raise SystemExit(line)
        """#

    /// On one processor libdispatch has one thread for tasks, which keeps a thousand freed blocks for the next ones, and no
    /// more: half of the rounds are for that. In the caches of malloc a block that was freed counts as used.
    @Test(
        "after twenty thousand connections more there is as much in use as before, to a kilobyte",
        .enabled(if: Sandbox.releaseDaemon != nil, "needs the release build: run make test-long"))
    func inUse() async throws {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "never", "SLSTATS_SENT_MAXBYTES": "64KiB"]) {
            sandbox async throws in
            let script = #"""
                set -u
                \#(Sandbox.collect)
                clang -shared -fPIC -o in-use.so "$2/Tests/Tools/malloc-in-use.c" || exit
                mkfifo in-use
                echo '[{"code": "WELCOME", "message": "Version 4 is here", "visibilityInterval": 0}]' > notices
                collect --notifications notices --requests-per-minute 1000000
                env LD_PRELOAD="$PWD/in-use.so" MALLOC_IN_USE="$PWD/in-use" GLIBC_TUNABLES=glibc.malloc.tcache_count=0 \
                    taskset --cpu-list "$(taskset --cpu-list --pid $$ | sed 's/.*: //; s/[-,].*//')" \
                    "$1" --log-level=error & daemon=$!
                until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon || exit; done
                for round in 1 2 3 4 5 6 7 8 9 10 11 12; do
                    python3 -c "$3" || exit
                    # What is kept of the latest events ends with the switch.
                    slstats flush --timeout 60 > delivered && slstats --disable > off && slstats --enable > on || exit
                    slstats record info --strict && slstats flush --timeout 60 > delivered || exit
                    read -r bytes < in-use
                    echo $bytes
                done
                kill $daemon $collector; wait
                """#
            let result = try await sandbox.run(
                "bash", ["-c", script, "bash", Sandbox.releaseDaemon ?? "", Sandbox.repository, Self.round])
            let bytes = result.output.split(separator: "\n").compactMap { Int($0) }
            try #require(bytes.count == 12, "\(bytes) \(result.errors)")
            let last = bytes.suffix(6)
            #expect((last.max() ?? 0) - (last.min() ?? 0) < 1 << 10, "\(bytes)")
        }
    }
}
