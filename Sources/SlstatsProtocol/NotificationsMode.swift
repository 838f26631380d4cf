// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Which notifications a caller wants to see: `SLS_NOTIFICATIONS_MODE` (serverless-semantics, section 4.8).
package enum NotificationsMode: String, CaseIterable, Sendable {
    case off
    case upgradesOnly = "upgrades-only"
    case on
    case force

    /// What the variable means. `nil` is unset; the empty string is off, as in the original, where it converts to 0.
    package init(variable: String?, isCI: Bool) {
        let fallback: NotificationsMode = isCI ? .upgradesOnly : .on
        guard let variable else {
            self = fallback
            return
        }
        if let number = JavaScriptNumber.convert(variable) {
            self = number >= 0 && number <= 3 && number == number.rounded() ? Self.allCases[Int(number)] : fallback
        } else {
            self = NotificationsMode(rawValue: variable) ?? fallback
        }
    }
}
