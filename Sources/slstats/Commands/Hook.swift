// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import SlstatsClient
internal import SlstatsProtocol

/// Notices at the prompt instead of in a command's output.
struct Hook: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a snippet that shows a due notification before the next prompt.",
        discussion: """
            In ~/.bashrc: eval "$(slstats hook bash)"; in ~/.zshrc: eval "$(slstats hook zsh)"; in \
            ~/.config/fish/config.fish: slstats hook fish | source. With --remove it is taken away from a running shell.
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: Completions.Shell

    @Flag(help: "Print the snippet that takes it away again.")
    var remove = false

    func run() throws {
        let surroundings = CallerEnvironment.process.surroundings
        guard let state = SocketLocation.stateFolder(surroundings) else {
            throw ValidationError("There is no home to look for notifications in.")
        }
        let script = PromptHook(shell: shell, schedule: state + "/notifications-due")
        // The daemon writes that file when it starts. Where it never has, nobody else may ever start it.
        if !remove, access(script.schedule, F_OK) != 0 { _ = try? CommandClient().call(.hello) }
        guard Output.data(remove ? script.removal : script.installation) else {
            throw ExitCode(ExitStatus.tryLater.rawValue)
        }
    }
}
