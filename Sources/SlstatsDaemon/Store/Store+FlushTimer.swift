// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import SlstatsCore

/// Acting on what the state machine of the flush says: a timer, or the sign to the flusher.
extension Store {
    var pendingTotals: FlushStateMachine.Pending {
        FlushStateMachine.Pending(events: spool.pendingEvents, bytes: spool.bytes)
    }

    /// What would be new to a flush: while one runs, its own batches are not.
    var newlyPendingTotals: FlushStateMachine.Pending {
        if case .exporting = flushMachine.state { return spool.unsealed }
        return pendingTotals
    }

    func perform(_ action: FlushStateMachine.Action) {
        switch action {
        case .wait: break
        case .disarmTimer: disarmFlushTimer()
        case .armTimer(let delay):
            disarmFlushTimer()
            // Local only: events stay where they are, and nothing has to wake up for them.
            guard isDeliveryPossible else { return }
            flushDueAt = clock.milliseconds + Int64(delay / .milliseconds(1))
            flushTimer = loop.scheduleTask(in: TimeAmount(delay)) {
                self.assumeIsolated { $0.flushTimerFired() }
            }
        case .export:
            disarmFlushTimer()
            isSealDue = true
            exportRequest.yield()
        }
    }

    private func flushTimerFired() {
        flushTimer = nil
        flushDueAt = nil
        perform(flushMachine.timerFired())
    }

    func disarmFlushTimer() {
        flushTimer?.cancel()
        flushTimer = nil
        flushDueAt = nil
    }
}
