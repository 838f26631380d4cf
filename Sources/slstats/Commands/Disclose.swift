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
        let isRead = shown || isatty(STDOUT_FILENO) == 1 && !output.json
        let answer = try Self.ask(client, way: isRead ? (shown ? "told" : "command") : nil)
        if output.json { return try client.print(answer) }
        guard !shown else { return }
        let text = answer["text"]?.string ?? "There is no collector: nothing leaves this machine."
        try client.print(PrintableText.notice(text))
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

    /// Called behind every command that people type: whoever sits there is told, once, on stderr. What goes wrong with it
    /// is no failure of their command; where it cannot be noted nothing leaves, and nobody is told again and again.
    ///
    /// - Parameter isAnswer: the command was `--enable`, which says yes wherever it is run.
    static func showIfDue(isAnswer: Bool) {
        guard isAnswer || isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 else { return }
        guard let client = try? CommandClient(), let status = try? client.callWithFacts(.status),
            status["disclosure"]?["isDue"]?.bool == true, status["telemetry"]?["enabled"]?.bool == true,
            let text = (try? ask(client, way: isAnswer ? "enabled" : "command"))?["text"]?.string
        else { return }
        Output.message(PrintableText.notice(text))
    }
}
