// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsProtocol

/// Never again.
struct AcknowledgeNotification: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Never show a notification again.")

    @OptionGroup var preference: NotificationPreference

    func run() throws { try preference.ask(.acknowledgeNotification) { _ in } }
}

/// Later.
struct SnoozeNotification: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snooze", abstract: "Do not show a notification for a while.")

    @OptionGroup var preference: NotificationPreference

    @Argument(help: ArgumentHelp("For how long: 90m, 12h or 7d.", valueName: "duration"))
    var duration: SnoozeDuration

    func run() throws {
        try preference.ask(.snoozeNotification) { writer in
            writer.key("forMs")
            writer.integer(Int(duration.milliseconds))
        }
    }
}

/// As if nothing had been said.
struct ResetNotification: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Take back ack and snooze of a notification.")

    @OptionGroup var preference: NotificationPreference

    func run() throws { try preference.ask(.resetNotification) { _ in } }
}

/// What the three of them have in common: a code, one request, one sentence.
struct NotificationPreference: ParsableArguments {
    @Argument(help: "As slstats notifications list prints it.")
    var code: String

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard 1...Notification.maximumCodeBytes ~= code.utf8.count else {
            throw ValidationError(
                "A code has 1 to \(Notification.maximumCodeBytes) bytes; slstats notifications list prints them.")
        }
    }

    func ask(_ method: Method, _ more: (inout JSONWriter) -> Void) throws {
        let client = try CommandClient()
        let result = try client.call(method) { writer in
            writer.beginObject()
            writer.key("code")
            writer.string(code)
            more(&writer)
            writer.endObject()
        }
        guard !output.json else { return try client.print(result) }
        Output.message(PrintableText.sanitizeLine(Self.text(result)))
        guard result["isKnown"]?.bool == true else {
            return Output.message("No notification has this code now; see: slstats notifications list")
        }
    }

    private static func text(_ result: JSON) -> String {
        let code = result["code"]?.string ?? "?"
        if result["acknowledgedAt"]?.integer != nil { return "\(code) will not be shown again" }
        guard let until = result["snoozedUntil"]?.integer else { return "\(code) will be shown when it is due" }
        return "\(code) will not be shown for \(Interval(until - Status.now() + 999))"
    }
}

/// `90m`, `12h`, `7d`.
struct SnoozeDuration: ExpressibleByArgument {
    let milliseconds: Int64

    init?(argument: String) {
        let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let unit = argument.last.flatMap({ seconds[$0] }), let count = Int64(argument.dropLast()),
            1...ProtocolLimits.maximumSnoozeMilliseconds / 1000 / unit ~= count
        else { return nil }
        milliseconds = count * unit * 1000
    }
}
