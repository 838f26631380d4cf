// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("Events against the catalogue")
struct EventCheckTests {
    private var rules = EventRules()
    private var random = SystemRandomNumberGenerator()

    private func check(_ event: String) -> EventCheck {
        let bytes = Array(event.utf8)
        return EventCheck(bytes.span, at: 0..<bytes.count, rules: rules)
    }

    /// What is kept of an event that has an id and a time.
    private mutating func kept(_ event: String) -> String {
        let bytes = Array(event.utf8)
        var stored: [UInt8] = []
        StoredEvent.append(
            bytes.span, at: 0..<bytes.count, check: check(event), id: EventID(using: &random), timestamp: 7,
            key: Array(repeating: 7, count: 32), to: &stored)
        let text = String(decoding: stored, as: UTF8.self)
        return text.replacing(#/^{"id":"[^"]*","timestamp":7,?/#, with: "{")
    }

    @Test("what the seed names can be recorded: version, provider, event types, deprecations, runtime, plugins")
    func seed() {
        let event = check(
            #"""
            {"command":"info","versions":{"serverless":"3.38.0"},"triggeredDeprecations":["A_B"],
             "config":{"provider":{"name":"aws","runtime":"nodejs20.x"},"plugins":["serverless-offline"],
                       "functions":[{"runtime":"python3.12","events":[{"type":"httpApi"},{"type":null}]}]}}
            """#)

        #expect(event.violations.isEmpty)
        #expect(!event.isUrgent)
    }

    private static func event(_ path: String, _ value: String) -> String {
        path.split(separator: ".").reversed().reduce(value) { inner, name in
            name.hasSuffix("[]") ? "{\"\(name.dropLast(2))\":[\(inner)]}" : "{\"\(name)\":\(inner)}"
        }
    }

    @Test(
        "every field of the catalogue takes its example and refuses what it does not take [F165]",
        arguments: CatalogueField.builtIn)
    mutating func everyField(_ field: CatalogueField) throws {
        // Those that name somebody have to be admitted.
        let good = Self.event(field.path, field.example)
        #expect(check(good).violations.isEmpty == !field.isOptIn)
        rules = EventRules(Catalogue(CatalogueField.builtIn, admitting: [field.path]))
        #expect(check(good).violations.isEmpty)
        #expect(throws: Never.self) { try JSON(parsing: kept(good)) }

        for bad in ["{\"x\":1}", "1.5", "[]", "-1", "\"\u{1}\"", "\"\(String(repeating: "x", count: 5000))\""]
            + bad(field.kind)
        {
            #expect(!check(Self.event(field.path, bad)).violations.isEmpty, "\(bad)")
        }
        #expect(check(Self.event(field.path, "null")).violations.isEmpty == field.isNullable)
    }

    /// Beside what no field takes.
    private func bad(_ kind: CatalogueField.Kind) -> [String] {
        switch kind {
        case .string(.closed, _): ["\"\"", "\"no such word\"", "true"]
        case .string(.names, _), .string(.resourceType, _), .string(.errorLocation, _), .keyedHash: ["true", "1"]
        case .string(.pattern(.word), _): ["\"a b\"", "\"a/b\"", "\"\"", "\"é\"", "true"]
        case .string(.pattern(.words), _): ["\" a\"", "\"a  b\"", "\"a \"", "\"/home/a\"", "true"]
        case .string(.pattern(.version), _): ["\"v1\"", "\"latest\"", "\"1 2\"", "\"\"", "3"]
        case .string(.pattern(.code), _): ["\"lower\"", "\"A-B\"", "\"\"", "1"]
        case .string(.pattern(.timeZone), _): ["\"/etc\"", "\"a//b\"", "\"a/\"", "\"\"", "1"]
        case .string(.pattern(.mark), _), .answer: ["\"my own words\"", "\"word\"", "\"\"", "1"]
        case .string(.pattern(.text), _): ["1"]
        case .integer: ["\"1\"", "1e3", "99999999999999999999", "true"]
        case .boolean: ["\"true\"", "0"]
        case .uuid: ["\"6BA7B811-9DAD-41D1-80B4-00C04FD430C8\"", "\"x\""]
        case .randomUUID: ["\"6ba7b811-9dad-11d1-80b4-00c04fd430c8\"", "\"x\""]
        case .count: ["1"]
        // No field of ours: the administrator makes them.
        case .string(.beginning, _), .withheld, .magnitude: []
        }
    }

    @Test(
        "what everybody has is kept; what is private is counted, shortened or told as a path [F164]",
        arguments: [
            (
                #"{"config":{"plugins":["serverless-offline","@corp/secret","./plugins/mine","C:\\x"]}}"#,
                #"{"config":{"plugins":["serverless-offline","other","local","local"]}}"#
            ),
            (
                #"{"npmDependencies":["express","@corp/x","@corp/y"]}"#,
                #"{"npmDependencies":["express","other","other"]}"#
            ),
            (#"{"config":{"provider":{"stage":"dev"}}}"#, #"{"config":{"provider":{"stage":"dev"}}}"#),
            (
                #"{"config":{"provider":{"stage":"ann","name":"aws","region":"mars"}}}"#,
                #"{"config":{"provider":{"stage":"custom","name":"aws","region":"other"}}}"#
            ),
            (
                #"{"config":{"resources":{"general":["AWS::S3::Bucket","AWS::S3","Custom::Mine","Corp::Thing::X","AWS::/x::y"]}}}"#,
                #"{"config":{"resources":{"general":["AWS::S3::Bucket","other","Custom","other","other"]}}}"#
            ),
            (
                #"{"config":{"functions":[{"events":[{"type":"http"},{"type":"corp"},{"type":null}]}]}}"#,
                #"{"config":{"functions":[{"events":[{"type":"http"},{"type":"other"},{"type":null}]}]}}"#
            ),
            (#"{ "ciName" : "Mine" , "isTtyTerminal" : true }"#, #"{ "ciName" : "other" , "isTtyTerminal" : true }"#),
            (
                #"{"config":{"plugins":["\u0073erverless-offline"]}}"#,
                #"{"config":{"plugins":["\u0073erverless-offline"]}}"#
            ),
            (
                #"{"projectId":"my-service-123456789012"}"#,
                #"{"projectId":"8E+i+fpspLnS32m32HXo+Ov8yskB+FMLeh9jUJWJrc8="}"#
            ),
        ])
    mutating func keptValues(_ event: String, _ expected: String) {
        #expect(kept(event) == expected)
    }

    @Test(
        "what is not in the catalogue is refused by name",
        arguments: [
            (#"{"foo":1}"#, ["foo"]), (#"{"config":{"secret":1,"plugins":[]}}"#, ["config.secret"]),
            (#"{"a":1,"b":2}"#, ["a", "b"]), (#"{"dashboard":{"userId":"x"}}"#, ["dashboard"]),
            (#"{"config":{"functions":[{"name":"f"}]}}"#, ["config.functions[].name"]),
            (#"{"command":["deploy"]}"#, ["command"]), (#"{"versions":"3"}"#, ["versions"]),
            (#"{"config":{"plugins":[1]}}"#, ["config.plugins"]),
            (#"{"config":{"functions":[1]}}"#, ["config.functions"]),
            (#"{"command":"a","command":"b"}"#, ["command"]), (#"{"id":"x"}"#, ["id"]),
            (#"{"id":"6BA7B810-9DAD-11D1-80B4-00C04FD430C8"}"#, ["id"]),
            (#"{"timestamp":1e3}"#, ["timestamp"]), (#"{"commandOptionNames":"x"}"#, ["commandOptionNames"]),
        ])
    func refused(_ event: String, _ fields: [String]) {
        #expect(check(event).violations.map(\.field) == fields)
    }

    @Test("strings and arrays have bounds")
    func bounds() {
        #expect(check(#"{"command":"\#(String(repeating: "x", count: 257))"}"#).violations.count == 1)
        let many = Array(repeating: "\"p\"", count: 1025).joined(separator: ",")
        #expect(check("{\"config\":{\"plugins\":[\(many)]}}").violations.count == 1)
    }

    @Test("deploy and failures are urgent")
    func urgency() {
        #expect(check(#"{"command":"deploy"}"#).isUrgent)
        #expect(check(#"{"command":"info","outcome":"failure"}"#).isUrgent)
        #expect(!check(#"{"command":"deploy list"}"#).isUrgent)
    }

    @Test(
        "an event gets an id and a time if it has none, and keeps every other byte",
        arguments: [
            ("{}", #"{"id":"ID","timestamp":7}"#),
            (#"{ "command":"a" }"#, #"{"id":"ID","timestamp":7, "command":"a" }"#),
            (#"{"timestamp":1}"#, #"{"id":"ID","timestamp":1}"#),
            (
                #"{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}"#,
                #"{"timestamp":7,"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}"#
            ),
            (
                #"{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","timestamp":2}"#,
                #"{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","timestamp":2}"#
            ),
        ])
    func stored(_ event: String, _ expected: String) throws {
        let bytes = Array(event.utf8)
        let id = try #require(EventID("00000000-0000-4000-8000-000000000000"))

        var stored: [UInt8] = []
        StoredEvent.append(
            bytes.span, at: 0..<bytes.count, check: check(event), id: id, timestamp: 7, to: &stored)

        let text = String(decoding: stored, as: UTF8.self)
        #expect(text == expected.replacing("ID", with: id.description))
        #expect(throws: Never.self) { try JSON(parsing: text) }
    }
}
