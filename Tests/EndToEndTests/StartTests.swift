// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Containers, CI, WSL: nobody but the first client starts the daemon.
@Suite("Without systemd", .serialized)
struct StartTests {
    /// Runs a script with the programs as they are installed. `daemons` prints the processes that serve this home, `stop`
    /// ends the one there is.
    private func run(_ script: String, _ variables: [String: String] = [:]) async throws -> Sandbox.Result {
        try await Sandbox.run { sandbox async throws in
            let programs = try sandbox.installPrograms()
            let prelude = #"""
                set -euo pipefail
                state=$HOME/.local/state/slstats socket=$HOME/run/slstats/slstatsd.sock
                # An ended process that nobody has waited for yet has no environment any more.
                daemons() { for pid in $(pgrep -x slstatsd || true); do
                    ! tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qx "HOME=$HOME" || echo "$pid"; done; }
                gone() { flock --timeout 20 "$state/lock" true; }
                stop() { kill "-${1:-TERM}" $(daemons); gone; }
                pending() { slstats status --json | sed -n 's/^ *"pending": \([0-9]*\),*/\1/p'; }

                """#
            let path = programs + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
            return try await sandbox.run(
                "bash", ["-c", prelude + script], ["PATH": path].merging(variables) { $1 })
        }
    }

    @Test("fifty clients that find nobody start one daemon, and all are answered, a hundred times [F058]")
    func together() async throws {
        let result = try await run(
            #"""
            for round in {1..100}; do
                answers=$(seq 50 | xargs -P 50 -I{} sh -c 'slstats ping > /dev/null && echo served' | wc -l)
                echo "$answers served by $(daemons | wc -l)"
                stop
            done | sort | uniq -c
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
                == "100 50 served by 1\n")
    }

    @Test("whoever starts the daemon is not its parent, so a host that lives for long keeps no zombie of it")
    func parent() async throws {
        let result = try await run(
            #"""
            # A collector that never answers, so that the client which has started the daemon is still there.
            python3 -c 'import socket, sys; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
            sys.stdin.read()' > port < <(exec sleep 60) & collector=$!
            until [ -s port ]; do kill -0 $collector || exit; done
            export SLSTATS_COLLECTOR_URL=http://127.0.0.1:$(cat port)/
            slstats record info --strict --sync && stop
            slstats flush --timeout 20 2> /dev/null & client=$!
            until [ -n "$(daemons)" ] && [ -S "$socket" ] && slstats ping > /dev/null; do :; done
            # The one between the two ends at once.
            for n in $(seq 200); do [ "$(pgrep -P $client | wc -l)" = 0 ] && break; sleep 0.1; done
            echo "children: $(pgrep -P $client | wc -l)"
            kill $client $collector
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "children: 0\n")
    }

    @Test(
        "told to stop, once or often, it keeps what it was given and takes its socket away [F153]",
        arguments: [["TERM"], ["INT"], ["TERM", "TERM", "TERM"], ["INT", "TERM", "HUP"]])
    func stop(_ signals: [String]) async throws {
        let result = try await run(
            #"""
            slstats record info --strict
            pid=$(daemons)
            for signal in \#(signals.joined(separator: " ")); do kill -$signal "$pid" 2> /dev/null || true; done
            gone
            [ -e "$socket" ] && echo "socket left"
            echo "daemons: $(daemons | wc -l), pending: $(pending)"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "daemons: 0, pending: 1\n")
    }

    @Test("SIGQUIT ends it like a crash: no core, the next client starts another, nothing is lost [F153]")
    func quit() async throws {
        let result = try await run(
            #"""
            slstats record info --strict
            stop QUIT
            ls ~ | grep core || true
            echo "pending: $(pending)"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "pending: 1\n")
    }

    @Test(
        "the terminal is gone: the daemon that was started from it goes on, and SIGHUP reads the configuration [F153]")
    func hangUp() async throws {
        let result = try await run(
            #"""
            slstats ping > /dev/null
            pid=$(daemons)
            [ "$(ps -o tty= "$pid" | tr -d ' ')" = '?' ] && echo "no terminal"
            [ "$(readlink "/proc/$pid/cwd")" = / ] && echo "no folder kept busy"
            mkdir -p ~/.config/slstats && echo '{"spool": {"maxBytes": "4MiB"}}' > ~/.config/slstats/config.json
            kill -HUP "$pid"
            until slstats status --json | grep -q '"maxBytes": 4194304'; do :; done
            [ "$(daemons)" = "$pid" ] && echo "the same daemon"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "no terminal\nno folder kept busy\nthe same daemon\n")
    }

    @Test("a daemon that gets no memory ends, and the next goes on with the same spool [F156]")
    func memory() async throws {
        let result = try await run(
            #"""
            for megabytes in 40 80 120 160 200 240 280 320; do
                prlimit --as=$((megabytes << 20)) slstats ping > /dev/null 2>&1 || true
                [ -z "$(daemons)" ] || { prlimit --as=$((megabytes << 20)) slstats record info --strict 2> /dev/null && echo kept >> kept; }
                [ -z "$(daemons)" ] || stop KILL
            done || true
            rm -f "$socket"
            slstats record info --strict && echo kept >> kept
            [ "$(pending)" = "$(wc -l < kept)" ] && echo "as many as were acknowledged"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "as many as were acknowledged\n")
    }
}
