// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("What an administrator leaves of events")
struct FieldRestrictionTests {
    private static func kept(_ event: String, _ restrictions: [String: FieldRestriction]) -> String {
        let rules = EventRules(Catalogue(CatalogueField.builtIn, restrictions: restrictions))
        let bytes = Array(event.utf8)
        let check = EventCheck(bytes.span, at: 0..<bytes.count, rules: rules)
        guard check.violations.isEmpty else { return "refused: \(check.violations)" }
        var stored: [UInt8] = []
        var random = SystemRandomNumberGenerator()
        StoredEvent.append(
            bytes.span, at: 0..<bytes.count, check: check, id: EventID(using: &random), timestamp: 7,
            key: Array(repeating: 7, count: 32), to: &stored)
        return String(decoding: stored, as: UTF8.self).replacing(#/^{"id":"[^"]*","timestamp":7,?/#, with: "{")
    }

    @Test(
        "a denied field is null, a coarsened one says less, everything else is as it was",
        arguments: [
            (
                #"{"timezone":"Europe/Berlin","command":"info"}"#, "timezone", .deny,
                #"{"timezone":null,"command":"info"}"#
            ),
            (#"{"timezone":"America/Argentina/Ushuaia"}"#, "timezone", .coarsen, #"{"timezone":"America"}"#),
            (#"{"versions":{"serverless":"3.38.0"}}"#, "versions", .coarsen, #"{"versions":{"serverless":"3"}}"#),
            (#"{"versions":{"serverless":"3.38.0"}}"#, "versions", .deny, #"{"versions":null}"#),
            (#"{"command":"deploy function"}"#, "command", .coarsen, #"{"command":"deploy"}"#),
            (#"{"command":"deploy\u0020function"}"#, "command", .coarsen, #"{"command":"deploy"}"#),
            (#"{"command":""}"#, "command", .coarsen, #"{"command":""}"#),
            (#"{"commandDurationMs":5120}"#, "commandDurationMs", .coarsen, #"{"commandDurationMs":5000}"#),
            (#"{"commandDurationMs":7}"#, "commandDurationMs", .coarsen, #"{"commandDurationMs":7}"#),
            (#"{"commandDurationMs":0}"#, "commandDurationMs", .coarsen, #"{"commandDurationMs":0}"#),
            (
                #"{"npmDependencies":["express","@corp/x"]}"#, "npmDependencies", .coarsen,
                #"{"npmDependencies":["other","other"]}"#
            ),
            (#"{"npmDependencies":["express","@corp/x"]}"#, "npmDependencies[]", .deny, #"{"npmDependencies":null}"#),
            (
                #"{"config":{"functions":[{"runtime":"nodejs20.x","url":true},{"url":false}]}}"#,
                "config.functions[].url",
                .deny, #"{"config":{"functions":[{"runtime":"nodejs20.x","url":null},{"url":null}]}}"#
            ),
            // Of what is denied as a whole not even how many there are.
            (
                #"{"config":{"functions":[{"runtime":"nodejs20.x"},{}],"paramsCount":2}}"#, "config.functions", .deny,
                #"{"config":{"functions":null,"paramsCount":2}}"#
            ),
            (
                #"{"config":{"provider":{"stage":"dev"},"paramsCount":2}}"#, "config.provider", .deny,
                #"{"config":{"provider":null,"paramsCount":2}}"#
            ),
            (#"{"timezone":null}"#, "timezone", .deny, #"{"timezone":null}"#),
            // Not known, or only named alike: nothing to take away.
            (#"{"command":"info"}"#, "acme.mode", .deny, #"{"command":"info"}"#),
            (#"{"commandDurationMs":5}"#, "command", .deny, #"{"commandDurationMs":5}"#),
            // What cannot say less says nothing.
            (#"{"isTtyTerminal":true}"#, "isTtyTerminal", .coarsen, #"{"isTtyTerminal":null}"#),
            (#"{"projectId":"mine"}"#, "projectId", .coarsen, #"{"projectId":null}"#),
        ] as [(String, String, FieldRestriction, String)])
    func table(_ event: String, _ path: String, _ restriction: FieldRestriction, _ expected: String) {
        #expect(Self.kept(event, [path: restriction]) == expected)
    }

    @Test("a denied field is not even looked at; a coarsened one still has to be what it is")
    func values() {
        #expect(Self.kept(#"{"timezone":{"a":[1]}}"#, ["timezone": .deny]) == #"{"timezone":null}"#)
        #expect(Self.kept(#"{"timezone":"/home/ann"}"#, ["timezone": .coarsen]).hasPrefix("refused"))
        #expect(Self.kept(#"{"commandDurationMs":-5}"#, ["commandDurationMs": .coarsen]).hasPrefix("refused"))
    }

    @Test("a denial wins over a coarsening, wherever either stands")
    func both() {
        let event = #"{"versions":{"serverless":"3.38.0"}}"#

        #expect(
            Self.kept(event, ["versions": .deny, "versions.serverless": .coarsen]) == #"{"versions":null}"#)
        #expect(
            Self.kept(event, ["versions": .coarsen, "versions.serverless": .deny])
                == #"{"versions":{"serverless":null}}"#)
    }

    @Test(
        "every field can be denied, and coarsened, and takes its example all the same",
        arguments: FieldRestriction.allCases)
    func everyField(_ restriction: FieldRestriction) {
        for field in CatalogueField.builtIn where !field.isOptIn {
            let kept = Self.kept(field.exampleEvent, [field.path: restriction])
            #expect(!kept.hasPrefix("refused"), "\(field.path)")
            if restriction == .deny, !CatalogueField.indispensable.contains(field.path) {
                #expect(kept.contains("null"), "\(field.path)")
            }
        }
    }
}
