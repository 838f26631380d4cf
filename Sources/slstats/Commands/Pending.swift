// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Exactly what the next flush would send.
struct Pending: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what would be sent next, one event a line.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        var events: [String] = []
        var start: Int64? = 0
        while let after = start {
            let (page, line) = try client.client.callKeepingLine(.pending) { writer in
                writer.beginObject()
                writer.key("after")
                writer.integer(after)
                writer.endObject()
            }
            // Byte for byte what is sent, not what we would have written.
            events += (try JSONCursor.rawElements(at: ["result", "events"], in: line)).map {
                String(decoding: $0, as: UTF8.self)
            }
            start = page["next"]?.integer
        }
        if output.json {
            try client.print(#"{"events":["# + events.joined(separator: ",") + "]}")
        } else if !events.isEmpty {
            try client.print(events.joined(separator: "\n"))
        }
    }
}
