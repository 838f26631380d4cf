// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsClient

/// The two commands that run inside other people's commands, however they were parsed.
enum HotCommand: Equatable {
    case record(RecordInput)
    case notifications(NotificationsRun)

    func run(environment: CallerEnvironment) -> ExitStatus {
        switch self {
        case .record(let input): RecordRun(input: input).run(environment)
        case .notifications(let run): run.run(environment)
        }
    }
}
