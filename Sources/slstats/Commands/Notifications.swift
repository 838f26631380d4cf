// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import SlstatsClient
internal import SlstatsProtocol

/// The full form of the second hot verb, and the door to what a user can do about notices.
struct Notifications: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Claim the notification to show now, and print its message.",
        discussion: """
            SLS_NOTIFICATIONS_MODE is off, upgrades-only, on or force; in CI the default is upgrades-only. \
            slstats why --notifications tells which it is and why.
            """,
        subcommands: [
            ListNotifications.self, AcknowledgeNotification.self, SnoozeNotification.self, ResetNotification.self,
        ])

    @Flag(help: "Show it without claiming it.")
    var peek = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "What asks: notices for other products and versions are left out.", valueName: "name@version"))
    var product: Product?

    @Flag(help: .hidden)
    var atPrompt = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let status = NotificationsRun(isPeek: peek, caller: product, isAtPrompt: atPrompt, isJSON: output.json)
            .run(.process)
        if status != .success { throw ExitCode(status.rawValue) }
    }
}

extension Product: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
