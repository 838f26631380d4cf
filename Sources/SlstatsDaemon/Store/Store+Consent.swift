// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import SlstatsCore
internal import SlstatsProtocol

/// Obeying a no, whoever said it and wherever.
extension Store {
    /// Nothing leaves without this. Asked before each batch, since the switch may have been turned by hand, or by the
    /// original, since the last request.
    func isExportAllowed() -> Bool {
        guard !isDiscardOwed, objection() == nil else {
            obeyConsent()
            return false
        }
        return !isHeldBack
    }

    /// A no to what is pending; `nil` if there is none. The events belong to all who recorded them: any of their rc files
    /// can say it.
    func objection() -> ConsentDecision? {
        for stage in recordedStages.isEmpty ? [.production] : recordedStages {
            var facts = Facts()
            facts.stage = stage
            let decision = consent.decide(facts)
            if !decision.isEnabled { return decision }
        }
        return nil
    }

    /// Stops what is on its way if telemetry is off. A plain no discards what is pending, as `--disable` does, whoever
    /// said it; doubt, a file that cannot be read, only holds it back.
    func obeyConsent() {
        if hasStaged { _ = commitStaged() }
        guard spool.storedEvents > 0, let objection = objection() else { return }
        if objection.isPlainNo { isDiscardOwed = true }
        if let runningExport {
            // What the collector has taken by now counts as sent; the end of the export says which, and discards.
            runningExport.cancellation.finish()
        } else if isDiscardOwed {
            finishDiscarding()
        }
    }

    /// Called when a source of consent may have changed.
    nonisolated func consentMayHaveChanged() {
        loop.execute {
            self.assumeIsolated { store in
                store.obeyPolicy()
                store.obeyConsent()
                if store.consent.hasDebts { store.settleDebts() }
            }
        }
    }

    /// Called once at start.
    func tidyConsent() {
        do throws(FileError) { try consent.removeLeftovers() } catch {
            logger.warning("leftover of an interrupted change not removed", metadata: ["error": "\(error)"])
        }
        if let failure = consent.recordFailure {
            logger.warning(
                "no record of consent, so a no will need room on the disk", metadata: ["error": "\(failure)"])
        }
        reviewDebts()
        for warning in consent.rcFileWarnings(.production) {
            logger.notice("rc file", metadata: ["warning": "\(warning)"])
        }
    }

    // MARK: - Discarding

    /// Completes when nothing of what was pending can leave the machine any more.
    func discard(as reason: DropReason) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        disableWaiters.append(promise)
        discardReason = disableWaiters.count == 1 ? reason : .telemetryDisabled
        isDiscardOwed = true
        if let runningExport {
            runningExport.cancellation.finish()
        } else {
            finishDiscarding()
        }
        return promise.futureResult
    }

    func finishDiscarding() {
        // What left is entered in the record first, and comes back here.
        guard sentKeeping == nil else { return }
        if hasStaged { _ = commitStaged() }
        let waiters = disableWaiters
        disableWaiters = []
        do throws(FileError) {
            perform(flushMachine.discarded())
            try spool.discardAll(as: discardReason)
            isDiscardOwed = false
            recordedStages = []
            // A retry of what was dropped on request is not wanted either.
            if discardReason == .telemetryDisabled { recentIDs.removeAll() }
            discardReason = .telemetryDisabled
            for waiter in waiters { waiter.succeed() }
            if spool.isRemovalOwed {
                logger.warning("dropped events stay on disk for now, where nothing sends them")
                reviewDebts()
            }
        } catch {
            logger.error("pending events not discarded, will try again", metadata: ["error": "\(error)"])
            reviewDebts()
            for waiter in waiters { waiter.fail(error) }
        }
    }

    // MARK: - What is still to be done

    static var firstDebtDelay: TimeAmount { .seconds(1) }
    private static var maximumDebtDelay: TimeAmount { .minutes(15) }

    private func armDebtTimer() {
        guard debtTimer == nil else { return }
        debtTimer = loop.scheduleTask(in: debtDelay) {
            self.assumeIsolated { store in
                store.debtTimer = nil
                store.debtDelay = min(store.debtDelay * 2, Self.maximumDebtDelay)
                store.settleDebts()
            }
        }
    }

    /// Tries once more what a no could not do at once: write it down, tell the rc file, discard what was pending.
    func settleDebts() {
        consent.settleDebts()
        if isDiscardOwed, runningExport == nil { finishDiscarding() }
        try? spool.removeDiscarded()
        reviewDebts()
    }

    /// A timer as long as something is owed, and from one second on the next time.
    func reviewDebts() {
        guard !consent.hasDebts, !isDiscardOwed, !spool.isRemovalOwed else { return armDebtTimer() }
        debtTimer?.cancel()
        debtTimer = nil
        debtDelay = Self.firstDebtDelay
    }
}
