// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import Testing

@Suite("When to flush")
struct FlushStateMachineTests {
    private func machine() -> FlushStateMachine {
        FlushStateMachine(thresholds: FlushStateMachine.Thresholds(), backoff: Backoff(random: .seeded(1)))
    }

    private func pending(_ events: Int, bytes: Int = 100) -> FlushStateMachine.Pending {
        FlushStateMachine.Pending(events: events, bytes: bytes)
    }

    /// `#expect` cannot call what mutates.
    private func expect(
        _ action: FlushStateMachine.Action, _ expected: FlushStateMachine.Action,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(action == expected, sourceLocation: sourceLocation)
    }

    @Test("the first event arms the timer, the next ones wait for it")
    func timer() {
        var machine = machine()

        expect(machine.eventsRecorded(pending: pending(1), isUrgent: false), .armTimer(.seconds(900)))
        expect(machine.eventsRecorded(pending: pending(2), isUrgent: false), .wait)
        expect(machine.timerFired(), .export)
        expect(machine.exportFinished(.delivered(answer: []), pending: pending(0)), .disarmTimer)
        #expect(machine.state == .idle)
    }

    @Test("twenty events, 64 KiB or an urgent one are sent at once")
    func thresholds() {
        for (totals, isUrgent) in [(pending(20), false), (pending(1, bytes: 64 << 10), false), (pending(1), true)] {
            var machine = machine()
            expect(machine.eventsRecorded(pending: totals, isUrgent: isUrgent), .export)
        }
    }

    @Test("what becomes due during an export is sent right after it")
    func dueDuringExport() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)
        expect(machine.eventsRecorded(pending: pending(2), isUrgent: true), .wait)

        expect(machine.exportFinished(.delivered(answer: []), pending: pending(1)), .export)
    }

    @Test("what comes during an export and is not due waits its interval")
    func notDueDuringExport() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)
        _ = machine.eventsRecorded(pending: pending(2), isUrgent: false)

        expect(machine.exportFinished(.delivered(answer: []), pending: pending(1)), .armTimer(.seconds(900)))
    }

    @Test("a failure backs off, and new events do not hurry it [F123]")
    func backoff() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)
        guard case .armTimer = machine.exportFinished(.retryLater(delay: nil, reason: ""), pending: pending(1)) else {
            Issue.record("no back-off")
            return
        }

        expect(machine.eventsRecorded(pending: pending(99), isUrgent: true), .wait)
        expect(machine.timerFired(), .export)
    }

    @Test("the collector's own delay is obeyed if it is longer")
    func retryAfter() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)

        expect(
            machine.exportFinished(.retryLater(delay: .seconds(3600), reason: ""), pending: pending(1)),
            .armTimer(.seconds(3600)))
    }

    @Test("refused for good means silence until somebody asks")
    func stopped() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)
        expect(machine.exportFinished(.stop(reason: "HTTP 403"), pending: pending(1)), .disarmTimer)

        expect(machine.eventsRecorded(pending: pending(50), isUrgent: true), .wait)
        expect(machine.timerFired(), .wait)
        expect(machine.flushRequested(pending: pending(50)), .export)
    }

    @Test("a request sends what there is, and nothing if there is nothing")
    func requests() {
        var machine = machine()
        expect(machine.flushRequested(pending: pending(0)), .wait)
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: false)
        expect(machine.flushRequested(pending: pending(1)), .export)
        expect(machine.flushRequested(pending: pending(1)), .wait)
        expect(machine.exportFinished(.delivered(answer: []), pending: pending(1)), .export)
    }

    @Test("what earlier runs left is sent within a minute of the start, not at once [F134]")
    func start() {
        var delays: [Duration] = []
        for seed in 0..<200 as Range<UInt64> {
            var machine = FlushStateMachine(
                thresholds: FlushStateMachine.Thresholds(), backoff: Backoff(random: .seeded(seed)))
            guard case .armTimer(let delay) = machine.started(pending: pending(5)) else {
                Issue.record("not armed")
                return
            }
            #expect(delay >= .zero && delay <= .seconds(60))
            delays.append(delay)
        }
        // All over that minute: in each quarter of it a quarter of them, give or take half of that.
        for quarter in 0..<4 {
            let count = delays.count { .seconds(15 * quarter) <= $0 && $0 < .seconds(15 * (quarter + 1)) }
            #expect(25...75 ~= count, "\(count) of 200 in quarter \(quarter)")
        }
        var idle = machine()
        expect(idle.started(pending: pending(0)), .disarmTimer)
    }

    @Test("when it may go elsewhere a collector that refused, or did not answer, is forgotten; a running flush goes on")
    func elsewhere() {
        for outcome in [DeliveryOutcome.stop(reason: "401"), .retryLater(delay: .seconds(900), reason: "")] {
            for count in [0, 5] {
                var machine = machine()
                _ = machine.eventsRecorded(pending: pending(20), isUrgent: false)
                expect(machine.started(pending: pending(20)), .wait)
                _ = machine.exportFinished(outcome, pending: pending(count))
                _ = machine.started(pending: pending(count))
                #expect(machine.state == (count == 0 ? .idle : .waiting))
            }
        }
    }

    @Test("delays stay between a second and 15 minutes, and grow with full jitter [F123]")
    func delays() {
        var sums = [Double](repeating: 0, count: 14)
        for seed in 0..<400 as Range<UInt64> {
            var backoff = Backoff(random: .seeded(seed))
            for attempt in sums.indices {
                let delay = backoff.nextDelay()
                #expect(delay >= .seconds(1) && delay <= .seconds(900))
                sums[attempt] += delay / .seconds(1)
            }
        }
        // Uniform over 0…900 s once the cap is reached: the mean is half of it.
        #expect((400...500).contains(sums[13] / 400))
        #expect(sums[2] / 400 < 4)
    }

    @Test("discarding disarms; an export that was running still ends in order")
    func discarded() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)
        expect(machine.discarded(), .disarmTimer)
        expect(machine.exportFinished(.cancelled, pending: pending(0)), .disarmTimer)
        #expect(machine.state == .idle)
    }

    @Test("a no in between does not make us forget for how long a collector wants to be left alone")
    func discardedWhileBackingOff() {
        var machine = machine()
        _ = machine.eventsRecorded(pending: pending(1), isUrgent: true)
        expect(
            machine.exportFinished(.retryLater(delay: .seconds(3600), reason: "HTTP 429"), pending: pending(1)),
            .armTimer(.seconds(3600)))
        expect(machine.discarded(), .wait)
        expect(machine.eventsRecorded(pending: pending(1), isUrgent: true), .wait)
        expect(machine.timerFired(), .export)
        expect(machine.exportFinished(.delivered(answer: []), pending: pending(0)), .disarmTimer)
    }

    @Test(
        "statuses mean what they mean",
        arguments: [
            (200, "delivered"), (204, "delivered"), (301, "will retry: HTTP 301, redirects are not followed"),
            (400, "rejected: HTTP 400"), (401, "stopped: HTTP 401"), (403, "stopped: HTTP 403"),
            (408, "will retry: HTTP 408"), (410, "stopped: HTTP 410"), (422, "rejected: HTTP 422"),
            (425, "will retry: HTTP 425"), (429, "will retry: HTTP 429"), (451, "stopped: HTTP 451"),
            (500, "will retry: HTTP 500"), (503, "will retry: HTTP 503"),
        ])
    func outcomes(_ status: Int, _ summary: String) {
        #expect(DeliveryOutcome(status: status, answer: [], retryAfter: nil).summary == summary)
    }
}
