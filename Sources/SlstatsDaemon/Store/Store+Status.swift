// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

extension Store {
    /// What `slstats status --json` prints (interface.md, section 4).
    func status(socket: String, _ facts: Facts) -> JSON {
        let decision = consent.decide(facts)
        let dropped = spool.droppedEvents.sorted { $0.key.rawValue < $1.key.rawValue }
        let refused = spool.ledger.refused.sorted { $0.key.rawValue < $1.key.rawValue }
        return [
            "telemetry": [
                "enabled": .bool(decision.isEnabled), "decidedBy": .string(decision.decidedBy),
                "mend": .string(decision.mend),
            ],
            "rcFile": rcFileStatus(facts.stage), "policy": policyStatus,
            "disclosure": disclosureStatus(withText: false),
            "events": [
                "recorded": JSON(spool.recordedEvents), "pending": JSON(spool.pendingEvents),
                "pendingBytes": JSON(spool.bytes), "sent": JSON(spool.ledger.sent),
                "quarantined": JSON(spool.ledger.quarantined),
                "dropped": .object(JSONObject(dropped.map { ($0.key.rawValue, JSON($0.value)) })),
                "refused": .object(JSONObject(refused.map { ($0.key.rawValue, JSON($0.value)) })),
            ],
            "flush": [
                "lastAt": JSON(lastFlush?.at), "lastOutcome": JSON(lastFlush?.outcome), "nextAt": JSON(flushDueAt),
            ],
            "collector": [
                "url": JSON(configuration.collector.url?.description),
                "kind": JSON(configuration.collector.url == nil ? nil : configuration.collector.kind.rawValue),
                "proxy": JSON(configuration.collector.proxy.map { "\($0.host):\($0.port)" }),
            ],
            "hold": ["since": JSON(hold.since)],
            "sent": ["folder": .string(sentRecord.folder), "problem": JSON(sentProblem)],
            "spool": [
                "segments": JSON(spool.segmentCount), "bytes": JSON(spool.bytes),
                "maxBytes": JSON(spool.limits.maximumBytes),
                "problem": JSON(
                    spoolProblem ?? spool.exclusionProblem ?? (spool.hasEventsInMemory ? Self.memoryProblem : nil)),
            ],
            "notifications": notificationsStatus(facts, isWhole: false),
            "daemon": [
                "version": .string(SlstatsVersion.current), "protocol": JSON(ProtocolLimits.version),
                "pid": JSON(getpid()),
                "uptimeMs": JSON((NIODeadline.now() - startedAt).nanoseconds / 1_000_000),
                "socket": .string(socket), "rcFile": .string(consent.rcFilePath(facts.stage)),
            ],
        ]
    }

    /// A line for whoever looks at the unit; said when something has come to its end, once a second at most.
    func reportStatus() {
        let flush = lastFlush.map { "last flush \(Timestamp.utc($0.at)): \($0.outcome)" } ?? "nothing sent yet"
        report("\(spool.pendingEvents) events pending, \(flush)")
    }

    /// What its owner would want to know of the rc file.
    private func rcFileStatus(_ stage: PlatformStage) -> JSON {
        var problem: RcFileProblem?
        if case .unusable(let found) = consent.readRcFile(stage) { problem = found }
        return [
            "path": .string(consent.rcFilePath(stage)), "problem": JSON(problem?.description),
            "mend": JSON(problem?.mend), "warnings": .array(consent.rcFileWarnings(stage).map(JSON.string)),
        ]
    }

    /// One page of pending events, and where the next page starts.
    func pending(after sequence: UInt64) -> (events: [[UInt8]], next: UInt64?) {
        spool.pending(after: sequence, maximumBytes: 48 << 10, narrowing)
    }
}
