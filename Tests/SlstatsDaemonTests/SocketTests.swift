// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import Testing

@Suite("The socket")
struct SocketTests {
    @Test(
        "bad input gets its number, and the daemon goes on serving this connection and others [F071, F074]",
        arguments: [
            ("{nonsense", -32700, "not-json"), ("[1,2]", -32600, "not-a-request"),
            (#"{"jsonrpc":"2.0","id":1}"#, -32600, "not-a-request"),
            (#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#, -32601, "unknown-method"),
            (#"{"jsonrpc":"2.0","id":1,"method":"record"}"#, -32602, "wrong-params"),
            (#"{"jsonrpc":"2.0","id":1,"method":"record","params":{"event":3}}"#, -32602, "wrong-params"),
            (#"{"jsonrpc":"2.0","id":1,"method":"telemetry.set","params":{}}"#, -32602, "wrong-params"),
            (#"{"jsonrpc":"2.0","id":1,"method":"telemetry.set","params":{"enabled":"no"}}"#, -32602, "wrong-params"),
            (#"{"jsonrpc":"2.0","id":1,"method":"flush","params":{"timeoutMs":-1}}"#, -32602, "wrong-params"),
            (#"{"jsonrpc":"2.0","id":1,"method":"notifications.claim","params":{"facts":7}}"#, -32602, "wrong-params"),
            (#"{"jsonrpc":"2.0","id":1,"method":"record","params":{"event":{"foo":1}}}"#, -32000, "event-refused"),
            ("\u{0}\u{1}", -32700, "not-json"),
        ])
    func badInput(_ line: String, _ code: Int64, _ reason: String) async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { other in
                _ = try await other.ask("hello")
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await connection.send(line + "\n")
                    let error = try await connection.receive()?["error"]
                    #expect(error?["code"]?.integer == code)
                    #expect(error?["data"]?["reason"]?.string == reason)
                    #expect(try await connection.ask("hello")["protocol"]?.integer == 1)
                }
                #expect(try await other.ask("hello")["protocol"]?.integer == 1)
            }
        }
    }

    @Test(
        "a line over 64 KiB gets an error and the connection ends; the next one is served [F064]",
        arguments: [true, false])
    func tooLong(isEnded: Bool) async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let line = LineConnection.line("hello", "{\"x\":\"\(String(repeating: "y", count: 70_000))\"}", id: 1)
                try await connection.send(isEnded ? line : String(line.dropLast()))
                #expect(try await connection.receive()?["error"]?["data"]?["reason"]?.string == "too-large")
                #expect(try await connection.receive() == nil)
            }
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("hello")["protocol"]?.integer == 1)
            }
        }
    }

    @Test("65 535 bytes and their newline are a line, one more are not")
    func exactLimit() async throws {
        @Sendable func line(_ size: Int) -> String {
            let frame = LineConnection.line("hello", "{\"x\":\"\"}", id: 1).utf8.count
            return LineConnection.line("hello", "{\"x\":\"\(String(repeating: "y", count: size - frame))\"}", id: 1)
        }
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send(line(ProtocolLimits.maximumLineBytes))
                #expect(try await connection.receive()?["result"] != nil)
                try await connection.send(line(ProtocolLimits.maximumLineBytes + 1))
                #expect(try await connection.receive()?["error"]?["data"]?["reason"]?.string == "too-large")
            }
        }
    }

    @Test("however the bytes are cut, the answers are the same; empty lines and CRLF mean nothing [F077]")
    func cuts() async throws {
        let bytes =
            "\n" + LineConnection.line("hello", id: 1) + "\r\n"
            + LineConnection.line("record", #"{"event":{"config":{"plugins":["é"]}}}"#, id: 2).replacing(
                "\n", with: "\r\n")
        let text = Array(bytes.utf8)
        try await TestDaemon.run { daemon in
            for cut in 0...text.count {
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await connection.send(bytes: text[..<cut])
                    try await connection.send(bytes: text[cut...])
                    #expect(try await connection.receive()?["id"] == 1)
                    #expect(try await connection.receive()?["result"]?["recorded"]?.bool == true)
                }
            }
        }
    }

    @Test("pipelined requests are answered in order, also when one of them takes time")
    func order() async throws {
        try await ScriptedCollector.run(.silence) { collector, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    try await connection.send(
                        LineConnection.line("record", #"{"event":{"command":"info"},"durability":"synced"}"#, id: 1)
                            + LineConnection.line("flush", #"{"timeoutMs":50}"#, id: 2)
                            + LineConnection.line("hello", id: 3))
                    #expect(try await connection.receive()?["result"]?["durability"]?.string == "synced")
                    #expect(
                        try await connection.receive()?["result"]?["outcome"]?.string?.hasPrefix("timed out") == true)
                    #expect(try await connection.receive()?["id"] == 3)
                }
            }
        }
    }

    @Test("a thousand pipelined records are all answered, each with its own id")
    func pipelined() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let lines = (1...1000).map { LineConnection.line("record", #"{"event":{"command":"info"}}"#, id: $0) }
                try await connection.send(lines.joined())
                var ids: Set<String> = []
                for number in 1...1000 as ClosedRange<Int64> {
                    let reply = try await connection.receive()
                    #expect(reply?["id"]?.integer == number)
                    ids.insert(reply?["result"]?["id"]?.string ?? "")
                }
                #expect(ids.count == 1000)
                #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == 1000)
            }
        }
    }

    @Test("a request without id is done and never answered, whatever comes of it [F075]")
    func notifications() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send(
                    #"{"jsonrpc":"2.0","method":"record","params":{"event":{"command":"a"}}}"# + "\n"
                        + #"{"jsonrpc":"2.0","method":"record","params":{"event":{"bad":1}}}"# + "\n"
                        + #"{"jsonrpc":"2.0","method":"nope"}"# + "\n")
                #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == 1)
            }
        }
    }

    @Test(
        "the id comes back as it was spelled [F075]",
        arguments: ["null", "1.0", "1e3", "\"\\u0061\"", "12345678901234567890123", "-0"])
    func ids(_ id: String) async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"hello\"}\n")
                #expect(try await connection.receiveLine()?.contains("\"id\":\(id),") == true)
            }
        }
    }

    @Test("an id of 60 kB comes back whole [F075]")
    func longID() async throws {
        let id = String(repeating: "x", count: 60_000)
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send("{\"jsonrpc\":\"2.0\",\"id\":\"\(id)\",\"method\":\"hello\"}\n")
                #expect(try await connection.receive()?["id"]?.string == id)
            }
        }
    }

    @Test("a client that has said all it will say still gets its answers [F068]")
    func halfClose() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send(
                    LineConnection.line("record", #"{"event":{"command":"a"},"durability":"synced"}"#, id: 1)
                        + LineConnection.line("hello", id: 2))
                connection.finish()
                #expect(try await connection.receive()?["result"]?["recorded"]?.bool == true)
                #expect(try await connection.receive()?["id"] == 2)
                #expect(try await connection.receive() == nil)
            }
        }
    }

    @Test("half a line of a client that goes away is never recorded [F067]")
    func halfLine() async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                try await connection.send(
                    String(LineConnection.line("record", #"{"event":{"command":"a"}}"#, id: 1).dropLast(1)))
                connection.finish()
                #expect(try await connection.receive() == nil)
            }
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == 0)
            }
        }
    }

    @Test(
        "a client of any age is told what can be asked, and what it says beyond that is passed over [F076]",
        arguments: [#"{"protocol":1}"#, #"{"protocol":0}"#, #"{"protocol":2,"new":true}"#, "{}"])
    func hello(_ params: String) async throws {
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                let hello = try await connection.ask("hello", params)
                #expect(hello["protocol"]?.integer == 1)
                #expect(hello["version"]?.string == SlstatsVersion.current)
                #expect(hello["capabilities"]?.array?.compactMap(\.string) == Method.allCases.map(\.rawValue))
                let later = #"{"event":{"command":"a"},"new":[1,{}]}"#
                #expect(try await connection.ask("record", later)["recorded"]?.bool == true)
                #expect(try await connection.ask("new")["error"]?["data"]?["reason"]?.string == "unknown-method")
                #expect(try await connection.ask("status")["events"]?["recorded"]?.integer == 1)
            }
        }
    }
}
