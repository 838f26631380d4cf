// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

/// Collectors that begin to say something and come to no end, and connections that end in between.
@Suite("The time of answers")
struct AnswerTimeTests {
    private static let isLong = ProcessInfo.processInfo.environment["SLSTATS_LONG"] != nil

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedCollector.Answer
    }

    private static func raw(_ text: String, closes: Bool) -> ScriptedCollector.Answer {
        .raw([Array(text.utf8)], closes: closes)
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing", answer: .silence),
        Case(testDescription: "100 and nothing more", answer: raw("HTTP/1.1 100 Continue\r\n\r\n", closes: false)),
        Case(testDescription: "half a head", answer: raw("HTTP/1.1 200 OK\r\nX-Slow: ", closes: false)),
        Case(testDescription: "a head, a byte now and then", answer: .drip("HTTP/1.1 200 OK\r\nX-Slow: ")),
        Case(
            testDescription: "100, and then a head, a byte now and then",
            answer: .drip("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Slow: ")),
    ]

    private static func record(_ command: String, _ connection: inout LineConnection) async throws {
        _ = try await connection.ask("record", #"{"event":{"command":"\#(command)"}}"#)
    }

    /// A machine that is busy, and a connection that closes in this moment, cost further attempts.
    private static func deliver(_ connection: inout LineConnection) async throws {
        var outcome: String?
        for _ in 0..<20 where outcome != "delivered" { outcome = try await connection.flush()["outcome"]?.string }
        #expect(outcome == "delivered")
    }

    private static func keys(_ collector: ScriptedCollector) -> [String?] {
        collector.requests.map { $0.head.headers.first(name: "idempotency-key") }
    }

    @Test(
        "who does not come to the end of a head is not waited for; the same goes again later [F124]", arguments: cases)
    func head(_ example: Case) async throws {
        try await ScriptedCollector.run(example.answer, .status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
                $0.collector.timeout = .milliseconds(300)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("a", &connection)
                    #expect(try await connection.flush()["outcome"] == "will retry: no answer in time")
                    try await Self.deliver(&connection)
                }
            }
            let keys = Self.keys(collector)
            #expect(keys.count >= 2 && Set(keys).count == 1 && !keys.contains(nil))
            #expect(Set(collector.requests.map(\.body)).count == 1)
        }
    }

    @Test(
        "a body without end is not waited for either, and its head has said that all is delivered [F124]",
        .enabled(if: isLong, "takes the five seconds it is given: make test-long"))
    func body() async throws {
        let beginning = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n["
        try await ScriptedCollector.run(.drip(beginning)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("a", &connection)
                    #expect(try await connection.flush()["outcome"] == "delivered")
                }
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("a connection that was kept and closed costs at most another attempt, of the same under the same id [F124]")
    func keptConnection() async throws {
        // The first is closed while nobody uses it, the second when a request has come in on it.
        let closing = Self.raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", closes: true)
        try await ScriptedCollector.run(closing, .status(200), .reset, .status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for command in ["a", "b", "c"] {
                        try await Self.record(command, &connection)
                        try await Self.deliver(&connection)
                    }
                    #expect(try await connection.ask("status")["events"]?["sent"] == 3)
                }
            }
            let keys = Self.keys(collector)
            try #require(keys.count == 4)
            #expect(Set(keys).count == 3 && keys[2] == keys[3])
            #expect(collector.requests[2].body == collector.requests[3].body)
        }
    }
}
