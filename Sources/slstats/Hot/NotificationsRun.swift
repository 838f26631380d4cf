// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// `slstats notifications`: claims the notification to show now and prints its message, or nothing.
struct NotificationsRun {
    let isPeek: Bool
    var isJSON = false

    func run(_ environment: CallerEnvironment) -> ExitStatus {
        do {
            let client = try SlstatsClient(
                environment: environment, launcher: .besideThisProgram(), deadline: SlstatsClient.defaultDeadline)
            let notification = try client.claim(isPeek: isPeek)
            if isJSON { return print(["notification": notification.map(\.json) ?? .null]) }
            guard let notification else { return .success }
            let text = PrintableText.sanitize(notification.message)
            return Output.data(text.hasSuffix("\n") ? text : text + "\n") ? .success : .tryLater
        } catch {
            // Inside other people's commands nobody wants to read about our daemon.
            if isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
                Output.message("slstats notifications: \(error)")
            }
            return ExitStatus(error)
        }
    }

    private func print(_ json: JSON) -> ExitStatus {
        Output.data(json.serialized() + "\n") ? .success : .tryLater
    }
}
