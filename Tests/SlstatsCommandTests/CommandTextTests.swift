// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import OrderedJSON
import SlstatsClient
import SlstatsProtocol
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
            "mend": "Change it with: unset SLS_TELEMETRY_DISABLED",
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

    @Test("a feed has a line in status, with its problem if it has one")
    func feedStatus() {
        func line(_ problem: JSON) -> String? {
            let status: JSON = [
                "notifications": ["known": 3, "skipped": 0, "feed": ["place": "https://x/feed", "problem": problem]]
            ]
            return Status.text(status, now: 0).split(separator: "\n").first { $0.hasPrefix("Feed") }.map(String.init)
        }
        #expect(line(nil) == "Feed        https://x/feed, 3 known")
        #expect(line("HTTP 404") == "Feed        not taken: HTTP 404")
    }

    @Test("the list says of each notice what became of it, and what comes")
    func list() {
        let answer: JSON = [
            "notifications": [
                ["code": "NEW", "message": "one\ntwo", "nextAt": 5],
                ["code": "SHOWN", "message": "m", "lastShownAt": 1_000_000, "nextAt": 87_400_000],
                ["code": "ACK", "message": "m", "acknowledgedAt": 1, "nextAt": nil],
                ["code": "LATER", "message": "m\u{1b}[0m", "snoozedUntil": 9_000_000, "nextAt": 9_000_000],
                ["code": "GONE", "message": "m", "nextAt": nil, "appliesTo": [["product": "p", "versions": "<3"]]],
            ]
        ]
        #expect(
            ListNotifications.text(answer, now: 1_060_000) == """
                NEW  not shown yet, due
                    one
                SHOWN  shown 60 s ago, next in 23 h
                    m
                ACK  not shown yet, acknowledged
                    m
                LATER  not shown yet, snoozed, next in 2 h
                    m[0m
                GONE  not shown yet, for p <3, not again
                    m
                """)
    }

    @Test("why --notifications says which mode holds and points out the empty variable [F022]")
    func whyNotifications() {
        func explain(_ variables: [String: String]) -> NotificationsModeExplanation {
            NotificationsModeExplanation(CallerEnvironment { variables[$0] })
        }
        let empty = explain(["SLS_NOTIFICATIONS_MODE": ""])
        #expect(
            empty.text == """
                → SLS_NOTIFICATIONS_MODE  environment  empty
                  CI                      environment  not detected
                  default                 built in     on

                Notifications are off, decided by SLS_NOTIFICATIONS_MODE.
                SLS_NOTIFICATIONS_MODE is set and empty, which counts as off; to be shown notifications: unset SLS_NOTIFICATIONS_MODE
                """)
        #expect(empty.json["mode"] == "off" && empty.json["decidedBy"] == "SLS_NOTIFICATIONS_MODE")
        let inCI = explain(["GITHUB_ACTIONS": "true"])
        #expect(inCI.decidedBy == "CI" && inCI.mode == .upgradesOnly)
        #expect(inCI.text.contains("→ CI                      environment  GitHub Actions: upgrades-only"))
        let wrong = explain(["SLS_NOTIFICATIONS_MODE": "ON"])
        #expect(wrong.decidedBy == "default" && wrong.text.contains("SLS_NOTIFICATIONS_MODE=ON is none of off,"))
        #expect(explain(["SLS_NOTIFICATIONS_MODE": "3"]).mode == .force)
    }

    @Test("a notice is broken to the terminal's width, its link is not")
    func notice() {
        let json: JSON = ["code": "A", "message": "one two\u{1b}[2J three\n\n", "link": "https://example.org/long"]
        let notification = SlstatsProtocol.Notification(json)
        #expect(
            notification.map { NotificationsRun.text($0, columns: 8) }
                == "one\ntwo[2J\nthree\nhttps://example.org/long\n")
        #expect(
            notification.map { NotificationsRun.text($0, columns: nil) }
                == "one two[2J three\nhttps://example.org/long\n")
    }

    @Test(
        "how long to snooze",
        arguments: [("90s", 90_000), ("15m", 900_000), ("12h", 43_200_000), ("7d", 604_800_000), ("2w", 1_209_600_000)])
    func durations(_ text: String, _ milliseconds: Int64) {
        #expect(SnoozeDuration(argument: text)?.milliseconds == milliseconds)
        for wrong in ["", "7", "d", "0d", "-1d", "1.5h", "7 d", "99999999d", "1y"] {
            #expect(SnoozeDuration(argument: wrong) == nil, "\(wrong)")
        }
    }
}
