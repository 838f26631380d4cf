// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// What people are told before anything leaves.
struct Disclose: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disclosure",
        abstract: "Show what is told before anything leaves, and let it leave from then on.",
        discussion: """
            On a terminal this counts as having been told. A CLI that has shown the text itself says so with --shown.
            """)

    @Flag(help: "It was shown: do not print it, and let events leave.")
    var shown = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try Self.ask(client, way: shown ? "told" : nil)
        if output.json { return try client.print(answer) }
        guard !shown else { return }
        guard let text = answer["text"]?.string else {
            return try client.print("There is no collector: nothing leaves this machine.")
        }
        try client.print(PrintableText.notice(text))
        if isatty(STDOUT_FILENO) == 1, !client.isCI { _ = try Self.ask(client, way: "command") }
    }

    /// - Parameter way: how it was shown, if it was.
    private static func ask(_ client: CommandClient, way: String?) throws(SlstatsClientError) -> JSON {
        try client.call(.disclosure) { writer in
            writer.beginObject()
            if let way {
                writer.key("shown")
                writer.string(way)
            }
            writer.endObject()
        }
    }

    /// Called behind every command that people type: whoever sits there is told, once, on stderr, and that is noted
    /// then. What goes wrong with it is no failure of their command.
    ///
    /// - Parameter isAnswer: the command was `--enable`. Where consent is asked for that is the answer, on a terminal or
    ///   not; elsewhere a script that says it tells nobody.
    static func showIfDue(isAnswer: Bool) {
        let isSeen = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
        guard isAnswer || isSeen, let client = try? CommandClient(), isAnswer || !client.isCI,
            let status = try? client.callWithFacts(.status), let disclosure = status["disclosure"],
            disclosure["isDue"]?.bool == true, status["telemetry"]?["enabled"]?.bool == true,
            isSeen && !client.isCI || disclosure["isConsentAsked"]?.bool == true,
            let text = (try? ask(client, way: nil))?["text"]?.string
        else { return }
        Output.message(PrintableText.notice(text))
        _ = try? ask(client, way: isAnswer ? "enabled" : "command")
    }
}
