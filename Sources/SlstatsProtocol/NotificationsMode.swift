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
        self = Self.named(variable) ?? fallback
    }

    /// Whether the variable decides; otherwise it is as if it were not there.
    package static func isUnderstood(_ variable: String) -> Bool { named(variable) != nil }

    private static func named(_ variable: String) -> NotificationsMode? {
        guard let number = JavaScriptNumber.convert(variable) else { return NotificationsMode(rawValue: variable) }
        return number >= 0 && number <= 3 && number == number.rounded() ? allCases[Int(number)] : nil
    }
}
