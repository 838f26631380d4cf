// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

/// The rules one by one, in their order: policy, environment, rc file, project, the user's own word, configuration,
/// default.
enum ConsentRules {
    enum Says: Equatable {
        case nothing
        case yes
        case no
        /// Nobody knows what it should mean, so it counts as a no.
        case doubt

        var isNo: Bool { self == .no || self == .doubt }
    }

    /// What one rule came to.
    struct Verdict {
        let name: String
        let source: String
        let value: String
        let says: Says
        /// What to do about a no.
        var mend = ""
    }

    static func verdicts(_ inputs: ConsentInputs) -> [Verdict] {
        [policy(inputs)] + environment(inputs) + [rcFile(inputs), project(inputs), record(inputs), mode(inputs)]
            + [Verdict(name: "default", source: "built in", value: "on", says: .yes)]
    }

    private static func policy(_ inputs: ConsentInputs) -> Verdict {
        let more = if case .rules(let rules) = inputs.policy { rules.summary } else { "" }
        func verdict(_ value: String, _ says: Says, _ mend: String = "") -> Verdict {
            let value = [value, more].filter { !$0.isEmpty }.joined(separator: "; ")
            return Verdict(name: "policy", source: inputs.places.policy, value: value, says: says, mend: mend)
        }
        let administrator = "The administrator of this machine decides; see \(inputs.places.policy)"
        switch inputs.policy {
        case .missing: return verdict("no such file", .nothing)
        case .untrusted(let reason): return verdict("not believed: \(reason)", .nothing)
        case .broken(let reason):
            return verdict("off, because \(reason)", .doubt, "The administrator has to mend \(inputs.places.policy)")
        case .rules(let rules):
            switch rules.mode {
            case nil: return verdict(more.isEmpty ? "says nothing" : "", .nothing)
            case .on: return verdict("on, which a policy cannot say", .nothing)
            case .off: return verdict("off", .no, administrator)
            case .ask: return ask(inputs, verdict)
            }
        }
    }

    private static func ask(_ inputs: ConsentInputs, _ verdict: (String, Says, String) -> Verdict) -> Verdict {
        if inputs.hasSaidYes { return verdict("ask, and the answer was yes", .nothing, "") }
        return verdict("ask, and nobody has said yes", .doubt, "Turn it on with: slstats --enable")
    }

    private static func environment(_ inputs: ConsentInputs) -> [Verdict] {
        let known = OffSwitch.allCases.map(\.rawValue)
        let variables: [OffSwitch] = [.telemetryDisabled, .trackingDisabled, .doNotTrack]
        var verdicts = variables.map { variable in
            verdict(variable.rawValue, isOff: inputs.facts.off.contains(variable.rawValue))
        }
        let stage = OffSwitch.unknownStage.rawValue
        if inputs.facts.off.contains(stage) {
            verdicts.append(
                Verdict(
                    name: stage, source: "environment", value: "off, because no file can have that name", says: .doubt,
                    mend: "Change it with: unset \(stage)"))
        }
        if inputs.isOtherHome {
            verdicts.append(
                Verdict(
                    name: "HOME", source: "environment", value: "off, because slstatsd serves another home",
                    says: .doubt, mend: "Use the HOME that slstatsd was started with, or stop it first."))
        }
        // A newer client may know more ways to say no.
        for name in inputs.facts.off where !known.contains(name) { verdicts.append(verdict(name, isOff: true)) }
        return verdicts
    }

    private static func verdict(_ variable: String, isOff: Bool) -> Verdict {
        Verdict(
            name: variable, source: "environment", value: isOff ? "off" : "not set", says: isOff ? .no : .nothing,
            mend: "Change it with: unset \(variable)")
    }

    /// Only `false` and a missing key mean on; every other value is a no.
    private static func rcFile(_ inputs: ConsentInputs) -> Verdict {
        func verdict(_ value: String, _ says: Says, _ mend: String = "Turn it on with: slstats --enable") -> Verdict {
            Verdict(
                name: RcFileMembers.trackingDisabledKey, source: inputs.places.rcFile, value: value, says: says,
                mend: mend)
        }
        switch inputs.rcFile {
        case .missing: return verdict("no such file", .nothing)
        case .unusable(let problem): return verdict("off, because \(problem)", .doubt, problem.mend)
        case .usable(let members):
            switch members.trackingDisabled {
            case nil: return verdict("not set", .nothing)
            case .bool(false)?: return verdict("false", .yes)
            case .bool(true)?: return verdict("true", .no)
            case let value?: return verdict("\(description(value)), which is not false", .no)
            }
        }
    }

    /// What stands in the rc file is not repeated: it could be anything.
    private static func description(_ value: JSON) -> String {
        switch value {
        case .string(let text) where ["true", "false", "yes", "no", "on", "off", "0", "1", ""].contains(text):
            "the string \"\(text)\""
        case .string: "a string"
        case .number: "a number"
        case .null: "null"
        case .array: "an array"
        case .object: "an object"
        case .bool(let value): "\(value)"
        }
    }

    private static func project(_ inputs: ConsentInputs) -> Verdict {
        let name = OffSwitch.projectRcFile.rawValue
        let isOff = inputs.facts.off.contains(name)
        return Verdict(
            name: name, source: "project", value: isOff ? "off" : "no objection", says: isOff ? .no : .nothing,
            mend: "Change it in the file of this folder: ./\(inputs.facts.stage.rcFileName)")
    }

    private static func record(_ inputs: ConsentInputs) -> Verdict {
        func verdict(_ value: String, _ says: Says) -> Verdict {
            Verdict(
                name: "--disable", source: inputs.places.record, value: value, says: says,
                mend: "Turn it on with: slstats --enable")
        }
        switch inputs.record {
        case .damaged: return verdict("off, because the file is damaged", .doubt)
        case .record(let record):
            let isOwed = record.owed.contains(inputs.facts.stage)
            switch record.answer {
            case .no? where inputs.isRecordUnsaved: return verdict("asked for, in the daemon's memory only", .no)
            case _ where isOwed: return verdict("asked for, not in the rc file yet", .no)
            case .no?: return verdict("asked for", .no)
            case .yes?: return verdict("--enable was the last word", .nothing)
            case nil: return verdict("not asked for", .nothing)
            }
        }
    }

    private static func mode(_ inputs: ConsentInputs) -> Verdict {
        func verdict(_ value: String, _ says: Says, _ mend: String = "") -> Verdict {
            Verdict(name: "consent.mode", source: "configuration", value: value, says: says, mend: mend)
        }
        switch inputs.mode {
        case .on: return verdict("on", .nothing)
        case .off: return verdict("off", .no, "Change consent.mode in the configuration of slstatsd.")
        case .ask: return ask(inputs, verdict)
        }
    }
}
