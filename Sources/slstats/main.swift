// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsClient

// The hot verbs first. They either understand every word or leave the arguments untouched to the full parser, which
// has help, completions and errors, and costs twice as much as the whole request (architecture.md, section 4).

// A reader that went away is an exit code, not a signal.
signal(SIGPIPE, SIG_IGN)

guard let arguments = ProgramArguments.read() else {
    ProgramArguments.refuseEncoding()
}
switch FastPath(arguments) {
case .handle(let command): exit(command.run(environment: .process).rawValue)
case .decline: Slstats.run(arguments)
}
