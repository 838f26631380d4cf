// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// When to send: counts, sizes and outcomes in, one action out (architecture.md, section 2).
///
/// Holds no clock and does nothing by itself. At most one timer is armed at any time, and none while nothing waits.
package struct FlushStateMachine: Sendable {
    package enum Action: Sendable, Equatable {
        case wait
        /// In place of any timer armed before.
        case armTimer(Duration)
        case disarmTimer
        /// Deliver everything that is pending now, oldest first; then call ``exportFinished(_:pending:)``.
        case export
    }

    /// What waits in the spool.
    package struct Pending: Sendable, Equatable {
        package var events: Int
        package var bytes: Int

        package init(events: Int, bytes: Int) {
            self.events = events
            self.bytes = bytes
        }
    }

    package struct Thresholds: Sendable, Equatable {
        package var events = 20
        package var bytes = 64 << 10
        /// Since the first pending event.
        package var interval = Duration.seconds(15 * 60)

        package init() {}
    }

    package enum State: Sendable, Equatable {
        case idle
        case waiting
        case exporting(isMoreDue: Bool)
        case backingOff
        /// The collector will not have us until somebody changes the configuration, or asks explicitly.
        case stopped
    }

    package private(set) var state = State.idle
    private var thresholds: Thresholds
    private var backoff: Backoff

    package init(thresholds: Thresholds, backoff: Backoff) {
        self.thresholds = thresholds
        self.backoff = backoff
    }

    /// Called at start with what earlier runs left, and when things may go elsewhere: what was refused or has failed there
    /// says nothing of the new place.
    package mutating func started(pending: Pending) -> Action {
        if case .exporting = state { return .wait }
        guard pending.events > 0 else {
            state = .idle
            return .disarmTimer
        }
        state = .waiting
        // Thousands of daemons start together after an outage or a reboot: not all of them at once.
        return .armTimer(backoff.firstDelay())
    }

    /// Called for each group of events written to the spool.
    package mutating func eventsRecorded(pending: Pending, isUrgent: Bool) -> Action {
        let isDue = isUrgent || pending.events >= thresholds.events || pending.bytes >= thresholds.bytes
        switch state {
        case .idle, .waiting:
            if isDue { return export() }
            guard state == .idle else { return .wait }
            state = .waiting
            return .armTimer(thresholds.interval)
        case .exporting(let isMoreDue):
            state = .exporting(isMoreDue: isMoreDue || isDue)
            return .wait
        case .backingOff, .stopped:
            return .wait
        }
    }

    /// Somebody asked for it: the back-off does not hold, one request at a time does.
    package mutating func flushRequested(pending: Pending) -> Action {
        switch state {
        case .idle, .waiting, .backingOff, .stopped:
            return pending.events > 0 ? export() : .wait
        case .exporting:
            state = .exporting(isMoreDue: true)
            return .wait
        }
    }

    package mutating func timerFired() -> Action {
        switch state {
        case .waiting, .backingOff: export()
        case .idle, .exporting, .stopped: .wait
        }
    }

    package mutating func exportFinished(_ outcome: DeliveryOutcome, pending: Pending) -> Action {
        guard case .exporting(let isMoreDue) = state else { return .wait }
        switch outcome {
        case .delivered, .partlyDelivered, .rejected:
            backoff.succeeded()
            if isMoreDue && pending.events > 0 { return export() }
            state = pending.events > 0 ? .waiting : .idle
            return pending.events > 0 ? .armTimer(thresholds.interval) : .disarmTimer
        case .retryLater(let delay, _):
            state = .backingOff
            return .armTimer(max(backoff.nextDelay(), delay ?? .zero))
        case .cutOff:
            state = .backingOff
            return .armTimer(backoff.nextDelay())
        case .stop:
            state = .stopped
            return .disarmTimer
        case .cancelled:
            state = pending.events > 0 ? .waiting : .idle
            return pending.events > 0 ? .armTimer(thresholds.interval) : .disarmTimer
        }
    }

    /// Other rules from now on, and perhaps another collector: neither the back-off nor a refusal holds any longer.
    package mutating func reconfigured(_ thresholds: Thresholds, pending: Pending) -> Action {
        self.thresholds = thresholds
        if case .exporting = state { return .wait }
        state = .idle
        return pending.events > 0 ? eventsRecorded(pending: pending, isUrgent: false) : .disarmTimer
    }

    /// Everything pending was thrown away. A running export has been cancelled and still reports its end.
    package mutating func discarded() -> Action {
        switch state {
        case .exporting: break
        // What the collector has asked for holds for what is recorded next.
        case .backingOff: return .wait
        case .idle, .waiting, .stopped: state = .idle
        }
        return .disarmTimer
    }

    private mutating func export() -> Action {
        state = .exporting(isMoreDue: false)
        return .export
    }
}
