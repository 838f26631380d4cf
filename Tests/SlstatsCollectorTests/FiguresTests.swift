// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import OrderedJSON
import SlstatsCollector
import Testing

@Suite("What a collector shows")
struct FiguresTests {
    private static let isLong = ProcessInfo.processInfo.environment["SLSTATS_LONG"] != nil

    private static func withStore(_ body: (EventStore, String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slcoll-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try EventStore(path: folder + "/events.sqlite")
        try await body(store, folder)
        try store.close()
    }

    /// In the middle of tomorrow: what comes in now is of a day that is over.
    private static var tomorrow: Int64 { Int64(Date().timeIntervalSince1970 * 1000) + 86_400_000 }

    /// So many events of so many installations, all with the same command.
    private static func insert(
        _ store: EventStore, _ command: String, events: Int, installations: Int, first: Int = 0
    ) async throws {
        let texts = (0..<events).map { number in
            let event: JSON = [
                "id": .string(UUID().uuidString), "command": .string(command),
                "frameworkLocalUserId": .string("i\(first + number % installations)"),
            ]
            return event.serialized()
        }
        _ = try await store.insert(EventBatch(parsing: Array("[\(texts.joined(separator: ","))]".utf8)), named: nil)
    }

    @Test("what fewer installations than the threshold have in common is folded, and what senders call other with it")
    func folded() async throws {
        try await Self.withStore { store, _ in
            try await Self.insert(store, "deploy", events: 12, installations: 6)
            try await Self.insert(store, "info", events: 5, installations: 5)
            try await Self.insert(store, "other", events: 7, installations: 6)
            try await Self.insert(store, "secret-project", events: 100, installations: 4)
            #expect(try await store.figures(threshold: 5).events == 0, "today is not over")
            let figures = try await store.figures(threshold: 5, now: Self.tomorrow)
            #expect(figures.events == 124 && figures.installations == 6)
            let commands = figures.tables.first { $0.column == .command }?.rows
            #expect(
                commands == [
                    .init(value: "deploy", events: 12, installations: 6),
                    .init(value: "info", events: 5, installations: 5),
                    .init(value: nil, events: 107, installations: nil),
                ])
            #expect(figures.tables.allSatisfy { $0.column == .command || $0.rows.isEmpty })
            #expect(figures.days.count == 30 && figures.days.last?.events == 124)
            #expect(figures.days.dropLast().allSatisfy { $0.events == 0 })
            #expect(try await store.figures(threshold: 1).tables[2].rows.first?.value == "secret-project")
            // A day with few of them is not told either, nor how many there are in all.
            let few = try await store.figures(threshold: 7, now: Self.tomorrow)
            #expect(few.days.last?.events == nil && few.installations == nil && few.events == 0)
            #expect(few.tables[2].rows == [.init(value: nil, events: nil, installations: nil)])
            #expect(!FiguresPage(figures: few).html.contains("124"))
        }
    }

    @Test("what is folded and still of too few has no number")
    func foldedAlone() async throws {
        try await Self.withStore { store, _ in
            try await Self.insert(store, "deploy", events: 12, installations: 6)
            try await Self.insert(store, "mine", events: 99, installations: 1)
            let figures = try await store.figures(threshold: 5, now: Self.tomorrow)
            #expect(figures.tables[2].rows.last == .init(value: nil, events: nil, installations: nil))
            #expect(FiguresPage(figures: figures).html.contains("<td class=\"number\">few</td>"))
        }
    }

    @Test("values without end do not come into memory, and none is longer than a line")
    func manyValues() async throws {
        try await Self.withStore { store, _ in
            let long = "e" + String(repeating: "\u{301}", count: 5000)
            let events = (0..<2000).map { #"{"id":"\#($0)","command":"\#($0)","outcome":"\#(long)"}"# }
            _ = try await store.insert(
                EventBatch(parsing: Array("[\(events.joined(separator: ","))]".utf8)), named: nil)
            let tables = try await store.figures(threshold: 1).tables
            #expect(tables.first { $0.column == .command }?.rows.count == 21)
            let outcome = tables.first { $0.column == .outcome }?.rows.first?.value
            #expect(outcome?.utf8.count == 255)
        }
    }

    @Test("events without an id of the installation are those of one")
    func nameless() async throws {
        try await Self.withStore { store, _ in
            let events = (0..<20).map { #"{"id":"\#($0)","outcome":"success"}"# }.joined(separator: ",")
            _ = try await store.insert(EventBatch(parsing: Array("[\(events)]".utf8)), named: nil)
            let outcomes = try await store.figures(threshold: 2, now: Self.tomorrow).tables.first {
                $0.column == .outcome
            }?.rows
            #expect(outcomes == [.init(value: nil, events: nil, installations: nil)])
        }
    }

    private static func page(_ store: EventStore) async throws -> (TestResponse, String) {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var settings = CollectorSettings()
        settings.threshold = 1
        let collector = Collector(
            store: store, notifications: NotificationFile(path: nil), settings: settings, logger: logger)
        let response = try await collector.application(host: "127.0.0.1", port: 0).test(.live) { client in
            try await client.execute(uri: "/", method: .get)
        }
        return (response, String(buffer: response.body))
    }

    @Test("what events bring appears as text, whatever it is; nothing is loaded and nothing runs")
    func hostile() async throws {
        let hostile = [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='x", "&lt;b&gt;",
            "</td></table><h1>",
            "]]>", "a\u{202e}b\u{1b}[31m", "{{7*7}}", "<svg/onload=alert(1)>",
        ]
        try await Self.withStore { store, _ in
            for text in hostile { try await Self.insert(store, text, events: 6, installations: 6) }
            let (response, html) = try await Self.page(store)
            #expect(response.headers[.contentType] == "text/html; charset=utf-8")
            #expect(response.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'") == true)
            #expect(response.headers[.xContentTypeOptions] == "nosniff")
            let opened = Set(html.matches(of: #/<([a-zA-Z0-9!]+)/#).map { String($0.1).lowercased() })
            let ours: Set = [
                "!doctype", "html", "meta", "title", "style", "h1", "p", "section", "h2", "svg", "text", "rect", "div",
                "table", "tr", "th", "td",
            ]
            #expect(opened.isSubset(of: ours), "\(opened.subtracting(ours))")
            #expect(!html.contains("\u{202e}") && !html.contains("\u{1b}"))
            #expect(html.contains("<td class=\"value\">&lt;script&gt;alert(1)&lt;/script&gt;</td>"))
            #expect(html.contains("&amp;lt;b&amp;gt;") && html.contains("&#39; onload=&#39;x"))
            #expect(!html.contains("src=x onerror") || html.contains("&gt;&lt;img src=x onerror"))
            #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("url("))
        }
    }

    @Test("nothing there is a page too")
    func empty() async throws {
        try await Self.withStore { store, _ in
            let (response, html) = try await Self.page(store)
            #expect(response.status == .ok && html.contains("0 events of 0 installations"))
        }
    }

    @Test(
        "a page of 100 000 events takes less than a second of the server",
        .enabled(if: isLong, "wants an optimized build: make test-long"))
    func large() async throws {
        try await Self.withStore { store, _ in
            for start in stride(from: 0, to: 100_000, by: 5000) {
                let events = (start..<start + 5000).map { number in
                    let event: JSON = [
                        "id": .string("\(number)"), "command": .string("command-\(number % 23)"),
                        "cliName": "serverless", "outcome": .string(["success", "failure"][number % 2]),
                        "frameworkLocalUserId": .string("installation-\(number % 4000)"),
                        "versions": ["serverless": .string("3.\(number % 40).0")],
                        "config": [
                            "provider": ["name": "aws", "runtime": .string("nodejs\(number % 9).x")],
                            "plugins": .array((0..<20).map { .string("plugin-\($0)") }),
                        ],
                    ]
                    return event.serialized()
                }
                let body = Array("[\(events.joined(separator: ","))]".utf8)
                _ = try await store.insert(EventBatch(parsing: body), named: nil)
            }
            let clock = ContinuousClock()
            var html = ""
            let time = try await clock.measure {
                html = FiguresPage(figures: try await store.figures(threshold: 5, now: Self.tomorrow)).html
            }
            print("page of 100 000 events: \(time)")
            #expect(time < .seconds(1) && html.contains("100000 events of 4000 installations"))
        }
    }

    // MARK: - The database

    @Test("all of it as NDJSON, byte for byte, and as CSV with quotes where RFC 4180 wants them")
    func export() async throws {
        try await Self.withStore { store, folder in
            let events = [#"{"id":"a","timestamp":5,"command":"x, \"y\""}"#, #"{"id":"b","x":1.0}"#]
            _ = try await store.insert(
                EventBatch(parsing: Array("[\(events.joined(separator: ", "))]".utf8)), named: "k")
            func text(_ format: EventExport, since: Int64 = 0) async throws -> String {
                let lines = Lines()
                try await store.export(format, since: since) { lines.append(String(decoding: $0, as: UTF8.self)) }
                return lines.text
            }
            #expect(try await text(.ndjson) == events.joined(separator: "\n") + "\n")
            #expect(try await text(.ndjson, since: .max) == "")
            let rows = try await text(.csv).components(separatedBy: "\r\n")
            #expect(rows[0] == "id,timestamp,received,installation,cli,version,command,provider,runtime,outcome,body")
            #expect(rows[1].hasPrefix("a,5,") && rows[1].contains(#","x, ""y""","#) && rows[1].hasSuffix(#""""}""#))
            #expect(rows.count == 4 && rows[3] == "")
        }
    }

    @Test("no event forges a line or a field of an export, whatever is in it")
    func forgery() async throws {
        try await Self.withStore { store, _ in
            let split = "{\"id\":\"a\",\"x\":[\r\n{\"id\":\"forged\"}\r\n]}"
            let accent = "{\"id\":\"b\",\"command\":\"\u{301},c\",\"outcome\":\"=HYPERLINK(1)\"}"
            _ = try await store.insert(EventBatch(parsing: Array("[\(split),\(accent)]".utf8)), named: nil)
            let (ndjson, csv) = (Lines(), Lines())
            try await store.export(.ndjson) { ndjson.append(String(decoding: $0, as: UTF8.self)) }
            try await store.export(.csv) { csv.append(String(decoding: $0, as: UTF8.self)) }
            #expect(ndjson.text.utf8.count { $0 == 0x0a } == 2)
            let script = "import csv,sys; print([len(row) for row in csv.reader(sys.stdin)], end='')"
            #expect(try Self.run(["python3", "-c", script], csv.text) == "[11, 11, 11]")
            #expect(csv.text.contains(",'=HYPERLINK(1),"))
        }
    }

    private static func run(_ arguments: [String], _ input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let (source, output) = (Pipe(), Pipe())
        process.standardInput = source
        process.standardOutput = output
        try process.run()
        try source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try source.fileHandleForWriting.close()
        defer { process.waitUntilExit() }
        return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    @Test("a commit is on stable storage when it returns; who only reads changes nothing, and takes no older database")
    func durable() async throws {
        try await Self.withStore { store, folder in
            #expect(try store.isDurable())
            try await Self.insert(store, "a", events: 3, installations: 1)
            let reader = try EventStore(reading: folder + "/events.sqlite")
            #expect(try await reader.count() == 3)
            await #expect(throws: (any Error).self) { try await reader.expire(before: .max) }
            try reader.close()
        }
    }

    private final class Lines: @unchecked Sendable {
        private let lock = NSLock()
        private var lines: [String] = []
        func append(_ line: String) { lock.withLock { lines.append(line) } }
        var text: String { lock.withLock { lines.joined() } }
    }

    @Test("what came in too long ago goes, the rest stays")
    func retention() async throws {
        try await Self.withStore { store, _ in
            try await Self.insert(store, "a", events: 12_000, installations: 1)
            #expect(try await store.expire(before: 0) == 0)
            #expect(try await store.expire(before: Int64(Date().timeIntervalSince1970 * 1000) + 60_000) == 12_000)
            #expect(try await store.count() == 0)
        }
    }

    @Test("a database of the first version is taken over with its events")
    func migration() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slcoll-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/events.sqlite"
        let sql = """
            CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
            INSERT INTO grdb_migrations VALUES ('events');
            CREATE TABLE event (id TEXT PRIMARY KEY NOT NULL, timestamp INTEGER NOT NULL, batch TEXT, body TEXT NOT NULL);
            CREATE INDEX event_on_timestamp ON event (timestamp);
            INSERT INTO event VALUES ('a', 5, 'k', '{"id":"a","timestamp":5,"command":"info","versions":{"serverless":"3.1.0"}}');
            INSERT INTO event VALUES ('b', 6, NULL, '{"id":"b","timestamp":6,"command":7}');
            CREATE VIEW mine AS SELECT id FROM event;
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["sqlite3", path, sql]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        #expect(throws: EventStoreError.self) { try EventStore(reading: path) }
        for _ in 0..<2 {
            let store = try EventStore(path: path)
            #expect(try await store.count() == 2)
            // They count for when they happened.
            let tables = try await store.figures(threshold: 1, now: 86_400_000).tables
            #expect(try Self.run(["sqlite3", path], "SELECT id FROM mine;") == "a\nb\n")
            #expect(
                tables.first { $0.column == .version }?.rows == [.init(value: "3.1.0", events: 1, installations: 1)])
            try store.close()
        }
    }
}
