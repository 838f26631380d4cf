// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsProtocol

/// Which notification is due: serverless-semantics, section 4.9, steps 2 to 6, as a pure function.
package enum NotificationSelection {
    /// - Parameters:
    ///   - caller: what asks; notices for others, and those for a product if it does not say, are left out.
    ///   - now: Unix milliseconds.
    /// - Returns: `nil` if there is nothing to show; recording the display is the caller's business.
    package static func choose(
        from list: [Notification], history: DisplayHistory, mode: NotificationsMode, caller: Product? = nil,
        preferences: NotificationPreferences? = nil, now: Int64
    ) -> Notification? {
        let visible = list.filter { notification in
            isVisible(notification, in: mode) && notification.isFor(caller, at: now)
                && preferences.map { $0.allows(notification.code, at: now) } ?? true
        }
        let sorted = stableSort(visible) { precedes($0, $1, history) }
        switch mode {
        case .off: return nil
        case .upgradesOnly, .on: return sorted.first { isDue($0, history, now) }
        case .force:
            return stableSort(sorted) { shown(earlier: $0, than: $1, history) }.first
        }
    }

    /// When a notification can be shown next, by its interval alone; `nil` for one that was never shown.
    package static func nextDisplay(of notification: Notification, _ history: DisplayHistory) -> Int64? {
        history.lastShown(notification.code).map { $0 + notification.visibilityInterval * 3_600_000 }
    }

    private static func isVisible(_ notification: Notification, in mode: NotificationsMode) -> Bool {
        switch mode {
        case .off: false
        case .upgradesOnly: ["OUTDATED_MINOR_VERSION", "OUTDATED_MAJOR_VERSION"].contains(notification.code)
        case .on, .force: true
        }
    }

    /// Rare notices first; those without an interval take turns.
    private static func precedes(_ a: Notification, _ b: Notification, _ history: DisplayHistory) -> Bool {
        guard a.visibilityInterval == 0, b.visibilityInterval == 0 else {
            return a.visibilityInterval > b.visibilityInterval
        }
        return (history.lastShown(a.code) ?? 0) < (history.lastShown(b.code) ?? 0)
    }

    private static func isDue(_ notification: Notification, _ history: DisplayHistory, _ now: Int64) -> Bool {
        guard notification.visibilityInterval > 0, let last = history.lastShown(notification.code) else { return true }
        return min(last, now) <= now - notification.visibilityInterval * 3_600_000
    }

    private static func shown(earlier a: Notification, than b: Notification, _ history: DisplayHistory) -> Bool {
        switch (history.lastShown(a.code), history.lastShown(b.code)) {
        case (nil, nil), (_?, nil): false
        case (nil, _?): true
        case (let a?, let b?): a < b
        }
    }

    /// The original relies on JavaScript's stable sort; Swift's promises nothing for equal elements.
    private static func stableSort(
        _ list: [Notification], by precedes: (Notification, Notification) -> Bool
    ) -> [Notification] {
        list.enumerated()
            .sorted { a, b in
                if precedes(a.element, b.element) { return true }
                if precedes(b.element, a.element) { return false }
                return a.offset < b.offset
            }
            .map(\.element)
    }
}
