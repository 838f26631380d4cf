// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
package import SlstatsProtocol

/// A list from the network or from a file of ours: each entry judged on its own, a bad one costs only itself.
package struct NotificationList: Sendable, Equatable {
    package private(set) var notifications: [Notification] = []
    /// Entries that are no notifications, and what was beyond the limit.
    package private(set) var skippedCount = 0

    package init() {}

    /// - Parameter json: an array, or an object with a member `notifications` that is one; `nil` for anything else.
    package init?(_ json: JSON) {
        guard let entries = json.array ?? json["notifications"]?.array else { return nil }
        notifications = Array(entries.lazy.compactMap(Notification.init).prefix(ProtocolLimits.maximumNotifications))
        skippedCount = entries.count - notifications.count
    }

    /// What was kept of a list in a file of ours; judged again, for the file could have been changed.
    init(kept json: JSON) {
        self = NotificationList(json) ?? NotificationList()
        skippedCount += Int(clamping: max(0, json["skipped"]?.integer ?? 0))
    }

    /// For ``init(kept:)``.
    var members: [(String, JSON)] {
        [("notifications", .array(notifications.map(\.json))), ("skipped", JSON(skippedCount))]
    }
}
