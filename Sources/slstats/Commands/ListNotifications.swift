// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsProtocol

/// What is known, when it was shown, and when it will be.
struct ListNotifications: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the notifications that are known.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try client.callWithFacts(.listNotifications)
        guard !output.json else { return try client.print(answer) }
        let text = Self.text(answer, now: Status.now())
        if !text.isEmpty { try client.print(text) }
        if let problem = answer["feed"]?["problem"]?.string {
            Output.message(PrintableText.sanitizeLine("The feed was not taken: \(problem)"))
        }
    }

    /// Two lines each: the code with its times, and the beginning of the message.
    static func text(_ answer: JSON, now: Int64) -> String {
        (answer["notifications"]?.array ?? []).map { entry in
            let message = PrintableText.notice(entry["message"]?.string ?? "").split(separator: "\n").first ?? ""
            let isCut = message.count > maximumLetters
            let beginning = message.prefix(maximumLetters) + (isCut ? "…" : "")
            let code = PrintableText.sanitizeLine(entry["code"]?.string ?? "?")
            return "\(code)  \(times(entry, now: now))\n    \(beginning)"
        }.joined(separator: "\n")
    }

    private static let maximumLetters = 70

    private static func times(_ entry: JSON, now: Int64) -> String {
        var words = [entry["lastShownAt"]?.integer.map { "shown \(Interval(now - $0)) ago" } ?? "not shown yet"]
        for target in entry["appliesTo"]?.array ?? [] {
            let versions = target["versions"]?.string.map { " " + $0 } ?? ""
            words.append(PrintableText.sanitizeLine("for \(target["product"]?.string ?? "?")\(versions)"))
        }
        if entry["acknowledgedAt"]?.integer != nil {
            words.append("acknowledged")
        } else if let next = entry["nextAt"]?.integer {
            let isSnoozed = (entry["snoozedUntil"]?.integer ?? 0) > now
            words.append(next <= now ? "due" : (isSnoozed ? "snoozed, " : "") + "next in \(Interval(next - now))")
        } else {
            words.append("not again")
        }
        return words.joined(separator: ", ")
    }
}
