// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
internal import SlstatsProtocol

/// Whether this caller's events may be recorded, and every rule that was looked at.
///
/// A pure function of its inputs; nothing else in the code base decides. Any no wins, doubt is a no
/// (architecture.md, section 4).
package struct ConsentDecision: Sendable, Equatable {
    /// One line of `slstats why`.
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
    /// What to do to change the decision, as one sentence.
    package let mend: String
    /// Somebody has said no, as opposed to doubt: what is pending is discarded and not just held back.
    package let isPlainNo: Bool

    /// The first rule that says no decides; if none does, the first that says yes.
    package init(_ inputs: ConsentInputs) {
        let verdicts = ConsentRules.verdicts(inputs)
        // The last rule always says something.
        let deciding =
            verdicts.firstIndex { $0.says.isNo } ?? verdicts.firstIndex { $0.says == .yes } ?? verdicts.count - 1
        isEnabled = verdicts[deciding].says == .yes
        decidedBy = verdicts[deciding].name
        isPlainNo = verdicts.contains { $0.says == .no }
        mend = isEnabled ? "Turn it off with: slstats --disable" : verdicts[deciding].mend
        rules = verdicts.enumerated().map { index, verdict in
            Rule(name: verdict.name, source: verdict.source, value: verdict.value, decides: index == deciding)
        }
    }
}

extension ConsentDecision {
    /// What `slstats why --json` prints.
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
            "mend": .string(mend),
        ]
    }
}
