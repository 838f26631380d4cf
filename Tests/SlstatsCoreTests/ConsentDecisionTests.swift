// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("Consent")
struct ConsentDecisionTests {
    private func decide(_ rcFile: RcFile.Content, off: [String] = []) -> ConsentDecision {
        var facts = Facts()
        facts.off = off
        return ConsentDecision(facts: facts, rcFile: rcFile, rcFilePath: "/home/u/.serverlessrc")
    }

    @Test("nothing said means on, by default")
    func byDefault() {
        #expect(decide(.missing).isEnabled)
        #expect(decide(.missing).decidedBy == "default")
        #expect(decide(.usable([:])).decidedBy == "default")
    }

    @Test("an explicit false in the rc file means on, by the rc file")
    func explicitOn() {
        #expect(decide(.usable(["trackingDisabled": false])).decidedBy == "trackingDisabled")
        #expect(decide(.usable(["trackingDisabled": false])).isEnabled)
    }

    @Test(
        "in the rc file every value but false is a no [F040]",
        arguments: ["true", "null", "0", "1", "\"\"", "\"false\"", "[]", "{}"])
    func doubt(_ value: String) throws {
        let rcFile = RcFile.Content.usable(try JSON(parsing: "{\"trackingDisabled\":\(value)}"))

        #expect(!decide(rcFile).isEnabled)
        #expect(decide(rcFile).decidedBy == "trackingDisabled")
    }

    @Test("a file that cannot be read is a no")
    func unusable() {
        #expect(!decide(.unusable("x")).isEnabled)
    }

    @Test("any no wins, whatever the others say, and the first one is named [F026]")
    func anyNoWins() {
        let contents: [RcFile.Content] = [
            .missing, .usable([:]), .usable(["trackingDisabled": false]), .usable(["trackingDisabled": true]),
            .unusable("x"),
        ]
        let names = OffSwitch.allCases.map(\.rawValue) + ["SOMETHING_NEWER"]
        for content in contents {
            for bits in 0..<1 << names.count {
                let off = names.indices.filter { bits & 1 << $0 != 0 }.map { names[$0] }
                let decision = decide(content, off: off)
                let isRcFileOff = !decide(content).isEnabled
                #expect(decision.isEnabled == (off.isEmpty && !isRcFileOff))
                #expect(decision.rules.filter(\.decides).map(\.name) == [decision.decidedBy])
                if !decision.isEnabled { #expect((off + ["trackingDisabled"]).contains(decision.decidedBy)) }
            }
        }
    }
}
