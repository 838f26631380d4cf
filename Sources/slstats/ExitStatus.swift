// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsClient
internal import SlstatsProtocol

/// The exit codes of interface.md, section 3; numbers from sysexits(3).
enum ExitStatus: Int32, CaseIterable {
    /// Also when telemetry is off.
    case success = 0
    case usage = 64
    case refused = 65
    case unreachable = 69
    case bug = 70
    case tryLater = 75

    init(_ error: SlstatsClientError) {
        self =
            switch error.code {
            case .unreachable, .timedOut, .connectionLost: .unreachable
            case .tooLarge: .refused
            case .refused:
                switch error.reason.flatMap(ProtocolError.Reason.init(rawValue:)) {
                case .rateLimited, .spoolFull, .spoolUnavailable, .stateUnavailable, .stopping: .tryLater
                case .cannotRun: .unreachable
                case .notJSON, .notARequest, .unknownMethod, .wrongParams: .bug
                // A newer daemon may have reasons of its own to refuse what it was given.
                case .tooLarge, .eventRefused, .rcFileUnusable, .lockedByPolicy, nil: .refused
                }
            }
    }
}
