// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("Choosing a notification")
struct NotificationSelectionTests {
    private func list(_ entries: [(String, Int64)]) -> [Notification] {
        entries.map { Notification(code: $0.0, message: "m", visibilityInterval: $0.1) }
    }

    private let mixed: [(String, Int64)] = [("12", 12), ("0A", 0), ("6", 6), ("0B", 0), ("24", 24), ("0C", 0)]

    /// Asks again and again, a second apart, as shells do.
    private func shown(_ entries: [(String, Int64)], _ mode: NotificationsMode, times: Int) -> [String?] {
        var history = DisplayHistory()
        return (0..<times).map { index in
            let now = 1_700_000_000_000 + Int64(index) * 1000
            let choice = NotificationSelection.choose(from: list(entries), history: history, mode: mode, now: now)
            if let choice { history.show(choice.code, at: now) }
            return choice?.code
        }
    }

    @Test(
        "of ten thousand, with the same codes again and again, as many as there is room for are kept and chosen from [F137]"
    )
    func many() throws {
        let entry = { (n: Int) in JSON(dictionaryLiteral: ("code", .string("C\(n % 400)")), ("message", "m")) }
        let list = try #require(NotificationList(.array((0..<10_000).map(entry))))
        #expect(list.notifications.count == ProtocolLimits.maximumNotifications)
        #expect(list.skippedCount == 10_000 - ProtocolLimits.maximumNotifications)
        var history = DisplayHistory()
        var codes: Set<String> = []
        while let chosen = NotificationSelection.choose(
            from: list.notifications, history: history, mode: .on, now: 1_000_000_000_000),
            codes.insert(chosen.code).inserted
        {
            history.show(chosen.code, at: 1_000_000_000_000)
        }
        #expect(codes == Set(list.notifications.map(\.code)))
    }

    @Test("first test vector of the original: long intervals first, then the others in turn")
    func mixedIntervals() {
        #expect(shown(mixed, .on, times: 9) == ["24", "12", "6", "0A", "0B", "0C", "0A", "0B", "0C"])
    }

    @Test("second test vector: without intervals they take turns")
    func noIntervals() {
        #expect(shown([("A", 0), ("B", 0), ("C", 0)], .on, times: 6) == ["A", "B", "C", "A", "B", "C"])
    }

    @Test("third test vector: force shows all, again and again")
    func force() {
        let round = ["24", "12", "6", "0A", "0B", "0C"]
        #expect(shown(mixed, .force, times: 12) == round + round)
    }

    @Test("nothing to choose from is no notification, in force as well [F021]", arguments: NotificationsMode.allCases)
    func empty(_ mode: NotificationsMode) {
        #expect(NotificationSelection.choose(from: [], history: DisplayHistory(), mode: mode, now: 1) == nil)
    }

    @Test("off shows nothing, upgrades-only nothing but upgrades")
    func modes() {
        let entries: [(String, Int64)] = [("NEWS", 24), ("OUTDATED_MINOR_VERSION", 24), ("OUTDATED_MAJOR_VERSION", 48)]

        #expect(shown(entries, .off, times: 1) == [nil])
        #expect(
            shown(entries, .upgradesOnly, times: 3) == ["OUTDATED_MAJOR_VERSION", "OUTDATED_MINOR_VERSION", nil])
    }

    @Test("a notification is due again when its interval is over, not a millisecond earlier")
    func interval() {
        let history = DisplayHistory(times: ["A": 1_000_000])
        func isDue(_ now: Int64) -> Bool {
            NotificationSelection.choose(from: list([("A", 1)]), history: history, mode: .on, now: now) != nil
        }

        #expect(!isDue(1_000_000 + 3_599_999))
        #expect(isDue(1_000_000 + 3_600_000))
    }

    @Test("a display time in the future counts as now [F024]")
    func future() {
        var history = DisplayHistory(times: ["A": 9_000_000, "B": 5])
        let isClamped = history.clamp(to: 1_000_000)

        #expect(isClamped)
        #expect(history.times == ["A": 1_000_000, "B": 5])
        let isClampedAgain = history.clamp(to: 1_000_000)
        #expect(!isClampedAgain)
    }

    @Test("history is read as the original reads it: numbers of any kind, no zeros, no nonsense")
    func history() throws {
        let json = try JSON(
            parsing:
                #"{"a":5,"b":"6","c":0,"d":"x","e":-7,"f":1e400,"g":9e15,"h":1.9,"i":true,"j":[8],"k":null,"l":{}}"#)

        #expect(DisplayHistory(json).times == ["a": 5, "b": 6, "e": -7, "h": 1, "i": 1, "j": 8])
        #expect(DisplayHistory(nil).times.isEmpty)
        #expect(DisplayHistory([1, 2]).times.isEmpty)
    }

    @Test("one malformed entry costs only itself; the cache survives and is validated again [F136]")
    func cache() throws {
        let files = InMemoryFileSystem()
        var cache = NotificationCache(state: "/state", files: files)
        #expect(cache.list.notifications.isEmpty)

        let answer = #"{"notifications":[{"code":"A","message":"m"},7,{"code":"B"}]}"#
        #expect(try cache.update(fromAnswer: Array(answer.utf8)))

        #expect(cache.list.notifications.map(\.code) == ["A"] && cache.list.skippedCount == 2)
        #expect(NotificationCache(state: "/state", files: files).list.notifications == cache.list.notifications)
        files.write(Array("{garbage".utf8), to: "/state/notifications.json")
        #expect(NotificationCache(state: "/state", files: files).list.notifications.isEmpty)
    }

    @Test("answers that say nothing about notifications leave the list", arguments: ["", "null", "{}", "<html>", "5"])
    func otherAnswers(_ answer: String) throws {
        var cache = NotificationCache(state: "/state", files: InMemoryFileSystem())
        #expect(try cache.update(fromAnswer: Array(#"[{"code":"A","message":"m"}]"#.utf8)))

        #expect(try !cache.update(fromAnswer: Array(answer.utf8)))
        #expect(cache.list.notifications.map(\.code) == ["A"])

        #expect(try cache.update(fromAnswer: Array("[]".utf8)))
        #expect(cache.list.notifications.isEmpty)
    }
}
