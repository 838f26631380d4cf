// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("Events against the catalogue")
struct EventCheckTests {
    private func check(_ event: String) -> EventCheck {
        let bytes = Array(event.utf8)
        return EventCheck(bytes.span, at: 0..<bytes.count, catalogue: .builtIn)
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

    @Test(
        "every field of the catalogue takes a value of its type and refuses another", arguments: CatalogueField.builtIn)
    func everyField(_ field: CatalogueField) {
        func event(_ value: String) -> String {
            field.path.split(separator: ".").reversed().reduce(value) { inner, name in
                name.hasSuffix("[]") ? "{\"\(name.dropLast(2))\":[\(inner)]}" : "{\"\(name)\":\(inner)}"
            }
        }
        let good =
            switch field.type {
            case .string: #""text""#
            case .integer: "12"
            case .boolean: "true"
            case .uuid: #""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#
            case .answer: "false"
            }

        #expect(check(event(good)).violations.isEmpty)
        #expect(check(event("{\"x\":1}")).violations.count == 1)
        #expect(check(event("null")).violations.isEmpty == field.isNullable)
        #expect(check(event("1.5")).violations.count == 1)
        #expect(check(event("[]")).violations.count == 1)
    }

    @Test(
        "what is not in the catalogue is refused by name",
        arguments: [
            (#"{"foo":1}"#, ["foo"]), (#"{"config":{"secret":1,"plugins":[]}}"#, ["config.secret"]),
            (#"{"a":1,"b":2}"#, ["a", "b"]), (#"{"dashboard":{"userId":"x"}}"#, ["dashboard"]),
            (#"{"npmDependencies":["@corp/x"]}"#, ["npmDependencies"]),
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
