// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import OrderedJSON
import SlstatsClient
import Testing

@testable import slstats

@Suite("What people read")
struct CommandTextTests {
    @Test("status in words")
    func status() {
        let status: JSON = [
            "telemetry": ["enabled": true, "decidedBy": "default"],
            "events": [
                "recorded": 9, "pending": 2, "pendingBytes": 300, "sent": 4, "quarantined": 1,
                "dropped": ["telemetry-disabled": 2],
            ],
            "flush": ["lastAt": 1_000_000, "lastOutcome": "delivered\u{1b}[31m", "nextAt": 1_900_000],
            "collector": ["url": nil, "kind": nil], "spool": ["segments": 1, "bytes": 300, "maxBytes": 16_777_216],
            "daemon": ["version": "1.2.3", "pid": 77, "uptimeMs": 7_200_000, "socket": "/s", "rcFile": "/r"],
        ]

        #expect(
            Status.text(status, now: 1_060_000) == """
                Telemetry   on, decided by default
                Events      9 recorded, 2 pending, 4 sent, 1 in quarantine
                Dropped     2, telemetry-disabled
                Spool       300 of 16777216 bytes
                Collector   none: nothing leaves this machine
                Last flush  60 s ago, delivered[31m
                Next flush  in 14 min
                rc file     /r
                Daemon      1.2.3, pid 77, up 2 h
                Socket      /s
                """)
    }

    @Test("why marks the rule that decided, points out what people trip over, and names the way out [F037, F039]")
    func why() {
        let explanation: JSON = [
            "enabled": false, "decidedBy": "SLS_TELEMETRY_DISABLED",
            "rules": [
                ["rule": "SLS_TELEMETRY_DISABLED", "source": "environment", "value": "off", "decides": true],
                ["rule": "trackingDisabled", "source": "/home/u/.serverlessrc", "value": "false", "decides": false],
            ],
        ]
        let environment = CallerEnvironment { $0 == "SLS_TELEMETRY_DISABLED" ? "0" : nil }

        #expect(
            Why.text(explanation, environment) == """
                → SLS_TELEMETRY_DISABLED  environment            off
                  trackingDisabled        /home/u/.serverlessrc  false

                Telemetry is off, decided by SLS_TELEMETRY_DISABLED.
                SLS_TELEMETRY_DISABLED=0 counts as off: anything but an empty value does.
                Change it with: unset SLS_TELEMETRY_DISABLED
                """)
    }

    @Test(
        "exit codes follow sysexits",
        arguments: [
            (SlstatsClientError(.unreachable, ""), 69), (SlstatsClientError(.timedOut, ""), 69),
            (SlstatsClientError(.connectionLost, ""), 69), (SlstatsClientError(.tooLarge, ""), 65),
            (SlstatsClientError(.refused, reason: "event-refused", ""), 65),
            (SlstatsClientError(.refused, reason: "rc-file-unusable", ""), 65),
            (SlstatsClientError(.refused, reason: "spool-full", ""), 75),
            (SlstatsClientError(.refused, reason: "unknown-method", ""), 70),
        ] as [(SlstatsClientError, Int32)])
    func exitCodes(_ error: SlstatsClientError, _ code: Int32) {
        #expect(ExitStatus(error).rawValue == code)
    }

    @Test("both switches together are a usage error")
    func bothSwitches() {
        #expect(throws: (any Error).self) { try Slstats.parseAsRoot(["--enable", "--disable"]) }
        #expect(throws: Never.self) { try Slstats.parseAsRoot(["-d"]) }
    }

    @Test(
        "help names every command", arguments: ["record", "notifications", "status", "why", "pending", "flush", "ping"])
    func help(_ command: String) {
        #expect(Slstats.helpMessage().contains("  \(command) "))
    }

    @Test("completions know the commands", arguments: [CompletionShell.bash, .zsh, .fish])
    func completions(_ shell: CompletionShell) {
        #expect(Slstats.completionScript(for: shell).contains("notifications"))
    }
}
