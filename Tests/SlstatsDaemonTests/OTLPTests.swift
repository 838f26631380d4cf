// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

@Suite("Delivery to an OpenTelemetry Collector")
struct OTLPTests {
    private static let event = #"{"event":{"command":"info"}}"#

    private static func otlp(_ url: String) -> (inout DaemonConfiguration) -> Void {
        {
            $0.collector.url = CollectorURL(url)
            $0.collector.kind = .otlp
        }
    }

    /// Records so many and flushes; with what status says of events then.
    private static func deliver(
        _ count: Int, _ script: ScriptedCollector.Answer..., home: String? = nil,
        check: @Sendable (ScriptedCollector, _ flushed: JSON, _ status: JSON) throws -> Void
    ) async throws {
        try await ScriptedCollector.run(script: script) { collector, url async throws in
            try await TestDaemon.run(in: home, otlp(url)) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<count { _ = try await connection.ask("record", event) }
                    let flushed = try await connection.flush()
                    try check(collector, flushed, try await connection.ask("status"))
                }
            }
        }
    }

    @Test("a request is JSON with the records; the answer is no list of notifications; sent has it as it was")
    func request() async throws {
        let home = try TestDaemon.makeHome()
        try await Self.deliver(2, .status(200, body: #"[{"code":"A","message":"m"}]"#), home: home) {
            collector, flushed, status in
            #expect(flushed["delivered"] == 2 && collector.requests.count == 1)
            let request = try #require(collector.requests.first)
            #expect(request.head.headers.first(name: "content-type") == "application/json")
            #expect(try Self.records(request).count == 2)
            #expect(status["collector"]?["kind"] == "otlp")
            let folder = home + "/state/sent"
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sent") }
            let file = try Data(contentsOf: URL(filePath: folder + "/" + files[0]))
            #expect(file.split(separator: 0x0a).last.map(Array.init) == request.body)
        }
        #expect(!FileManager.default.fileExists(atPath: home + "/state/notifications.json"))
        try FileManager.default.removeItem(atPath: home)
    }

    private static func records(_ request: ScriptedCollector.Request) throws -> [JSON] {
        let body = try JSON(parsing: request.body)
        let scope = body["resourceLogs"]?.array?.first?["scopeLogs"]?.array?.first
        return scope?["logRecords"]?.array ?? []
    }

    @Test("what is partly taken is not sent again, is counted, and its message is told")
    func partialSuccess() async throws {
        let answer = #"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#
        try await Self.deliver(5, .status(200, body: answer)) { collector, flushed, status in
            #expect(flushed["outcome"] == "delivered, 2 refused: too old" && flushed["pending"] == 0)
            #expect(collector.requests.count == 1)
            #expect(status["events"]?["sent"] == 3 && status["events"]?["dropped"] == ["rejected": 2])
            #expect(status["events"]?["recorded"] == 5)
        }
    }

    @Test("429 and 503 wait as long as they ask for; the events stay", arguments: [429, 502, 503, 504])
    func retry(_ status: Int) async throws {
        try await Self.deliver(1, .status(status, headers: ["Retry-After": "3600"])) { collector, flushed, said in
            #expect(flushed["outcome"] == .string("will retry: HTTP \(status)") && flushed["pending"] == 1)
            let next = said["flush"]?["nextAt"]?.integer ?? 0
            #expect(next > Int64(Date().timeIntervalSince1970 * 1000) + 3_000_000)
        }
    }

    @Test(
        "whatever else is refused is not sent again, not in halves either; it is kept", arguments: [400, 408, 422, 500])
    func refused(_ status: Int) async throws {
        try await Self.deliver(4, .status(status), .status(200)) { collector, flushed, said in
            #expect(collector.requests.count == 1)
            #expect(flushed["outcome"]?.string?.hasSuffix("HTTP \(status)") == true)
            #expect(said["events"]?["quarantined"] == 4 && said["events"]?["pending"] == 0)
        }
    }

    @Test("a server in trouble is not shown the next batch at once, and one that takes no logs none at all")
    func trouble() async throws {
        for (status, quarantined) in [(500, 2), (404, 0)] {
            try await ScriptedCollector.run(.status(status)) { collector, url async throws in
                try await TestDaemon.run({
                    Self.otlp(url)(&$0)
                    $0.spool.maximumBytes = 4096
                }) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        for _ in 0..<15 { _ = try await connection.ask("record", Self.event) }
                        let flushed = try await connection.flush()
                        #expect(collector.requests.count == 1)
                        #expect(flushed["outcome"]?.string?.hasSuffix("HTTP \(status)") == true)
                        let events = try await connection.ask("status")["events"]
                        #expect((events?["quarantined"]?.integer ?? 0 > 0) == (quarantined > 0))
                        #expect(events?["pending"]?.integer ?? 0 > 0)
                    }
                }
            }
        }
    }

    @Test("one that is too large comes in halves")
    func tooLarge() async throws {
        try await Self.deliver(4, .status(413), .status(200)) { collector, flushed, _ in
            let counts = try collector.requests.map { try Self.records($0).count }
            #expect(counts == [4, 2, 2])
            #expect(flushed["delivered"] == 4)
        }
    }

    @Test("garbage behind a 200 is a success; no answer at all is tried again")
    func garbage() async throws {
        try await Self.deliver(1, .status(200, body: "<html>")) { _, flushed, _ in #expect(flushed["delivered"] == 1) }
        try await Self.deliver(1, .raw([Array("nonsense\r\n\r\n".utf8)], closes: true)) { _, flushed, _ in
            #expect(flushed["pending"] == 1 && flushed["outcome"]?.string?.hasPrefix("will retry") == true)
        }
    }

    @Test("headers and a time-out of the configuration go along; compressed it is the same")
    func headers() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run({
                Self.otlp(url)(&$0)
                $0.collector.headers = [.init(name: "api-key", value: "abc"), .init(name: "User-Agent", value: "me")]
                $0.collector.compression = .gzip
            }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.event)
                    #expect(try await connection.flush()["delivered"] == 1)
                }
                let headers = collector.requests.first?.head.headers
                #expect(headers?["api-key"] == ["abc"] && headers?["user-agent"] == ["me"])
                #expect(headers?["content-encoding"] == ["gzip"])
            }
        }
        try await ScriptedCollector.run(.silence) { collector, url async throws in
            try await TestDaemon.run({
                Self.otlp(url)(&$0)
                $0.collector.timeout = .milliseconds(50)
            }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.event)
                    #expect(try await connection.flush()["outcome"] == "will retry: no answer in time")
                }
            }
        }
    }

    @Test(
        "the installation's id goes along only if that is configured, not where the policy denies it, nor from before")
    func instanceID() async throws {
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e"
        func sent(_ isConfigured: Bool, policy: String? = nil, rotates: Bool = false) async throws -> [String?] {
            try await ScriptedCollector.run(.status(200)) { collector, url async throws in
                let home = try TestDaemon.makeHome()
                if let policy { try Data(policy.utf8).write(to: URL(filePath: home + "/policy.json")) }
                try await TestDaemon.run(
                    in: home,
                    {
                        Self.otlp(url)(&$0)
                        $0.collector.sendsInstanceID = isConfigured
                    }
                ) { daemon in
                    try daemon.writeRcFile(#"{"frameworkId":"\#(id)"}"#)
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        _ = try await connection.ask("record", Self.event)
                        if rotates { _ = try await connection.ask("id.rotate") }
                        _ = try await connection.ask("record", Self.event)
                        _ = try await connection.flush()
                    }
                }
                try FileManager.default.removeItem(atPath: home)
                return try collector.requests.map { request in
                    let resource = try JSON(parsing: request.body)["resourceLogs"]?.array?.first?["resource"]
                    return resource?["attributes"]?.array?.first { $0["key"] == "service.instance.id" }?["value"]?[
                        "stringValue"]?.string
                }
            }
        }
        #expect(try await sent(false) == [nil])
        #expect(try await sent(true) == [id])
        #expect(try await sent(true, policy: #"{"fields":{"frameworkLocalUserId":"deny"}}"#) == [nil])
        let rotated = try await sent(true, rotates: true)
        #expect(rotated.count == 2 && rotated[0] == nil && rotated[1] != nil && rotated[1] != id)
    }

    // MARK: - By an independent implementation

    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let python = repository + "/.build/python/bin/python3"
    /// Written when the packages are there.
    private static let stamp = repository + "/.build/python/packages"

    @Test(
        "the same 10 000 events by both kinds of delivery are the same set at the receiver, and none is lost",
        .enabled(if: FileManager.default.fileExists(atPath: stamp), "needs Tests/Tools/venv .build/python"),
        .timeLimit(.minutes(5)))
    func sameSet() async throws {
        let count = 10_000
        let lines = (0..<count).map { number -> String in
            let id = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - "\(number)".count) + "\(number)"
            let event =
                #"{"id":"\#(id)","timestamp":\#(1_795_421_260_000 + number),"command":"deploy","isTtyTerminal":"#
                + #"\#(number.isMultiple(of: 2)),"ciName":null,"commandOptionNames":["stage","region"],"#
                + #""versions":{"serverless":"3.\#(number % 40).0"},"commandDurationMs":\#(number)}"#
            return #"{"jsonrpc":"2.0","id":\#(number),"method":"record","params":{"event":\#(event)}}"# + "\n"
        }
        func requests(_ kind: CollectorKind) async throws -> [ScriptedCollector.Request] {
            try await ScriptedCollector.run(.status(200)) { collector, url async throws in
                try await TestDaemon.run({
                    $0.collector.url = CollectorURL(url)
                    $0.collector.kind = kind
                }) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        for start in stride(from: 0, to: count, by: 500) {
                            try await connection.send(lines[start..<start + 500].joined())
                            for _ in 0..<500 { #expect(try await connection.receive()?["result"]?["recorded"] != nil) }
                        }
                        _ = try await connection.flush()
                        let events = try await connection.ask("status")["events"]
                        #expect(events?["recorded"] == JSON(count) && events?["sent"] == JSON(count))
                        #expect(events?["dropped"] == [:] && events?["quarantined"] == 0)
                    }
                }
                return collector.requests
            }
        }
        let plain = try await requests(.serverless).flatMap(\.events).map { $0.serialized() }
        let bodies = try await requests(.otlp).map { String(decoding: $0.body, as: UTF8.self) + "\n" }
        let decoded = try Self.decode(bodies.joined())
        #expect(plain.count == count && decoded.count == count)
        #expect(try Set(decoded) == Set(Self.normalized(plain)))
    }

    /// With OpenTelemetry's Protocol Buffers, which check every field on the way.
    private static func decode(_ bodies: String) throws -> [String] {
        try run([repository + "/Tests/Tools/otlp-events", "slstats"], bodies)
    }

    /// As Python spells them.
    private static func normalized(_ events: [String]) throws -> [String] {
        let script = "import json,sys\nfor line in sys.stdin: print(json.dumps(json.loads(line), sort_keys=True))"
        return try run(["-c", script], events.map { $0 + "\n" }.joined())
    }

    private static func run(_ arguments: [String], _ input: String) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "otlp-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (source, target) = (folder.appending(path: "in"), folder.appending(path: "out"))
        try Data(input.utf8).write(to: source)
        try Data().write(to: target)
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: target)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try String(contentsOf: target, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
