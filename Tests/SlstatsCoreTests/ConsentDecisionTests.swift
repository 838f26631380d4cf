// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("Consent")
struct ConsentDecisionTests {
    private func decide(_ rcFile: RcFile.Content, off: [String] = []) -> ConsentDecision {
        var inputs = ConsentInputs()
        inputs.rcFile = rcFile
        inputs.facts.off = off
        return ConsentDecision(inputs)
    }

    @Test("nothing said means on, by default")
    func byDefault() {
        #expect(decide(.missing).isEnabled)
        #expect(decide(.missing).decidedBy == "default")
        #expect(decide(.usable(RcFileMembers())).decidedBy == "default")
    }

    @Test("an explicit false in the rc file means on, by the rc file")
    func explicitOn() {
        let decision = decide(.usable(RcFileMembers(trackingDisabled: false)))
        #expect(decision.decidedBy == "trackingDisabled")
        #expect(decision.isEnabled)
    }

    @Test(
        "in the rc file every value but false is a no, and is not repeated in the explanation [F040]",
        arguments: [
            ("true", "true"), ("null", "null, which is not false"), ("0", "a number, which is not false"),
            ("1", "a number, which is not false"), ("\"\"", "the string \"\", which is not false"),
            ("\"false\"", "the string \"false\", which is not false"), ("\"secret\"", "a string, which is not false"),
            ("[\"secret\"]", "an array, which is not false"), ("{\"a\":\"secret\"}", "an object, which is not false"),
        ])
    func doubt(_ value: String, _ text: String) throws {
        let members = try RcFileMembers(parsing: Array("{\"trackingDisabled\":\(value)}".utf8))
        let decision = decide(.usable(members))

        #expect(!decision.isEnabled)
        #expect(decision.decidedBy == "trackingDisabled")
        #expect(decision.rules.first { $0.decides }?.value == text)
    }

    // MARK: - The whole table

    /// One input of one rule: what it says, judged by hand.
    private struct Row<Input: Sendable>: Sendable {
        let input: Input
        let isNo: Bool
        /// Somebody said no, as opposed to a file that nobody can understand.
        var isPlain = false
    }

    /// A file that is there and cannot be read.
    private static let unusable: RcFile.Content = {
        let files = InMemoryFileSystem()
        files.write(Array("{".utf8), to: "/home/u/.serverlessrc")
        var file = RcFile(
            RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(0), random: .seeded(1))
        return file.read()
    }()

    private static func rules(_ mode: ConsentMode?) -> PolicyRules {
        var rules = PolicyRules()
        rules.mode = mode
        return rules
    }

    private static let policies: [Row<(policy: Policy, needsYes: Bool)>] = [
        Row(input: (.missing, false), isNo: false), Row(input: (.rules(rules(nil)), false), isNo: false),
        Row(input: (.rules(rules(.on)), false), isNo: false), Row(input: (.untrusted("x"), false), isNo: false),
        Row(input: (.rules(rules(.ask)), true), isNo: false),
        Row(input: (.rules(rules(.off)), false), isNo: true, isPlain: true),
        Row(input: (.broken("x"), false), isNo: true),
    ]

    private static let rcFiles: [Row<RcFile.Content>] = [
        Row(input: .missing, isNo: false), Row(input: .usable(RcFileMembers()), isNo: false),
        Row(input: .usable(RcFileMembers(trackingDisabled: false)), isNo: false),
        Row(input: .usable(RcFileMembers(trackingDisabled: true)), isNo: true, isPlain: true),
        Row(input: .usable(RcFileMembers(trackingDisabled: "false")), isNo: true, isPlain: true),
        Row(input: unusable, isNo: true),
    ]

    private static let records: [Row<(content: ConsentRecordFile.Content, saysYes: Bool)>] = {
        func record(_ answer: ConsentRecord.Answer?, owed: PlatformStage? = nil) -> ConsentRecordFile.Content {
            var record = ConsentRecord()
            record.answer = answer
            record.owed = owed.map { [$0] } ?? []
            return .record(record)
        }
        return [
            Row(input: (record(nil), false), isNo: false), Row(input: (record(.yes), true), isNo: false),
            Row(input: (record(.no), false), isNo: true, isPlain: true),
            Row(input: (record(.no, owed: .production), false), isNo: true, isPlain: true),
            Row(input: (.damaged, false), isNo: true),
        ]
    }()

    private static let modes: [Row<(mode: ConsentMode, needsYes: Bool)>] = [
        Row(input: (.on, false), isNo: false), Row(input: (.ask, true), isNo: false),
        Row(input: (.off, false), isNo: true, isPlain: true),
    ]

    private static let environment: [(name: String, isPlain: Bool)] = [
        ("SLS_TELEMETRY_DISABLED", true), ("SLS_TRACKING_DISABLED", true), ("DO_NOT_TRACK", true),
        ("SERVERLESS_PLATFORM_STAGE", false), ("SOMETHING_NEWER", true), ("./.serverlessrc", true),
    ]

    /// The names of the rules in their order, as the issue of the resolver lists them.
    private static let order = [
        "policy", "SLS_TELEMETRY_DISABLED", "SLS_TRACKING_DISABLED", "DO_NOT_TRACK", "SERVERLESS_PLATFORM_STAGE",
        "SOMETHING_NEWER", "trackingDisabled", "./.serverlessrc", "--disable", "consent.mode", "default",
    ]

    @Test(
        "policy × environment × rc file × project × record × configuration: any no wins, the first one is named [F026]")
    func wholeTable() {
        var count = 0
        for policy in Self.policies {
            for rcFile in Self.rcFiles {
                for record in Self.records {
                    for mode in Self.modes {
                        for bits in 0..<1 << Self.environment.count {
                            let off = Self.environment.indices.filter { bits & 1 << $0 != 0 }
                                .map { Self.environment[$0] }
                            var inputs = ConsentInputs()
                            inputs.policy = policy.input.policy
                            inputs.rcFile = rcFile.input
                            inputs.record = record.input.content
                            inputs.mode = mode.input.mode
                            inputs.facts.off = off.map(\.name)
                            let decision = ConsentDecision(inputs)

                            // Told independently: which rules say no, and which of those plainly.
                            let isPolicyNo = policy.isNo || policy.input.needsYes && !record.input.saysYes
                            let isModeNo = mode.isNo || mode.input.needsYes && !record.input.saysYes
                            var noes = off.map(\.name)
                            if isPolicyNo { noes.append("policy") }
                            if rcFile.isNo { noes.append("trackingDisabled") }
                            if record.isNo { noes.append("--disable") }
                            if isModeNo { noes.append("consent.mode") }
                            let yes = rcFile.input == Self.rcFiles[2].input ? "trackingDisabled" : "default"
                            let expected = Self.order.first { noes.contains($0) } ?? yes
                            let isPlain =
                                policy.isPlain || rcFile.isPlain || record.isPlain || mode.isPlain
                                || off.contains { $0.isPlain }
                            guard decision.isEnabled == noes.isEmpty, decision.decidedBy == expected,
                                decision.isPlainNo == isPlain,
                                decision.rules.filter(\.decides).map(\.name) == [expected],
                                !decision.mend.isEmpty
                            else {
                                Issue.record("\(inputs) gives \(decision), expected \(expected)")
                                return
                            }
                            count += 1
                        }
                    }
                }
            }
        }
        #expect(count == 7 * 6 * 5 * 3 * 64)
    }

    @Test("the rules stand in the order in which they are asked, whatever they say")
    func order() {
        var inputs = ConsentInputs()
        let always = Self.order.filter { $0 != "SERVERLESS_PLATFORM_STAGE" && $0 != "SOMETHING_NEWER" }
        #expect(ConsentDecision(inputs).rules.map(\.name) == always)
        inputs.facts.off = ["SOMETHING_NEWER", "SERVERLESS_PLATFORM_STAGE"]
        #expect(ConsentDecision(inputs).rules.map(\.name) == Self.order)
    }

    @Test(
        "whatever decides, the way out is named [F039]",
        arguments: [
            ("policy", "The administrator of this machine decides; see /etc/slstats/policy.json"),
            ("DO_NOT_TRACK", "Change it with: unset DO_NOT_TRACK"),
            ("trackingDisabled", "Turn it on with: slstats --enable"),
            ("./.serverlessrc", "Change it in the file of this folder: ./.serverlessdevrc"),
            ("--disable", "Turn it on with: slstats --enable"),
            ("consent.mode", "Change consent.mode in the configuration of slstatsd."),
            ("default", "Turn it off with: slstats --disable"),
        ])
    func wayOut(_ rule: String, _ mend: String) {
        var inputs = ConsentInputs()
        inputs.facts.stage = PlatformStage(name: "dev") ?? .production
        switch rule {
        case "policy": inputs.policy = .rules(Self.rules(.off))
        case "trackingDisabled": inputs.rcFile = .usable(RcFileMembers(trackingDisabled: true))
        case "--disable":
            var record = ConsentRecord()
            record.answer = .no
            inputs.record = .record(record)
        case "consent.mode": inputs.mode = .off
        case "default": break
        default: inputs.facts.off = [rule]
        }

        let decision = ConsentDecision(inputs)

        #expect(decision.decidedBy == rule)
        #expect(decision.mend == mend)
    }
}
