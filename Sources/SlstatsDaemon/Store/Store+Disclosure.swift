// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// Nothing leaves before somebody was told. Events wait in the spool, within its limits.
extension Store {
    /// There is somewhere to deliver to, and whoever has to know of it does.
    var isDeliveryPossible: Bool { hasCollector && !isHeldBack }

    /// Events wait for somebody: to be told, to release them, or to say what was dropped.
    var isHeldBack: Bool { isDisclosureDue || hold.since != nil || spool.exclusionProblem != nil }

    /// What would have to be shown, whether it was or not; `nil` where nothing leaves.
    var disclosure: Disclosure? {
        configuration.collector.url.map {
            Disclosure(rules.catalogue, of: configuration.catalogue.combined(restrictedBy: [:]), collector: $0)
        }
    }

    /// Asked with each event, so it is known and not found out.
    var isDisclosureDue: Bool { isUndisclosed || unsettledDisclosure != nil }

    /// Called when the collector, the catalogue or the record have changed.
    func reviewDisclosure() {
        isUndisclosed = configuration.disclosure == .required && disclosure.map { !disclosures.covers($0) } ?? false
        schedulePrompt()
    }

    /// Notes that it was shown, and lets go what has waited for it.
    func noteDisclosure(_ way: DisclosureRecord.Way) throws(ProtocolError) {
        guard isUndisclosed, let disclosure else { return }
        do throws(FileError) {
            try disclosures.note(disclosure, way, version: SlstatsVersion.current, now: clock.milliseconds)
        } catch {
            throw ProtocolError(.refused, .stateUnavailable, "it cannot be noted that this was shown: \(error)")
        }
        reviewDisclosure()
        guard way == .notice else { return beginDelivering() }
        // Whoever claimed it may not have read it.
        unsettledDisclosure?.cancel()
        unsettledDisclosure = loop.scheduleTask(in: Self.readingTime) {
            self.assumeIsolated { store in
                store.unsettledDisclosure = nil
                store.beginDelivering()
            }
        }
    }

    /// Longer than any client waits for its answer, and than a connection that broke is open.
    private static var readingTime: TimeAmount { .seconds(2) }

    func beginDelivering() {
        guard isDeliveryPossible else { return }
        // All of it may have become too old meanwhile: the next event begins anew.
        guard spool.pendingEvents > 0 else { return perform(flushMachine.discarded()) }
        // People read at all times, so this is no herd.
        perform(flushMachine.flushRequested(pending: pendingTotals))
    }

    /// The first notice of whoever sits at a terminal; `nil` if there is nothing to tell.
    func claimDisclosure(_ facts: Facts, isPeek: Bool) -> (notification: Notification, receipt: NotificationReceipt?)? {
        // A CI job that has a terminal has nobody who sits at it.
        guard isUndisclosed, facts.isTerminal, facts.ciName == nil, facts.notificationsMode != .off, let disclosure,
            consent.decide(facts).isEnabled
        else { return nil }
        let notice = Notification(code: Disclosure.code, message: disclosure.text, visibilityInterval: 0)
        guard !isPeek else { return (notice, nil) }
        do throws(ProtocolError) {
            try noteDisclosure(.notice)
        } catch {
            // Shown again and again would be worse than a delivery that waits.
            logger.error("disclosure not shown", metadata: ["reason": "\(error.message)"])
            return nil
        }
        return (
            notice,
            NotificationReceipt(code: Disclosure.code, shownAt: clock.milliseconds, shownBefore: nil, facts: facts)
        )
    }

    /// Nobody has read it: the next one is told.
    func giveBackDisclosure() {
        guard let timer = unsettledDisclosure else { return }
        timer.cancel()
        unsettledDisclosure = nil
        do throws(FileError) { try disclosures.takeBack() } catch {
            logger.error("disclosure not taken back on disk", metadata: ["error": "\(error)"])
        }
        reviewDisclosure()
    }

    /// The answer to `disclosure`, and the part of `status`.
    func disclosureStatus(withText: Bool) -> JSON {
        var members: [(String, JSON)] = [
            ("mode", .string(configuration.disclosure.rawValue)),
            ("isConsentAsked", .bool(consent.mode == .ask || policyRules.mode == .ask)),
            ("isDue", .bool(isUndisclosed)),
            ("shownAt", JSON(disclosures.entry?.at)), ("way", JSON(disclosures.entry?.way.rawValue)),
            // Another one whenever something else is collected, or goes elsewhere: for scripts that watch it.
            ("hash", JSON(disclosure?.hash)),
        ]
        if withText { members.append(("text", JSON(disclosure?.text))) }
        return .object(JSONObject(members))
    }
}
