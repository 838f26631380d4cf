// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import Testing

/// The selection against a second one that is written as section 4.9 of serverless-semantics reads, step by step.
@Suite("Choosing a notification, twice")
struct NotificationDifferentialTests {
    /// What stands in a list, and the hours it means, from the tables of sections 4.8 and 4.9.
    static let intervals: [(json: String?, hours: Int)] = [
        (nil, 24), ("null", 24), ("0", 0), ("1", 1), ("6", 6), ("12", 12), ("24", 24), ("48", 48), (#""6""#, 6),
        (#"" 12 ""#, 12), ("true", 1), ("false", 0), (#""""#, 0), ("[]", 0), ("-0.5", 0), ("12.9", 12),
        (#""abc""#, 24), ("{}", 24), ("-1", 24), ("-0.999", 0), ("[6]", 6), ("[1,2]", 24), (#""0x10""#, 16),
        ("1e1", 10), (#""1e400""#, 24), ("1e-400", 0), (#"["6"]"#, 6), ("-7", 24),
    ]

    /// What stands in the history, and the time it means, `now` being 1 000 000 000.
    static let times: [(json: String, milliseconds: Int?)] = [
        ("0", nil), ("null", nil), (#""x""#, nil), ("{}", nil), ("1e300", nil), ("8640000000000001", nil), ("-5", -5),
        ("1.9", 1), ("true", 1), ("1", 1), (#""999999999""#, 999_999_999), ("1000000000", 1_000_000_000),
        ("996400000", 996_400_000), ("996400001", 996_400_001), ("978400000", 978_400_000), ("956800000", 956_800_000),
        ("913600000", 913_600_000), ("913600001", 913_600_001), ("5000000000", 5_000_000_000), ("-0.5", nil),
    ]

    static let codes = ["A", "B", "C", "OUTDATED_MINOR_VERSION", "OUTDATED_MAJOR_VERSION"]
    static let now = 1_000_000_000

    private struct Entry {
        let code: String
        let hours: Int
    }

    /// Steps 2 to 6, by hand.
    private func naive(_ entries: [Entry], _ history: [String: Int], _ mode: String) -> String? {
        var kept: [Entry] = []
        for entry in entries {
            if mode == "off" { continue }
            if mode == "upgrades-only", !entry.code.hasPrefix("OUTDATED_") { continue }
            kept.append(entry)
        }
        // Bubbles, which never pass equals.
        for _ in kept {
            for index in kept.indices.dropLast() {
                let (a, b) = (kept[index], kept[index + 1])
                let isWrong: Bool
                if a.hours != 0 || b.hours != 0 {
                    isWrong = b.hours > a.hours
                } else {
                    isWrong = (history[b.code] ?? 0) < (history[a.code] ?? 0)
                }
                if isWrong { kept.swapAt(index, index + 1) }
            }
        }
        if mode == "force" {
            for entry in kept where history[entry.code] == nil { return entry.code }
            var oldest: Entry?
            for entry in kept {
                guard let best = oldest else {
                    oldest = entry
                    continue
                }
                if (history[entry.code] ?? 0) < (history[best.code] ?? 0) { oldest = entry }
            }
            return oldest?.code
        }
        for entry in kept {
            if entry.hours == 0 { return entry.code }
            guard let last = history[entry.code] else { return entry.code }
            // Ours: a time in the future counts as now (F024).
            if min(last, Self.now) <= Self.now - entry.hours * 3_600_000 { return entry.code }
        }
        return nil
    }

    @Test("over 10 000 random lists, histories and modes both choose the same")
    func agree() throws {
        var random = RandomNumberGenerator64(seed: .random(in: 0...UInt64.max))
        for round in 0..<10_000 {
            var entries: [Entry] = []
            var texts: [String] = []
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let code = Self.codes.randomElement(using: &random) ?? ""
                let interval = Self.intervals.randomElement(using: &random) ?? (nil, 24)
                let member = interval.json.map { #","visibilityInterval":\#($0)"# } ?? ""
                switch Int.random(in: 0..<10, using: &random) {
                case 0: texts.append(["7", "null", "[]", #"{"code":"","message":"m"}"#, #"{"code":"A"}"#][round % 5])
                default:
                    texts.append(#"{"code":"\#(code)","message":"m"\#(member),"unknown":1}"#)
                    entries.append(Entry(code: code, hours: interval.hours))
                }
            }
            var history: [String: Int] = [:]
            var members: [String] = []
            for code in Self.codes where Bool.random(using: &random) {
                let time = Self.times.randomElement(using: &random) ?? ("0", nil)
                members.append("\"\(code)\":\(time.json)")
                history[code] = time.milliseconds
            }
            let mode = ["off", "upgrades-only", "on", "force"].randomElement(using: &random) ?? "on"
            let document = "[\(texts.joined(separator: ","))]"
            let list = try #require(NotificationList(try JSON(parsing: document)))
            let choice = NotificationSelection.choose(
                from: list.notifications,
                history: DisplayHistory(try JSON(parsing: "{\(members.joined(separator: ","))}")),
                mode: try #require(NotificationsMode(rawValue: mode)), now: Int64(Self.now))
            #expect(
                choice?.code == naive(entries, history, mode),
                "seed \(random.seed), round \(round): \(document) {\(members)} \(mode)")
        }
    }
}
