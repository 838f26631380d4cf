// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import Testing

@Suite("What is pending can be held, let go and thrown away")
struct ReviewTests {
    private static func event(_ command: String) -> String { #"{"event":{"command":"\#(command)"}}"# }
    private static func drop(_ ids: String...) -> String {
        let params: JSON = ["ids": .array(ids.map(JSON.string))]
        return params.serialized()
    }

    private static func record(_ command: String, _ connection: inout LineConnection) async throws -> String {
        try await connection.ask("record", event(command))["id"]?.string ?? "none"
    }

    @Test("what is held leaves by no way, also over a stop and a start, until it is released: then it goes by itself")
    func hold() async throws {
        let home = try TestDaemon.makeHome()
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            for isFirst in [true, false] {
                try await TestDaemon.run(in: home, { $0.collector.url = CollectorURL(url) }) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        if isFirst { #expect(try await connection.ask("hold")["pending"] == 0) }
                        for _ in 0..<30 { _ = try await Self.record("info", &connection) }
                        _ = try await Self.record("deploy", &connection)
                        let outcome = try await connection.flush()["outcome"]?.string ?? ""
                        #expect(outcome.hasPrefix("held since 2") && outcome.hasSuffix("Z: slstats release"))
                        #expect(try await connection.ask("status")["hold"]?["since"]?.integer != nil)
                        #expect(collector.requests.isEmpty)
                        guard !isFirst else { return }
                        #expect(try await connection.ask("release")["since"] == .null)
                    }
                    if !isFirst { #expect(await collector.nextRequest() != nil) }
                }
            }
        }
        try FileManager.default.removeItem(atPath: home)
    }

    @Test("a delivery that is on its way is taken back by a hold")
    func holdRunning() async throws {
        try await ScriptedCollector.run(.silence, .status(200)) { collector, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await Self.record("deploy", &connection)
                    #expect(await collector.nextRequest() != nil)
                    #expect(try await connection.ask("hold")["pending"] == 1)
                    let flushed = try await connection.flush()
                    #expect(flushed["outcome"]?.string?.hasPrefix("held") == true && flushed["pending"] == 1)
                    _ = try await connection.ask("release")
                    #expect(await collector.nextRequest() != nil)
                }
            }
        }
    }

    @Test("dropped events are neither shown nor sent, and are counted; over a stop and a start, and wherever they wait")
    func drop() async throws {
        let home = try TestDaemon.makeHome()
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run(in: home) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    var ids: [String] = []
                    for number in 0..<6 { ids.append(try await Self.record("c\(number)", &connection)) }
                    let unknown = "6ba7b811-9dad-41d1-80b4-00c04fd430c8"
                    let answer = try await connection.ask("drop", Self.drop(ids[1], ids[4], unknown))
                    #expect(answer == ["dropped": 2, "notFound": [.string(unknown)], "sending": []])
                    #expect(try await connection.ask("drop", Self.drop(ids[1]))["notFound"] == [.string(ids[1])])
                }
            }
            try await TestDaemon.run(in: home, { $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let id = try await Self.record("c6", &connection)
                    _ = try await Self.record("c7", &connection)
                    #expect(try await connection.ask("drop", Self.drop(id))["dropped"] == 1)
                    let shown = try await connection.ask("pending")["events"]?.array ?? []
                    #expect(shown.compactMap { $0["command"]?.string } == ["c0", "c2", "c3", "c5", "c7"])
                    #expect(try await connection.ask("status")["events"]?["pending"] == 5)
                    #expect(try await connection.flush()["delivered"] == 5)
                    let events = try await connection.ask("status")["events"]
                    #expect(events?["recorded"] == 8 && events?["sent"] == 5 && events?["pending"] == 0)
                    #expect(events?["dropped"] == ["on-request": 3] && events?["quarantined"] == 0)
                }
            }
            #expect(
                collector.requests.flatMap(\.events).compactMap { $0["command"]?.string } == [
                    "c0", "c2", "c3", "c5", "c7",
                ])
        }
        #expect(!FileManager.default.fileExists(atPath: home + "/state/dropped.json"), "nothing is left of it")
        try FileManager.default.removeItem(atPath: home)
    }

    @Test("an event that is dropped while its batch is on its way does not come with the next attempt [F143]")
    func dropRunning() async throws {
        try await ScriptedCollector.run(.silence, .status(200)) { collector, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let id = try await Self.record("info", &connection)
                    _ = try await Self.record("deploy", &connection)
                    #expect(await collector.nextRequest()?.events.count == 2)
                    #expect(try await connection.ask("drop", Self.drop(id))["dropped"] == 1)
                    #expect(await collector.nextRequest()?.events.map { $0["command"] } == ["deploy"])
                    _ = try await connection.flush()
                    let events = try await connection.ask("status")["events"]
                    #expect(events?["sent"] == 1 && events?["dropped"] == ["on-request": 1])
                }
            }
        }
    }

    @Test("the next attempt is without it, however the one before has ended: held, refused for now, in halves")
    func dropBetween() async throws {
        for (script, isHeld) in [
            ([.silence, .status(200)], true), ([.status(503), .status(200)], false),
            ([.status(400), .silence, .status(200)], false),
        ] as [([ScriptedCollector.Answer], Bool)] {
            try await ScriptedCollector.run(script: script) { collector, url async throws in
                try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        let id = try await Self.record("info", &connection)
                        for _ in 0..<2 { _ = try await Self.record("info", &connection) }
                        _ = try await Self.record("deploy", &connection)
                        for _ in 1..<script.count { #expect(await collector.nextRequest() != nil) }
                        if isHeld { #expect(try await connection.ask("hold")["pending"] == 4) }
                        #expect(try await connection.ask("drop", Self.drop(id))["dropped"] == 1)
                        if isHeld { _ = try await connection.ask("release") }
                        _ = try await connection.flush()
                        let last = try #require(collector.requests.last)
                        #expect(last.events.count == 3 && last.events.allSatisfy { $0["id"] != .string(id) })
                        let events = try await connection.ask("status")["events"]
                        #expect(events?["sent"] == 3 && events?["dropped"] == ["on-request": 1])
                    }
                }
            }
        }
    }

    @Test("what is dropped and has nothing beside it does not stay on disk")
    func dropLast() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let id = try await Self.record("secret-command", &connection)
                #expect(try await connection.ask("drop", Self.drop(id))["dropped"] == 1)
                for name in try FileManager.default.subpathsOfDirectory(atPath: daemon.state) {
                    let content = FileManager.default.contents(atPath: daemon.state + "/" + name) ?? Data()
                    #expect(content.range(of: Data(id.utf8)) == nil, "\(name)")
                }
                #expect(try await connection.ask("status")["events"]?["dropped"] == ["on-request": 1])
            }
        }
    }

    @Test("what was dropped and cannot be read any more holds everything, until somebody decides")
    func unreadableDropped() async throws {
        let home = try TestDaemon.makeHome()
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run(in: home) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let id = try await Self.record("info", &connection)
                    _ = try await Self.record("info", &connection)
                    _ = try await connection.ask("drop", Self.drop(id))
                }
            }
            let path = home + "/state/dropped.json"
            #expect(FileManager.default.fileExists(atPath: path))
            try Data("{".utf8).write(to: URL(filePath: path))
            try await TestDaemon.run(in: home, { $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let id = try await Self.record("deploy", &connection)
                    let outcome = try await connection.flush()["outcome"]?.string ?? ""
                    #expect(outcome.hasPrefix("held, since") && outcome.contains("slstats drop --all"))
                    #expect(try await connection.ask("status")["spool"]?["problem"] == .string(outcome))
                    let refusal = try await connection.ask("drop", Self.drop(id))
                    #expect(refusal["error"]?["data"]?["reason"] == "state-unavailable")
                    #expect(collector.requests.isEmpty)
                    #expect(try await connection.ask("drop", #"{"all":true}"#)["dropped"] == 3)
                    _ = try await Self.record("deploy", &connection)
                    #expect(try await connection.flush()["outcome"] == "delivered")
                }
            }
            #expect(collector.requests.flatMap(\.events).count == 1)
        }
        try FileManager.default.removeItem(atPath: home)
    }

    @Test("a hold that cannot be noted holds all the same, and says so each time it is asked for")
    func unnotedHold() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                let path = daemon.state + "/hold.json"
                try FileManager.default.createDirectory(atPath: path + "/in-the-way", withIntermediateDirectories: true)
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<2 {
                        let error = try await connection.ask("hold")["error"]
                        #expect(error?["data"]?["reason"] == "state-unavailable")
                    }
                    _ = try await Self.record("deploy", &connection)
                    #expect(try await connection.flush()["outcome"]?.string?.hasPrefix("held since") == true)
                    #expect(collector.requests.isEmpty)
                    try FileManager.default.removeItem(atPath: path)
                    #expect(try await connection.ask("hold")["since"]?.integer != nil)
                    #expect(FileManager.default.fileExists(atPath: path))
                }
            }
        }
    }

    @Test("what was dropped while all was held leaves nothing behind that later events would wait for")
    func heldAndDropped() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            let interval = Duration.milliseconds(50)
            try await TestDaemon.run({
                $0.collector.url = CollectorURL(url)
                $0.flush.interval = interval
            }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("hold")
                    _ = try await Self.record("info", &connection)
                    _ = try await connection.ask("drop", #"{"all":true}"#)
                    _ = try await connection.ask("release")
                    _ = try await Self.record("info", &connection)
                    #expect(await collector.nextRequest()?.events.count == 1)
                }
            }
        }
    }

    @Test("all of them, and a batch of which the collector has a part goes on as it began")
    func dropAllAndPart() async throws {
        try await ScriptedCollector.run(.status(400), .status(200), .status(503)) { _, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    var ids: [String] = []
                    for _ in 0..<4 { ids.append(try await Self.record("info", &connection)) }
                    _ = try await connection.flush()
                    #expect(
                        try await connection.ask("drop", Self.drop(ids[3])) == [
                            "dropped": 0, "notFound": [], "sending": [.string(ids[3])],
                        ])
                    _ = try await Self.record("info", &connection)
                    #expect(try await connection.ask("drop", #"{"all":true}"#)["dropped"]?.integer ?? 0 > 0)
                    let events = try await connection.ask("status")["events"]
                    #expect(events?["pending"] == 0 && events?["sent"] == 2)
                    #expect(events?["dropped"] == ["on-request": 3])
                    #expect(try await connection.ask("record", Self.event("info"))["recorded"] != nil, "it stays on")
                }
            }
        }
    }

    // MARK: - The installation's id

    @Test(
        "the id is that of the rc file; made anew it is a random UUID, and so is the key, and no request has both [F166]"
    )
    func rotate() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url async throws in
            try await TestDaemon.run({ $0.collector.url = CollectorURL(url) }) { daemon in
                let old = "0f8fad5b-d9cb-469f-a165-70867728950e"
                try daemon.writeRcFile(#"{"userId": "x", "frameworkId": "\#(old)", "other": [1]}"#)
                try await LineConnection.open(daemon.socket) { connection async throws in
                    let project = #"{"event":{"projectId":"mine"}}"#
                    #expect(try await connection.ask("id")["id"] == .string(old))
                    _ = try await connection.ask("record", project)
                    let answer = try await connection.ask("id.rotate")
                    let new = try #require(answer["id"]?.string)
                    #expect(new != old && answer["rotatedAt"]?.integer != nil)
                    #expect(EventID(new) != nil && Array(new)[14] == "4")
                    let text = daemon.readRcFile() ?? ""
                    #expect(text.hasPrefix(#"{"userId": "x", "frameworkId": "\#(new)", "other": [1]"#), "\(text)")
                    _ = try await connection.ask("record", project)
                    _ = try await connection.flush()
                    #expect(collector.requests.map(\.events.count) == [1, 1])
                    let projects = collector.requests.flatMap(\.events).compactMap { $0["projectId"]?.string }
                    #expect(Set(projects).count == 2)
                }
            }
        }
    }

    @Test(
        "a period makes it anew at a start; without an rc file none is made, and one that is not ours to change stays")
    func period() async throws {
        let home = try TestDaemon.makeHome()
        let rcFile = #"{"frameworkId": "0f8fad5b-d9cb-469f-a165-70867728950e"}"#
        try Data(rcFile.utf8).write(to: URL(filePath: home + "/.serverlessrc"))
        for (number, isChanged) in [false, true].enumerated() {
            try await TestDaemon.run(in: home, { $0.identityPeriod = .milliseconds(1) }) { daemon in
                #expect((daemon.readRcFile() != rcFile) == isChanged, "start \(number)")
            }
        }
        try FileManager.default.removeItem(atPath: home)
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("id.rotate")["id"] == .null)
                #expect(daemon.readRcFile() == nil)
                try daemon.writeRcFile(#"{"userId": null}"#)
                #expect(try await connection.ask("id.rotate")["id"] == .null)
                #expect(daemon.readRcFile() == #"{"userId": null}"#, "where there was no id none is made")
                try daemon.writeRcFile("{ broken")
                #expect(try await connection.ask("id.rotate")["error"]?["data"]?["reason"] == "rc-file-unusable")
                #expect(daemon.readRcFile() == "{ broken")
            }
        }
    }
}
