// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// The catalogue: every field that may be recorded, and what is kept of it.
struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List every field that may be recorded, what is kept of it, and what for.")

    @Flag(help: "Print a table in Markdown.")
    var markdown = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if markdown && output.json { throw ValidationError("--markdown and --json exclude each other.") }
    }

    func run() throws {
        let client = try CommandClient()
        let schema = try client.call(.schema)
        if output.json { return try client.print(schema) }
        try client.print(markdown ? Self.markdown(schema) : Self.text(schema))
    }

    /// One line a field, in columns.
    static func text(_ schema: JSON) -> String {
        let rows = (schema["fields"]?.array ?? []).map { field in
            [text(field, "field"), plain(text(field, "kept")), text(field, "purpose")]
        }
        let widths = [0, 1].map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let columns = [0, 1].map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            return PrintableText.sanitizeLine((columns + [row[2]]).joined(separator: "  "))
        }.joined(separator: "\n")
    }

    static func markdown(_ schema: JSON) -> String {
        let rows = (schema["fields"]?.array ?? []).map { field in
            let example = (field["example"] ?? .null).serialized()
            let cells = ["`\(text(field, "field"))`", text(field, "kept"), text(field, "purpose"), "`\(example)`"]
            return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
        }
        let lines = ["| Field | What is kept | What for | For example |", "|---|---|---|---|"] + rows
        return lines.map(PrintableText.sanitizeLine).joined(separator: "\n")
    }

    private static func text(_ field: JSON, _ key: String) -> String { field[key]?.string ?? "" }
    private static func plain(_ text: String) -> String { text.replacing("`", with: "") }
}
