// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What reads bytes that somebody else has made: each a function that may end the process, which is a finding.
///
/// `make fuzz` looks for such bytes; the corpora beside it, and whatever was found once, run in `make test`.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case json
    case line
    case stream
    case segment
    case rcfile
    case notifications
    case catalogue
    case answer

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .json: readJSON(bytes)
        case .line: readLine(bytes)
        case .stream: readStream(bytes)
        case .segment: recoverSegments(bytes)
        case .rcfile: editRcFile(bytes)
        case .notifications: readNotifications(bytes)
        case .catalogue: readCatalogueFile(bytes)
        case .answer: readAnswer(bytes)
        }
    }
}

/// Says what was expected, and ends the process in a release build as well.
func demand(_ isSo: Bool, _ what: @autoclosure () -> String) {
    guard !isSo else { return }
    fatalError(what())
}
