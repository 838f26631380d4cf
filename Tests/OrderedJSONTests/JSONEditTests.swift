// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import Testing

@Suite("Editing one member in place")
struct JSONEditTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let before: String
        let path: [String]
        let value: JSON
        let after: String

        init(_ description: String, _ before: String, _ path: [String], _ value: JSON, _ after: String) {
            testDescription = description
            self.before = before
            self.path = path
            self.value = value
            self.after = after
        }
    }

    static let cases = [
        Case(
            "a value is replaced and nothing else",
            "{\n  \"userId\": null,\n  \"trackingDisabled\": false,\n  \"x\": 1.0\n}", ["trackingDisabled"], true,
            "{\n  \"userId\": null,\n  \"trackingDisabled\": true,\n  \"x\": 1.0\n}"),
        Case(
            "odd spacing stays", "{ \"a\" :\t1 ,\"b\":  2}", ["a"], 3, "{ \"a\" :\t3 ,\"b\":  2}"),
        Case(
            "a nested value is replaced", "{\"meta\":{\"created_at\":1,\"updated_at\":2}}", ["meta", "updated_at"], 3,
            "{\"meta\":{\"created_at\":1,\"updated_at\":3}}"),
        Case(
            "two spaces: a new member is indented like its neighbours", "{\n  \"a\": 1\n}", ["b"], true,
            "{\n  \"a\": 1,\n  \"b\": true\n}"),
        Case(
            "four spaces", "{\n    \"a\": 1,\n    \"c\": 2\n}\n", ["b"], true,
            "{\n    \"a\": 1,\n    \"c\": 2,\n    \"b\": true\n}\n"),
        Case("tabs", "{\n\t\"a\": 1\n}", ["b"], 2, "{\n\t\"a\": 1,\n\t\"b\": 2\n}"),
        Case("CRLF", "{\r\n  \"a\": 1\r\n}\r\n", ["b"], 2, "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"),
        Case("one line, no spaces", "{\"a\":1}", ["b"], 2, "{\"a\":1,\"b\":2}"),
        Case("one line with spaces", "{\"a\": 1}", ["b"], 2, "{\"a\": 1, \"b\": 2}"),
        Case("one line with spaces inside the braces", "{ \"a\": 1 }", ["b"], 2, "{ \"a\": 1, \"b\": 2 }"),
        Case("an empty object takes the usual layout", "{}", ["a"], true, "{\n  \"a\": true\n}"),
        Case("missing objects on the way are added", "{\"a\":1}", ["m", "n"], 2, "{\"a\":1,\"m\":{\"n\":2}}"),
        Case(
            "missing objects on the way are added in the file's style", "{\n  \"a\": 1\n}\n", ["m", "n"], 2,
            "{\n  \"a\": 1,\n  \"m\": {\n    \"n\": 2\n  }\n}\n"),
        Case(
            "an empty nested object is filled one level deeper", "{\n  \"h\": {}\n}", ["h", "k"], 1,
            "{\n  \"h\": {\n    \"k\": 1\n  }\n}"),
        Case(
            "escapes and spellings of others stay", "{\"p\":\"a\\/b\\u00e9\",\"n\":1e3,\"t\":false}", ["t"], true,
            "{\"p\":\"a\\/b\\u00e9\",\"n\":1e3,\"t\":true}"),
        Case("a key spelled with escapes is found", "{\"\\u0061\":1}", ["a"], 2, "{\"\\u0061\":2}"),
        Case(
            "an object value is laid out like the rest", "{\n  \"a\": 1\n}", ["h"], ["k": 1, "l": 2],
            "{\n  \"a\": 1,\n  \"h\": {\n    \"k\": 1,\n    \"l\": 2\n  }\n}"),
    ]

    @Test("edits change the bytes they must and no others", arguments: cases)
    func edits(_ example: Case) throws {
        var document = try JSONEdit(Array(example.before.utf8))

        try document.set(example.path, to: example.value)

        #expect(String(decoding: document.bytes, as: UTF8.self) == example.after)
    }

    @Test("setting what is set already changes nothing", arguments: cases)
    func idempotent(_ example: Case) throws {
        var document = try JSONEdit(Array(example.after.utf8))

        try document.set(example.path, to: example.value)

        #expect(String(decoding: document.bytes, as: UTF8.self) == example.after)
    }

    @Test(
        "what is no single strict object is not edited",
        arguments: ["[]", "1", "", "{} {}", "{\"a\":1,\"a\":2}", "{'a':1}"])
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try JSONEdit(Array(text.utf8)) }
    }

    @Test("a value in the way is not turned into an object")
    func valueInTheWay() throws {
        var document = try JSONEdit(Array("{\"meta\":5}".utf8))

        #expect(throws: JSONError(.wrongKind(expected: .object), at: 8)) { try document.set(["meta", "x"], to: 1) }
        #expect(String(decoding: document.bytes, as: UTF8.self) == "{\"meta\":5}")
    }
}
