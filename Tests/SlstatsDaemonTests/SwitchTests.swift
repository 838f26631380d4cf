// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import Testing

@Suite("A no, however it is said")
struct SwitchTests {
    private static let info = #"{"event":{"command":"info"}}"#
    private static let deploy = #"{"event":{"command":"deploy"}}"#
    private static let off = #"{"enabled":false}"#
    private static let on = #"{"enabled":true}"#

    private static func replaceRcFile(_ daemon: TestDaemon, with text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: daemon.rcFile), options: .atomic)
    }

    private static func pending(_ connection: inout LineConnection) async throws -> JSON? {
        try await connection.ask("status")["events"]?["pending"]
    }

    @Test(
        "a no that another program writes stops a running flush, though nobody asks for anything",
        arguments: [true, false])
    func foreignNoDuringFlush(isRename: Bool) async throws {
        try await ScriptedCollector.run(.silence) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.deploy)
                    _ = await collector.nextRequest()
                    // In one packet: when the first is answered, the second has been seen, before the no is written.
                    let flush = LineConnection.line("flush", #"{"timeoutMs":600000}"#, id: 77)
                    try await connection.send(LineConnection.line("hello", id: 76) + flush)
                    #expect(try await connection.receive()?["id"] == 76)
                    let no = "{\"trackingDisabled\":true}"
                    try isRename ? Self.replaceRcFile(daemon, with: no) : daemon.writeRcFile(no)

                    let result = try await connection.receive()?["result"]
                    #expect(result?["outcome"] == "cancelled", "\(result?.serialized() ?? "")")
                    #expect(try await Self.pending(&connection) == 0)
                    #expect(try await connection.ask("status")["events"]?["dropped"] == ["telemetry-disabled": 1])
                }
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("doubt stops a running flush as well, and keeps the events")
    func doubtDuringFlush() async throws {
        try await ScriptedCollector.run(.silence) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", Self.deploy)
                    _ = await collector.nextRequest()
                    try daemon.writeRcFile("{broken")
                    #expect(try await connection.ask("record", Self.info)["recorded"] == false)
                    #expect(try await connection.flush()["outcome"] == "telemetry is off")
                    #expect(try await Self.pending(&connection) == 1)
                }
            }
        }
    }

    @Test("a no that the rc file could not be told is told as soon as the file is mended")
    func toldLater() async throws {
        try await TestDaemon.run { daemon in
            try daemon.writeRcFile("{broken")
            try await LineConnection.open(daemon.socket) { connection async throws in
                let refused = try await connection.ask("telemetry.set", Self.off)
                #expect(refused["error"]?["data"]?["reason"] == "rc-file-unusable")
                try Self.replaceRcFile(daemon, with: "{\"login\":\"x\"}")
                #expect(try await Self.becomes("{\"login\":\"x\",\"trackingDisabled\":true", daemon, &connection))
            }
        }
    }

    @Test("a no with a broken rc file holds after a restart, and the events from before are gone")
    func restartAfterRefusal() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await TestDaemon.run(in: home) { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                _ = try await connection.ask("record", Self.info)
                try daemon.writeRcFile("{broken")
                let refused = try await connection.ask("telemetry.set", Self.off)
                #expect(refused["error"]?["message"]?.string?.contains("also after a restart") == true)
                #expect(try await Self.pending(&connection) == 0)
            }
        }
        try await TestDaemon.run(in: home) { daemon in
            try Self.replaceRcFile(daemon, with: "{\"trackingDisabled\":false}")
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("record", Self.info)["recorded"] == false)
                let rules = try await connection.ask("telemetry.explain")["rules"]?.array
                #expect(rules?.first { $0["rule"] == "--disable" }?["source"]?.string == daemon.state + "/consent.json")
            }
        }
    }

    @Test("what a daemon left pending is discarded by the next if somebody said no in between")
    func noWhileStopped() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await TestDaemon.run(in: home) { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                _ = try await connection.ask("record", Self.info)
            }
            try daemon.writeRcFile("{\"trackingDisabled\":true}")
        }
        try await TestDaemon.run(in: home) { daemon in
            try daemon.writeRcFile("{\"trackingDisabled\":false}")
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await Self.pending(&connection) == 0)
            }
        }
    }

    @Test("switches on one connection while a flush runs are done in their order; the last one holds")
    func pipelined() async throws {
        for last in [Self.on, Self.off] {
            try await ScriptedCollector.run(.silence) { collector, url in
                try await TestDaemon.run {
                    $0.collector.url = CollectorURL(url)
                } _: { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        _ = try await connection.ask("record", Self.deploy)
                        _ = await collector.nextRequest()
                        let turns = [Self.off, Self.on, Self.off, last]
                        for (id, turn) in turns.enumerated() {
                            try await connection.send(LineConnection.line("telemetry.set", turn, id: 100 + id))
                        }
                        for (id, turn) in turns.enumerated() {
                            let reply = try await connection.receive()
                            #expect(reply?["id"]?.integer == Int64(100 + id))
                            #expect(reply?["result"]?["enabled"]?.bool == (turn == Self.on))
                        }
                        #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == (last == Self.on))
                        #expect(try await Self.pending(&connection)?.integer == (last == Self.on ? 1 : 0))
                        #expect(try await connection.ask("status")["telemetry"]?["enabled"]?.bool == (last == Self.on))
                    }
                }
            }
        }
    }

    @Test(
        "fifty that record while the switch is turned: after `disabled` is answered nothing from before is left [F041]")
    func race() async throws {
        try await TestDaemon.run { daemon in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await LineConnection.open(daemon.socket) { connection async throws in
                            for _ in 0..<40 { _ = try await connection.ask("record", Self.info) }
                        }
                    }
                }
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<10 {
                        _ = try await connection.ask("telemetry.set", Self.off)
                        #expect(try await Self.pending(&connection) == 0)
                        _ = try await connection.ask("telemetry.set", Self.on)
                    }
                    _ = try await connection.ask("telemetry.set", Self.off)
                }
                try await group.waitForAll()
            }
            try await LineConnection.open(daemon.socket) { connection async throws in
                let events = try #require(try await connection.ask("status")["events"])
                #expect(events["pending"] == 0)
                #expect(events["recorded"] == events["dropped"]?["telemetry-disabled"] ?? 0)
            }
        }
    }

    @Test("nothing is recorded about the switch itself, and the collector hears nothing of it [F031, F034]")
    func noFarewell() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    for _ in 0..<3 {
                        _ = try await connection.ask("telemetry.set", Self.on)
                        _ = try await connection.ask("telemetry.set", Self.off)
                    }
                    #expect(try await connection.ask("status")["events"]?["recorded"] == 0)
                }
            }
            #expect(collector.requests.isEmpty)
        }
    }

    @Test("by configuration: off is off, ask waits for --enable", arguments: [ConsentMode.off, .ask])
    func modes(_ mode: ConsentMode) async throws {
        try await TestDaemon.run {
            $0.consentMode = mode
        } _: { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("record", Self.info)["decidedBy"] == "consent.mode")
                _ = try await connection.ask("telemetry.set", Self.on)
                #expect(try await connection.ask("record", Self.info)["recorded"]?.bool == (mode == .ask))
            }
        }
    }

    @Test("a stage's no stops what its callers recorded: at once, and after a restart")
    func stageNo() async throws {
        let dev = #"{"event":{"command":"deploy"},"facts":{"stage":"dev"}}"#
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await ScriptedCollector.run(.silence, .status(200)) { collector, url in
            try await TestDaemon.run(in: home) {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", dev)
                    _ = await collector.nextRequest()
                    // In one packet: when the first is answered, the second has been seen, before the no is written.
                    let flush = LineConnection.line("flush", #"{"timeoutMs":600000}"#, id: 77)
                    try await connection.send(LineConnection.line("hello", id: 76) + flush)
                    #expect(try await connection.receive()?["id"] == 76)
                    let no = Data("{\"trackingDisabled\":true}".utf8)
                    try no.write(to: URL(filePath: daemon.home + "/.serverlessdevrc"))
                    #expect(try await connection.receive()?["result"]?["outcome"] == "cancelled")
                    #expect(try await Self.pending(&connection) == 0)
                }
            }
            try FileManager.default.removeItem(atPath: home + "/.serverlessdevrc")
            try await TestDaemon.run(in: home) { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", dev)
                }
            }
            try Data("{\"trackingDisabled\":true}".utf8).write(to: URL(filePath: home + "/.serverlessdevrc"))
            try await TestDaemon.run(in: home) {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    #expect(try await connection.flush()["outcome"] == "nothing pending")
                }
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("eight stages at a time may record; a ninth is a no")
    func manyStages() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                for number in 1...9 {
                    let result = try await connection.ask(
                        "record", #"{"event":{},"facts":{"stage":"s\#(number)"}}"#)
                    #expect(result["recorded"]?.bool == (number <= 8))
                }
                #expect(try await Self.pending(&connection) == 8)
            }
        }
    }

    @Test("a program that had read the file before a no, and writes it after, is written over")
    func lateWriter() async throws {
        try await TestDaemon.run { daemon in
            let before = "{\"login\":\"x\"}"
            try await LineConnection.open(daemon.socket) { connection async throws in
                for _ in 0..<20 {
                    try Self.replaceRcFile(daemon, with: before)
                    let asked = ContinuousClock.now
                    _ = try await connection.ask("telemetry.set", Self.off)
                    try Self.replaceRcFile(daemon, with: before)
                    // On a machine under load we may be too late to be the late writer.
                    guard ContinuousClock.now - asked < .milliseconds(200) else { continue }
                    #expect(try await connection.ask("record", Self.info)["recorded"] == false)
                    let no = "{\"login\":\"x\",\"trackingDisabled\":true"
                    #expect(try await Self.becomes(no, daemon, &connection))
                    return
                }
                try Test.cancel("the machine is too busy to write within a fifth of a second")
            }
        }
    }

    /// Asks again and again, so that timers and watches have their turn, until the rc file begins so.
    private static func becomes(
        _ beginning: String, _ daemon: TestDaemon, _ connection: inout LineConnection
    ) async throws -> Bool {
        for _ in 0..<50_000 {
            if daemon.readRcFile()?.hasPrefix(beginning) == true { return true }
            _ = try await connection.ask("hello")
        }
        return false
    }

    @Test("the answer names the file that was written")
    func answerNamesFile() async throws {
        try await TestDaemon.run { daemon in
            let path = daemon.home + "/.config/.serverlessrc"
            try FileManager.default.createDirectory(
                atPath: daemon.home + "/.config", withIntermediateDirectories: false)
            try Data("{}".utf8).write(to: URL(filePath: path))
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("telemetry.set", Self.off)["rcFile"]?.string == path)
            }
        }
    }

    @Test("a stage's own file decides for its callers, and the switch writes that one [F053]")
    func stages() async throws {
        try await TestDaemon.run { daemon in
            let dev = #"{"event":{"command":"info"},"facts":{"stage":"dev"}}"#
            let devFile = daemon.home + "/.serverlessdevrc"
            try Data("{\"trackingDisabled\":true}".utf8).write(to: URL(filePath: devFile))
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("record", dev)["decidedBy"] == "trackingDisabled")
                #expect(try await connection.ask("record", Self.info)["recorded"] == true)
                let facts = #"{"enabled":true,"facts":{"stage":"dev"}}"#
                #expect(try await connection.ask("telemetry.set", facts)["rcFile"]?.string == devFile)
                #expect(try await connection.ask("record", dev)["recorded"] == true)
                #expect(daemon.readRcFile() == nil)
                // The stage's no stops what its callers recorded.
                try Data("{\"trackingDisabled\":true}".utf8).write(to: URL(filePath: devFile))
                #expect(try await connection.ask("record", dev)["recorded"] == false)
                #expect(try await Self.pending(&connection) == 0)
                for bad in [#""../x""#, "7", "\"\(String(repeating: "x", count: 33))\""] {
                    let refused = try await connection.ask("record", #"{"event":{},"facts":{"stage":\#(bad)}}"#)
                    #expect(refused["error"]?["code"]?.integer == -32602)
                }
            }
        }
    }

    @Test("status says what is wrong with the rc file, what to do, and what to look at [F039, F045]")
    func status() async throws {
        try await TestDaemon.run { daemon in
            try daemon.writeRcFile("{}")
            chmod(daemon.rcFile, 0o666)
            try await LineConnection.open(daemon.socket) { connection async throws in
                let fine = try await connection.ask("status")["rcFile"]
                #expect(fine?["problem"] == .null)
                #expect(fine?["warnings"]?.array?.count == 2)
                try daemon.writeRcFile("{")
                let broken = try await connection.ask("status")["rcFile"]
                #expect(broken?["problem"]?.string?.hasPrefix("\(daemon.rcFile) is not strict JSON") == true)
                #expect(broken?["mend"]?.string?.contains("mv \(daemon.rcFile)") == true)
            }
        }
    }

    @Test("explain answers the decision and nothing else")
    func explain() async throws {
        try await TestDaemon.run { daemon in
            try daemon.writeRcFile("{\"trackingDisabled\":\"no\"}")
            var inputs = ConsentInputs()
            inputs.rcFile = .usable(RcFileMembers(trackingDisabled: "no"))
            inputs.facts.off = ["DO_NOT_TRACK"]
            inputs.places.policy = daemon.home + "/policy.json"
            inputs.places.rcFile = daemon.rcFile
            inputs.places.record = daemon.state + "/consent.json"
            let expected = ConsentDecision(inputs).json
            try await LineConnection.open(daemon.socket) { connection async throws in
                let answer = try await connection.ask("telemetry.explain", #"{"facts":{"off":["DO_NOT_TRACK"]}}"#)
                #expect(answer == expected)
            }
        }
    }
}
