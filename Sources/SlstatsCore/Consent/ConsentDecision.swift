// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
package import SlstatsProtocol

/// Whether this caller's events may be recorded, and every rule that was looked at.
///
/// A pure function of its inputs; nothing else in the code base decides. Any no wins, doubt is a no
/// (architecture.md, section 4).
package struct ConsentDecision: Sendable, Equatable {
    package struct Rule: Sendable, Equatable {
        /// The name a person knows it by.
        package let name: String
        /// Where it stands.
        package let source: String
        /// What it says.
        package let value: String
        /// Whether it was this one that decided.
        package fileprivate(set) var decides = false
    }

    package let isEnabled: Bool
    /// The name of the rule.
    package let decidedBy: String
    package let rules: [Rule]

    /// - Parameter isDisableUnsaved: somebody said no and the rc file could not be written. It holds all the same.
    package init(facts: Facts, rcFile: RcFile.Content, rcFilePath: String, isDisableUnsaved: Bool = false) {
        var rules: [(rule: Rule, says: Bool?)] = []
        func environment(_ name: String) {
            let isOff = facts.off.contains(name)
            rules.append(
                (Rule(name: name, source: "environment", value: isOff ? "off" : "not set"), isOff ? false : nil))
        }
        let variables: [OffSwitch] = [.telemetryDisabled, .trackingDisabled, .doNotTrack]
        for variable in variables { environment(variable.rawValue) }
        let known = OffSwitch.allCases.map(\.rawValue)
        // A newer client may know more ways to say no.
        for name in facts.off where !known.contains(name) { environment(name) }

        let (value, says) = Self.read(rcFile)
        rules.append((Rule(name: Self.rcFileRule, source: rcFilePath, value: value), says))

        if isDisableUnsaved {
            rules.append((Rule(name: "--disable", source: "daemon", value: "asked for, not in the rc file"), false))
        }

        let project = OffSwitch.projectRcFile.rawValue
        let isOff = facts.off.contains(project)
        rules.append(
            (Rule(name: project, source: "project", value: isOff ? "off" : "no objection"), isOff ? false : nil))
        rules.append((Rule(name: "default", source: "built in", value: "on"), true))

        // The last rule always says something.
        let deciding = rules.firstIndex { $0.says == false } ?? rules.firstIndex { $0.says == true } ?? rules.count - 1
        isEnabled = rules[deciding].says == true
        decidedBy = rules[deciding].rule.name
        self.rules = rules.enumerated().map { index, entry in
            var rule = entry.rule
            rule.decides = index == deciding
            return rule
        }
    }

    package static let rcFileRule = "trackingDisabled"

    /// Only `false` and a missing key mean on; every other value is doubt.
    private static func read(_ content: RcFile.Content) -> (value: String, says: Bool?) {
        switch content {
        case .missing: return ("no such file", nil)
        case .unusable(let reason): return ("off, because \(reason)", false)
        case .usable(let json):
            switch json["trackingDisabled"] {
            case nil: return ("not set", nil)
            case .bool(false): return ("false", true)
            case let value?: return (value.serialized(), false)
            }
        }
    }
}

extension ConsentDecision {
    package var json: JSON {
        [
            "enabled": .bool(isEnabled), "decidedBy": .string(decidedBy),
            "rules": .array(
                rules.map { rule in
                    [
                        "rule": .string(rule.name), "source": .string(rule.source), "value": .string(rule.value),
                        "decides": .bool(rule.decides),
                    ]
                }),
        ]
    }
}
