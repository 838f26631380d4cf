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

    @Test("a daemon that is stopped is waited for a quarter of a second, and nobody is told [F004, F081]")
    func stopped() async throws {
        let output = try await Sandbox.output(
            of: "python3",
            #"""
            import os, signal, subprocess, time
            subprocess.run(["slstats", "ping"], check=True, stdout=subprocess.DEVNULL)
            # As long as it would in a shell, and not as long as tests have time.
            del os.environ["SLSTATS_TIMEOUT"]
            daemon = int(open(os.environ["HOME"] + "/.local/state/slstats/lock").read())
            os.kill(daemon, signal.SIGSTOP)
            def record():
                before = time.monotonic()
                subprocess.run(["slstats", "record", "info"], check=True, timeout=20)
                return time.monotonic() - before
            times = [record() for _ in range(8)]
            os.kill(daemon, signal.SIGCONT)
            # Each also has to be started, and a busy machine may let some of them wait.
            print("in time" if min(times) < 0.5 else times)
            """#)
        #expect(output == "in time\n")
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
        "a hundred records leave one process behind, in a session of its own, without anything of who started it [F009, F013]"
    )
    func processes() async throws {
        let output = try await Sandbox.bash(
            #"""
            mkfifo inherited
            # The first to record starts the daemon; with its descriptor open the reader would wait for the daemon's end.
            slstats record info 3> inherited & timeout 60 cat inherited; echo "read to the end: $?"
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

    @Test("Ctrl-C and a hang-up end the client at once and without a word, and leave the daemon alone [F014]")
    func interrupted() async throws {
        let output = try await Sandbox.output(
            of: "python3",
            #"""
            import os, signal, socket, subprocess
            os.mkdir("fake", 0o700)
            server = socket.socket(socket.AF_UNIX)
            server.bind("fake/s")
            server.listen(16)
            server.settimeout(20)
            # Nothing but the signal ends who waits for this one.
            silent = dict(os.environ, SLSTATS_SOCKET=os.path.abspath("fake/s"), SLSTATS_TIMEOUT="60")
            for number in signal.SIGINT, signal.SIGHUP:
                for words in "record info", "notifications", "status", "flush":
                    client = subprocess.Popen(["slstats"] + words.split(), start_new_session=True, env=silent,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                    connection, _ = server.accept()
                    connection.recv(1)
                    os.killpg(client.pid, number)
                    said = client.communicate(timeout=10)[0]
                    if said or client.returncode != -number: print(words, "ends with", client.returncode, said)
                # The group of whoever has started the daemon.
                home = os.path.abspath(number.name)
                os.makedirs(home + "/run", 0o700)
                own = dict(os.environ, HOME=home, XDG_RUNTIME_DIR=home + "/run")
                shell = subprocess.Popen(["bash", "-c", "slstats record info --strict; echo $?; exec sleep 60"],
                    start_new_session=True, env=own, stdout=subprocess.PIPE, text=True)
                print("recorded:", shell.stdout.readline().strip())
                daemon = open(home + "/.local/state/slstats/lock").read()
                os.killpg(shell.pid, number)
                print("the shell has ended:", shell.wait() == -number)
                subprocess.run(["slstats", "ping"], env=own, stdout=subprocess.DEVNULL, check=True)
                print("the daemon has not:", open(home + "/.local/state/slstats/lock").read() == daemon)
                os.kill(int(daemon), signal.SIGTERM)
                subprocess.run(["flock", home + "/.local/state/slstats/lock", "true"])
            """#)
        let each = "recorded: 0\nthe shell has ended: True\nthe daemon has not: True\n"
        #expect(output == each + each)
    }

    @Test(
        "a home that is taken away is not made again, and the daemon ends when told to or when nothing is pending [F012]",
        arguments: ["kill $daemon", "slstats drop --all > /dev/null"])
    func homeless(_ end: String) async throws {
        let output = try await Sandbox.bash(
            #"""
            outer=$PWD
            mkdir -m 700 home other-run
            export HOME="$PWD/home" XDG_RUNTIME_DIR="$PWD/other-run" SLSTATS_IDLE_EXITAFTER=100ms
            slstats record --sync info
            daemon=$(cat home/.local/state/slstats/lock)
            rm -rf home
            for n in $(seq 20); do slstats record info; done
            slstats status > /dev/null 2>&1
            [ ! -e "$outer/home" ] && echo 'it stays away'
            \#(end)
            while kill -0 $daemon 2> /dev/null; do :; done
            find "$outer" -type s
            [ ! -e "$outer/home" ] && echo 'it stays away'
            """#)
        #expect(output == "it stays away\nit stays away\n")
    }
}
