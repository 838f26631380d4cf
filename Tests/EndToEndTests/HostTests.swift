// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a command that records with us must never notice.
@Suite("The host of the client")
struct HostTests {
    @Test("nothing but what was asked for is printed, and without colour; record prints nothing [F001, F002, F017]")
    func prints() async throws {
        let output = try await Sandbox.bash(
            #"""
            export NO_COLOR=1 TERM=dumb
            slstats ping > /dev/null
            for n in $(seq 50); do slstats record info commandDurationMs=$n; slstats notifications; done > out 2> noise
            echo "$(cat out noise | wc -c) bytes"
            for command in status 'status --json' why schema 'schema --json' pending sent 'notifications list' disclosure; do
                slstats $command > out 2> noise < /dev/null || echo "$command ends with $?"
                [ ! -s noise ] || echo "$command says to stderr: $(head -c 200 noise)"
                [ -s out ] || [ "$command" = 'notifications list' ] || [ "$command" = sent ] || echo "$command says nothing"
                case $command in *--json) python3 -m json.tool out > /dev/null || echo "$command is no JSON";; esac
                script -qec "slstats $command" /dev/null < /dev/null > terminal
                ! grep -q $'\x1b' out terminal || echo "$command steers the terminal"
            done
            """#)
        #expect(output == "0 bytes\n")
    }

    @Test(
        "a collector that is not there, never answers or answers nonsense is no matter of who records [F003]",
        arguments: ["dead", "slow", "hostile"])
    func collector(_ kind: String) async throws {
        let output = try await Sandbox.bash(
            #"""
            python3 - \#(kind) > port << 'END' &
            import socket, sys
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1], flush=True)
            if sys.argv[1] == "dead": sys.exit()
            kept = []
            while True:
                connection, _ = server.accept()
                kept.append(connection)
                if sys.argv[1] == "hostile":
                    try: connection.sendall(b"\x00\xff nonsense\r\n" * 100)
                    except OSError: pass
                    connection.close()
            END
            collector=$!
            until [ -s port ]; do :; done
            export SLSTATS_COLLECTOR_URL=http://127.0.0.1:$(cat port)/ SLSTATS_CONSENT_DISCLOSURE=vendor SLSTATS_TIMEOUT=2
            slstats ping > /dev/null
            for n in $(seq 20); do
                # A deploy is flushed at once.
                timeout 5 slstats record deploy commandDurationMs=$n || echo "record ends with $?"
                timeout 5 slstats notifications || echo "notifications ends with $?"
            done
            slstats status --json | grep -c '"recorded": 20'
            kill $collector 2> /dev/null; wait
            """#)
        #expect(output == "1\n")
    }

    @Test("a daemon that is stopped is not waited for, and nobody is told [F004, F081]")
    func stopped() async throws {
        let output = try await Sandbox.bash(
            #"""
            slstats ping > /dev/null
            # As long as it would in a shell, and not as long as tests have time.
            unset SLSTATS_TIMEOUT
            daemon=$(cat "$HOME"/.local/state/slstats/lock)
            kill -STOP $daemon
            for n in $(seq 5); do timeout 3 slstats record info || echo "ends with $?"; done
            kill -CONT $daemon
            echo over
            """#)
        #expect(output == "over\n")
    }

    @Test("no command waits for its input, nor asks who is not there [F006]")
    func input() async throws {
        let output = try await Sandbox.bash(
            #"""
            mkfifo never; exec 8<> never
            slstats ping > /dev/null
            for command in 'record info' notifications status why pending sent schema 'flush --timeout 1' --disable --enable \
                'hold' 'release' 'drop --all' 'id' disclosure; do
                timeout 20 slstats $command <&8 > out 2>&1
                [ $? != 124 ] || echo "$command waits"
            done
            echo over
            """#)
        #expect(output == "over\n")
    }

    @Test("a peer that sends for ever, but never a whole answer, keeps nobody [F007]")
    func dripping() async throws {
        let output = try await Sandbox.bash(
            #"""
            mkdir -m 700 fake
            python3 - << 'END' &
            import socket, threading, time
            server = socket.socket(socket.AF_UNIX)
            server.bind("fake/s")
            server.listen(16)
            open("ready", "w").close()
            def drip(connection):
                try:
                    while True:
                        connection.sendall(b" ")
                        time.sleep(0.02)
                except OSError: pass
            while True: threading.Thread(target=drip, args=[server.accept()[0]], daemon=True).start()
            END
            daemon=$!
            until [ -e ready ]; do :; done
            export SLSTATS_SOCKET="$PWD/fake/s"
            unset SLSTATS_TIMEOUT
            timeout 10 slstats record info; echo "record: $?"
            for command in status notifications 'record --strict info'; do
                timeout 30 slstats $command > /dev/null 2>&1
                [ $? != 124 ] || echo "$command waits"
            done
            kill $daemon
            """#)
        #expect(output == "record: 0\n")
    }

    @Test(
        "a hundred records leave one process behind, in a session of its own, without anything of who started it [F009, F013, F014]"
    )
    func processes() async throws {
        let output = try await Sandbox.bash(
            #"""
            mkfifo inherited
            # The first to record starts the daemon; with its descriptor open the reader would wait for the daemon's end.
            slstats record info 3> inherited & timeout 20 cat inherited; echo "read to the end: $?"
            wait
            for n in $(seq 100); do slstats record info; done
            daemon=$(cat "$HOME"/.local/state/slstats/lock)
            count=0
            for environment in /proc/[0-9]*/environ; do
                process=${environment%/environ}
                case $(cat $process/comm 2> /dev/null) in slstats|slstatsd)
                    if cat $environment 2> /dev/null | tr '\0' '\n' | grep -qx "HOME=$HOME"; then count=$((count + 1)); fi;;
                esac
            done
            echo "$count left"
            [ "$(ps -o sid= -p $daemon)" -eq $daemon ] && echo 'a session of its own'
            for descriptor in 0 1 2; do readlink /proc/$daemon/fd/$descriptor; done | sort -u
            """#)
        #expect(output == "read to the end: 0\n1 left\na session of its own\n/dev/null\n")
    }

    @Test("a home that is taken away is not made again [F012]")
    func homeless() async throws {
        let output = try await Sandbox.bash(
            #"""
            outer=$PWD
            mkdir -m 700 home other-run
            export HOME="$PWD/home" XDG_RUNTIME_DIR="$PWD/other-run"
            slstats record --sync info
            daemon=$(cat home/.local/state/slstats/lock)
            rm -rf home
            for n in $(seq 20); do slstats record info; done
            slstats status > /dev/null 2>&1
            [ ! -e "$outer/home" ] && echo 'it stays away'
            kill $daemon
            while kill -0 $daemon 2> /dev/null; do :; done
            [ ! -e "$outer/home" ] && echo 'it stays away'
            """#)
        #expect(output == "it stays away\nit stays away\n")
    }
}
