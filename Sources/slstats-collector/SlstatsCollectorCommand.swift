// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import SlstatsProtocol

/// The receiving end, and what else its owner needs.
@main
struct SlstatsCollectorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slstats-collector",
        abstract: "Receives events from slstatsd and keeps them in SQLite.",
        discussion: """
            Give daemons the address it prints: SLSTATS_COLLECTOR_URL=http://127.0.0.1:8686/. \
            The events are in DIR/events.sqlite, table event.
            """,
        version: SlstatsVersion.current, subcommands: [Serve.self, Events.self, MakeKey.self, Sign.self],
        defaultSubcommand: Serve.self)
}
