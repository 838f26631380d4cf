// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("The disclosure, as people meet it")
struct DisclosureProgramTests {
    private static let prelude = #"""
        set -u
        \#(Sandbox.collect)
        collect
        export SLSTATS_CONSENT_DISCLOSURE=required
        # terminal COMMAND: what somebody on a terminal sees; util-linux' script gives it one.
        terminal() { script -qec "$1" /dev/null < /dev/null | tr -d '\r' | grep -c '^Command line tools on this machine'; }
        events() { sqlite3 data/events.sqlite 'SELECT COUNT(*) FROM event'; }
        finish() { kill $collector "$(slstats status --json | sed -n 's/^ *"pid": \([0-9]*\),*/\1/p')"; }

        """#

    private func run(_ script: String) async throws -> String {
        try await Sandbox.run { sandbox async throws in
            guard try await sandbox.run("bash", ["-c", "command -v sqlite3 && command -v script"]).status == 0 else {
                try Test.cancel("sqlite3 or script is missing: run make test")
            }
            let result = try await sandbox.run("timeout", ["60", "bash", "-c", Self.prelude + script + "\nfinish"])
            return result.output + result.errors
        }
    }

    @Test("a script is shown nothing, waits for nothing, and sends nothing, whatever it runs [F176]")
    func script() async throws {
        let output = try await run(
            #"""
            slstats record deploy; slstats record info --strict
            for command in notifications status why schema pending ping disclosure; do
                slstats $command > /dev/null 2> noise < /dev/null || echo "$command failed"
                [ ! -s noise ] || cat noise
            done
            slstats flush < /dev/null
            slstats --enable > /dev/null 2>&1 < /dev/null
            echo "$(CI=1 terminal 'slstats status; slstats notifications; slstats disclosure >&2') shown to a CI job"
            slstats flush < /dev/null
            echo "$(events) in the collector"
            slstats status | sed -n 's/^Disclosure *//p'
            """#)
        #expect(
            output == """
                0 delivered, 2 pending: waits until somebody has been told: slstats disclosure
                1 shown to a CI job
                0 delivered, 2 pending: waits until somebody has been told: slstats disclosure
                0 in the collector
                not shown yet, and nothing leaves before: slstats disclosure

                """)
    }

    @Test(
        "the first command on a terminal shows it, once, whichever it is; then events go [F176]",
        arguments: [
            "slstats notifications", "slstats status", "slstats disclosure", "SLS_NOTIFICATIONS_MODE=off slstats why",
            "slstats pending", "slstats flush", "slstats notifications list", "slstats notifications ack X",
        ])
    func terminal(_ command: String) async throws {
        let output = try await run(
            """
            slstats record info --strict
            echo "$(terminal '\(command)') shown"
            echo "$(terminal 'slstats status; slstats notifications; slstats why') shown again"
            until slstats flush > /dev/null; do :; done
            echo "$(events) in the collector"
            """)
        #expect(output == "1 shown\n0 shown again\n1 in the collector\n")
    }

    @Test(
        "with ask nothing is even recorded before the yes, and a yes is told what it says yes to, on a terminal or not")
    func ask() async throws {
        let output = try await run(
            #"""
            export SLSTATS_CONSENT_MODE=ask
            slstats record info --strict
            echo "$(terminal 'slstats status; slstats notifications') shown"
            slstats flush
            slstats --enable 2>&1 | grep -c 'Command line tools on this machine'
            slstats record info --strict
            slstats flush --timeout 60
            echo "$(events) in the collector"
            """#)
        #expect(
            output == """
                0 shown
                0 delivered, 0 pending: telemetry is off
                1
                1 delivered, 0 pending: delivered
                1 in the collector

                """)
    }
}
