// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import Testing

@Suite("Delivery")
struct DeliveryTests {
    private static func record(_ command: String, _ connection: inout LineConnection) async throws {
        _ = try await connection.ask("record", #"{"event":{"command":"\#(command)"}}"#)
    }

    private static func totals(_ connection: inout LineConnection) async throws -> [Int64?] {
        let events = try await connection.ask("status")["events"]
        return ["recorded", "pending", "sent", "quarantined"].map { events?[$0]?.integer }
    }

    @Test("a retry of an event that has gone already is answered, and nothing waits for it")
    func retryOfDelivered() async throws {
        try await ScriptedCollector.run(.status(200)) { _, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let event = #"{"event":{"command":"deploy"},"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}"#
                    _ = try await connection.ask("record", event)
                    #expect(try await connection.flush()["pending"] == 0)
                    #expect(try await connection.ask("record", event)["recorded"] == true)
                    let status = try await connection.ask("status")
                    #expect(status["events"]?["recorded"] == 1)
                    #expect(status["flush"]?["nextAt"] == .null)
                }
            }
        }
    }

    @Test("a flush posts a JSON array with the batch's id, and nothing is left")
    func flush() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    try await Self.record("remove", &connection)
                    let result = try await connection.flush()
                    #expect(result == ["delivered": 2, "pending": 0, "batches": 0, "outcome": "delivered"])
                    #expect(try await Self.totals(&connection) == [2, 0, 2, 0])
                }
            }
            let request = try #require(collector.requests.first)
            #expect(collector.requests.count == 1)
            #expect(request.head.method == .POST)
            #expect(request.head.uri == "/events")
            #expect(request.head.headers.first(name: "content-type") == "application/json")
            #expect(request.head.headers.first(name: "user-agent") == "slstatsd/\(SlstatsVersion.current)")
            #expect(request.head.headers.first(name: "idempotency-key")?.utf8.count == 33)
            #expect(request.head.headers.contains(name: "cookie") == false)
            #expect(request.events.map { $0["command"]?.string } == ["info", "remove"])
        }
    }

    @Test("deploy and failures leave at once, twenty events as well, others wait")
    func immediately() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    #expect(try await connection.ask("status")["flush"]?["nextAt"]?.integer != nil)
                    try await Self.record("deploy", &connection)
                    let first = await collector.nextRequest()
                    #expect(first?.events.count == 2)
                    for _ in 0..<20 { try await Self.record("info", &connection) }
                    let second = await collector.nextRequest()
                    #expect(second?.events.count == 20)
                }
            }
        }
    }

    @Test("after no answer, a reset or a 503 the same bytes come again under the same id [F123, F135]")
    func retries() async throws {
        try await ScriptedCollector.run(
            .status(503), .reset, .status(429, headers: ["retry-after": "3600"]), .status(200)
        ) {
            collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    for _ in 0..<3 {
                        let result = try await connection.flush()
                        #expect(result["outcome"]?.string?.hasPrefix("will retry") == true)
                        #expect(result["pending"]?.integer == 1)
                    }
                    let status = try await connection.ask("status")["flush"]
                    let wait = (status?["nextAt"]?.integer ?? 0) - (status?["lastAt"]?.integer ?? 0)
                    #expect((3_599_000...3_600_100).contains(wait))
                    #expect(try await connection.flush()["pending"]?.integer == 0)
                }
            }
            #expect(collector.requests.count == 4)
            #expect(Set(collector.requests.map(\.body)).count == 1)
            #expect(Set(collector.requests.map { $0.head.headers.first(name: "idempotency-key") }).count == 1)
        }
    }

    @Test("what the collector will never take goes to quarantine, and the rest goes on")
    func rejected() async throws {
        try await ScriptedCollector.run(.status(422), .status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    let rejected = try await connection.flush()
                    #expect(rejected == ["delivered": 0, "pending": 0, "batches": 0, "outcome": "rejected: HTTP 422"])
                    try await Self.record("info", &connection)
                    #expect(try await connection.flush()["outcome"]?.string == "delivered")
                    #expect(try await Self.totals(&connection) == [2, 0, 1, 1])
                    #expect(
                        try FileManager.default.contentsOfDirectory(atPath: daemon.state + "/quarantine").count == 1)
                }
            }
        }
    }

    /// A batch that was not taken at first, another one, and what a flush delivers after something has become of the first
    /// one's file.
    private static func deliver(
        behind spoil: @Sendable (String) throws -> Void,
        _ check: @Sendable (TestDaemon, inout LineConnection) async throws -> Void
    ) async throws {
        try await ScriptedCollector.run(.status(503), .status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    _ = try await connection.flush()
                    let spool = daemon.state + "/spool"
                    let batch = try #require(FileManager.default.contentsOfDirectory(atPath: spool).first)
                    try spoil("\(spool)/\(batch)")
                    try await Self.record("info", &connection)
                    #expect(try await connection.ask("pending")["events"]?.array?.count == 1)
                    #expect(try await connection.flush()["delivered"]?.integer == 1)
                    try await check(daemon, &connection)
                }
            }
            #expect(collector.requests.map(\.events.count) == [1, 1])
        }
    }

    @Test("a batch whose file is gone is counted, and the others go on [F095]")
    func missingBatch() async throws {
        try await Self.deliver {
            try FileManager.default.removeItem(atPath: $0)
        } _: { _, connection async throws in
            #expect(try await Self.totals(&connection) == [2, 0, 1, 0])
            #expect(try await connection.ask("status")["events"]?["dropped"] == ["lost": 1])
        }
    }

    @Test("a batch whose file gives an error is set aside and counted, and the others go on [F100]")
    func unreadableBatch() async throws {
        try await Self.deliver {
            try FileManager.default.removeItem(atPath: $0)
            // At its beginning there is no memory: read(2) says EIO.
            try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: "/proc/self/mem")
        } _: { daemon, connection async throws in
            #expect(try await Self.totals(&connection) == [2, 0, 1, 1])
            let names = try FileManager.default.contentsOfDirectory(atPath: daemon.state + "/quarantine")
            #expect(names.map { $0.hasSuffix(".unreadable") } == [true])
        }
    }

    @Test("a rejected batch does not hide that the collector refuses us")
    func rejectedThenStopped() async throws {
        try await ScriptedCollector.run(.status(503), .status(400), .status(401)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    _ = try await connection.flush()
                    try await Self.record("info", &connection)
                    let result = try await connection.flush()
                    #expect(result == ["delivered": 0, "pending": 1, "batches": 1, "outcome": "rejected: HTTP 400"])
                    #expect(try await connection.ask("status")["flush"]?["nextAt"] == .null)
                }
            }
        }
    }

    @Test("a collector that refuses us is left alone until somebody asks", arguments: [401, 403, 410])
    func stopped(status: Int) async throws {
        try await ScriptedCollector.run(.status(status)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("deploy", &connection)
                    _ = await collector.nextRequest()
                    let result = try await connection.flush()
                    #expect(result["outcome"]?.string == "stopped: HTTP \(status)")
                    let asked = collector.requests.count
                    for _ in 0..<3 { try await Self.record("deploy", &connection) }
                    #expect(try await connection.ask("status")["flush"]?["nextAt"] == .null)
                    #expect(collector.requests.count == asked)
                    #expect(try await Self.totals(&connection) == [4, 4, 0, 0])
                }
            }
        }
    }

    @Test("redirects are not followed [F125]")
    func redirect() async throws {
        try await ScriptedCollector.run(.status(200)) { other, otherURL in
            try await ScriptedCollector.run(.status(307, headers: ["location": otherURL])) { collector, url in
                try await TestDaemon.run {
                    $0.collector.url = CollectorURL(url)
                } _: { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        try await Self.record("info", &connection)
                        #expect(try await connection.flush()["pending"]?.integer == 1)
                    }
                }
            }
            #expect(other.requests.isEmpty)
        }
    }

    @Test("without a collector nothing is due and nothing leaves; flush says why [F138]")
    func localOnly() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await Self.record("deploy", &connection)
                let result = try await connection.flush()
                #expect(result["outcome"]?.string == "local only: collector.url is not set")
                #expect(result["pending"]?.integer == 1)
                #expect(try await connection.ask("status")["collector"] == ["url": nil, "kind": nil, "proxy": nil])
            }
        }
    }

    @Test("a flush with nothing pending asks nobody; one that takes too long says so and delivery goes on [F143]")
    func flushAnswers() async throws {
        try await ScriptedCollector.run(.silence) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    #expect(try await connection.flush()["outcome"]?.string == "nothing pending")
                    try await Self.record("info", &connection)
                    let result = try await connection.flush(timeoutMilliseconds: 0)
                    #expect(result["outcome"]?.string == "timed out, delivery goes on")
                    #expect(await collector.nextRequest()?.events.count == 1)
                }
                // Another one shares what is on its way.
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let result = try await connection.flush(timeoutMilliseconds: 50)
                    #expect(result["outcome"]?.string == "timed out, delivery goes on")
                }
                #expect(collector.requests.count == 1)
            }
        }
    }

    @Test("disabling cancels a running flush; the answer comes when nothing can leave any more [F029]")
    func disableDuringFlush() async throws {
        try await ScriptedCollector.run(.silence) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<5 { try await Self.record("info", &connection) }
                    try await Self.record("deploy", &connection)
                    _ = await collector.nextRequest()
                    #expect(try await connection.ask("telemetry.set", #"{"enabled":false}"#)["enabled"]?.bool == false)
                    #expect(try await Self.totals(&connection) == [6, 0, 0, 0])
                    #expect(try await connection.flush()["outcome"]?.string == "telemetry is off")
                    _ = try await connection.ask("telemetry.set", #"{"enabled":true}"#)
                    #expect(try await connection.flush()["outcome"]?.string == "nothing pending")
                }
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("a no that was written by hand holds back what is pending and discards it")
    func disabledByHand() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("info", &connection)
                    try daemon.writeRcFile("{\"trackingDisabled\":true}")
                    #expect(try await connection.flush()["outcome"]?.string == "telemetry is off")
                    let events = try await connection.ask("status")["events"]
                    #expect(events?["pending"] == 0)
                    #expect(events?["dropped"] == ["telemetry-disabled": 1])
                    try daemon.writeRcFile("{\"trackingDisabled\":false}")
                    #expect(try await connection.flush()["outcome"]?.string == "nothing pending")
                }
            }
            #expect(collector.requests.isEmpty)
        }
    }

    @Test("a daemon that stops during a flush keeps the batch, and the next one sends it under the same id [F135]")
    func stopDuringFlush() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await ScriptedCollector.run(.silence, .status(200)) { collector, url in
            try await TestDaemon.run(in: home) {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await Self.record("deploy", &connection)
                    _ = await collector.nextRequest()
                }
            }
            try await TestDaemon.run(in: home) {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    #expect(try await connection.flush()["delivered"]?.integer == 1)
                }
            }
            let keys = collector.requests.map { $0.head.headers.first(name: "idempotency-key") }
            #expect(keys.count == 2 && Set(keys).count == 1)
        }
    }

    @Test("a daemon that stops answers who waits for a flush, and closes the connection")
    func stopWithWaiter() async throws {
        try await ScriptedCollector.run(.silence) { collector, url in
            let (stopped, stops) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (connected, connects) = AsyncStream<String>.makeStream()
                group.addTask {
                    try await TestDaemon.run {
                        $0.collector.url = CollectorURL(url)
                    } _: { daemon in
                        connects.yield(daemon.socket)
                        // Leaving the body stops the daemon, with the other task's flush under way.
                        _ = await collector.nextRequest()
                    }
                    stops.finish()
                }
                let socket = try #require(await connected.first { _ in true })
                try await LineConnection.open(socket) { connection async throws in
                    try await Self.record("info", &connection)
                    let result = try await connection.flush(timeoutMilliseconds: 600_000)
                    #expect(result["outcome"]?.string == "the daemon stops")
                    #expect(try await connection.receive() == nil)
                }
                for await _ in stopped {}
                try await group.waitForAll()
            }
        }
    }
}
