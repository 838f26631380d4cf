// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HeapModule
import SlstatsCore
import Testing

@Suite("A fleet that comes back")
struct HerdTests {
    private static let isLong = ProcessInfo.processInfo.environment["SLSTATS_LONG"] != nil

    @Test("after an outage of an hour nobody is run over, and nothing is lost")
    func outage() {
        // The small one has the same load of each collector, counted over as many requests.
        let (daemons, scale) = Self.isLong ? (100_000, 1) : (5000, 20)
        var herd = Herd(daemons: daemons, capacity: 200, scale: scale, seed: 1)
        let report = herd.run()
        print(report)
        #expect(report.steady < 200 && report.peak < 400)
        #expect(report.drained < .seconds(24 * 3600), "every daemon has delivered again")
        #expect(report.lostToAge == 0 && report.mostPendingBytes < SpoolLimits().maximumBytes)
        #expect(report.recorded == report.delivered + report.pending, "every event is somewhere")
    }
}

/// Daemons with their real state machines and back-off, a collector that takes so many requests a second and answers 503
/// to the rest, and a clock that jumps from one thing that happens to the next.
///
/// Two hours as usual, an hour in which nothing answers, and then until all have delivered what waited.
struct Herd {
    /// Of a fleet at work: a command every twelve minutes, one in ten such that its event goes at once.
    private static let commandsPerHour = 5.0
    private static let urgentShare = 0.1
    private static let answerTime: Int64 = 50
    private static let hour: Int64 = 3_600_000
    private static let outage = 2 * hour..<3 * hour
    private static let end = 12 * hour
    private static let maximumAge: Int64 = 7 * 24 * hour

    struct Report: CustomStringConvertible {
        var daemons = 0
        var capacity = 0
        /// Requests a second, before the outage and at most within a second after it, refused ones as well.
        var steady = 0.0
        var duringOutage = 0.0
        var peak = 0.0
        /// From the first answer to the last daemon that had waited for it.
        var drained = Duration.zero
        var requestsPerDay = 0.0
        var lostToAge = 0
        /// Of the daemon that had the most.
        var mostPendingBytes = 0
        var pending = 0
        var recorded = 0
        var delivered = 0

        var description: String {
            func text(_ number: Double) -> String { String(Int(number.rounded())) }
            return """
                \(daemons) daemons, a collector for \(capacity) requests/s, an outage of 1 h: \
                \(text(steady)) requests/s before, \(text(duringOutage)) during, \(text(peak)) at most behind; \
                all delivered after \(drained.components.seconds / 60) min; \
                \(recorded) events, \(lostToAge) lost; \(text(requestsPerDay)) requests a daemon and day at this rate
                """
        }
    }

    private struct Daemon {
        var machine: FlushStateMachine
        var pending = 0
        /// When the first of them was recorded.
        var pendingSince: Int64 = 0
        /// On its way.
        var sending = 0
        /// A timer that was armed before counts no more.
        var timer = 0
        var waitsSinceOutage = false
    }

    private enum Kind { case command, timer(Int), answer(isTaken: Bool) }

    private struct Event: Comparable {
        let at: Int64
        let order: Int
        let daemon: Int
        let kind: Kind

        static func < (left: Event, right: Event) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Event, right: Event) -> Bool { left.order == right.order }
    }

    private var daemons: [Daemon]
    private var events = Heap<Event>()
    private var random: RandomSource
    private var order = 0
    private var now: Int64 = 0
    private let capacity: Int
    /// A second, or as many as it takes for the same number of requests.
    private let window: Int64
    private var windowRequests: [Int64: Int] = [:]
    private var taken: (window: Int64, count: Int) = (0, 0)
    private var report = Report()

    /// - Parameter scale: so much smaller than the fleet that is meant, and counted over longer windows.
    init(daemons count: Int, capacity: Int, scale: Int, seed: UInt64) {
        random = .seeded(seed)
        self.capacity = capacity
        window = Int64(scale) * 1000
        report.daemons = count
        report.capacity = capacity / scale
        daemons = (0..<count).map { number in
            Daemon(
                machine: FlushStateMachine(
                    thresholds: FlushStateMachine.Thresholds(),
                    backoff: Backoff(random: .seeded(seed &+ UInt64(number) &* 7919))))
        }
    }

    mutating func run() -> Report {
        for daemon in daemons.indices { schedule(daemon, nextCommand(), .command) }
        while let event = events.popMin(), event.at < Self.end {
            now = event.at
            handle(event)
        }
        summarize()
        return report
    }

    private mutating func handle(_ event: Event) {
        switch event.kind {
        case .command:
            record(event.daemon)
            schedule(event.daemon, nextCommand(), .command)
        case .timer(let timer):
            guard daemons[event.daemon].timer == timer else { return }
            perform(daemons[event.daemon].machine.timerFired(), event.daemon)
        case .answer(let isTaken): finish(event.daemon, isTaken)
        }
    }

    private mutating func record(_ daemon: Int) {
        if daemons[daemon].pending == 0 { daemons[daemon].pendingSince = now }
        daemons[daemon].pending += 1
        report.recorded += 1
        let isUrgent = Double.random(in: 0..<1, using: &random) < Self.urgentShare
        let pending = pending(daemon)
        report.mostPendingBytes = max(report.mostPendingBytes, pending.bytes)
        perform(daemons[daemon].machine.eventsRecorded(pending: pending, isUrgent: isUrgent), daemon)
    }

    private mutating func perform(_ action: FlushStateMachine.Action, _ daemon: Int) {
        switch action {
        case .wait: break
        case .disarmTimer: daemons[daemon].timer += 1
        case .armTimer(let delay):
            daemons[daemon].timer += 1
            schedule(daemon, Int64(delay / .milliseconds(1)), .timer(daemons[daemon].timer))
        case .export: send(daemon)
        }
    }

    private mutating func send(_ daemon: Int) {
        daemons[daemon].sending = daemons[daemon].pending
        windowRequests[now / window, default: 0] += 1
        if taken.window != now / window { taken = (now / window, 0) }
        let isDown = Self.outage.contains(now)
        let isTaken = !isDown && taken.count < capacity
        if isTaken { taken.count += 1 }
        if isDown { daemons[daemon].waitsSinceOutage = true }
        schedule(daemon, Self.answerTime, .answer(isTaken: isTaken))
    }

    private mutating func finish(_ daemon: Int, _ isTaken: Bool) {
        if isTaken {
            if now - daemons[daemon].pendingSince > Self.maximumAge { report.lostToAge += daemons[daemon].sending }
            report.delivered += daemons[daemon].sending
            daemons[daemon].pending -= daemons[daemon].sending
            daemons[daemon].pendingSince = now
            if daemons[daemon].waitsSinceOutage {
                daemons[daemon].waitsSinceOutage = false
                report.drained = max(report.drained, .milliseconds(now - Self.outage.upperBound))
            }
        }
        let outcome: DeliveryOutcome =
            isTaken ? .delivered(answer: []) : .retryLater(delay: nil, reason: "HTTP 503")
        let pending = pending(daemon)
        perform(daemons[daemon].machine.exportFinished(outcome, pending: pending), daemon)
    }

    private func pending(_ daemon: Int) -> FlushStateMachine.Pending {
        FlushStateMachine.Pending(events: daemons[daemon].pending, bytes: daemons[daemon].pending * 300)
    }

    private mutating func nextCommand() -> Int64 {
        let share = Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random)
        return Int64(-log(share) / Self.commandsPerHour * Double(Self.hour))
    }

    private mutating func schedule(_ daemon: Int, _ delay: Int64, _ kind: Kind) {
        order += 1
        events.insert(Event(at: now + delay, order: order, daemon: daemon, kind: kind))
    }

    private mutating func summarize() {
        func requests(_ range: Range<Int64>) -> [Int] {
            windowRequests.filter { range.contains($0.key * window) }.map(\.value)
        }
        func rate(_ range: Range<Int64>) -> Double {
            // In requests of the whole fleet.
            Double(requests(range).reduce(0, +)) / (Double(range.count) / Double(window))
        }
        report.steady = rate(Self.hour..<2 * Self.hour)
        report.duringOutage = rate(Self.outage)
        report.peak = Double(requests(Self.outage.upperBound..<Self.end).max() ?? 0)
        report.requestsPerDay = report.steady * 86_400_000 / Double(window) / Double(daemons.count)
        report.pending = daemons.reduce(0) { $0 + $1.pending }
        if daemons.contains(where: \.waitsSinceOutage) { report.drained = .seconds(1 << 40) }
        for daemon in daemons where daemon.pending > 0 && now - daemon.pendingSince > Self.maximumAge {
            report.lostToAge += daemon.pending
        }
    }
}
