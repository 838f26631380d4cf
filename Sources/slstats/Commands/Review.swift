// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Let nothing leave.
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Let nothing leave until slstats release.",
        discussion: "Events are recorded and wait, for as long and as many as the spool takes.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try client.call(.hold)
        try output.json
            ? client.print(answer) : client.print("Held, \(answer["pending"]?.integer ?? 0) pending: slstats release")
    }
}

/// Let go what was held.
struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let go what slstats hold has held.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try client.call(.release)
        try output.json ? client.print(answer) : client.print("Released, \(answer["pending"]?.integer ?? 0) pending")
    }
}

/// Throw away what is pending, or some of it.
struct Drop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Throw pending events away: those with these ids, or all.",
        discussion: """
            slstats pending shows them with their ids. Exit code 65: some of them are not pending, or are being sent; each \
            is named.
            """)

    @Argument(help: ArgumentHelp("Of events.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "All that is pending.")
    var all = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard ids.isEmpty == all else { throw ValidationError("Give the ids of events, or --all.") }
        guard ids.count <= 1000 else { throw ValidationError("At most 1000 ids at once.") }
        if let wrong = ids.first(where: { EventID($0) == nil }) {
            throw ValidationError("\(wrong) is no id of an event.")
        }
    }

    func run() throws {
        let client = try CommandClient()
        let answer = try client.call(.drop, deadline: .seconds(30)) { writer in
            writer.beginObject()
            if all {
                writer.key("all")
                writer.value(true)
            } else {
                writer.key("ids")
                writer.value(.array(ids.map(JSON.string)))
            }
            writer.endObject()
        }
        let missing = answer["notFound"]?.array ?? []
        let sending = answer["sending"]?.array ?? []
        if output.json {
            try client.print(answer)
        } else {
            try client.print("\(answer["dropped"]?.integer ?? 0) dropped")
            for id in missing { Output.message("\(id.string ?? "?") is not pending: slstats sent") }
            for id in sending {
                Output.message("\(id.string ?? "?") has left, or is being sent with its batch: slstats sent")
            }
        }
        if !missing.isEmpty || !sending.isEmpty { throw ExitCode(ExitStatus.refused.rawValue) }
    }
}

/// By what a collector can tell this installation from others.
struct ID: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "id", abstract: "Show the random id of this installation.",
        discussion: "It stands in the rc file as frameworkId, and says nothing of the machine or of who uses it.",
        subcommands: [RotateID.self])

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try client.callWithFacts(.id)
        if output.json { return try client.print(answer) }
        let file = answer["rcFile"]?.string ?? "the rc file"
        try client.print(PrintableText.sanitizeLine(answer["id"]?.string ?? "There is none in \(file)."))
    }
}

/// Nobody can connect what comes with what was.
struct RotateID: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Make it anew, and the key of keyed hashes with it.",
        discussion: "What comes from then on cannot be told to be of the same installation, or of the same projects.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let answer = try client.callWithFacts(.rotateID)
        if output.json { return try client.print(answer) }
        try client.print(PrintableText.sanitizeLine(answer["id"]?.string ?? "The key is new; there is no id."))
    }
}
