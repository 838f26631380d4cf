// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite(
    "The daemon as it is shipped",
    .enabled(if: Sandbox.releaseDaemon != nil, "needs the release build: run make test-long"))
struct DaemonBinaryTests {
    /// Instructions of a whole run with so many requests of 300 bytes over one connection.
    private func instructions(requests: Int) async throws -> Int {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "never"]) { sandbox async throws in
            // Reading what a debugger wants to know would take most of the time.
            let daemon = sandbox.home + "/slstatsd"
            let stripped = try await sandbox.run("strip", ["-o", daemon, Sandbox.releaseDaemon ?? ""])
            guard stripped.status == 0, FileManager.default.isExecutableFile(atPath: "/usr/bin/valgrind") else {
                try Test.cancel("strip or valgrind is missing")
            }
            let script = #"""
                import os, socket, subprocess, sys
                daemon = subprocess.Popen(
                    ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.argv[1], "--log-level=error"],
                    stderr=subprocess.PIPE, text=True)
                connection = socket.socket(socket.AF_UNIX)
                while connection.connect_ex(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock"):
                    if daemon.poll() is not None: sys.exit(daemon.stderr.read())
                event = open(sys.argv[3]).read().strip()
                request = b'{"jsonrpc":"2.0","id":1,"method":"record","params":{"event":%s}}\n' % event.encode()
                answers = connection.makefile("rb")
                # One after the other: how many come in one read would depend on the clock.
                for _ in range(int(sys.argv[2])):
                    connection.sendall(request)
                    answer = answers.readline()
                    if b'"recorded":true' not in answer: sys.exit(str(answer))
                connection.close()
                daemon.terminate()
                sys.stderr.write(daemon.communicate()[1])
                """#
            let event = Sandbox.repository + "/Tests/Bench/event.json"
            let result = try await sandbox.run("python3", ["-c", script, daemon, "\(requests)", event])
            let count = result.errors.firstMatch(of: /Collected : (\d+)/).flatMap { Int($0.1) }
            guard let count, result.status == 0 else { try Test.cancel("valgrind cannot run it: \(result.errors)") }
            return count
        }
    }

    @Test("ten thousand requests execute as many instructions as they did")
    func instructions() async throws {
        let count = try await instructions(requests: 11_000) - instructions(requests: 1000)
        let expected = try Guards.figure("daemonInstructions")
        #expect(abs(count - expected) * 20 <= expected, "\(count) instructions, \(expected) are written down")
    }

    /// The loader writes to 1.8 MiB of the program's own pages; they do not grow.
    @Test(
        "idle it has 2 MiB of its own, 3.5 MiB with its program, and nothing wakes it for a minute; once a second behind a delivery [F155]"
    )
    func idle() async throws {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "never"]) { sandbox async throws in
            let script = #"""
                \#(Sandbox.collect)
                collect
                "$1" --log-level=error & daemon=$!
                until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do kill -0 $daemon || exit; done
                slstats record info --strict
                # Five seconds behind its start it looks once at what has become of it.
                sleep 10
                # A line that begins a mapping has the path of its file, if any, in the sixth place.
                awk '/^[0-9a-f]+-/ { own = $6 !~ "^/" }
                     /^Private_Dirty/ { sum += $2; if (own) mine += $2 }
                     END { print (mine <= 2048 ? "small" : mine), (sum <= 3584 ? "small" : sum) }' /proc/$daemon/smaps
                switches() { grep '^voluntary' /proc/$daemon/task/*/status; }
                # Not into a file: it looks up when there is a new one in the home.
                before=$(switches)
                sleep 60
                # How many threads have given up the processor once more; one that had no work may have ended.
                switches | grep -cvxF "$before"

                slstats flush --timeout 60
                # Behind it the connection is closed, and what was delivered goes.
                sleep 10
                sum() { cat /proc/$daemon/task/*/status | awk '/^voluntary/ { sum += $2 } END { print sum }'; }
                before=$(sum)
                sleep 20
                woken=$(($(sum) - before))
                # libdispatch looks at its threads; each look is the end of one sleep, and one more where it has work.
                [ $woken -le 50 ] && echo "once a second" || echo "$woken in 20 s"
                kill $daemon $collector; wait
                """#
            let result = try await sandbox.run("bash", ["-c", script, "bash", Sandbox.releaseDaemon ?? ""])
            #expect(
                result.output == "small small\n0\n1 delivered, 0 pending: delivered\nonce a second\n",
                "\(result.errors)")
        }
    }
}
