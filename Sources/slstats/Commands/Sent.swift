// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// What has left this machine.
struct Sent: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what has left this machine, the last of it at the end.",
        discussion: """
            Each request is a file, which is named at the end of its line: what was answered, and below it what was sent, \
            byte for byte. They are kept for 30 days and up to 8 MiB (sent.maxAge, sent.maxBytes).
            """,
        subcommands: [VerifySent.self])

    @Option(name: .customLong("last"), help: ArgumentHelp("How many.", valueName: "number"))
    var count: Int = 20

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1000).contains(count) else { throw ValidationError("--last takes 1 to 1000.") }
    }

    func run() throws {
        let client = try CommandClient()
        let answer = try client.call(.sent) { writer in
            writer.beginObject()
            writer.key("last")
            writer.integer(count)
            writer.endObject()
        }
        if output.json { return try client.print(answer) }
        let entries = answer["entries"]?.array ?? []
        guard !entries.isEmpty else { return try client.print("Nothing has left, or nothing that is still kept.") }
        try client.print(entries.map(Self.line).joined(separator: "\n"))
    }

    /// `2026-11-26T16:20:00Z  3 events  412 bytes  HTTP 200  https://t.example/  /home/…/sent/….sent`.
    static func line(_ entry: JSON) -> String {
        func number(_ key: String) -> Int64 { entry[key]?.integer ?? 0 }
        let parts = [
            Timestamp.utc(number("at")), "\(number("events")) events", "\(number("bytes")) bytes",
            "HTTP \(number("status"))", entry["collector"]?.string ?? "?", entry["file"]?.string ?? "?",
        ]
        return PrintableText.sanitizeLine(parts.joined(separator: "  "))
    }
}

/// Whether the record is what it was.
struct VerifySent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Look whether anything of it was changed or taken out.",
        discussion: "Exit code 0: all is there as it was written. 65: it is not; each finding is a line.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try client.call(.verifySent, deadline: .seconds(60))
        let problems = answer["problems"]?.array ?? []
        if output.json {
            try client.print(answer)
        } else if problems.isEmpty {
            let entries = answer["entries"]?.integer ?? 0
            try client.print("\(entries) requests, \(answer["bytes"]?.integer ?? 0) bytes: as they were written")
        } else {
            try client.print(problems.map { PrintableText.sanitizeLine($0.string ?? "?") }.joined(separator: "\n"))
        }
        if !problems.isEmpty { throw ExitCode(ExitStatus.refused.rawValue) }
    }
}
