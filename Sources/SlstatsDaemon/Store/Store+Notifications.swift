// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// A notification that was given to a caller, and what its history was before.
struct NotificationReceipt: Sendable {
    let code: String
    let shownAt: Int64
    let shownBefore: Int64?
    let facts: Facts
}

extension Store {
    /// The notification to show now. Unless it is only a peek, the time of display is on disk before the answer, so that
    /// among callers that ask together one gets it.
    func claimNotification(
        _ facts: Facts, caller: Product?, isPeek: Bool
    ) -> (notification: Notification, receipt: NotificationReceipt?)? {
        refreshFeed(facts)
        guard facts.notificationsMode != .off else { return nil }
        if let claim = claimDisclosure(facts, isPeek: isPeek) { return claim }
        let now = clock.milliseconds
        var history = history(of: facts.stage)
        let isMended = history.clamp(to: now)
        let choice = NotificationSelection.choose(
            from: notifications(for: caller, at: now), history: history, mode: facts.notificationsMode, caller: caller,
            preferences: preferences, now: now)
        guard let choice, !isPeek else {
            // Once, or the time would go along with the clock.
            if isMended, !isPeek { save(history, facts) }
            schedulePrompt()
            return choice.map { ($0, nil) }
        }
        let receipt = NotificationReceipt(
            code: choice.code, shownAt: now, shownBefore: history.lastShown(choice.code), facts: facts)
        history.show(choice.code, at: now)
        save(history, facts)
        schedulePrompt(isNew: true)
        return (choice, receipt)
    }

    /// Whoever claimed it is gone and has not read it: the next one gets it, unless somebody has been given it since.
    func giveBack(_ receipt: NotificationReceipt) {
        guard receipt.code != Disclosure.code else { return giveBackDisclosure() }
        var history = history(of: receipt.facts.stage)
        guard history.lastShown(receipt.code) == receipt.shownAt else { return }
        history.giveBack(receipt.code, to: receipt.shownBefore)
        save(history, receipt.facts)
        schedulePrompt(isNew: true)
    }

    // MARK: - When each was shown

    /// The rc file is the truth, shared with the original; our own record holds what it could not be told.
    func history(of stage: PlatformStage) -> DisplayHistory {
        var history = ownHistory[stage]
        if case .usable(let members) = consent.readRcFile(stage) {
            history.merge(DisplayHistory(members.displayHistory))
        }
        return history
    }

    /// Into the rc file. Into our own record where something else stands in the history's place, which is not ours to
    /// throw away, where the file cannot be changed, and where telemetry is off and a file would have to be made: it
    /// would give the machine an id that nobody has asked for.
    private func save(_ history: DisplayHistory, _ facts: Facts) {
        let isKept: Bool
        switch consent.readRcFile(facts.stage) {
        case .usable(let members):
            isKept = isHistory(members.displayHistory) && write(history, over: members, facts.stage)
        case .missing: isKept = consent.decide(facts).isEnabled && write(history, over: nil, facts.stage)
        case .unusable: isKept = false
        }
        do throws(FileError) {
            try ownHistory.set(isKept ? DisplayHistory() : history, of: facts.stage)
        } catch {
            logger.warning("display time kept in memory only", metadata: ["error": "\(error)"])
        }
    }

    private func isHistory(_ json: JSON?) -> Bool {
        switch json {
        case nil, .object, .null: true
        default: false
        }
    }

    /// - Parameter members: of the file that is there; what stands in it already keeps its bytes.
    private func write(_ history: DisplayHistory, over members: RcFileMembers?, _ stage: PlatformStage) -> Bool {
        let key = RcFileMembers.displayHistoryKey
        var changes = [RcFile.Change([key], history.json)]
        if members?.displayHistory?.object != nil {
            let known = DisplayHistory(members?.displayHistory)
            changes = history.times.filter { known.lastShown($0.key) != $0.value }.sorted { $0.key < $1.key }
                .map { RcFile.Change([key, $0.key], JSON($0.value)) }
        }
        guard !changes.isEmpty else { return true }
        do throws(RcFileError) {
            try consent.change(changes, in: stage)
            return true
        } catch {
            logger.warning("display time not in the rc file", metadata: ["error": "\(error)"])
            return false
        }
    }

    // MARK: - Prompts

    /// For the hooks of `slstats hook`: one line with the Unix second from which on a prompt should ask, or `never`, and
    /// a number that differs whenever it is worth asking again.
    ///
    /// - Parameter isNew: there may be another notice for the same moment.
    func schedulePrompt(isNew: Bool = false) {
        let now = clock.milliseconds
        var next = PromptSchedule.nextDisplay(
            of: allNotifications, history: history(of: .production), preferences: preferences, now: now)
        // A prompt that asks has the feed fetched; where nobody records there may be no other claims.
        if case .url = configuration.feed.place, let feed { next = min(next ?? .max, max(0, feed.nextCheckAt)) }
        // Whoever has to be told before anything leaves is told at the next prompt.
        if isUndisclosed, consent.decide(Facts()).isEnabled { next = 0 }
        let moment = next.map { String(($0 + 999) / 1000) } ?? "never"
        guard isNew || moment != promptMoment else { return }
        do throws(FileError) {
            try files.replace(promptSchedulePath, with: Array("\(moment) \(now)\n".utf8))
            promptMoment = moment
        } catch {
            logger.debug("no schedule for prompts", metadata: ["error": "\(error)"])
        }
    }
}
