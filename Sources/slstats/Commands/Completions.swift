// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// A script that teaches a shell our words.
struct Completions: ParsableCommand {
    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    static let configuration = CommandConfiguration(
        abstract: "Print the completion script for a shell.",
        discussion: "For bash: slstats completions bash > ~/.local/share/bash-completion/completions/slstats")

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let target: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        guard Output.data(Slstats.completionScript(for: target) + "\n") else {
            throw ExitCode(ExitStatus.tryLater.rawValue)
        }
    }
}
