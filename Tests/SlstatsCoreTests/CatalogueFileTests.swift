// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import Testing

@Suite("Catalogue files")
struct CatalogueFileTests {
    private static func fields(_ text: String) throws -> [CatalogueField] {
        try CatalogueFile(Array(text.utf8), name: "/acme.json", known: CatalogueField.builtIn).fields
    }

    private static func violations(_ event: String, _ fields: [CatalogueField]) -> [String] {
        let bytes = Array(event.utf8)
        let rules = EventRules(Catalogue(CatalogueField.builtIn + fields))
        return EventCheck(bytes.span, at: 0..<bytes.count, rules: rules).violations.map { "\($0.field) \($0.problem)" }
    }

    /// The page's example.
    private static let example: String = {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Sources/SlstatsCore/SlstatsCore.docc/CatalogueFormat.md")
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        return text.components(separatedBy: "```json\n").dropFirst().first?.components(separatedBy: "\n```").first ?? ""
    }()

    @Test("the example of CatalogueFormat.md says what its fields take")
    func example() throws {
        let fields = try Self.fields(Self.example)
        let paths = fields.map(\.path)

        #expect(
            paths == [
                "acme.mode", "acme.targets[]", "acme.release", "acme.jobs", "acme.isCached", "acme.rules",
                "acme.project",
                "acme.session",
            ])
        #expect(fields.allSatisfy { $0.source == "/acme.json" })
        #expect(
            Self.violations(
                #"{"command":"build","acme":{"mode":"mine","targets":["linux"],"jobs":8,"rules":["a","b"],"isCached":null}}"#,
                fields) == [])
        #expect(
            Self.violations(#"{"acme":{"mode":1,"targets":["amiga"],"jobs":2000,"other":1}}"#, fields) == [
                "acme.mode must be a string of at most 256 bytes",
                "acme.targets must hold one of linux, macos, windows, at most 256 bytes each",
                "acme.jobs must be a whole number from 1 to 1024", "acme.other is not in the catalogue",
            ])
    }

    private static func file(_ field: String) -> String {
        "{\"product\": \"acme\", \"fields\": [\n{\n\"path\": \"acme.x\",\n\"purpose\": \"why\",\n\(field)}]}"
    }

    @Test(
        "each kind of mistake has its line, its reason and its mend",
        arguments: [
            ("", 1, "the document ends too early at byte 0", "one object of strict JSON"),
            ("[]", 1, "expected an object at byte 0", "one object of strict JSON"),
            ("{\n\"product\": \"a\",,}", 2, "unexpected ',' at byte 17", "strict JSON"),
            (
                "{\"product\": \"a\",\n\"product\": \"b\"}", 2, "the key \"product\" a second time at byte 17",
                "strict JSON"
            ),
            ("{}", 1, "no product", "\"product\", the name of the CLI"),
            ("{\"product\": \"\",\n\"fields\": []}", 1, "no product", "\"product\""),
            ("{\"product\": \"a\"}", 1, "no fields", "\"fields\", an array of objects"),
            ("{\"product\": \"a\",\n\"fields\": {}}", 2, "no fields", "an array of objects"),
            ("{\"product\": \"a\",\n\"fields\": [1]}", 2, "no fields", "an array of objects"),
            ("{\"product\": \"a\",\n\"field\": []}", 2, "unknown key field", "known keys: product, fields"),
            (file("\"example\": 1"), 2, "field acme.x: no type", "it takes one of string, integer"),
            (file("\"type\": \"text\""), 5, "field acme.x: the type text is none", "it takes one of string"),
            (file("\"type\": 1"), 5, "field acme.x: type is no string of 1 to 256 bytes", "it takes one of"),
            (file("\"type\": \"boolean\""), 2, "field acme.x: no example", "a value that the field takes"),
            (
                file("\"type\": \"boolean\",\n\"example\": 1"), 6, "field acme.x: the example 1 is not taken",
                "it takes true or false"
            ),
            (
                file("\"type\": \"boolean\",\n\"minimum\": 1"), 6, "field acme.x: unknown key minimum",
                "a field of type boolean has: path, type, nullable, purpose, example"
            ),
            (
                file("\"type\": \"boolean\",\n\"nullable\": \"no\""), 6, "field acme.x: nullable is \"no\"",
                "true or false"
            ),
            (
                file("\"type\": \"integer\",\n\"minimum\": 1.5"), 6, "field acme.x: minimum is 1.5", "a whole number"
            ),
            (
                file("\"type\": \"integer\", \"minimum\": 7,\n\"maximum\": 6"), 5, "field acme.x: minimum is 7",
                "it takes 6, which is maximum, at most"
            ),
            (
                file("\"type\": \"string\""), 5, "field acme.x: a string has values or a pattern",
                "say which strings are taken"
            ),
            (
                file("\"type\": \"string\", \"values\": [\"a\"],\n\"pattern\": \"word\""), 6,
                "field acme.x: a string has values or a pattern", "in one of the two ways"
            ),
            (
                file("\"type\": \"string\",\n\"values\": [\"a\", \"a\"]"), 6,
                "field acme.x: values is no list of names",
                "none empty, none twice"
            ),
            (
                file("\"type\": \"string\",\n\"values\": []"), 6, "field acme.x: values is no list of names",
                "up to 1024"
            ),
            (
                file("\"type\": \"string\",\n\"pattern\": \".*\""), 6, "field acme.x: the pattern is unknown",
                "it takes one of word, words, version, code, time-zone, mark, text"
            ),
            (
                file("\"type\": \"string\", \"pattern\": \"word\",\n\"otherwise\": \"x\""), 6,
                "field acme.x: otherwise with a pattern", "it goes with values"
            ),
            (
                file("\"type\": \"string\", \"pattern\": \"word\",\n\"maxBytes\": 5000"), 6,
                "field acme.x: maxBytes is 5000", "from 1 to 4096"
            ),
            (
                #"{"product":"a","fields":[{"type":"boolean","purpose":"w","example":true}]}"#, 1, "no path",
                "names with dots between them"
            ),
            (
                #"{"product":"a","fields":[{"path":"a..b","type":"boolean","purpose":"w","example":true}]}"#, 1,
                "field a..b: the path a..b is none", "up to 8 names"
            ),
            (
                #"{"product":"a","fields":[{"path":"a b","type":"boolean","purpose":"w","example":true}]}"#, 1,
                "field a b: the path a b is none", "letters, digits"
            ),
            (
                #"{"product":"a","fields":[{"path":"x","type":"boolean","example":true}]}"#, 1, "field x: no purpose",
                "what it is good for"
            ),
            (
                #"{"product":"a","fields":[{"path":"command","type":"boolean","purpose":"w","example":true}]}"#, 1,
                "the path command is there already", "one place only"
            ),
            (
                #"{"product":"a","fields":[{"path":"config","type":"boolean","purpose":"w","example":true}]}"#, 1,
                "the path config is an object of other fields", "take a path below it"
            ),
            (
                #"{"product":"a","fields":[{"path":"command.x","type":"boolean","purpose":"w","example":true}]}"#, 1,
                "the path command.x is below command, which is a value", "take another name"
            ),
            (
                #"{"product":"a","fields":[{"path":"npmDependencies","type":"count","purpose":"w","example":[]}]}"#, 1,
                "the path npmDependencies is there already", "one place only"
            ),
        ])
    func mistakes(_ text: String, _ line: Int, _ problem: String, _ mend: String) throws {
        let mistake = #expect(throws: CatalogueFile.Mistake.self) { try Self.fields(text) }

        #expect(mistake?.line == line)
        #expect(mistake?.problem == problem)
        #expect(mistake?.mend.contains(mend) == true, "\(mistake?.mend ?? "")")
    }

    @Test("an object has room for 64 members, a catalogue for 512 fields; one more is a mistake and not a crash")
    func limits() throws {
        func file(_ paths: [String]) -> String {
            let fields = paths.map {
                "\n{\"path\": \"\($0)\", \"type\": \"boolean\", \"purpose\": \"w\", \"example\": true}"
            }
            return "{\"product\": \"a\", \"fields\": [\(fields.joined(separator: ","))]}"
        }
        #expect(try Self.fields(file((0..<64).map { "a.x\($0)" })).count == 64)
        let mistake = #expect(throws: CatalogueFile.Mistake.self) {
            try Self.fields(file((0..<65).map { "a.x\($0)" }))
        }
        #expect(mistake?.line == 66)
        #expect(mistake?.problem == "the path a.x64 is one too many")
        let tooMany = #expect(throws: CatalogueFile.Mistake.self) {
            try Self.fields(file((0..<600).map { "a.x\($0 % 20).y\($0 / 20)" }))
        }
        #expect(tooMany?.problem == "600 fields")
    }
}
