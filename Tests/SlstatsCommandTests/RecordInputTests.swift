// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import Testing

@testable import slstats

@Suite("Building an event from words")
struct RecordInputTests {
    private func event(_ words: [String], payload: String? = nil) throws(RecordInputError) -> String {
        String(decoding: try RecordInput(words: words, payload: payload).event(), as: UTF8.self)
    }

    @Test(
        "words become members, dotted keys nest, JSON scalars keep their type",
        arguments: [
            ([], "{}"), (["deploy"], #"{"command":"deploy"}"#),
            (["deploy", "a=1"], #"{"command":"deploy","a":1}"#), (["a=1.50"], #"{"a":1.50}"#),
            (["a=true", "b=null", "c=3.38.0", "d="], #"{"a":true,"b":null,"c":"3.38.0","d":""}"#),
            (["v.x=1", "v.y=2"], #"{"v":{"x":1,"y":2}}"#), (["a=[1]"], #"{"a":"[1]"}"#),
            ([#"a="7""#], #"{"a":"7"}"#), (["a=b=c"], #"{"a":"b=c"}"#),
            (["plugin install"], #"{"command":"plugin install"}"#),
            (["a=é\"\n"], #"{"a":"é\"\n"}"#),
        ] as [([String], String)])
    func words(_ words: [String], _ expected: String) throws {
        #expect(try event(words) == expected)
    }

    @Test("a payload alone goes as it is spelled; words are added to it")
    func payload() throws {
        #expect(try event([], payload: "{ \"a\": 1.0 }") == "{ \"a\": 1.0 }")
        #expect(try event(["info", "v.b=2"], payload: "{\"v\":{\"a\":1}}") == #"{"v":{"a":1,"b":2},"command":"info"}"#)
    }

    @Test(
        "what contradicts itself is refused [F018]",
        arguments: [
            ([String(repeating: "a.", count: 60_000) + "b=1"], nil), (["a..b=1"], nil), ([".a=1"], nil),
            (["a.=1"], nil), (["=1"], nil), (["a=1", "a.b=2"], nil),
            (["a.b=2", "a=1"], nil), (["a=1", "a=1"], nil), (["deploy", "info"], nil), (["deploy", "command=x"], nil),
            ([], "[]"), ([], "{"), ([], ""), (["deploy"], "{\"command\":\"x\"}"), ([], "{\"a\":1,\"a\":2}"),
        ] as [([String], String?)])
    func refused(_ words: [String], _ payload: String?) {
        #expect(throws: RecordInputError.self) { try event(words, payload: payload) }
    }
}
