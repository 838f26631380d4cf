// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import Testing

@testable import slstats

@Suite("The original's event cache")
struct EventCacheTests {
    private static let name = "f1f1f1f1-0000-11ee-8000-0123456789ab"
    private static let now: Int64 = 1_700_000_000_000
    private static let week: Int64 = 7 * 24 * 3600 * 1000

    private func entry(_ text: String) -> EventCache.Entry {
        EventCache.entry(Array(text.utf8), name: Self.name, now: Self.now)
    }

    @Test(
        "only its own names are looked at",
        arguments: [
            (name, true), ("F1F1F1F1-0000-11EE-8000-0123456789AB", false), (name + ".json", false), ("README", false),
            ("f1f1f1f1000011ee80000123456789ab", false), ("..", false), (name + "\n", false),
        ])
    func names(_ name: String, _ isOurs: Bool) {
        #expect(EventCache.isOurs(name) == isOurs)
    }

    @Test("what is in a file, by the original's rules [F122]")
    func entries() {
        let young = Self.now - Self.week + 1
        #expect(
            entry(#"{"payload":{"command":"deploy"},"timestamp":\#(young)}"#)
                == .event(["command": "deploy", "id": .string(Self.name), "timestamp": JSON(young)]))
        #expect(
            entry(#"{"payload":{"id":"x","timestamp":5},"timestamp":\#(young)}"#)
                == .event(["id": "x", "timestamp": 5]))
        #expect(entry(#"{"payload":{},"timestamp":\#(Self.now - Self.week)}"#) == .expired)
        #expect(entry(#"{"payload":{}}"#) == .expired)
        #expect(entry(#"{"payload":{},"timestamp":"1700000000000"}"#) == .expired)
        for broken in ["", "{", "[]", "null", #"{"timestamp":1}"#, #"{"payload":[],"timestamp":1}"#, "{\"payload\":{}"]
        {
            #expect(entry(broken) == .unreadable, "\(broken)")
        }
        // From the future: kept, with a time that has been.
        #expect(
            entry(#"{"payload":{},"timestamp":\#(Self.now + 10)}"#)
                == .event(["id": .string(Self.name), "timestamp": JSON(Self.now)]))
    }

    @Test(
        "a field is taken out wherever it occurs",
        arguments: [
            ("a", #"{"b":1}"#), ("c.d", #"{"a":0,"b":1,"c":{"e":2},"f":[{"g":1,"h":2},{"g":3}]}"#),
            ("f[].g", #"{"a":0,"b":1,"c":{"d":1,"e":2},"f":[{"h":2},{}]}"#),
            ("x.y", #"{"a":0,"b":1,"c":{"d":1,"e":2},"f":[{"g":1,"h":2},{"g":3}]}"#),
        ])
    func removing(_ path: String, _ expected: String) throws {
        let text = path == "a" ? #"{"a":0,"b":1}"# : #"{"a":0,"b":1,"c":{"d":1,"e":2},"f":[{"g":1,"h":2},{"g":3}]}"#
        #expect(try JSON(parsing: text).removing(path: path).serialized() == expected)
    }
}
