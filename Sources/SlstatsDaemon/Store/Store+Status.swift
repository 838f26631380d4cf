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
    func status(socket: String) -> JSON {
        let decision = decide(Facts())
        let dropped = spool.ledger.dropped.sorted { $0.key.rawValue < $1.key.rawValue }
        return [
            "telemetry": ["enabled": .bool(decision.isEnabled), "decidedBy": .string(decision.decidedBy)],
            "events": [
                "recorded": JSON(spool.recordedEvents), "pending": JSON(spool.pendingEvents),
                "pendingBytes": JSON(spool.bytes), "sent": JSON(spool.ledger.sent),
                "quarantined": JSON(spool.quarantinedEvents),
                "dropped": .object(JSONObject(dropped.map { ($0.key.rawValue, JSON($0.value)) })),
            ],
            "flush": [
                "lastAt": JSON(lastFlush?.at), "lastOutcome": JSON(lastFlush?.outcome), "nextAt": JSON(flushDueAt),
            ],
            "collector": [
                "url": JSON(configuration.collectorURL),
                "kind": JSON(configuration.collectorURL == nil ? nil : "serverless"),
            ],
            "spool": [
                "segments": JSON(spool.segmentCount), "bytes": JSON(spool.bytes),
                "maxBytes": JSON(spool.limits.maximumBytes),
            ],
            "daemon": [
                "version": .string(SlstatsVersion.current), "protocol": JSON(ProtocolLimits.version),
                "pid": JSON(getpid()),
                "uptimeMs": JSON((NIODeadline.now() - startedAt).nanoseconds / 1_000_000),
                "socket": .string(socket), "rcFile": .string(rcFile.path?.string ?? rcFilePath),
            ],
        ]
    }

    /// One page of pending events, and where the next page starts.
    func pending(after start: Int) throws(ProtocolError) -> (events: [[UInt8]], next: Int?) {
        do throws(SpoolError) {
            let all = try spool.pending()
            var page: [[UInt8]] = []
            var room = 48 << 10
            for event in all.dropFirst(start) {
                room -= event.count + 1
                guard room >= 0 || page.isEmpty else { return (page, start + page.count) }
                page.append(event)
            }
            return (page, nil)
        } catch {
            throw ProtocolError(.refused, .spoolUnavailable, error.description)
        }
    }

    /// Writes the switch to the rc file and answers where that is. Turning off goes on with ``discardForDisabling()``.
    func setTelemetry(enabled: Bool) throws(ProtocolError) -> String {
        do throws(RcFileError) {
            try rcFile.set([RcFile.Change(["trackingDisabled"], .bool(!enabled))])
        } catch {
            if !enabled {
                isDisableUnsaved = true
                obeyRcFile()
            }
            let hold = enabled ? "" : "; the no holds until this daemon stops"
            throw ProtocolError(.refused, .rcFileUnusable, error.description + hold)
        }
        isDisableUnsaved = false
        return rcFile.path?.string ?? rcFilePath
    }
}
