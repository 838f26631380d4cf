// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// What the caller's process knows and the daemon cannot: conclusions from its environment, never the variables themselves.
package struct Facts: Sendable, Equatable {
    /// Everything on the caller's side that says no, by the names of ``OffSwitch``. A name we do not know, from a newer
    /// client, is still a no.
    package var off: [String] = []
    package var notificationsMode = NotificationsMode.on
    /// `nil` outside CI; `unknown` for a CI without a name.
    package var ciName: String?
    /// Stdin and stdout are both terminals.
    package var isTerminal = false

    package init() {}

    package init(parsing line: Span<UInt8>, at range: Range<Int>) throws(JSONError) {
        var cursor = JSONCursor(line, at: range.lowerBound)
        let facts = try JSON(reading: &cursor)
        try self.init(facts, at: range.lowerBound)
    }

    /// - Parameter offset: where the object stands, for the error.
    package init(_ facts: JSON, at offset: Int = 0) throws(JSONError) {
        guard facts.object != nil else { throw JSONError(.wrongKind(expected: .object), at: offset) }
        if let off = facts["off"] {
            guard let names = off.array else { throw JSONError(.wrongKind(expected: .array), at: offset) }
            // Whatever stands there was meant as a no.
            self.off = names.map { $0.string ?? "unknown" }
        }
        if let mode = facts["notificationsMode"] {
            guard let mode = mode.string.flatMap(NotificationsMode.init(rawValue:)) else {
                throw JSONError(.wrongKind(expected: .string), at: offset)
            }
            notificationsMode = mode
        }
        ciName = facts["ciName"]?.string
        isTerminal = facts["isTerminal"]?.bool ?? false
    }

    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        if !off.isEmpty {
            writer.key("off")
            writer.beginArray()
            for name in off { writer.string(name) }
            writer.endArray()
        }
        writer.key("notificationsMode")
        writer.string(notificationsMode.rawValue)
        if let ciName {
            writer.key("ciName")
            writer.string(ciName)
        }
        if isTerminal {
            writer.key("isTerminal")
            writer.bool(true)
        }
        writer.endObject()
    }
}

/// The switches on the caller's side, named as people know them.
package enum OffSwitch: String, CaseIterable, Sendable {
    case telemetryDisabled = "SLS_TELEMETRY_DISABLED"
    case trackingDisabled = "SLS_TRACKING_DISABLED"
    case doNotTrack = "DO_NOT_TRACK"
    /// `./.serverlessrc`, which may say no and never yes: a repository must not switch a user's telemetry on.
    case projectRcFile = "./.serverlessrc"

    /// The original's rule for its own variables: set and not empty, so `0` and `false` are a no as well.
    /// `DO_NOT_TRACK` follows the console standard: `0` and `false` mean nothing is asked.
    package func isOff(value: String?) -> Bool {
        guard let value, !value.isEmpty else { return false }
        return switch self {
        case .telemetryDisabled, .trackingDisabled: true
        case .doNotTrack: value != "0" && value != "false"
        case .projectRcFile: value != "false"
        }
    }
}
