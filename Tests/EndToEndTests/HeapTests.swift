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
                until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon || exit; done
                slstats record info --strict || exit
                ls /proc/$daemon/task | awk 'END { print (NR > 1 ? "several threads" : "one thread") }'
                awk '$6 == "[heap]" { first = 1 }
                     split($1, range, "-") && isBegun && $2 == "---p" && range[2] ~ /[048c]000000$/ { others++ }
                     { isBegun = ($2 == "rw-p" && range[1] ~ /[048c]000000$/) }
                     END { print first + 0, "and", others + 0, "beside it" }' /proc/$daemon/maps
                kill $daemon; wait
                """#
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.output == "several threads\n1 and 0 beside it\n", "\(result.errors)")
        }
    }

    /// For Python: all of them, one after the other, each over a connection of its own or all over one.
    private static let ask = #"""
        import json, os, socket
        def request(method, **params):
            return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
        def ask(*lines):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock")
                answers = client.makefile("rb")
                for line in lines:
                    client.sendall(line)
                    if line.endswith(b"\n") and not answers.readline(): raise SystemExit(line)
        event = {"command": "info", "commandDurationMs": 1}

        """#

    /// As clients do, each hangs up; some in the middle of a line.
    private static let round =
        ask + #"""
            calls = "hello status schema disclosure id pending sent telemetry.explain notifications.list hold release id.rotate"
            lines = [request("record", event=event)] * 20 + [request(call) for call in calls.split()] + [
                request("notifications.claim", facts={"command": "info"}), request("record", event=event, durability="synced"),
                request("record", event=3), request("record", event={"command": 1, "foo": 2}), request("nothing"),
                b"nonsense\n", b"[" * 300 + b"\n", request("record", event=event)[:40],
            ]
            for line in lines * 100: ask(line)
            """#

    /// What grows with each delivery until a bound is at its bound then: the record of what left, and on one processor
    /// libdispatch has one thread for tasks, which keeps a thousand freed blocks for the next ones. In the caches of malloc
    /// a block that was freed would count as used.
    @Test(
        "behind twenty thousand connections there is as much in use as before, to a kilobyte",
        .enabled(if: Sandbox.releaseDaemon != nil, "needs the release build: run make test-long"))
    func inUse() async throws {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "never", "SLSTATS_SENT_MAXBYTES": "64KiB"]) {
            sandbox async throws in
            let script = #"""
                set -u
                \#(Sandbox.collect)
                cc -O -shared -fPIC -o in-use.so "$2/Tests/Tools/in-use.c" || exit
                mkdir in-use
                echo '[{"code": "WELCOME", "message": "Version 4 is here", "visibilityInterval": 0}]' > notices
                collect --notifications notices --requests-per-minute 1000000
                trap 'kill $collector; wait' EXIT
                env LD_PRELOAD="$PWD/in-use.so" IN_USE="$PWD/in-use" GLIBC_TUNABLES=glibc.malloc.tcache_count=0 \
                    taskset --cpu-list "$(taskset --cpu-list --pid $$ | sed 's/.*: //; s/[-,].*//')" \
                    "$1" --log-level=error & daemon=$!
                trap 'kill $daemon $collector; wait' EXIT
                until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon || exit; done
                python3 -c "$3" || exit
                for round in 1 2 3 4 5 6; do
                    python3 -c "$4" || exit
                    # What is kept of the latest events ends with the switch.
                    slstats flush --timeout 60 > delivered && slstats --disable > off && slstats --enable > on || exit
                    slstats record info --strict && slstats flush --timeout 60 > delivered || exit
                    # The last answer may have come before its connection has gone.
                    for look in 1 2 3 4 5; do timeout 10 head -n 1 in-use/$daemon || exit; sleep 0.02; done | sort -n | head -n 1
                done
                """#
            let deliveries = Self.ask + #"ask(*[request("record", event=event), request("flush")] * 1500)"#
            let result = try await sandbox.run(
                "bash",
                ["-c", script, "bash", Sandbox.releaseDaemon ?? "", Sandbox.repository, deliveries, Self.round])
            let bytes = result.output.split(separator: "\n").compactMap { Int($0) }
            try #require(bytes.count == 6 && bytes[0] > 100_000, "\(result)")
            #expect((bytes.max() ?? 0) - (bytes.min() ?? 0) < 1 << 10, "\(bytes)")
        }
    }
}
