// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import SlstatsCollector

/// What is in the database, for other programs; a collector may go on meanwhile.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the events, as NDJSON or CSV.")

    @OptionGroup
    var database: DatabaseOptions

    @Option(help: ArgumentHelp("ndjson: each event as it came; csv: its columns, and behind them the event."))
    var format = EventExport.ndjson

    @Option(help: ArgumentHelp("Those that came in within this time, such as 7d.", valueName: "duration"))
    var since: Age?

    func run() async throws {
        guard FileManager.default.fileExists(atPath: database.path) else {
            throw ValidationError("there is no \(database.path); a collector with this folder makes it.")
        }
        let moment = since.map { Int64((Date().timeIntervalSince1970 - Double($0.duration / .seconds(1))) * 1000) }
        let output = FileHandle.standardOutput
        let store = try database.openForReading()
        try await store.export(format, since: moment ?? 0) { line in try output.write(contentsOf: Data(line)) }
        try store.close()
    }
}

extension EventExport: ExpressibleByArgument {}
