// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import SlstatsCollector

/// Where the events are.
struct DatabaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The folder of the database; made if it is not there.", valueName: "dir"))
    var data: String

    var path: String { data + "/events.sqlite" }

    func open() throws -> EventStore {
        // Everybody's events are nobody else's business.
        umask(0o077)
        try FileManager.default.createDirectory(
            atPath: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return try EventStore(path: path)
    }

    func openForReading() throws -> EventStore {
        umask(0o077)
        return try EventStore(reading: path)
    }
}

/// `90d`, `12h`, `30m`, `45s`.
struct Age: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let unit = argument.last, let number = Int(argument.dropLast()), 1...100_000 ~= number else { return nil }
        switch unit {
        case "d": duration = .seconds(number * 86_400)
        case "h": duration = .seconds(number * 3600)
        case "m": duration = .seconds(number * 60)
        case "s": duration = .seconds(number)
        default: return nil
        }
    }
}
