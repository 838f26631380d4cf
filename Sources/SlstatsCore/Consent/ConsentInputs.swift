// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsProtocol

/// Everything a decision rests on. Whoever has the same inputs gets the same decision.
package struct ConsentInputs: Sendable, Equatable {
    package var policy = Policy.missing
    package var facts = Facts()
    /// The caller's home is not the daemon's: its rc file was not looked at.
    package var isOtherHome = false
    package var rcFile = RcFile.Content.missing
    package var record = ConsentRecordFile.Content.record(ConsentRecord())
    /// The record could not be written: it holds as long as the daemon runs.
    package var isRecordUnsaved = false
    package var mode = ConsentMode.on

    /// Where these stand, for people.
    package struct Places: Sendable, Equatable {
        package var policy = "/etc/slstats/policy.json"
        package var rcFile = "~/.serverlessrc"
        package var record = "~/.local/state/slstats/consent.json"

        package init() {}
    }

    package var places = Places()

    package init() {}

    /// The user's own yes, which `ask` waits for.
    var hasSaidYes: Bool {
        if case .record(let record) = record { record.answer == .yes } else { false }
    }
}
