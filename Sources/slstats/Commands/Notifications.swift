// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import SlstatsClient

/// The full form of the second hot verb.
struct Notifications: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Claim the notification to show now, and print its message.",
        discussion: "SLS_NOTIFICATIONS_MODE is off, upgrades-only, on or force; in CI the default is upgrades-only.")

    @Flag(help: "Show it without claiming it.")
    var peek = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let status = NotificationsRun(isPeek: peek, isJSON: output.json).run(.process)
        if status != .success { throw ExitCode(status.rawValue) }
    }
}
