// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The units that are installed, under a real manager.
@Suite("Under a systemd user manager", .serialized)
struct SystemdTests {
    @Test(
        "the socket unit starts the daemon on the first request; stopping it keeps what was recorded [F161, F162]"
    )
    func activation() async throws {
        let result = try await UserManager.run(
            #"""
            systemd-analyze verify --user "$units"/slstatsd.socket "$units"/slstatsd.service 2>&1
            echo "before: $(systemctl --user is-active slstatsd.service || true)"
            slstats record deploy --sync --strict
            echo "after: $(systemctl --user is-active slstatsd.service)"
            until [[ $(property slstatsd.service StatusText) == "1 events pending, nothing sent yet" ]]; do :; done
            slstats --disable 2> /dev/null && slstats --enable 2> /dev/null
            grep -o '"trackingDisabled": false' ~/.serverlessrc
            slstats record deploy --sync --strict
            state=$(stat -c %a ~/.local/state/slstats)
            echo "state: $state, elsewhere: $(find ~/.config ~/.cache -name 'slstats*' 2> /dev/null | grep -vc "^$units/" || true)"
            echo "StateDirectory: $(grep -c '^StateDirectory' "$units/slstatsd.service" || true)"
            systemctl --user stop slstatsd.service
            echo "result: $(property slstatsd.service Result)"
            echo "pending: $(slstats status --json | grep -c '"pending": 1,')"
            echo "daemons: $(pgrep -cx slstatsd -u "$(id -u)")"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                before: inactive
                after: active
                "trackingDisabled": false
                state: 700, elsewhere: 0
                StateDirectory: 0
                result: success
                pending: 1
                daemons: 1

                """)
    }

    @Test("where the socket's path was removed who records makes another, and the unit's restart ends that [F061]")
    func pathRemoved() async throws {
        let result = try await UserManager.run(
            #"""
            daemons() { pgrep -x slstatsd -u "$(id -u)"; }
            slstats ping > /dev/null
            rm "$XDG_RUNTIME_DIR/slstats/slstatsd.sock"
            slstats record info --sync --strict && echo "its own"
            # The manager's has noticed, and has let go of the state.
            until [ "$(daemons | wc -l)" = 1 ]; do :; done
            until [ "$(systemctl --user is-active slstatsd.service || true)" = inactive ]; do :; done
            echo "manager: $(systemctl --user is-active slstatsd.service || true) $(property slstatsd.service Result)"
            systemctl --user restart slstatsd.socket
            slstats record info --sync --strict && echo "the manager's"
            until [ "$(daemons)" = "$(property slstatsd.service MainPID)" ]; do :; done
            echo "pending: $(slstats status --json | grep -c '"pending": 2,')"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                its own
                manager: inactive success
                the manager's
                pending: 1

                """)
    }

    @Test("a client that finds no daemon to start says how the manager makes its socket anew [F061]")
    func namesRestart() async throws {
        let result = try await UserManager.run(
            #"""
            slstats ping > /dev/null
            mkdir ~/alone && mv "$bin/slstats" ~/alone
            alone() { PATH=/usr/bin:/bin ~/alone/slstats "$@"; }
            rm "$XDG_RUNTIME_DIR/slstats/slstatsd.sock"
            alone record info && echo silent
            alone record info --strict 2> ~/said && status=0 || status=$?
            echo "strict: $status"
            grep -o 'systemctl --user restart slstatsd.socket' ~/said > ~/mend || cat ~/said
            bash ~/mend
            alone record info --strict && echo served
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "silent\nstrict: 69\nserved\n")
    }

    @Test("every protection of the unit holds, and the probe sees when one does not [F160]")
    func sandbox() async throws {
        let result = try await UserManager.run(
            #"""
            mkdir -p ~/.ssh ~/.aws && touch ~/.netrc ~/.bashrc
            systemctl --user stop slstatsd.socket
            # probe NAME SED: what the probe says inside of a unit that differs from ours by that much.
            probe() {
                sed "s|/slstatsd\$|& --probe-sandbox|; s|^Type=.*|Type=oneshot|; s|^Restart=.*||; /^Requires=/d; $2" \
                    "$units/slstatsd.service" > "$units/$1.service"
                systemctl --user daemon-reload
                setting "StandardOutput=file:%h/$1"
                mkdir -p "$units/$1.service.d" && cp "$units/slstatsd.service.d/test.conf" "$units/$1.service.d/"
                systemctl --user daemon-reload
                systemctl --user start "$1.service" && status=0 || status=$(property "$1.service" ExecMainStatus)
                echo "$1: $status"
            }
            # What is installed for everybody to ask says the same, and leaves nothing behind.
            before=$(find ~ "$XDG_RUNTIME_DIR" -name '*probe*' 2> /dev/null || true)
            "$repository/systemd/probe-sandbox" > ~/asked && echo "asked: 0"
            [ "$(find ~ "$XDG_RUNTIME_DIR" -name '*probe*' 2> /dev/null || true)" = "$before" ] || echo "left behind"
            probe whole ''
            cmp ~/asked ~/whole
            # Each place of the unit is asked for, and no other.
            diff <(grep '^\(ReadOnly\|Inaccessible\)Paths=' "$units/slstatsd.service" | tr ' =' '\n\n' | grep '^-' |
                sed 's/^-//; s|^%h|~|; s|^%t|$XDG_RUNTIME_DIR|' | sort) \
                <(grep 'ReadOnlyPaths:\|InaccessiblePaths:' ~/whole | sed 's/.*Paths: \([^ ]*\) .*/\1/' | sort)
            grep '^not effective' ~/whole || true
            echo "effective: $(($(grep -c '^effective' ~/whole) > 30))"
            # The filter of system calls has those of the clock as well, so without this one nothing is missed.
            probe noProtectClock '/^ProtectClock=/d'
            # Without each of these exactly that one is missed.
            for directive in LockPersonality MemoryDenyWriteExecute RestrictSUIDSGID NoNewPrivileges \
                RestrictAddressFamilies PrivateTmp ProtectHome UMask; do
                probe "no$directive" "/^$directive=/d"
                grep '^not effective' ~/no$directive | grep -o "[A-Za-z]*:" | sort -u | tr '\n' ' ' && echo
            done
            probe none '/^\(P[a-z]*U\|Protect\|Private\|Restrict[ANRS]\|Lock\|Memory\|System\|No\|Cap\|Amb\|Inacc\|Read\)/d'
            echo "missed: $(($(grep -c '^not effective' ~/none) > 20))"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                asked: 0
                whole: 0
                effective: 1
                noProtectClock: 0
                noLockPersonality: 1
                LockPersonality: 
                noMemoryDenyWriteExecute: 1
                MemoryDenyWriteExecute: 
                noRestrictSUIDSGID: 1
                RestrictSUIDSGID: 
                noNoNewPrivileges: 1
                NoNewPrivileges: 
                noRestrictAddressFamilies: 1
                RestrictAddressFamilies: 
                noPrivateTmp: 1
                PrivateTmp: 
                noProtectHome: 1
                ProtectHome: 
                noUMask: 1
                UMask: 
                none: 1
                missed: 1

                """)
    }

    @Test("in the sandbox, where root is nobody, the administrator is believed all the same [F042]")
    func policy() async throws {
        let result = try await UserManager.run(
            preparation: #"""
                mkdir upper work && mount -t overlay overlay -o "lowerdir=/etc,upperdir=$HOME/upper,workdir=$HOME/work" /etc
                mkdir -m 755 /etc/slstats && echo {\"consent\":{\"mode\":\"off\"}} > /etc/slstats/policy.json
                chmod 644 /etc/slstats/policy.json
                """#,
            #"""
            slstats record info --strict
            slstats status --json | tr -d ' \n' | grep -o '"enabled":[a-z]*,"decidedBy":"[a-z]*"\|"recorded":[0-9]*'
            [ "$(property slstatsd.service MainPID)" != 0 ] && echo "under the manager"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                "enabled":false,"decidedBy":"policy"
                "recorded":0
                under the manager

                """)
    }

    @Test("where user namespaces are forbidden the drop-in leaves a daemon that serves")
    func withoutNamespaces() async throws {
        let result = try await UserManager.run(
            #"""
            mkdir -p "$units/slstatsd.service.d" && cp "$repository/systemd/no-namespaces.conf" "$units/slstatsd.service.d/"
            systemctl --user daemon-reload
            systemd-analyze verify --user "$units/slstatsd.service" 2>&1
            slstats record deploy --sync --strict
            pid=$(property slstatsd.service MainPID)
            grep -h '^NoNewPrivs\|^Seccomp:' /proc/$pid/status
            [ "$(readlink /proc/$pid/ns/user)" = "$(readlink /proc/self/ns/user)" ] && echo "no namespace"
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "NoNewPrivs:\t1\nSeccomp:\t2\nno namespace\n")
    }
}
