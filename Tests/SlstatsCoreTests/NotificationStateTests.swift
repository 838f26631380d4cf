// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

/// What is kept of notifications besides the history: the user's wishes, the feed, and the schedule of prompts.
@Suite("What is kept of notifications")
struct NotificationStateTests {
    private let files = InMemoryFileSystem()
    private static let day: Int64 = 24 * 3_600_000

    private func list(_ text: String) throws -> [Notification] {
        try #require(NotificationList(try JSON(parsing: text))).notifications
    }

    // MARK: - Preferences

    @Test("acknowledged is never again, in force as well; snoozed until then; both survive, and reset takes them back")
    func preferences() throws {
        let notices = try list(#"[{"code":"A","message":"m","visibilityInterval":0}]"#)
        func choice(_ preferences: NotificationPreferences, _ mode: NotificationsMode, _ now: Int64) -> String? {
            NotificationSelection.choose(
                from: notices, history: DisplayHistory(), mode: mode, preferences: preferences, now: now)?.code
        }
        var preferences = NotificationPreferences(state: "/state", files: files)
        try preferences.snooze("A", until: 100, now: 1)
        #expect(choice(preferences, .on, 99) == nil && choice(preferences, .force, 99) == nil)
        #expect(choice(preferences, .on, 100) == "A")

        try preferences.acknowledge("A", at: 5)
        let again = NotificationPreferences(state: "/state", files: files)
        #expect(again.acknowledged == ["A": 5] && again.snoozed == ["A": 100])
        #expect(choice(again, .on, 1 << 50) == nil && choice(again, .force, 1 << 50) == nil)

        preferences = again
        try preferences.reset("A")
        #expect(choice(NotificationPreferences(state: "/state", files: files), .on, 1) == "A")
    }

    @Test("a damaged file of preferences is set aside", arguments: ["", "{", "[]"])
    func damagedPreferences(_ text: String) throws {
        files.write(Array(text.utf8), to: "/state/notification-preferences.json")
        var preferences = NotificationPreferences(state: "/state", files: files)
        #expect(preferences.acknowledged.isEmpty && preferences.snoozed.isEmpty)
        try preferences.acknowledge("A", at: 1)
        #expect(files.bytes(of: "/state/notification-preferences.unreadable") == Array(text.utf8))
    }

    @Test("a file of preferences that cannot be read now is not written over")
    func unreadablePreferences() throws {
        var first = NotificationPreferences(state: "/state", files: files)
        try first.acknowledge("A", at: 1)
        files.fail(at: files.operations.count, with: .ioError)
        var second = NotificationPreferences(state: "/state", files: files)
        if second.acknowledged.isEmpty {
            #expect(throws: FileError.self) { try second.acknowledge("B", at: 1) }
        }
        #expect(NotificationPreferences(state: "/state", files: files).acknowledged == ["A": 1])
    }

    @Test("beyond a thousand codes the oldest are forgotten")
    func manyPreferences() throws {
        var preferences = NotificationPreferences(state: "/state", files: files)
        for number in 0..<1030 { try preferences.acknowledge("C\(number)", at: Int64(number)) }
        #expect(preferences.acknowledged.count == 1024 && preferences.acknowledged["C5"] == nil)
        #expect(preferences.acknowledged["C6"] == 6)
    }

    @Test("display times of ours are kept by stage, and go when the rc file has them")
    func ownHistory() throws {
        var own = OwnDisplayHistory(state: "/state", files: files)
        let dev = try #require(PlatformStage(variable: "dev"))
        try own.set(DisplayHistory(times: ["A": 1]), of: .production)
        try own.set(DisplayHistory(times: ["B": 2]), of: dev)
        var again = OwnDisplayHistory(state: "/state", files: files)
        #expect(again[.production].times == ["A": 1] && again[dev].times == ["B": 2])
        try again.set(DisplayHistory(), of: .production)
        #expect(OwnDisplayHistory(state: "/state", files: files)[.production].times.isEmpty)
        files.write(Array("{".utf8), to: "/state/notifications-shown.json")
        #expect(OwnDisplayHistory(state: "/state", files: files)[dev].times.isEmpty)
    }

    @Test("what could not be written is not answered as if it were")
    func unwritable() {
        var preferences = NotificationPreferences(state: "/state", files: files)
        files.fail(from: 0, with: .noSpace)
        #expect(throws: FileError.self) { try preferences.acknowledge("A", at: 1) }
        #expect(preferences.acknowledged.isEmpty)
    }

    // MARK: - The feed

    private func feed(_ key: String? = nil, place: String = "https://example.org/feed") -> NotificationFeed {
        NotificationFeed(.init(place: place, publicKey: key), state: "/state", files: files)
    }

    private static func document(_ sequence: Int64?, _ codes: String...) -> [UInt8] {
        let entries = codes.map { #"{"code":"\#($0)","message":"m"}"# }.joined(separator: ",")
        let member = sequence.map { #""sequence":\#($0),"# } ?? ""
        return Array("{\(member)\"notifications\":[\(entries)]}".utf8)
    }

    @Test("asked for at once, then a day later at the earliest, a quarter of a day more at the latest")
    func daily() throws {
        for jitter in [0, 0.5, 0.999] {
            var feed = feed()
            #expect(feed.isDue(at: 0))
            try feed.take(
                .document(Self.document(nil, "A"), entityTag: "\"1\"", isAuthentic: nil), now: 10, jitter: jitter)
            #expect(!feed.isDue(at: 10 + Self.day - 1))
            #expect(feed.isDue(at: 10 + Self.day * 5 / 4))
            files.write([], to: "/state/feed.json")
        }
    }

    @Test("it outlives the daemon: list, tag, sequence, time and problem")
    func survives() throws {
        var first = feed("KEY")
        try first.take(.document(Self.document(7, "A"), entityTag: "\"1\"", isAuthentic: true), now: 10, jitter: 0)
        try first.take(.refused("HTTP 500"), now: 20, jitter: 0)
        let second = feed("KEY")
        #expect(second.list.notifications.map(\.code) == ["A"])
        #expect(second.sequence == 7 && second.entityTag == "\"1\"")
        #expect(second.checkedAt == 20 && second.nextCheckAt == 20 + Self.day && second.problem == "HTTP 500")
        // Another source, or another key, is another feed.
        #expect(feed("OTHER").list.notifications.isEmpty && feed("OTHER").sequence == nil)
        // The same key elsewhere: what it has signed must not go back there either.
        let mirror = feed("KEY", place: "/file")
        #expect(mirror.list.notifications.isEmpty && mirror.sequence == 7 && mirror.isDue(at: 20))
    }

    @Test("it is on disk that a request leaves, before it does")
    func begins() throws {
        var feed = feed()
        try feed.begin(now: 10, jitter: 0)
        #expect(!feed.isDue(at: 9 + Self.day) && !self.feed().isDue(at: 9 + Self.day))
    }

    @Test("a request counts for the day, a server that was not there for an hour")
    func pauses() throws {
        var feed = feed()
        try feed.take(.refused("HTTP 404"), now: 0, jitter: 0)
        #expect(feed.nextCheckAt == Self.day)
        try feed.take(.unreachable("no connection"), now: 0, jitter: 0)
        #expect(feed.nextCheckAt == 3_600_000)
        // A clock that was set back must not keep us from asking for years.
        #expect(feed.isDue(at: -10 * Self.day))
    }

    @Test("what is not taken leaves what is known, and is said")
    func problems() throws {
        var feed = feed("KEY")
        try feed.take(.document(Self.document(7, "A"), entityTag: "\"1\"", isAuthentic: true), now: 0, jitter: 0)
        let bad: [(NotificationFeed.Answer, String)] = [
            (.document(Self.document(8, "B"), entityTag: nil, isAuthentic: false), "signature"),
            (.document(Self.document(6, "B"), entityTag: nil, isAuthentic: true), "sequence number 6 is older than 7"),
            (.document(Self.document(nil, "B"), entityTag: nil, isAuthentic: true), "needs a sequence number"),
            (.document(Self.document(-1, "B"), entityTag: nil, isAuthentic: true), "needs a sequence number"),
            (.document(Array("{".utf8), entityTag: nil, isAuthentic: true), "not JSON"),
            (.document(Array("{}".utf8), entityTag: nil, isAuthentic: true), "no list"),
        ]
        for (answer, words) in bad {
            try feed.take(answer, now: 0, jitter: 0)
            #expect(feed.problem?.contains(words) == true, "\(feed.problem ?? "")")
            #expect(feed.list.notifications.map(\.code) == ["A"] && feed.sequence == 7)
            // It must come again whole.
            #expect(feed.entityTag == nil)
        }
        try feed.take(.document(Self.document(7, "C"), entityTag: nil, isAuthentic: true), now: 0, jitter: 0)
        #expect(feed.problem == nil && feed.list.notifications.map(\.code) == ["C"])
    }

    @Test("one bad entry among ten costs only itself, and is counted")
    func badEntry() throws {
        var feed = feed()
        let entries = (0..<10).map {
            $0 == 4 ? #"{"code":"X","message":"m","link":"ftp://x"}"# : #"{"code":"C\#($0)","message":"m"}"#
        }
        let document = Array("[\(entries.joined(separator: ","))]".utf8)
        try feed.take(.document(document, entityTag: nil, isAuthentic: nil), now: 0, jitter: 0)
        #expect(feed.list.notifications.count == 9 && feed.list.skippedCount == 1 && feed.problem == nil)
        #expect(self.feed().list == feed.list)
    }

    @Test("a cache that was tampered with is validated again", arguments: ["", "{", "[]", "null", #"{"place":5}"#])
    func damagedFeed(_ text: String) {
        files.write(Array(text.utf8), to: "/state/feed.json")
        #expect(feed().list.notifications.isEmpty && feed().isDue(at: 0))
    }

    // MARK: - Prompts

    @Test("a prompt asks when the first notice is due that has no target, and no more than once a day")
    func prompts() throws {
        var preferences = NotificationPreferences(state: "/state", files: files)
        let now: Int64 = 1_000_000_000_000
        func next(_ text: String, _ history: [String: Int64] = [:]) throws -> Int64? {
            PromptSchedule.nextDisplay(
                of: try list(text), history: DisplayHistory(times: history), preferences: preferences, now: now)
        }
        #expect(try next("[]") == nil)
        #expect(try next(#"[{"code":"A","message":"m"}]"#) == 0)
        #expect(try next(#"[{"code":"A","message":"m","appliesTo":{"product":"x"}}]"#) == nil)
        #expect(try next(#"[{"code":"A","message":"m","visibilityInterval":0}]"#, ["A": now]) == now + Self.day)
        #expect(try next(#"[{"code":"A","message":"m","visibilityInterval":48}]"#, ["A": now]) == now + 2 * Self.day)
        #expect(try next(#"[{"code":"A","message":"m"}]"#, ["A": now * 2]) == now + Self.day)
        #expect(try next(#"[{"code":"A","message":"m","notBefore":2000000000000}]"#) == 2_000_000_000_000)
        #expect(try next(#"[{"code":"A","message":"m","expires":5}]"#) == nil)
        #expect(try next(#"[{"code":"A","message":"m","notBefore":-5000}]"#) == 0)
        #expect(try next(#"[{"code":"A","message":"m","expires":1000000000001}]"#, ["A": now]) == nil)
        try preferences.snooze("A", until: now + 5, now: now)
        #expect(try next(#"[{"code":"A","message":"m"}]"#) == now + 5)
        #expect(try next(#"[{"code":"A","message":"m"},{"code":"B","message":"m"}]"#, ["B": 1]) == 1 + Self.day)
        try preferences.acknowledge("A", at: now)
        #expect(try next(#"[{"code":"A","message":"m"}]"#) == nil)
    }
}
