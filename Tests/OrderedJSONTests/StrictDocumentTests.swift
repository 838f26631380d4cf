// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import Testing

@Suite("Documents that are only looked at")
struct StrictDocumentTests {
    private func scan(_ bytes: [UInt8]) throws(JSONError) -> JSONSlice {
        var cursor = JSONCursor(bytes.span)
        return try cursor.scanStrictDocument()
    }

    @Test(
        "what is refused when a value is built is refused when none is, for the same reason",
        arguments: [
            "", "{", "{}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":2}}", "[{\"a\":1,\"\\u0061\":2}]",
            "{\"a\":[1,2,{\"x\":[]}]}", " [] ", "1 2", "\u{feff}{}", "{\"é\":1,\"e\u{301}\":2}", "[\"\\ud800\"]",
            "{\"a\":1e}", "\"\u{1}\"", "nul",
        ])
    func sameAsParsing(_ text: String) {
        let bytes = Array(text.utf8)
        let parsed = Result { () throws(JSONError) in try JSON(parsing: bytes) }
        let scanned = Result { () throws(JSONError) in try scan(bytes) }

        switch (parsed, scanned) {
        case (.success, .success): break
        case (.failure(let a), .failure(let b)): #expect(a == b)
        default: Issue.record("parsing gives \(parsed), scanning \(scanned)")
        }
    }

    @Test("two equal keys among many are found, wherever they stand")
    func manyKeys() {
        for twin in 0..<40 {
            let keys = (0..<40).map { "\"k\($0)\":1" } + ["\"k\(twin)\":2"]
            let bytes = Array("{\(keys.joined(separator: ","))}".utf8)

            #expect(throws: JSONError.self) { try scan(bytes) }
        }
    }

    static let old = #"{"a": 1.0, "meta": {"x": "\u00e9", "updated_at": 1}, "t": false}"#

    @Test(
        "a change of ours is recognised as ours [F054]",
        arguments: [
            #"{"a": 1.0, "meta": {"x": "\u00e9", "updated_at": 2}, "t": true}"#,
            #"{"a":1.0,"meta":{"x":"\u00e9","updated_at":{}},"t":[]}"#,
            #"{"a": 1.0, "meta": {"x": "\u00e9", "updated_at": 1, "new": 7}, "t": false, "h": {"k": 1}}"#,
        ])
    func ours(_ new: String) {
        #expect(isOurs(new))
    }

    @Test(
        "whatever else is different is somebody else's [F054]",
        arguments: [
            #"{"a": 1, "meta": {"x": "\u00e9", "updated_at": 1}, "t": false}"#,
            #"{"a": 1.0, "meta": {"x": "é", "updated_at": 1}, "t": false}"#,
            #"{"a": 1.0, "meta": {"updated_at": 1}, "t": false}"#,
            #"{"meta": {"x": "\u00e9", "updated_at": 1}, "a": 1.0, "t": false}"#,
            #"{"a": 1.0, "meta": {"x": "\u00e9", "updated_at": 1}}"#,
            #"{"a": 1.0, "meta": {"x": "\u00e9", "updated_at": 1}, "t": false, "b": 1}"#,
            #"{"a": 1.0, "meta": 7, "t": false}"#,
            #"{"\u0061": 1.0, "meta": {"x": "\u00e9", "updated_at": 1}, "t": false}"#,
            #"{"a": 1.0, "meta": {"x": "\u00e9", "updated_at": 1}, "t": false"#, "[]", "",
        ])
    func theirs(_ new: String) {
        #expect(!isOurs(new))
    }

    private func isOurs(_ new: String) -> Bool {
        JSONEdit.isOnlyChanged(
            at: [["t"], ["meta", "updated_at"], ["meta", "new"], ["h", "k"]], from: Array(Self.old.utf8),
            to: Array(new.utf8))
    }
}
