// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What an administrator has written, as a user without any rights meets it: root writes files in an `/etc` of its own,
/// the programs run as somebody else.
@Suite(
    "The administrator's files, for an ordinary user", .enabled(if: geteuid() == 0, "needs root for an /etc of its own")
)
struct PolicyProgramTests {
    private static let prelude = #"""
        set -eu
        programs=$1
        mkdir upper work user user/run && chmod 700 user/run && chown -R 65533:65533 user
        mount -t overlay overlay -o "lowerdir=/etc,upperdir=$PWD/upper,workdir=$PWD/work" /etc || exit 77
        mkdir -p /etc/slstats/catalogue.d && chmod 755 /etc/slstats /etc/slstats/catalogue.d
        user() { setpriv --reuid=65533 --regid=65533 --clear-groups env -i LD_LIBRARY_PATH="$LD_LIBRARY_PATH" \
            HOME="$PWD/user" XDG_RUNTIME_DIR="$PWD/user/run" SLSTATS_TIMEOUT=60 SLSTATS_CONSENT_DISCLOSURE=vendor "$programs/$@"; }
        stop() { pid=$(user slstats status --json | sed -n 's/^ *"pid": \([0-9]*\),*/\1/p'); kill "$pid"
            while [ -e "/proc/$pid" ]; do :; done; }
        write() { printf '%s' "$2" > "/etc/slstats/$1"; chmod 644 "/etc/slstats/$1"; }
        # One that cannot run tells those who come while it ends the same.
        gone() { while [ -e user/run/slstats/slstatsd.sock ]; do :; done; }
        # strict COMMAND...: its last line, on either stream, and its exit code.
        strict() { code=0; user "$@" > out 2>&1 || code=$?; echo "$(tail -1 out | sed 's|(.*||') [$code]"; }

        """#

    private static func run(_ script: String) async throws -> Sandbox.Result {
        try await Sandbox.run { sandbox async throws in
            chmod(sandbox.home, 0o755)
            let programs = try sandbox.installPrograms()
            let libraries = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "/usr/lib/swift/linux"
            let result = try await sandbox.run(
                "unshare",
                ["--mount", "timeout", "90", "bash", "-c", prelude + script + "\nstop", "bash", programs],
                ["LD_LIBRARY_PATH": libraries])
            if result.status == 77 { try Test.cancel("no overlay file system here") }
            return result
        }
    }

    @Test("every key of the policy, obeyed at once and without a restart [F042]")
    func matrix() async throws {
        let result = try await Self.run(
            #"""
            event='{"timezone":"Europe/Berlin","versions":{"serverless":"3.38.0"}}'
            row() {
                write policy.json "$1"
                echo "== $1"
                user slstats why | sed -n '1s|^[^/]*/etc/slstats/policy.json *||p; s/^Telemetry is //p'
                echo "record $(strict slstats record --strict --payload "$event")"
                user slstats pending | tail -1 | sed 's/.*"timezone"/"timezone"/'
                echo "enable $(strict slstats --enable)"
                echo "disable $(strict slstats --disable)"
                user slstats status --json | sed -n '/^ *"url"/s/^ *//p'
                rm /etc/slstats/policy.json
                user slstats --enable 2> /dev/null
            }
            user slstats --enable 2> /dev/null
            row '{}'
            row '{"consent":{"mode":"off"}}'
            row '{"consent":{"locked":true}}'
            row '{"collector":{"url":"https://telemetry.example/"}}'
            row '{"fields":{"timezone":"deny","versions":"coarsen"}}'
            row '{"consent":{"mode":"on","locked":false},"fields":{}}'
            row '{"rate":{"eventsPerHour":0}}'
            row '{"consent":{"mode":"maybe"}}'
            row '{"surprise":true}'
            """#)
        #expect(result.status == 0, "\(result.errors)")
        let on = "on, decided by trackingDisabled."
        let off = "off, decided by policy."
        let event = #""timezone":"Europe/Berlin","versions":{"serverless":"3.38.0"}}"#
        let switched = "enable Stats successfully enabled [0]\ndisable Stats successfully disabled [0]"
        #expect(
            result.output == """
                == {}
                says nothing
                \(on)
                record  [0]
                \(event)
                \(switched)
                "url": null,
                == {"consent":{"mode":"off"}}
                off
                \(off)
                record  [0]
                enable Telemetry is still off here, decided by policy. The administrator of this machine decides; see /etc/slstats/policy.json [0]
                disable Stats successfully disabled [0]
                "url": null,
                == {"consent":{"locked":true}}
                switch locked
                \(on)
                record  [0]
                \(event)
                enable slstats: telemetry cannot be turned on here: the administrator has locked the switch in /etc/slstats/policy.json [65]
                disable Stats successfully disabled [0]
                "url": null,
                == {"collector":{"url":"https://telemetry.example/"}}
                sets the collector
                \(on)
                record  [0]
                \(event)
                \(switched)
                "url": "https://telemetry.example/",
                == {"fields":{"timezone":"deny","versions":"coarsen"}}
                denies 1 field, coarsens 1 field
                \(on)
                record  [0]
                "timezone":null,"versions":{"serverless":"3"}}
                \(switched)
                "url": null,
                == {"consent":{"mode":"on","locked":false},"fields":{}}
                on, which a policy cannot say
                \(on)
                record  [0]
                \(event)
                \(switched)
                "url": null,
                == {"rate":{"eventsPerHour":0}}
                at most 0 events an hour
                \(on)
                record slstats record: 0 events an hour are recorded at most, says /etc/slstats/policy.json [75]
                \(switched)
                "url": null,
                == {"consent":{"mode":"maybe"}}
                off, because /etc/slstats/policy.json:1: something unknown at consent.mode: "maybe"
                \(off)
                record  [0]
                enable Telemetry is still off here, decided by policy. The administrator has to mend /etc/slstats/policy.json [0]
                disable Stats successfully disabled [0]
                "url": null,
                == {"surprise":true}
                off, because /etc/slstats/policy.json:1: something unknown at surprise: true
                \(off)
                record  [0]
                enable Telemetry is still off here, decided by policy. The administrator has to mend /etc/slstats/policy.json [0]
                disable Stats successfully disabled [0]
                "url": null,

                """)
    }

    @Test(
        "a catalogue file widens what can be recorded; one with a mistake, or that anybody could have written, stops the daemon [F042]"
    )
    func catalogue() async throws {
        let result = try await Self.run(
            #"""
            field='{"path":"acme.mode","type":"string","values":["fast"],"purpose":"w","example":"fast"}'
            echo "without: $(strict slstats record acme.mode=fast --strict)"
            stop
            write catalogue.d/acme.json "{\"product\":\"acme\",\"fields\":[$field]}"
            echo "with: $(strict slstats record acme.mode=fast --strict)"
            user slstats schema | sed -n '/^acme/s/  */ /gp'
            echo "policy: $(write policy.json '{"fields":{"acme":"deny"}}'; user slstats schema | sed -n '/^acme/s/  */ /gp')"
            rm /etc/slstats/policy.json
            write catalogue.d/beta.json '{"product": "beta",
            "fields": [{"path": "acme.mode"}]}'
            stop
            echo "mistake: $(strict slstats ping)"
            gone
            write catalogue.d/beta.json '{"product": "beta", "fields": []}'; chmod 666 /etc/slstats/catalogue.d/beta.json
            echo "not believed: $(strict slstats ping)"
            gone
            rm /etc/slstats/catalogue.d/beta.json
            user slstats ping > /dev/null
            """#)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                without: slstats record: event refused: acme is not in the catalogue [65]
                with:  [0]
                acme.mode fast w
                policy: acme.mode nothing w
                mistake: slstats: slstatsd cannot run: /etc/slstats/catalogue.d/beta.json:2: field acme.mode: no type; it takes one of string, integer, boolean, uuid, count, hash [69]
                not believed: slstats: slstatsd cannot run: /etc/slstats/catalogue.d/beta.json: /etc/slstats/catalogue.d/beta.json can be written by others than root, so it is not believed; as root: chown root /etc/slstats/catalogue.d /etc/slstats/catalogue.d/beta.json && chmod go-w /etc/slstats/catalogue.d /etc/slstats/catalogue.d/beta.json [69]

                """)
    }
}
