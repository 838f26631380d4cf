// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

extension SlstatsClient {
    /// What became of an event.
    public enum RecordOutcome: Equatable, Sendable {
        /// In the spool under this UUID.
        case recorded(id: String)
        /// Telemetry is off; the text names what decided it.
        case telemetryOff(decidedBy: String)
    }

    /// A notice to show to the person at the terminal, its text fit for one.
    public struct ClaimedNotification: Equatable, Sendable {
        public let code: String
        public let message: String
    }

    /// Records one event, unless telemetry is off for this process or this user.
    ///
    /// - Parameters:
    ///   - event: a JSON object with fields of the catalogue.
    ///   - isSynced: return only once the event would survive a loss of power.
    /// - Throws: ``SlstatsClientError``; with code `refused` and reason `event-refused` if a field is not in the catalogue.
    @discardableResult
    public func record(event: String, isSynced: Bool = false) throws(SlstatsClientError) -> RecordOutcome {
        do throws(JSONError) {
            _ = try JSONEdit(Array(event.utf8))
        } catch {
            throw SlstatsClientError(.refused, reason: "event-refused", "the event is not a JSON object: \(error)")
        }
        if let rule = Facts.switchesOff(environment).first { return .telemetryOff(decidedBy: rule) }
        return try record(event: Array(event.utf8), durability: isSynced ? .synced : .accepted)
    }

    /// Asks the daemon; what says no on this side the caller has looked at.
    ///
    /// - Parameter event: bytes that are known to be a JSON object.
    package func record(event: [UInt8], durability: Durability) throws(SlstatsClientError) -> RecordOutcome {
        let line = try exchange(Self.line(.record) { $0.recordParams(event: event, durability: durability) })
        return try RecordReply(line).outcome(line)
    }

    /// The notification to show now, or `nil`. Among callers that ask at the same time only one is given it.
    ///
    /// - Parameter isPeek: look without claiming; the next caller may be given it.
    public func claimNotification(isPeek: Bool = false) throws(SlstatsClientError) -> ClaimedNotification? {
        try claim(isPeek: isPeek).map {
            ClaimedNotification(code: $0.code, message: PrintableText.sanitize($0.message))
        }
    }

    /// As it came from the network; nothing of it is fit for a terminal yet.
    package func claim(isPeek: Bool) throws(SlstatsClientError) -> Notification? {
        let facts = Facts(environment)
        // Mode off means that nobody even asks.
        guard facts.notificationsMode != .off else { return nil }
        let result = try call(.claimNotification) { $0.claimParams(isPeek: isPeek, facts: facts) }
        return result["notification"].flatMap(Notification.init)
    }

    /// Turns telemetry on or off for this user, in the rc file. Off also discards what was not sent yet.
    public func setTelemetry(enabled: Bool) throws(SlstatsClientError) {
        _ = try call(.setTelemetry, deadline: .seconds(10)) { writer in
            writer.beginObject()
            writer.key("enabled")
            writer.bool(enabled)
            writer.endObject()
        }
    }
}

extension JSONWriter {
    /// The `params` of `record` (Protocol.md, "record").
    package mutating func recordParams(event: [UInt8], durability: Durability) {
        beginObject()
        key("event")
        raw(event)
        if durability != .accepted {
            key("durability")
            string(durability.rawValue)
        }
        endObject()
    }

    /// The `params` of `notifications.claim`.
    package mutating func claimParams(isPeek: Bool, facts: Facts) {
        beginObject()
        if isPeek {
            key("peek")
            bool(true)
        }
        key("facts")
        facts.write(to: &self)
        endObject()
    }
}
