// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

extension Store {
    func acknowledgeNotification(_ code: String) throws(ProtocolError) -> JSON {
        try change(code) { store throws(FileError) in
            try store.preferences.acknowledge(code, at: store.clock.milliseconds)
        }
    }

    /// - Parameter duration: milliseconds from now.
    func snoozeNotification(_ code: String, for duration: Int64) throws(ProtocolError) -> JSON {
        try change(code) { store throws(FileError) in
            let now = store.clock.milliseconds
            try store.preferences.snooze(code, until: now + duration, now: now)
        }
    }

    func resetNotification(_ code: String) throws(ProtocolError) -> JSON {
        try change(code) { store throws(FileError) in try store.preferences.reset(code) }
    }

    private func change(
        _ code: String, _ body: (isolated Store) throws(FileError) -> Void
    ) throws(ProtocolError) -> JSON {
        do throws(FileError) { try body(self) } catch {
            throw ProtocolError(.refused, .stateUnavailable, "nothing is remembered of \(code): \(error)")
        }
        schedulePrompt(isNew: true)
        return [
            "code": .string(code), "isKnown": .bool(allNotifications.contains { $0.code == code }),
            "acknowledgedAt": JSON(preferences.acknowledged[code]), "snoozedUntil": JSON(preferences.snoozed[code]),
        ]
    }

    /// What is known, and from where: the answer to `notifications.list`; without the entries a part of `status`.
    func notificationsStatus(_ facts: Facts, isWhole: Bool) -> JSON {
        var status = JSONObject()
        if isWhole {
            refreshFeed(facts)
            var history = history(of: facts.stage)
            _ = history.clamp(to: clock.milliseconds)
            status["notifications"] = .array(
                (feed?.list.notifications ?? []).map { entry($0, source: "feed", history) }
                    + notifications.list.notifications.map { entry($0, source: "collector", history) })
        } else {
            status["known"] = JSON(allNotifications.count)
        }
        status["skipped"] = JSON(notifications.list.skippedCount + (feed?.list.skippedCount ?? 0))
        status["feed"] =
            feed.map { feed in
                [
                    "place": .string(feed.source.place), "isSigned": .bool(feed.source.publicKey != nil),
                    "sequence": JSON(feed.sequence), "checkedAt": JSON(feed.checkedAt),
                    "problem": JSON(feed.problem),
                ]
            } ?? .null
        return .object(status)
    }

    /// So that the longest list fits into one answer.
    private static var maximumListedLetters: Int { 1000 }

    private func entry(_ notification: Notification, source: String, _ history: DisplayHistory) -> JSON {
        guard case .object(var object) = notification.json else { return notification.json }
        let code = notification.code
        object["message"] = .string(
            String(PrintableText.sanitize(notification.message).prefix(Self.maximumListedLetters)))
        object["source"] = .string(source)
        object["lastShownAt"] = JSON(history.lastShown(code))
        object["nextAt"] = JSON(nextDisplay(of: notification, history))
        object["acknowledgedAt"] = JSON(preferences.acknowledged[code])
        object["snoozedUntil"] = JSON(preferences.snoozed[code])
        return .object(object)
    }

    /// Unix milliseconds, now at the earliest; `nil` for one that will not be shown.
    private func nextDisplay(of notification: Notification, _ history: DisplayHistory) -> Int64? {
        let (code, now) = (notification.code, clock.milliseconds)
        guard preferences.acknowledged[code] == nil else { return nil }
        let moments = [
            now, NotificationSelection.nextDisplay(of: notification, history) ?? 0, notification.notBefore ?? 0,
            preferences.snoozed[code] ?? 0,
        ]
        let next = moments.max() ?? now
        return notification.expires.map { next < $0 } ?? true ? next : nil
    }
}
