// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import SystemPackage
import Testing

/// Everything a collector can answer, and what becomes of the events.
@Suite("What collectors answer")
struct CollectorAnswerTests {
    /// Where the events of one flush are afterwards.
    enum Fate: String, Sendable { case sent, pending, quarantined }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedCollector.Answer
        let fate: Fate
        /// A part of the outcome.
        let outcome: String

        init(_ name: String, _ answer: ScriptedCollector.Answer, _ fate: Fate, _ outcome: String) {
            testDescription = name
            self.answer = answer
            self.fate = fate
            self.outcome = outcome
        }
    }

    private static func raw(_ text: String, closes: Bool = true) -> ScriptedCollector.Answer {
        .raw([Array(text.utf8)], closes: closes)
    }

    private static let ok = "HTTP/1.1 200 OK\r\n"

    private static let entry = #"{"code":"NEWS","message":"hello"}"#
    /// In a 2xx it is taken: `AnswerBodyTests`.
    private static let news = "[\(entry)]"
    private static let elsewhere = "{\"news\":\(news)}"

    /// What says no brings no news, whatever it looks like.
    private static let noes: [Case] =
        [400, 404, 409, 413, 418, 422].map {
            Case("\($0)", .status($0, body: news), .quarantined, "rejected: HTTP \($0)")
        }
        + [401, 403, 410, 451].map { Case("\($0)", .status($0, body: news), .pending, "stopped: HTTP \($0)") }
        + [408, 425, 429, 500, 502, 503, 504, 599].map {
            Case("\($0)", .status($0, body: news), .pending, "will retry: HTTP \($0)")
        }

    static let cases: [Case] =
        [200, 201, 202, 204].map { Case("\($0)", .status($0), .sent, "delivered") }
        + noes
        + [
            Case("503 with a page", .status(503, body: "<html>no</html>"), .pending, "HTTP 503"),
            Case(
                "a redirect", .status(302, body: news, headers: ["location": "http://127.0.0.1:1/"]), .pending,
                "redirects"),
            Case("no answer but the end", .reset, .pending, "closed before the answer"),
            Case("HTML", .status(200, body: "<html></html>"), .sent, "delivered"),
            Case("half JSON", .status(200, body: "{\"notifications\":[{"), .sent, "delivered"),
            Case("a notification, but no list", .status(200, body: entry), .sent, "delivered"),
            Case("a list by another name", .status(200, body: elsewhere), .sent, "delivered"),
            Case("something else than HTTP", raw("220 smtp ready\r\n"), .pending, "will retry"),
            Case("a reset in the body", raw(ok + "Content-Length: 100\r\n\r\n[{"), .sent, "delivered"),
            Case(
                "a chunk that never comes", raw(ok + "Transfer-Encoding: chunked\r\n\r\nFFFF\r\n["), .sent, "delivered"),
            Case("a head that ends", raw(ok + "Content-Le"), .pending, "will retry"),
            Case(
                "garbage for gzip", raw(ok + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), .sent,
                "delivered"),
            Case(
                "a byte at a time", .raw(Array((ok + "Content-Length: 2\r\n\r\n[]").utf8).map { [$0] }, closes: false),
                .sent, "delivered"),
            Case(
                "100 first", raw("HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n"), .sent, "delivered"
            ),
        ]

    private static func events(_ connection: inout LineConnection) async throws -> (Fate?, isConserved: Bool) {
        let events = try await connection.ask("status")["events"]
        func count(_ key: String) -> Int64 { events?[key]?.integer ?? -1 }
        let dropped = events?["dropped"]?.object?.members.reduce(0) { $0 + ($1.value.integer ?? 0) } ?? -1
        let isConserved = count("recorded") == count("pending") + count("sent") + count("quarantined") + dropped
        for fate in [Fate.sent, .pending, .quarantined] where count(fate.rawValue) == 3 { return (fate, isConserved) }
        return (nil, isConserved)
    }

    @Test(
        "each answer has its consequence, and the sum is right [F123, F126, F128, F131, F133]",
        arguments: cases)
    func answer(_ example: Case) async throws {
        try await ScriptedCollector.run(example.answer) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for command in ["a", "b", "c"] {
                        _ = try await connection.ask("record", #"{"event":{"command":"\#(command)"}}"#)
                    }
                    let result = try await connection.flush()
                    let outcome = result["outcome"]?.string ?? ""
                    #expect(outcome.contains(example.outcome), "\(outcome)")
                    let (fate, isConserved) = try await Self.events(&connection)
                    #expect(fate == example.fate)
                    #expect(isConserved)
                    // Whatever it was, it was no notification, and the daemon goes on.
                    let claim = try await connection.ask("notifications.claim", #"{"facts":{"isTerminal":true}}"#)
                    #expect(claim["notification"] == .null)
                }
            }
        }
    }

    @Test(
        "one poison event among a hundred is found and set aside; the others are delivered once [F129]",
        arguments: [400, 422])
    func poison(status: Int) async throws {
        let answer = ScriptedCollector.Answer.decide { request in
            request.events.contains { $0["command"] == "poison" } ? .status(status) : .status(200)
        }
        try await ScriptedCollector.run(answer) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
                $0.flush.events = 1000
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for number in 0..<100 {
                        let command = number == 61 ? "poison" : "c\(number)"
                        _ = try await connection.ask("record", #"{"event":{"command":"\#(command)"}}"#)
                    }
                    let result = try await connection.flush()
                    #expect(result["delivered"] == 99)
                    #expect(result["outcome"]?.string == "rejected: HTTP \(status)")
                    let events = try await connection.ask("status")["events"]
                    #expect(events?["sent"] == 99)
                    #expect(events?["quarantined"] == 1)
                    let names = try FileManager.default.contentsOfDirectory(atPath: daemon.state + "/quarantine")
                    let name = try #require(names.first)
                    let kept = try String(contentsOfFile: "\(daemon.state)/quarantine/\(name)", encoding: .utf8)
                    #expect(names.count == 1 && name.hasSuffix(".rejected"))
                    #expect(kept.contains("\"poison\"") && kept.split(separator: "\n").count == 1)
                }
            }
            // Halving: some seven refusals, not ninety-nine requests.
            #expect(collector.requests.count < 20)
            let taken = collector.requests.filter { !$0.events.contains { $0["command"] == "poison" } }.flatMap(
                \.events)
            #expect(Set(taken.compactMap { $0["command"]?.string }).count == 99 && taken.count == 99)
            let keys = collector.requests.compactMap { $0.head.headers.first(name: "idempotency-key") }
            #expect(Set(keys).count == keys.count)
        }
    }

    @Test(
        "a collector with a limit gets what it takes, is asked about a size once, and an event above it is set aside [F130]"
    )
    func tooLarge() async throws {
        let answer = ScriptedCollector.Answer.decide { $0.body.count > 2000 ? .status(413) : .status(200) }
        try await ScriptedCollector.run(answer) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
                $0.flush.events = 1000
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for round in 0..<2 {
                        for number in 0..<60 {
                            let event =
                                number == 5 && round == 0
                                ? #"{"command":"x","triggeredDeprecations":[\#(Array(repeating: #""DEPRECATION""#, count: 200).joined(separator: ","))]}"#
                                : #"{"command":"c\#(number)"}"#
                            _ = try await connection.ask("record", #"{"event":\#(event)}"#)
                        }
                        _ = try await connection.flush()
                    }
                    let events = try await connection.ask("status")["events"]
                    #expect(events?["sent"] == 119)
                    #expect(events?["quarantined"] == 1)
                    #expect(events?["pending"] == 0)
                }
            }
            // The second round knows the limit.
            #expect(collector.requests.count { $0.body.count > 2000 } <= 12)
        }
    }

    @Test(
        "an answer that comes before the request was read counts like any other, if not at once [F130]",
        arguments: [(413, Fate.quarantined), (401, .pending), (503, .pending), (200, .sent)])
    func early(status: Int, fate: Fate) async throws {
        try await ScriptedCollector.run(.early(.status(status))) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
                $0.flush.events = 1000
                $0.flush.bytes = 1 << 20
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    // 400 KiB: more than a socket takes at once.
                    let names = Array(repeating: #""DEPRECATION""#, count: 1000).joined(separator: ",")
                    for _ in 0..<30 {
                        let event = #"{"command":"x","triggeredDeprecations":[\#(names)]}"#
                        _ = try await connection.ask("record", #"{"event":\#(event)}"#)
                    }
                    // Now and then the kernel throws the answer away.
                    var flush = ""
                    for _ in 0..<20 {
                        flush = try await connection.flush().serialized()
                        guard flush.contains("closed before the answer") || flush.contains("reset") else { break }
                    }
                    let events = try await connection.ask("status")["events"]
                    #expect(events?[fate.rawValue] == 30, "\(flush)\(events?.serialized() ?? "")")
                }
            }
            #expect(collector.requests.count < 80)
        }
    }

    @Test("the rest of a batch half delivered when the collector went away is sent later, and nothing again [F135]")
    func interrupted() async throws {
        let answers: [ScriptedCollector.Answer] = [.status(413), .status(200), .status(503), .status(200)]
        try await ScriptedCollector.run(answers[0], answers[1], answers[2], answers[3]) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for number in 0..<10 {
                        _ = try await connection.ask("record", #"{"event":{"command":"c\#(number)"}}"#)
                    }
                    #expect(try await connection.flush()["pending"] == 10)
                    #expect(try await connection.flush()["pending"] == 0)
                }
            }
            try #require(collector.requests.map(\.events.count) == [10, 5, 5, 5])
            #expect(collector.requests[2].body == collector.requests[3].body)
            #expect(collector.requests[1].body != collector.requests[2].body)
        }
    }

    @Test("a redirect to another path of the same server is followed once, with everything; a loop is not [F125]")
    func sameServer() async throws {
        let answer = ScriptedCollector.Answer.decide { request in
            request.head.uri == "/events"
                ? .status(308, headers: ["location": "/events/"])
                : request.head.uri == "/events/" ? .status(200) : .status(500)
        }
        try await ScriptedCollector.run(answer) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"a"}}"#)
                    #expect(try await connection.flush()["outcome"] == "delivered")
                }
            }
            try #require(collector.requests.map(\.head.uri) == ["/events", "/events/"])
            #expect(collector.requests[0].body == collector.requests[1].body)
        }
        try await ScriptedCollector.run(.status(307, headers: ["location": "/events"])) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"a"}}"#)
                    #expect(try await connection.flush()["pending"] == 1)
                }
            }
            #expect(collector.requests.count == 2)
        }
    }

    @Test("the token goes along, from a file that nobody else can read; otherwise nothing is sent, and it is said why")
    func token() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            let home = try TestDaemon.makeHome()
            defer { try? FileManager.default.removeItem(atPath: home) }
            let file = home + "/token"
            try Data("s3cr3t\n".utf8).write(to: URL(filePath: file))
            chmod(file, 0o644)
            try await TestDaemon.run(in: home) {
                $0.collector.url = CollectorURL(url)
                $0.collector.tokenFile = .init(file)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"a"}}"#)
                    let refused = try await connection.flush()
                    #expect(refused["pending"] == 1)
                    #expect(refused["outcome"]?.string?.contains("try: chmod 600 \(file)") == true)
                    #expect(collector.requests.isEmpty)
                    chmod(file, 0o600)
                    #expect(try await connection.flush()["pending"] == 0)
                    let status = try await connection.ask("status").serialized()
                    #expect(!status.contains("s3cr3t"))
                }
            }
            #expect(collector.requests.first?.head.headers.first(name: "authorization") == "Bearer s3cr3t")
        }
    }

    @Test("compressed, a request is what it would have been")
    func compression() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
                $0.collector.compression = .gzip
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<10 { _ = try await connection.ask("record", #"{"event":{"command":"a"}}"#) }
                    #expect(try await connection.flush()["delivered"] == 10)
                }
            }
            let request = try #require(collector.requests.first)
            #expect(request.head.headers.first(name: "content-encoding") == "gzip")
            let file = FileManager.default.temporaryDirectory.appending(path: "slz-\(UUID().uuidString.prefix(8))")
            try Data(request.body).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: "/bin/gzip")
            process.arguments = ["-dc", file.path]
            process.standardOutput = output
            try process.run()
            let text = Array(output.fileHandleForReading.readDataToEndOfFile())
            #expect(try JSON(parsing: text).array?.count == 10)
            #expect(request.body.count < text.count / 2)
        }
    }

    @Test("a flush ends when what was pending is delivered, also if others go on recording")
    func flushUnderLoad() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
                $0.flush.events = 5
            } _: { daemon in
                let recorder = Task {
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        while !Task.isCancelled {
                            _ = try await connection.ask("record", #"{"event":{"command":"x"}}"#)
                        }
                    }
                }
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<5 {
                        _ = try await connection.ask("record", #"{"event":{"command":"mine"}}"#)
                        #expect(try await connection.flush()["outcome"] == "delivered")
                    }
                }
                recorder.cancel()
                _ = try? await recorder.value
            }
            let mine = collector.requests.flatMap(\.events).count { $0["command"] == "mine" }
            #expect(mine == 5)
        }
    }

    @Test("an event that comes again is answered the same and recorded once, over a restart too [F082]")
    func again() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        let id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
        for run in 0..<3 {
            try await TestDaemon.run(in: home) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for durability in ["accepted", "synced"] {
                        let params = #"{"event":{"command":"a"},"id":"\#(id)","durability":"\#(durability)"}"#
                        let result = try await connection.ask("record", params)
                        #expect(result["recorded"] == true && result["id"]?.string == id)
                        #expect(result["durability"]?.string == durability)
                    }
                    let own = #"{"event":{"command":"b","id":"\#(id.replacing("6ba7", with: "7ba7"))"}}"#
                    _ = try await connection.ask("record", own)
                    #expect(try await connection.ask("status")["events"]?["recorded"] == 2, "run \(run)")
                }
            }
        }
    }
}
