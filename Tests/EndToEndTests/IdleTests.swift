// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A daemon that nobody needs")
struct IdleTests {
    @Test("it ends by itself, with its socket and with status 0")
    func ends() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run("slstatsd", ["--idle-exit-after", "50ms"])
            #expect(result.status == 0)
            #expect(result.errors.contains("ready") && result.errors.contains("stopping"))
            #expect(!FileManager.default.fileExists(atPath: sandbox.socket))
        }
    }

    @Test("who comes while it ends is served by it or by the next one [F154]")
    func race() async throws {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "1ms"]) { sandbox async throws in
            let script = """
                ask() {
                    for turn in $(seq 40); do
                        slstats ping > /dev/null || echo "failed: $?"
                        cat "$HOME/.local/state/slstats/lock" >> daemons
                    done
                }
                ask & ask & wait
                sort -u daemons | wc -l
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.errors == "")
            #expect((Int(result.output.trimmingCharacters(in: .newlines)) ?? 0) > 10, "\(result.output)")
        }
    }

    @Test("events that are pending keep it, and a connection does")
    func needed() async throws {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "20ms"]) { sandbox async throws in
            let script = """
                slstats record a --strict
                lock="$HOME/.local/state/slstats/lock"
                # The one that was asked first may have been about to end. The next has something to do, and is the same
                # ten times as long as it would wait: nobody tells us that nothing happens.
                for turn in $(seq 10); do
                    slstats ping > /dev/null
                    first=$(cat "$lock")
                    sleep 0.2
                    slstats ping > /dev/null
                    [ "$first" = "$(cat "$lock")" ] && { echo kept by an event; break; }
                done
                python3 - << 'END'
                import os, socket, subprocess, time
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock")
                subprocess.run(["slstats", "--disable"], check=True, stdout=subprocess.DEVNULL)
                time.sleep(0.2)
                connection.send(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\\n')
                if connection.recv(100).startswith(b'{"jsonrpc":"2.0","id":1,"result"'): print("kept by a connection")
                END
                # Now that nobody is connected and what was pending has been discarded.
                tail --pid="$first" -f /dev/null && echo gone
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.output == "kept by an event\nkept by a connection\ngone\n", "\(result.errors)")
        }
    }

    @Test("never is never, and nothing wakes it: no thread gives up the processor by itself [F155]")
    func sleeps() async throws {
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "never"]) { sandbox async throws in
            let script = """
                switches() { grep '^voluntary' /proc/$daemon/task/*/status; }
                slstats ping > /dev/null
                daemon=$(cat "$HOME/.local/state/slstats/lock")
                # Once it says that it has settled, five seconds behind its start.
                sleep 6
                # Until it has gone to sleep behind the last client.
                until [[ $(cut -d' ' -f3 /proc/$daemon/task/*/stat | sort -u) == S ]]; do :; done
                # Not into a file: it looks up when there is a new one in the home.
                before=$(switches)
                sleep 2
                # How many have given it up once more.
                switches | grep -cvxF "$before"
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(result.output == "0\n", "\(result.errors)")
        }
    }
}
