// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// `slstats --enable` and `--disable`: each is true for everybody before it is answered.
extension Store {
    /// Turns the switch; completes with the path of the rc file.
    func setTelemetry(enabled: Bool, _ facts: Facts) -> EventLoopFuture<String> {
        switchTurns[facts.stage, default: 0] += 1
        return enabled ? enable(facts.stage) : disable(facts.stage)
    }

    private func disable(_ stage: PlatformStage) -> EventLoopFuture<String> {
        let result = consent.disable(stage)
        reviewDebts()
        // Off holds from here on; what is pending goes in any case.
        return discard(as: .telemetryDisabled)
            .flatMapErrorThrowing { error in
                throw ProtocolError(
                    .refused, .spoolUnavailable,
                    "telemetry is off, but pending events could not be discarded yet (\(error)); they are not sent")
            }
            .flatMap { self.assumeIsolated { $0.finishDisabling(result, stage, round: 0) } }
    }

    private func finishDisabling(
        _ result: Consent.Disabling, _ stage: PlatformStage, round: Int
    ) -> EventLoopFuture<String> {
        guard let error = result.rcFileError else {
            return settle(enabled: false, stage, conflicts: result.conflicts)
        }
        // What was pending is gone and has made room; the reserve is for this.
        if error.isFull, round == 0 {
            spool.giveUpReserve()
            return finishDisabling(consent.disable(stage), stage, round: 1)
        }
        guard error.isContended, round < Self.maximumRounds else {
            let hold =
                result.isDurable
                ? "also after a restart, but only for slstats"
                : "for as long as this daemon runs, since \(result.recordError.map(String.init(describing:)) ?? "")"
            return loop.makeFailedFuture(
                ProtocolError(.refused, .rcFileUnusable, "telemetry is off, \(hold): \(error); it is tried again"))
        }
        return afterPause(Self.contentionPause, unlessTurned: stage) { store in
            store.finishDisabling(store.consent.disable(stage), stage, round: round + 1)
        }
    }

    private func enable(_ stage: PlatformStage) -> EventLoopFuture<String> {
        guard isDiscardOwed else { return enableNow(stage) }
        // First what an earlier no still has to throw away.
        let turn = switchTurns[stage]
        return discard(as: .telemetryDisabled)
            .flatMapErrorThrowing { error in
                throw ProtocolError(
                    .refused, .spoolUnavailable,
                    "telemetry stays off: events from before could not be discarded (\(error))")
            }
            .flatMap {
                self.assumeIsolated { store in
                    // Somebody has turned the switch since: theirs is the last word.
                    guard turn == store.switchTurns[stage] else {
                        return store.loop.makeSucceededFuture(store.consent.rcFilePath(stage))
                    }
                    return store.enableNow(stage)
                }
            }
    }

    private func enableNow(_ stage: PlatformStage, round: Int = 0) -> EventLoopFuture<String> {
        do throws(ProtocolError) { try checkLock() } catch { return loop.makeFailedFuture(error) }
        do throws(ConsentError) {
            let conflicts = try consent.enable(stage)
            reviewDebts()
            return settle(enabled: true, stage, conflicts: conflicts)
        } catch {
            switch error {
            case .rcFile(let error) where error.isContended && round < Self.maximumRounds:
                return afterPause(Self.contentionPause, unlessTurned: stage) { store in
                    store.enableNow(stage, round: round + 1)
                }
            case .rcFile(let error): return refused("telemetry stays off: \(error)")
            case .record(let error):
                return refused("telemetry stays off: the record of --disable was not changed: \(error)")
            }
        }
    }

    private func refused(_ message: String) -> EventLoopFuture<String> {
        loop.makeFailedFuture(ProtocolError(.refused, .rcFileUnusable, message))
    }

    // MARK: - Writers without a lock

    /// Between tries to change a file that others change all the time; our clients have their turn meanwhile.
    private static var contentionPause: TimeAmount { .milliseconds(20) }
    /// Longer than a read, a change and a rename take on a machine under load.
    private static var settleInterval: TimeAmount { .milliseconds(250) }
    /// A person waits for the answer: four seconds, and what the tries take.
    private static var maximumRounds: Int { 16 }

    /// Answers when the rc file keeps what we wrote.
    ///
    /// The other writers read, change and rename the file without a lock. One that had read it before our change takes
    /// the change away with its own, a moment later. So if others were seen at work, the answer waits for a moment in
    /// which nobody did. What comes after the answer is somebody's later decision and is obeyed.
    private func settle(
        enabled: Bool, _ stage: PlatformStage, conflicts: Int, round: Int = 0
    ) -> EventLoopFuture<String> {
        guard conflicts > 0 else {
            if !enabled { lookAgain(stage) }
            return loop.makeSucceededFuture(consent.rcFilePath(stage))
        }
        return afterPause(Self.settleInterval, unlessTurned: stage) { store in
            if store.isInRcFile(enabled: enabled, stage) {
                return store.settle(enabled: enabled, stage, conflicts: 0)
            }
            guard round < Self.maximumRounds else {
                if enabled { return store.refused("telemetry may be off: other programs keep changing the rc file") }
                store.consent.owe(stage)
                store.reviewDebts()
                return store.loop.makeSucceededFuture(store.consent.rcFilePath(stage))
            }
            store.changeAgain(enabled: enabled, stage)
            return store.settle(enabled: enabled, stage, conflicts: conflicts, round: round + 1)
        }
    }

    /// Nobody was seen, but a program that had read the file before a no may still write: one more look, behind the
    /// answer. Only a no is given again; a yes that somebody takes back within the moment is not ours to insist on.
    private func lookAgain(_ stage: PlatformStage) {
        let turn = switchTurns[stage]
        loop.scheduleTask(in: Self.settleInterval) {
            self.assumeIsolated { store in
                guard turn == store.switchTurns[stage], !store.isInRcFile(enabled: false, stage) else { return }
                store.consent.owe(stage)
                store.settleDebts()
            }
        }
    }

    /// Goes on later, unless somebody has turned the switch since: then theirs is the last word, and this one is done.
    private func afterPause(
        _ pause: TimeAmount, unlessTurned stage: PlatformStage,
        _ body: @escaping @Sendable (isolated Store) -> EventLoopFuture<String>
    ) -> EventLoopFuture<String> {
        let turn = switchTurns[stage]
        return loop.flatScheduleTask(in: pause) {
            self.assumeIsolated { store in
                guard turn == store.switchTurns[stage] else {
                    return store.loop.makeSucceededFuture(store.consent.rcFilePath(stage))
                }
                return body(store)
            }
        }.futureResult
    }

    /// A file without the member says on, as everywhere.
    private func isInRcFile(enabled: Bool, _ stage: PlatformStage) -> Bool {
        switch consent.readRcFile(stage) {
        case .missing: enabled
        case .unusable: false
        case .usable(let members): members.saysOn == enabled
        }
    }

    private func changeAgain(enabled: Bool, _ stage: PlatformStage) {
        do throws(RcFileError) {
            try consent.change([Consent.switchChange(isEnabled: enabled)], in: stage)
        } catch {
            logger.warning("rc file set back by another program", metadata: ["error": "\(error)"])
        }
    }
}
