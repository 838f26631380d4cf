// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Which notifications this shell is shown, and what decided it: all of it is known on this side.
struct NotificationsModeExplanation {
    private static let variable = "SLS_NOTIFICATIONS_MODE"

    let mode: NotificationsMode
    let decidedBy: String
    private let rules: [JSON]
    private let oddity: String?

    init(_ environment: CallerEnvironment) {
        let value = environment.variable(Self.variable)
        let ci = CIDetection(environment)
        mode = NotificationsMode(variable: value, isCI: ci.isCI)
        let isUnderstood = value.map(NotificationsMode.isUnderstood) ?? false
        decidedBy = isUnderstood ? Self.variable : ci.isCI ? "CI" : "default"
        let ciValue = ci.isCI ? "\(ci.name ?? "detected"): upgrades-only" : "not detected"
        rules = [
            Self.rule(Self.variable, "environment", value.map { $0.isEmpty ? "empty" : $0 } ?? "not set", decidedBy),
            Self.rule("CI", "environment", ciValue, decidedBy),
            Self.rule("default", "built in", "on", decidedBy),
        ]
        oddity =
            switch value {
            case let value? where isUnderstood && value.allSatisfy(\.isWhitespace):
                "\(Self.variable) is set and empty, which counts as off; to be shown notifications: unset \(Self.variable)"
            case let value? where !isUnderstood:
                "\(Self.variable)=\(value) is none of off, upgrades-only, on and force, and means nothing."
            default: nil
            }
    }

    private static func rule(_ name: String, _ source: String, _ value: String, _ decidedBy: String) -> JSON {
        [
            "rule": .string(name), "source": .string(source), "value": .string(value),
            "decides": .bool(name == decidedBy),
        ]
    }

    var json: JSON {
        [
            "mode": .string(mode.rawValue), "decidedBy": .string(decidedBy), "rules": .array(rules),
            "oddity": JSON(oddity),
        ]
    }

    var text: String {
        let lines = Why.table(rules) + ["", "Notifications are \(mode.rawValue), decided by \(decidedBy)."]
        return (lines + (oddity.map { [PrintableText.sanitize($0)] } ?? [])).joined(separator: "\n")
    }
}
