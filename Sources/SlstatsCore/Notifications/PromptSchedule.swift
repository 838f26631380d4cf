// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsProtocol

/// When a shell's prompt should ask for a notice: what the hooks of `slstats hook` read before each prompt, instead of
/// starting a program each time.
package enum PromptSchedule {
    /// At a prompt nobody wants to read the same more than once a day, whatever its interval says.
    private static let shortestInterval: Int64 = 24 * 3_600_000

    /// - Returns: Unix milliseconds; `nil` if nothing is known that a prompt could show. Notices for a product are left
    ///   out: a prompt is none.
    package static func nextDisplay(
        of list: [Notification], history: DisplayHistory, preferences: NotificationPreferences, now: Int64
    ) -> Int64? {
        list.compactMap { notification in
            guard notification.targets.isEmpty, preferences.acknowledged[notification.code] == nil else { return nil }
            var moment = notification.notBefore ?? 0
            if let snoozed = preferences.snoozed[notification.code] { moment = max(moment, snoozed) }
            if let last = history.lastShown(notification.code) {
                let interval = max(notification.visibilityInterval * 3_600_000, shortestInterval)
                moment = max(moment, min(last, now) + interval)
            }
            guard notification.expires.map({ moment < $0 && now < $0 }) ?? true else { return nil }
            return moment
        }.min().map { max(0, $0) }
    }
}
