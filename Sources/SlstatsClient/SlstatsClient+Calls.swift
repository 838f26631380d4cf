// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
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
        /// Where there is more to read; printable ASCII.
        public let link: String?
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
        // Whatever says no on this side was looked at before; the rest is for the daemon to look at.
        var facts = Facts()
        facts.stage = environment.stage ?? .production
        facts.home = environment.homeIdentity
        var random = SystemRandomNumberGenerator()
        // With an id of its own the event is recorded once, however often we ask.
        let id = Self.hasID(event) ? nil : EventID(using: &random)
        let line = try exchange(
            Self.line(.record) { $0.recordParams(event: event, durability: durability, id: id, facts: facts) },
            isRepeatable: true)
        return try RecordReply(line).outcome(line)
    }

    private static func hasID(_ event: [UInt8]) -> Bool {
        var cursor = JSONCursor(event.span)
        do throws(JSONError) {
            var object = try cursor.enterObject()
            while let key = try cursor.nextKey(in: &object) {
                if cursor.string(key, equals: "id") { return true }
                _ = try cursor.scanValue()
            }
            return false
        } catch {
            return false
        }
    }

    /// The notification to show now, or `nil`. Among callers that ask at the same time only one is given it.
    ///
    /// - Parameters:
    ///   - isPeek: look without claiming; the next caller may be given it.
    ///   - product: what asks, `serverless@3.38.0`, for notices that are for certain versions. What is not NAME@VERSION
    ///     says nothing.
    public func claimNotification(
        isPeek: Bool = false, for product: String? = nil
    ) throws(SlstatsClientError) -> ClaimedNotification? {
        try claim(isPeek: isPeek, caller: product.flatMap(Product.init)).map {
            ClaimedNotification(code: $0.code, message: PrintableText.sanitize($0.message), link: $0.link)
        }
    }

    /// As it came from the network; nothing of it is fit for a terminal yet.
    package func claim(isPeek: Bool, caller: Product? = nil) throws(SlstatsClientError) -> Notification? {
        let facts = Facts(environment)
        // Mode off means that nobody even asks.
        guard facts.notificationsMode != .off else { return nil }
        let result = try call(.claimNotification) { $0.claimParams(isPeek: isPeek, caller: caller, facts: facts) }
        return result["notification"].flatMap(Notification.init)
    }

    /// Turns telemetry on or off for this user, in the rc file. Off also discards what was not sent yet.
    ///
    /// - Throws: ``SlstatsClientError``; with code `refused` and reason `rc-file-unusable` if the rc file could not be
    ///   changed. Off holds all the same, as the message says.
    public func setTelemetry(enabled: Bool) throws(SlstatsClientError) {
        _ = try switchTelemetry(enabled: enabled)
    }

    /// The same, with the daemon's answer.
    package func switchTelemetry(enabled: Bool) throws(SlstatsClientError) -> JSON {
        let facts = Facts(environment)
        return try call(.setTelemetry, deadline: .seconds(10)) { writer in
            writer.beginObject()
            writer.key("enabled")
            writer.bool(enabled)
            writer.key("facts")
            facts.write(to: &writer)
            writer.endObject()
        }
    }
}

extension JSONWriter {
    /// The `params` of `record` (Protocol.md, "record").
    package mutating func recordParams(
        event: [UInt8], durability: Durability, id: EventID? = nil, facts: Facts = Facts()
    ) {
        beginObject()
        key("event")
        raw(event)
        if durability != .accepted {
            key("durability")
            string(durability.rawValue)
        }
        if let id {
            key("id")
            string(id.description)
        }
        if facts.stage != .production || facts.home != nil {
            key("facts")
            facts.write(to: &self)
        }
        endObject()
    }

    /// The `params` of `notifications.claim`.
    package mutating func claimParams(isPeek: Bool, caller: Product? = nil, facts: Facts) {
        beginObject()
        if isPeek {
            key("peek")
            bool(true)
        }
        if let caller {
            key("for")
            string(caller.description)
        }
        key("facts")
        facts.write(to: &self)
        endObject()
    }
}
