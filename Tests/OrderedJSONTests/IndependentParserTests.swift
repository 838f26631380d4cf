// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

/// Random documents in random layouts, edited by us and read by somebody else: the old document plus the change.
@Suite("Edits as other parsers see them")
struct IndependentParserTests {
    /// Reads lines of `{before, path, value, after}` with the documents in base64 and prints each line's number that is
    /// not the old document plus the change; then how many there were.
    private static let node = """
        const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
        const define = (o, k, v) => Object.defineProperty(o, k,
            { value: v, enumerable: true, configurable: true, writable: true });
        const own = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
        const text = (s) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(s, 'base64'));
        let count = 0;
        for (const line of require('fs').readFileSync(process.argv[1], 'utf8').trim().split('\\n')) {
          const { before, path, value, after } = JSON.parse(line);
          count += 1;
          try {
            const expected = JSON.parse(text(before));
            let object = expected;
            for (const key of path.slice(0, -1)) {
              if (!own(object, key)) define(object, key, {});
              object = object[key];
            }
            define(object, path[path.length - 1], value);
            if (!same(expected, JSON.parse(text(after)))) console.log(count);
          } catch (error) { console.log(count, error.message); }
        }
        console.log(`${count} read`);
        """

    /// The same with the order of members and the spelling of numbers.
    private static let python = """
        import base64, json, sys
        class Pairs(list): pass
        def read(text):
            return json.loads(base64.b64decode(text).decode('utf-8', 'strict'), object_pairs_hook=Pairs,
                              parse_int=lambda s: ('number', s), parse_float=lambda s: ('number', s))
        count = 0
        for line in open(sys.argv[1], encoding='utf-8'):
            case = json.loads(line, object_pairs_hook=Pairs, parse_int=lambda s: ('number', s))
            case = dict(case)
            count += 1
            try:
                expected = read(case['before'])
                at = expected
                for key in case['path'][:-1]:
                    found = [v for k, v in at if k == key]
                    if not found:
                        at.append((key, Pairs()))
                        found = [at[-1][1]]
                    at = found[0]
                key = case['path'][-1]
                index = next((i for i, (k, _) in enumerate(at) if k == key), None)
                if index is None:
                    at.append((key, case['value']))
                else:
                    at[index] = (key, case['value'])
                if expected != read(case['after']):
                    print(count)
            except Exception as error:
                print(count, error)
        print(f'{count} read')
        """

    @Test("what other parsers read is the old document plus the change [F054]", arguments: ["node", "python3"])
    func property(_ program: String) throws {
        let (option, script) = program == "node" ? ("-e", Self.node) : ("-c", Self.python)
        let seed = UInt64.random(in: .min ... .max)
        var generator = DocumentGenerator(seed: seed)
        var lines: [String] = []
        for _ in 0..<2000 {
            let (before, path, value) = generator.example()
            var edit = try JSONEdit(Array(before.utf8))
            try edit.set(path, to: value)
            #expect(Self.isOneEdit(from: Array(before.utf8), to: edit.bytes), "seed \(seed): \(before)")
            #expect(JSONEdit.isOnlyChanged(at: [path], from: Array(before.utf8), to: edit.bytes), "seed \(seed)")
            let line: JSON = [
                "before": .string(Data(before.utf8).base64EncodedString()), "path": .array(path.map(JSON.string)),
                "value": value, "after": .string(Data(edit.bytes).base64EncodedString()),
            ]
            lines.append(line.serialized())
        }

        guard let output = try IndependentReader.run(program, [option, script], lines) else {
            try Test.cancel("\(program) is missing")
        }
        #expect(output == "2000 read\n", "seed \(seed)")
    }

    /// Old bytes in front and behind, ours in the middle: nothing else was touched.
    private static func isOneEdit(from old: [UInt8], to new: [UInt8]) -> Bool {
        let prefix = zip(old, new).prefix { $0 == $1 }.count
        let room = min(old.count, new.count) - prefix
        let suffix = zip(old.reversed(), new.reversed()).prefix(room).prefix { $0 == $1 }.count
        // What is written anew is a key or two, a value and their layout, however long the old value was.
        return new.count - prefix - suffix <= 200
    }
}

/// Strict JSON objects in any layout that JSON allows.
private struct DocumentGenerator: RandomNumberGenerator {
    private var numbers: SplitMix64

    init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { numbers.next() }

    private mutating func one(of choices: [String]) -> String {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }
    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &self) == 0 }

    private static let keys = [
        "trackingDisabled", "meta", "updated_at", "shownNotificationsHistory", "NEWS", "userId", "a", "é", "", "😀",
        "\"",
        "\\", "\u{1}", "__proto__", "0",
    ]

    /// A document, a path that no value stands in the way of, and a value.
    mutating func example() -> (document: String, path: [String], value: JSON) {
        let paths = [
            ["trackingDisabled"], ["meta", "updated_at"], ["shownNotificationsHistory", "NEWS"],
            ["shownNotificationsHistory"],
        ]
        let path = paths[Int.random(in: 0..<paths.count, using: &self)]
        let values: [JSON] = [true, false, 1_700_000_001, ["NEWS": 1_700_000_000_600], [:]]
        let layout = Layout(
            newline: one(of: ["", "", "\n", "\r\n"]), unit: one(of: ["  ", "    ", "\t", ""]),
            colon: one(of: [":", ": ", " : "]))
        let text = object(depth: 0, layout, onTheWay: path.count > 1 ? path[0] : nil)
        return (
            one(of: ["", " ", "\n"]) + text + one(of: ["", "\n", "\r\n", "\n\n"]), path,
            values[Int.random(in: 0..<values.count, using: &self)]
        )
    }

    private struct Layout {
        let newline: String
        let unit: String
        let colon: String
    }

    /// - Parameter onTheWay: the key whose value must be an object if it is there.
    private mutating func object(depth: Int, _ layout: Layout, onTheWay: String? = nil) -> String {
        var keys = Self.keys.shuffled(using: &self).prefix(Int.random(in: 0...6, using: &self))
        if chance(4) { keys = [] }
        let indentation =
            layout.newline.isEmpty ? "" : layout.newline + String(repeating: layout.unit, count: depth + 1)
        let members = keys.map { key in
            let value =
                key == onTheWay
                ? object(depth: depth + 1, layout) : value(depth: depth + 1, layout)
            return indentation + spelled(key) + layout.colon + value + (chance(20) ? " \t" : "")
        }
        guard !members.isEmpty else { return one(of: ["{}", "{ }", "{\n}"]) }
        let end = layout.newline.isEmpty ? "" : layout.newline + String(repeating: layout.unit, count: depth)
        return "{" + members.joined(separator: layout.newline.isEmpty ? one(of: [",", ", "]) : ",") + end + "}"
    }

    private mutating func value(depth: Int, _ layout: Layout) -> String {
        switch Int.random(in: 0..<(depth > 3 ? 4 : 6), using: &self) {
        case 0: one(of: ["true", "false", "null"])
        case 1: one(of: ["0", "-0", "1.0", "1e3", "1E-7", "12345678901234567890", "0.10", "-5", "1600000000"])
        case 2: spelled(one(of: Self.keys + ["secret/+==", "line\nbreak", "日本語", "\u{7f}"]))
        case 3: one(of: ["[]", "[ 1,\n 2 ]", "[{\"a\":1},[]]"])
        case 4: "[" + value(depth: depth + 1, layout) + " ," + value(depth: depth + 1, layout) + "]"
        default: object(depth: depth, layout)
        }
    }

    /// With escapes where JSON wants or allows them.
    private mutating func spelled(_ text: String) -> String {
        var spelled = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": spelled += "\\\(scalar)"
            case "/" where chance(2): spelled += "\\/"
            case "\n": spelled += "\\n"
            case _ where scalar.value < 0x20 || chance(12):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    spelled += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: spelled.unicodeScalars.append(scalar)
            }
        }
        return "\"\(spelled)\""
    }
}
