// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// The root: the seed's switch, and the doors to everything else.
struct Slstats: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slstats",
        abstract: "Anonymous, optional telemetry and notifications of command line tools.",
        discussion: """
            Telemetry is off while SLS_TELEMETRY_DISABLED is set, or for good after slstats --disable. \
            slstats why tells what decides, slstats pending shows what would be sent.
            """,
        version: SlstatsVersion.current,
        subcommands: [
            Record.self, Notifications.self, Status.self, Why.self, Schema.self, Disclose.self, Pending.self,
            Flush.self, HoldCommand.self, Release.self, Drop.self, Sent.self, ID.self, Import.self,
            Ping.self, Hook.self, Completions.self,
        ])

    @Flag(name: [.customShort("e"), .long], help: "Turn telemetry on, for all commands of all shells.")
    var enable = false

    @Flag(
        name: [.customShort("d"), .long],
        help: "Turn telemetry off, for all commands of all shells, and discard what was not sent.")
    var disable = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if enable && disable { throw ValidationError("--enable and --disable exclude each other.") }
    }

    func run() throws {
        guard enable || disable else { throw CleanExit.helpRequest(self) }
        let client = try CommandClient()
        let result = try client.client.switchTelemetry(enabled: enable)
        if output.json {
            try client.print(result)
        } else {
            Output.message("Stats successfully \(enable ? "enabled" : "disabled")")
            if enable { try warnIfStillOff(client) }
        }
    }

    /// A yes is one word among several, and any no wins.
    private func warnIfStillOff(_ client: CommandClient) throws {
        let explanation = try client.callWithFacts(.explainTelemetry)
        guard explanation["enabled"]?.bool == false else { return }
        let rule = explanation["decidedBy"]?.string ?? "?"
        let mend = explanation["mend"]?.string ?? ""
        Output.message(PrintableText.sanitize("Telemetry is still off here, decided by \(rule). \(mend)"))
    }

    /// Parses the untouched arguments and runs what they ask for.
    ///
    /// `record` is silent even about arguments it cannot understand, unless it was told to be strict.
    static func run(_ arguments: [String]) -> Never {
        do {
            var command = try parseAsRoot(arguments)
            // Behind what the command says, also behind one that has not done what it was asked for.
            let outcome = Result { try command.run() }
            if let command = command as? any CommandForPeople {
                Disclose.showIfDue(isAnswer: (command as? Slstats)?.enable == true)
            }
            try outcome.get()
            Glibc.exit(ExitStatus.success.rawValue)
        } catch let error as SlstatsClientError {
            Output.message("slstats: \(error)")
            Glibc.exit(ExitStatus(error).rawValue)
        } catch {
            let isSilent = arguments.first == "record" && !arguments.contains("--strict")
            if isSilent, exitCode(for: error) == .validationFailure { Glibc.exit(ExitStatus.success.rawValue) }
            exit(withError: error)
        }
    }
}

/// Whoever types one of these on a terminal is told what leaves the machine, before it does.
protocol CommandForPeople {}
extension Slstats: CommandForPeople {}
extension Status: CommandForPeople {}
extension Why: CommandForPeople {}
extension Schema: CommandForPeople {}
extension Pending: CommandForPeople {}
extension Sent: CommandForPeople {}
extension HoldCommand: CommandForPeople {}
extension Release: CommandForPeople {}
extension Drop: CommandForPeople {}
extension ID: CommandForPeople {}
extension RotateID: CommandForPeople {}
extension VerifySent: CommandForPeople {}
extension Flush: CommandForPeople {}
extension Import: CommandForPeople {}
extension Ping: CommandForPeople {}
extension ListNotifications: CommandForPeople {}
extension AcknowledgeNotification: CommandForPeople {}
extension SnoozeNotification: CommandForPeople {}
extension ResetNotification: CommandForPeople {}

/// What every command understands.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document, whose keys are a contract.")
    var json = false
}
