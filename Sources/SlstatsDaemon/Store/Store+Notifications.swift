// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

extension Store {
    private static var historyKey: String { "shownNotificationsHistory" }

    /// The notification to show now. Unless it is only a peek, the time of display is on disk before the answer, so that
    /// among callers that ask together one gets it.
    func claimNotification(_ facts: Facts, isPeek: Bool) -> Notification? {
        guard facts.notificationsMode != .off else { return nil }
        let now = clock.milliseconds
        let isRcFileUsable = readHistory()
        let isClamped = history.clamp(to: now)
        let choice = NotificationSelection.choose(
            from: notifications.notifications, history: history, mode: facts.notificationsMode, now: now)
        if let choice, !isPeek { history.show(choice.code, at: now) }
        if isClamped || (choice != nil && !isPeek), isRcFileUsable { writeHistory(shown: isPeek ? nil : choice?.code) }
        return choice
    }

    /// The rc file is the truth, shared with the original; while it cannot be used we go by memory.
    private func readHistory() -> Bool {
        switch rcFile.read() {
        case .usable(let json):
            history = DisplayHistory(json[Self.historyKey])
            history.merge(unsavedHistory)
        case .missing: break
        case .unusable: return false
        }
        return true
    }

    private func writeHistory(shown code: String?) {
        var change = RcFile.Change([Self.historyKey], history.json)
        if let code, let time = history.lastShown(code), case .usable(let json) = rcFile.read(),
            json[Self.historyKey]?.object != nil
        {
            // The others keep their bytes.
            change = RcFile.Change([Self.historyKey, code], JSON(time))
        }
        do throws(RcFileError) {
            try rcFile.set([change])
            unsavedHistory = DisplayHistory()
        } catch {
            unsavedHistory = history
            logger.warning("display time kept in memory only", metadata: ["error": "\(error)"])
        }
    }
}
