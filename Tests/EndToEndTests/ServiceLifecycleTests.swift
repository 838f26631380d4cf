// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Crashes, hangs, upgrades and stops of the service, with clients that must not notice.
@Suite("The service under load", .serialized)
struct ServiceLifecycleTests {
    /// `recorders COUNT`: four shells that record, one event after the other, until the file `enough` is there; each writes
    /// what went wrong, and how many it has recorded. `recorded_all` says whether the daemon has as many.
    static let load = #"""
        recorders() {
            for shell in 1 2 3 4; do
                ( count=0; while [ ! -e enough ]; do
                    slstats record info --sync --strict 2>> errors || echo "exit $?" >> errors; count=$((count + 1)); done
                  echo "$count" >> counts ) &
            done
        }
        recorded_all() {
            touch enough; wait
            cat errors 2> /dev/null || true
            total=$(awk '{ sum += $1 } END { print sum }' counts)
            [ "$total" = "$(recorded)" ] && echo "all recorded" || echo "$total asked, $(recorded) recorded"
        }
        # Another main process than that one.
        replaced() { until pid=$(property slstatsd.service MainPID); [ "$pid" != 0 ] && [ "$pid" != "$1" ]; do :; done; }
        cd ~

        """#

    @Test("a crash costs who waits less than a second, once the machine lets it [F150]")
    func crashInTime() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                slstats ping > /dev/null
                for crash in 1 2 3 4 5; do
                    pid=$(property slstatsd.service MainPID)
                    kill -9 "$pid"
                    before=$(date +%s%N)
                    slstats record info --strict
                    echo $((($(date +%s%N) - before) / 1000000))
                done
                """#)
        #expect(result.status == 0, "\(result.errors)")
        // The manager waits for a tenth of it, and makes the sandbox; what else it takes is the machine's.
        let milliseconds = result.output.split(separator: "\n").compactMap { Int($0) }
        #expect(milliseconds.count == 5 && milliseconds.contains { $0 < 1000 }, "\(result.output)")
    }

    @Test("eight crashes in a row, and every client is served [F150]")
    func crashes() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                slstats ping > /dev/null
                recorders
                for crash in 1 2 3 4 5 6 7 8; do
                    pid=$(property slstatsd.service MainPID)
                    kill -9 "$pid"
                    replaced "$pid"
                    # It has served before it dies.
                    slstats ping > /dev/null
                done
                recorded_all
                echo "restarts: $(property slstatsd.service NRestarts), socket $(systemctl --user is-active slstatsd.socket)"
                """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "all recorded\nrestarts: 8, socket active\n")
    }

    @Test(
        "a daemon that hangs is killed and started again, and who waits is served; one that works is left alone [F148]"
    )
    func watchdog() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                setting WatchdogSec=2
                slstats ping > /dev/null
                # More than two of its intervals.
                sleep 5
                echo "restarts: $(property slstatsd.service NRestarts)"
                pid=$(property slstatsd.service MainPID)
                kill -STOP "$pid"
                slstats record info --sync --strict && echo served
                replaced "$pid"
                echo "restarts: $(property slstatsd.service NRestarts), recorded: $(recorded)"
                """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "restarts: 0\nserved\nrestarts: 1, recorded: 1\n")
    }

    @Test("the binary is replaced under load, and nobody notices [F157]")
    func upgrade() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                slstats ping > /dev/null
                recorders
                for upgrade in 1 2 3; do
                    pid=$(property slstatsd.service MainPID)
                    cp "$bin/slstatsd" "$bin/new" && mv "$bin/new" "$bin/slstatsd"
                    systemctl --user restart slstatsd.service
                    replaced "$pid"
                    slstats ping > /dev/null
                done
                recorded_all
                echo "result: $(property slstatsd.service Result), restarts: $(property slstatsd.service NRestarts)"
                """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "all recorded\nresult: success, restarts: 0\n")
    }

    @Test(
        "a binary that does not run, and a configuration that is wrong, are no storm and take nothing down [F081, F151]"
    )
    func broken() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                mv "$bin/slstatsd" "$bin/whole" && cp /bin/false "$bin/slstatsd"
                before=$SECONDS
                SLSTATS_TIMEOUT=3 slstats record info --strict 2> /dev/null && echo recorded || echo "exit $?"
                [ "$(property slstatsd.service NRestarts)" -le $(((SECONDS - before + 1) * 11)) ] && echo "no storm"
                mv "$bin/whole" "$bin/slstatsd"
                slstats record info --strict && echo "served by the binary that is whole"

                mkdir -p ~/.config/slstats && echo '{"flush": {"events": -1}}' > ~/.config/slstats/config.json
                systemctl --user stop slstatsd.service
                # Each is told why, at once, and no start follows that nobody asked for.
                for client in 1 2 3; do slstats ping 2>&1 | grep -o 'config.json:1: flush.events is -1' || true; done
                starts=$(grep -c 'cannot run' "$XDG_RUNTIME_DIR/units.log")
                sleep 2
                [ "$starts" = "$(grep -c 'cannot run' "$XDG_RUNTIME_DIR/units.log")" ] && echo "no start that nobody asked for"
                rm ~/.config/slstats/config.json
                slstats ping > /dev/null && echo "served with the configuration mended"

                # Nothing can be kept where a file is: the manager knows what is wrong, and clients say whom to ask.
                systemctl --user stop slstatsd.service && rm -rf ~/.local/state && touch ~/.local/state
                SLSTATS_TIMEOUT=0.25 slstats record info && echo "no command fails"
                SLSTATS_TIMEOUT=0.25 slstats record info --strict 2>&1 | grep -o 'see: systemctl --user status slstatsd' || true
                for n in $(seq 200); do
                    grep -q "mkdir: cannot create directory ‘$HOME/.local/state’" "$XDG_RUNTIME_DIR/units.log" && break
                    sleep 0.1
                done && echo "which tells"
                rm ~/.local/state
                slstats record info --strict && echo "served with the folder mended"
                echo "socket $(systemctl --user is-active slstatsd.socket)"
                """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                exit 69
                no storm
                served by the binary that is whole
                config.json:1: flush.events is -1
                config.json:1: flush.events is -1
                config.json:1: flush.events is -1
                no start that nobody asked for
                served with the configuration mended
                no command fails
                see: systemctl --user status slstatsd
                which tells
                served with the folder mended
                socket active

                """)
    }

    @Test("the session ends with its manager: what was recorded is on disk, and the next session sends it [F158]")
    func logout() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                # Acknowledged, not synced: what a stop has to see to.
                for event in 1 2 3; do slstats record info --strict; done
                manager=$(ps -o ppid= "$(property slstatsd.service MainPID)" | tr -d ' ')
                systemctl --user exit
                while [ -e "/proc/$manager" ] && [ "$(ps -o stat= "$manager")" != Z ]; do :; done
                lock=~/.local/state/slstats/lock
                flock --timeout 60 $lock true && echo "no daemon"
                # Without a manager, as over ssh into a container.
                rm -f "$XDG_RUNTIME_DIR/slstats/slstatsd.sock"
                echo "$(slstats pending | wc -l) pending"
                kill "$(cat $lock)"; flock $lock true
                \#(Sandbox.collect)
                collect
                export SLSTATS_CONSENT_DISCLOSURE=vendor
                slstats flush --timeout 60
                kill $collector
                kill "$(cat $lock)"
                """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "no daemon\n3 pending\n3 delivered, 0 pending: delivered\n")
    }

    @Test("SIGHUP reads the configuration again and keeps every connection; a mistake in it changes nothing [F153]")
    func reload() async throws {
        let result = try await UserManager.run(
            Self.load + #"""
                slstats ping > /dev/null
                mkdir -p ~/.config/slstats
                python3 - << 'END'
                import json, os, socket, subprocess
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock")
                answers = connection.makefile("rb")
                def maximum():
                    connection.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
                    return json.loads(answers.readline())["result"]["spool"]["maxBytes"]
                def reload(text):
                    before = maximum()
                    with open(os.path.expanduser("~/.config/slstats/config.json"), "w") as file: file.write(text)
                    subprocess.run(["systemctl", "--user", "reload", "slstatsd.service"], check=True)
                    # kill(1) has returned; the signal may still be on its way.
                    for _ in range(200):
                        if maximum() != before: break
                    return maximum()
                print(maximum())
                print(reload('{"spool": {"maxBytes": "4MiB"}}'))
                print(reload('{"spool": {"maxBytes": "much"}}'))
                print(reload('{"spool": {"maxBytes": "8MiB"}}'))
                END
                echo "$(systemctl --user is-active slstatsd.service), restarts: $(property slstatsd.service NRestarts)"
                grep -o 'the one before holds' "$XDG_RUNTIME_DIR/units.log"
                """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                16777216
                4194304
                4194304
                8388608
                active, restarts: 0
                the one before holds

                """)
    }
}
