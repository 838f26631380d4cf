// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// `slstats notifications`: claims the notification to show now and prints its message, or nothing.
struct NotificationsRun: Equatable {
    var isPeek = false
    /// What asks; `nil` if it does not say.
    var caller: Product?
    /// From a shell's prompt (`slstats hook`): silent wherever nobody sits in front of it.
    var isAtPrompt = false
    var isJSON = false

    func run(_ environment: CallerEnvironment) -> ExitStatus {
        let isOnTerminal = isatty(STDOUT_FILENO) == 1
        if isAtPrompt, !isOnTerminal || CIDetection(environment).isCI { return .success }
        do {
            let client = try SlstatsClient(
                environment: environment, launcher: .besideThisProgram(), deadline: environment.deadline)
            let notification = try client.claim(isPeek: isPeek, caller: caller)
            if isJSON { return print(["notification": notification.map(\.json) ?? .null]) }
            guard let notification else { return .success }
            let text = Self.text(notification, columns: isOnTerminal ? Output.columns(STDOUT_FILENO) : nil)
            return Output.data(text) ? .success : .tryLater
        } catch {
            // Inside other people's commands nobody wants to read about our daemon.
            if !isAtPrompt, isOnTerminal, isatty(STDERR_FILENO) == 1 {
                Output.message("slstats notifications: \(error)")
            }
            return isAtPrompt ? .success : ExitStatus(error)
        }
    }

    /// - Parameter columns: of the terminal; `nil` where lines may be as long as they are.
    static func text(_ notification: Notification, columns: Int?) -> String {
        var text = PrintableText.notice(notification.message)
        if let columns { text = PrintableText.wrap(text, columns: columns) }
        // Not broken: a terminal takes half a link for another one.
        if let link = notification.link { text += "\n" + link }
        return text + "\n"
    }

    private func print(_ json: JSON) -> ExitStatus {
        Output.data(PrintableText.escapeJSON(json.serialized()) + "\n") ? .success : .tryLater
    }
}
