// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What is written and what leaves passes one gate, whoever asks and when.
@Suite("The gate")
struct GateTests {
    /// All that may talk to a daemon but `record`, each a word of a shell.
    private static let others = #"""
        notifications 'notifications list' status why pending sent schema 'flush --timeout 1' hold release 'drop --all' \
            id disclosure --enable --disable
        """#
    private static let commands = "'record info' 'record --sync info' " + others

    @Test("off before the daemon is there is off for the very first, however many come at once [F032]")
    func coldStart() async throws {
        let output = try await Sandbox.bash(
            #"""
            echo '{"trackingDisabled": true}' > "$HOME/.serverlessrc"
            for n in $(seq 40); do slstats record --sync info commandDurationMs=4242 & done
            wait
            slstats status --json | grep -c '"recorded": 0'
            grep -rl 4242 "$HOME/.local" "$XDG_RUNTIME_DIR"
            """#)
        #expect(output == "1\n")
    }

    @Test("no command but record records anything [F031]")
    func silentCommands() async throws {
        let output = try await Sandbox.bash(
            #"""
            for command in --disable --enable \#(Self.others) 'sent verify' 'id rotate' ping --help --version bogus; do
                slstats $command > /dev/null 2>&1
            done
            slstats status --json | grep -E '"(recorded|refused)"'
            """#)
        #expect(output == "    \"recorded\": 0,\n    \"refused\": {}\n")
    }

    @Test("while off nobody connects to the collector, whatever is asked for and over a crash [F033]")
    func noConnection() async throws {
        let output = try await Sandbox.bash(
            #"""
            python3 - > port << 'END' &
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1], flush=True)
            while True:
                server.accept()
                open("connections", "a").write("one\n")
            END
            collector=$!
            until [ -s port ]; do :; done
            export SLSTATS_COLLECTOR_URL=http://127.0.0.1:$(cat port)/ SLSTATS_CONSENT_DISCLOSURE=vendor
            slstats --disable > /dev/null 2>&1
            ask() {
                slstats record deploy; slstats record --sync info; slstats notifications; slstats notifications list
                slstats flush --timeout 2; slstats status; slstats release; slstats pending; slstats sent
            }
            ask > /dev/null 2>&1
            kill -9 $(cat "$HOME"/.local/state/slstats/lock)
            ask > /dev/null 2>&1
            kill -HUP $(cat "$HOME"/.local/state/slstats/lock)
            ask > /dev/null 2>&1
            [ ! -e connections ] && echo none
            grep -rlE '"command": ?"(deploy|info)"' "$HOME/.local" "$XDG_RUNTIME_DIR"
            slstats --enable > /dev/null 2>&1
            slstats record deploy
            slstats flush --timeout 2 > /dev/null
            until [ -e connections ]; do :; done
            echo 'and one with a yes'
            kill $collector
            """#)
        #expect(output == "none\nand one with a yes\n")
    }

    @Test(
        "of the working directory a command looks at ./.serverlessrc, and nothing else [F044]",
        .enabled(if: Tracer.hasStrace, "needs strace: run make test"))
    func workingDirectory() async throws {
        let output = try await Sandbox.bash(
            #"""
            slstats ping > /dev/null
            mkdir project; cd project
            touch .slstatsrc .env package.json serverless.yml config.json .config policy.json
            for command in \#(Self.commands); do
                strace -f -qq -s 300 -e trace=%file -e signal=none -o ../trace slstats $command > /dev/null 2>&1
                # The first text of each call, which is a path.
                sed -nE '/execve/d; s/^[0-9]+ +[a-z0-9_]+\((AT_FDCWD, |[0-9]+, )?"([^"]+)".*/\2/p' ../trace | grep -E '^[^/]|/project/'
            done | sort -u
            """#)
        #expect(output == "./.serverlessrc\n")
    }

    @Test(
        "no command tells the daemon the value of a variable [F174]",
        .enabled(if: Tracer.hasStrace, "needs strace: run make test"))
    func variables() async throws {
        let output = try await Sandbox.bash(
            #"""
            slstats ping > /dev/null
            for command in \#(Self.commands); do
                env USER=CANARY LOGNAME=CANARY HOSTNAME=CANARY MAIL=CANARY SSH_CONNECTION=CANARY PWD="$PWD" CI=CANARY \
                    BUILDKITE=CANARY SLS_NOTIFICATIONS_MODE=CANARY AWS_SECRET_ACCESS_KEY=CANARY AWS_PROFILE=CANARY \
                    SERVERLESS_ACCESS_KEY=CANARY GITHUB_TOKEN=CANARY HTTPS_PROXY=http://CANARY/ LANG=CANARY TZ=CANARY \
                    strace -f -qq -s 70000 -e trace=sendto,sendmsg,write,writev -e signal=none -o trace slstats $command > /dev/null 2>&1
                grep -q '\\"method\\"' trace || echo "$command says nothing"
                grep CANARY trace
            done
            """#)
        #expect(output == "")
    }

    @Test(
        "neither client nor daemon looks at what names the machine, and nobody's arguments have what was recorded [F167, F171]",
        .enabled(if: Tracer.hasStrace, "needs strace: run make test"))
    func machine() async throws {
        let output = try await Sandbox.bash(
            #"""
            \#(Sandbox.collect)
            collect
            export SLSTATS_CONSENT_DISCLOSURE=vendor
            strace -f -qq -s 300 -e trace=%file,execve,uname -o trace slstats record --sync info commandDurationMs=424242 &
            until [ -s "$HOME"/.local/state/slstats/lock ]; do :; done
            until slstats ping > /dev/null 2>&1; do :; done
            slstats record deploy commandDurationMs=424242
            slstats flush --timeout 20 | grep -c 'delivered'
            daemon=$(cat "$HOME"/.local/state/slstats/lock)
            grep -l 424242 /proc/[0-9]*/cmdline 2> /dev/null | grep -x "/proc/$daemon/cmdline"
            kill $daemon
            wait %2
            grep -E 'machine-id|/sys/class/(net|dmi)|/sys/devices/virtual/dmi|/var/lib/dbus|/proc/cpuinfo' trace
            grep execve trace | grep 424242 | grep -v '"slstats", "record"'
            grep -c execve trace
            kill $collector
            """#)
        #expect(output == "1\n2\n")
    }
}
