// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// On or off and why, what waits, what went.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whether telemetry is on, and what became of events.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let status = try client.callWithFacts(.status)
        try output.json
            ? client.print(status)
            : client.print(
                Self.text(status, now: Self.now(), warning: CallerEnvironment.process.surroundings.passedOver))
    }

    /// Unix milliseconds.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// - Parameters:
    ///   - now: Unix milliseconds.
    ///   - warning: why the socket is not where this shell says.
    static func text(_ status: JSON, now: Int64, warning: String? = nil) -> String {
        func number(_ section: String, _ key: String) -> Int64 { status[section]?[key]?.integer ?? 0 }
        func string(_ section: String, _ key: String) -> String? { status[section]?[key]?.string }
        let isEnabled = status["telemetry"]?["enabled"]?.bool == true
        let flush = status["flush"]
        var rows: [(String, String)] = [
            ("Telemetry", "\(isEnabled ? "on" : "off"), decided by \(string("telemetry", "decidedBy") ?? "?")")
        ]
        if let state = string("policy", "state"), state != "missing" {
            rows.append(("Policy", "\(state): \(string("policy", "problem") ?? string("policy", "path") ?? "?")"))
        }
        if status["disclosure"]?["isDue"]?.bool == true {
            rows.append(("Disclosure", "not shown yet, and nothing leaves before: slstats disclosure"))
        }
        if let since = status["hold"]?["since"]?.integer {
            rows.append(("Held", "for \(Interval(now - since)), and nothing leaves before: slstats release"))
        }
        rows += [
            (
                "Events",
                "\(number("events", "recorded")) recorded, \(number("events", "pending")) pending, "
                    + "\(number("events", "sent")) sent, \(number("events", "quarantined")) in quarantine"
            )
        ]
        for member in status["events"]?["dropped"]?.object?.members ?? [] {
            rows.append(("Dropped", "\(member.value.integer ?? 0), \(member.key)"))
        }
        for member in status["events"]?["refused"]?.object?.members ?? [] {
            rows.append(("Refused", "\(member.value.integer ?? 0), \(member.key)"))
        }
        rows += [
            ("Spool", "\(number("spool", "bytes")) of \(number("spool", "maxBytes")) bytes")
        ]
        if let problem = string("sent", "problem") { rows.append(("Problem", "what left is not kept: \(problem)")) }
        if let problem = string("spool", "problem") { rows.append(("Problem", problem)) }
        rows += [
            ("Collector", string("collector", "url") ?? "none: nothing leaves this machine"),
            (
                "Last flush",
                flush?["lastAt"]?.integer.map { "\(Interval(now - $0)) ago, \(flush?["lastOutcome"]?.string ?? "?")" }
                    ?? "never"
            ),
            ("Next flush", flush?["nextAt"]?.integer.map { "in \(Interval(max(0, $0 - now)))" } ?? "none due"),
        ]
        if let feed = status["notifications"]?["feed"], feed != .null {
            let problem = feed["problem"]?.string.map { "not taken: " + $0 }
            rows.append(
                ("Feed", problem ?? "\(feed["place"]?.string ?? "?"), \(number("notifications", "known")) known"))
        }
        rows.append(("rc file", string("daemon", "rcFile") ?? "none"))
        if let problem = string("rcFile", "problem") { rows.append(("Problem", problem)) }
        if let mend = string("rcFile", "mend") { rows.append(("", mend)) }
        for warning in status["rcFile"]?["warnings"]?.array ?? [] { rows.append(("Warning", warning.string ?? "")) }
        rows += [
            (
                "Daemon",
                "\(string("daemon", "version") ?? "?"), pid \(number("daemon", "pid")), "
                    + "up \(Interval(number("daemon", "uptimeMs")))"
            ),
            ("Socket", string("daemon", "socket") ?? "?"),
        ]
        if let warning { rows.append(("Warning", warning)) }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, value in
            let line = name + String(repeating: " ", count: width - name.count + 2) + value
            return PrintableText.sanitizeLine(line)
        }.joined(separator: "\n")
    }
}

/// Milliseconds in the unit a person would choose.
struct Interval: CustomStringConvertible {
    let description: String

    init(_ milliseconds: Int64) {
        let seconds = milliseconds / 1000
        description =
            switch seconds {
            case ..<1: "\(max(0, milliseconds)) ms"
            case ..<120: "\(seconds) s"
            case ..<7200: "\(seconds / 60) min"
            case ..<172_800: "\(seconds / 3600) h"
            default: "\(seconds / 86400) days"
            }
    }
}
