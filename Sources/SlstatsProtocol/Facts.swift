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
    /// Which rc file the caller's tool goes by.
    package var stage = PlatformStage.production
    /// The caller's home, as ``identity(ofHome:)`` names it; `nil` from a caller that has none or does not say.
    package var home: String?

    /// A home as client and daemon can compare it, whatever it is called: device and inode.
    package static func identity(ofHome device: UInt64, _ inode: UInt64) -> String {
        String(device, radix: 16) + ":" + String(inode, radix: 16)
    }

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
        home = facts["home"]?.string
        if let name = facts["stage"] {
            guard let stage = name.string.flatMap({ PlatformStage(variable: $0) }) else {
                throw JSONError(.wrongKind(expected: .string), at: offset)
            }
            self.stage = stage
        }
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
        if stage != .production {
            writer.key("stage")
            writer.string(stage.name)
        }
        if let home {
            writer.key("home")
            writer.string(home)
        }
        writer.endObject()
    }
}

/// The switches on the caller's side, named as people know them.
package enum OffSwitch: String, CaseIterable, Sendable {
    case telemetryDisabled = "SLS_TELEMETRY_DISABLED"
    case trackingDisabled = "SLS_TRACKING_DISABLED"
    case doNotTrack = "DO_NOT_TRACK"
    /// The caller's stage names no file, so nobody knows which rc file would have to be asked.
    case unknownStage = "SERVERLESS_PLATFORM_STAGE"
    /// `./.serverlessrc`, which may say no and never yes: a repository must not switch a user's telemetry on.
    /// With a stage it is that stage's file.
    case projectRcFile = "./.serverlessrc"

    /// The original's rule for its own variables: set and not empty, so `0` and `false` are a no as well.
    /// `DO_NOT_TRACK` follows the console standard: `0` and `false` mean nothing is asked.
    package func isOff(value: String?) -> Bool {
        guard let value, !value.isEmpty else { return false }
        return switch self {
        case .telemetryDisabled, .trackingDisabled: true
        case .unknownStage: PlatformStage(variable: value) == nil
        case .doNotTrack: value != "0" && value != "false"
        case .projectRcFile: value != "false"
        }
    }
}
