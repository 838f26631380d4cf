// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOHTTP1
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("The feed")
struct FeedTests {
    private static let feed = #"{"sequence":3,"notifications":[{"code":"NEWS","message":"hello"}]}"#

    /// A daemon whose feed is there.
    private func run(
        _ place: FeedSettings.Place?, publicKey: String? = nil, in home: String? = nil,
        _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        try await TestDaemon.run(in: home) {
            $0.feed.place = place
            $0.feed.publicKey = publicKey
        } _: { daemon in
            try await body(daemon)
        }
    }

    private static func place(_ url: String) -> FeedSettings.Place? { FeedSettings.place(url) }

    private static func claim(_ daemon: TestDaemon, _ facts: String = "{}") async throws -> String? {
        try await LineConnection.open(daemon.socket) { connection async throws in
            try await connection.ask("notifications.claim", #"{"facts":\#(facts)}"#)["notification"]?["code"]?.string
        }
    }

    /// Asks until the feed was answered, however it was.
    private static func status(_ daemon: TestDaemon) async throws -> JSON? {
        try await LineConnection.open(daemon.socket) { connection async throws in
            while true {
                let feed = try await connection.ask("status")["notifications"]?["feed"]
                if feed?["checkedAt"]?.integer != nil { return feed }
            }
        }
    }

    @Test("the first claim asks for it, the next is given what it says; a day long nobody asks again")
    func once() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await ScriptedCollector.run(.status(200, body: Self.feed, headers: ["etag": "\"v3\""])) { collector, url in
            try await run(Self.place(url), in: home) { daemon async throws in
                #expect(try await Self.claim(daemon) == nil)
                #expect(try await Self.status(daemon)?["problem"] == .null)
                #expect(try await Self.claim(daemon) == "NEWS")
                #expect(try await Self.claim(daemon) == nil)
            }
            let kept = try String(contentsOfFile: home + "/state/feed.json", encoding: .utf8)
            try await run(Self.place(url), in: home) { daemon async throws in
                #expect(try await Self.claim(daemon) == nil)
                #expect(try String(contentsOfFile: home + "/state/feed.json", encoding: .utf8) == kept)
            }
            #expect(collector.requests.count == 1)
            let head = try #require(collector.requests.first?.head)
            #expect(head.method == .GET && head.uri == "/events")
            // Nothing that tells one machine from another.
            #expect(
                Set(head.headers.map { $0.name.lowercased() })
                    .isSubset(of: ["host", "accept", "accept-encoding", "user-agent", "content-length", "connection"]))
        }
    }

    @Test("the day after it is asked for with the tag of what is known, and 304 changes nothing")
    func unchanged() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        let first = ScriptedCollector.Answer.status(200, body: Self.feed, headers: ["etag": "\"v3\""])
        try await ScriptedCollector.run(first, .status(304)) { collector, url in
            try await run(Self.place(url), in: home) { daemon async throws in
                _ = try await Self.claim(daemon)
                _ = try await Self.status(daemon)
            }
            let path = home + "/state/feed.json"
            let kept = try String(contentsOfFile: path, encoding: .utf8)
            let earlier = kept.replacing(/"(checkedAt|nextCheckAt)":\d+,?/, with: "").replacing(",}", with: "}")
            try earlier.write(toFile: path, atomically: true, encoding: .utf8)
            try await run(Self.place(url), in: home) { daemon async throws in
                #expect(try await Self.claim(daemon) == "NEWS")
                #expect(try await Self.status(daemon)?["problem"] == .null)
            }
            #expect(collector.requests.map { $0.head.headers.first(name: "if-none-match") } == [nil, "\"v3\""])
        }
    }

    @Test(
        "whoever wants none, or no tracking, causes no request [F020]",
        arguments: [#"{"notificationsMode":"off"}"#, #"{"off":["DO_NOT_TRACK"]}"#])
    func silent(_ facts: String) async throws {
        try await ScriptedCollector.run(.status(200, body: Self.feed)) { collector, url in
            try await run(Self.place(url)) { daemon async throws in
                #expect(try await Self.claim(daemon, facts) == nil)
                // With telemetry off it works.
                _ = try await LineConnection.open(daemon.socket) { connection async throws in
                    try await connection.ask("telemetry.set", #"{"enabled":false}"#)
                }
                // Before a request leaves it is written down that it does.
                #expect(!FileManager.default.fileExists(atPath: daemon.state + "/feed.json"))
                _ = try await Self.claim(daemon, #"{"off":["SLS_TELEMETRY_DISABLED"]}"#)
                _ = try await Self.status(daemon)
                #expect(try await Self.claim(daemon) == "NEWS")
            }
            #expect(collector.requests.count == 1)
        }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedCollector.Answer
        let problem: String
    }

    static let faults = [
        Fault(testDescription: "404", answer: .status(404), problem: "HTTP 404"),
        Fault(testDescription: "500", answer: .status(500), problem: "HTTP 500"),
        Fault(
            testDescription: "a redirect", answer: .status(302, headers: ["location": "http://127.0.0.1:1/"]),
            problem: "HTTP 302"),
        Fault(testDescription: "no answer but the end", answer: .reset, problem: "closed before the answer"),
        Fault(
            testDescription: "huge", answer: .status(200, body: "[" + String(repeating: " ", count: 300 << 10) + "]"),
            problem: "more than 262144 bytes"),
        Fault(testDescription: "half of it", answer: .status(200, body: #"{"notifications":[{"#), problem: "not JSON"),
        Fault(testDescription: "something else", answer: .status(200, body: #"{"news":[]}"#), problem: "no list"),
        Fault(
            testDescription: "cut off",
            answer: .raw([Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{".utf8)], closes: true),
            problem: "ended early"),
        Fault(
            testDescription: "garbage for gzip",
            answer: .raw(
                [Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc".utf8)], closes: false
            ),
            problem: "cannot be decompressed"),
    ]

    @Test("what goes wrong is said, and what is known stays", arguments: faults)
    func fault(_ fault: Fault) async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try await ScriptedCollector.run(fault.answer) { collector, url in
            let known = #"{"place":"\#(url)","notifications":[{"code":"OLD","message":"m"}],"sequence":1}"#
            try FileManager.default.createDirectory(atPath: home + "/state", withIntermediateDirectories: true)
            try known.write(toFile: home + "/state/feed.json", atomically: true, encoding: .utf8)
            try await run(Self.place(url), in: home) { daemon async throws in
                #expect(try await Self.claim(daemon, #"{"notificationsMode":"force"}"#) == "OLD")
                let problem = try await Self.status(daemon)?["problem"]?.string
                #expect(problem?.contains(fault.problem) == true, "\(problem ?? "none")")
                #expect(try await Self.claim(daemon, #"{"notificationsMode":"force"}"#) == "OLD")
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("a server that sends a byte now and then is given up on, and asked the next day [F124]")
    func slow() async throws {
        let beginning = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n["
        try await ScriptedCollector.run(.drip(beginning)) { collector, url in
            try await TestDaemon.run {
                $0.feed.place = Self.place(url)
                $0.feed.timeout = .seconds(3)
            } _: { daemon in
                _ = try await Self.claim(daemon)
                #expect(try await Self.status(daemon)?["problem"] == "no answer in time")
                let kept = try JSON(parsing: String(contentsOfFile: daemon.state + "/feed.json", encoding: .utf8))
                let (checked, next) = (kept["checkedAt"]?.integer ?? 0, kept["nextCheckAt"]?.integer ?? 0)
                #expect(next - checked >= 24 * 3_600_000)
            }
            #expect(collector.requests.count == 1)
        }
    }

    @Test("a server that is not there is asked again after an hour")
    func unreachable() async throws {
        try await run(Self.place("http://127.0.0.1:1/feed")) { daemon async throws in
            _ = try await Self.claim(daemon)
            let problem = try await Self.status(daemon)?["problem"]?.string
            #expect(problem?.contains("refused") == true, "\(problem ?? "")")
            let kept = try JSON(parsing: String(contentsOfFile: daemon.state + "/feed.json", encoding: .utf8))
            let pause = (kept["nextCheckAt"]?.integer ?? 0) - (kept["checkedAt"]?.integer ?? 0)
            #expect((3_600_000...4_500_000).contains(pause))
        }
    }

    @Test("an entry of the feed that is over, or for others, does not hide the collector's of the same code")
    func sameCode() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        try FileManager.default.createDirectory(atPath: home + "/state", withIntermediateDirectories: true)
        try #"[{"code":"A","message":"live"},{"code":"B","message":"collector's"}]"#.write(
            toFile: home + "/state/notifications.json", atomically: true, encoding: .utf8)
        let feed = #"[{"code":"A","message":"over","expires":"2001-01-01"},{"code":"B","message":"feed's"}]"#
        try feed.write(toFile: home + "/feed.json", atomically: true, encoding: .utf8)
        try await run(.file(FilePath(home + "/feed.json")), in: home) { daemon async throws in
            try await LineConnection.open(daemon.socket) { connection async throws in
                var messages: [String?] = []
                for _ in 0..<3 {
                    messages.append(
                        try await connection.ask("notifications.claim")["notification"]?["message"]?.string)
                }
                #expect(messages == ["feed's", "live", nil])
                #expect(try await connection.ask("notifications.list")["notifications"]?.array?.count == 4)
            }
        }
    }

    @Test("one bad entry among ten is skipped and counted; the others are shown")
    func badEntry() async throws {
        let entries = (0..<10).map { #"{"code":"\#($0 == 4 ? "" : "C\($0)")","message":"m"}"# }
        try await ScriptedCollector.run(.status(200, body: "[\(entries.joined(separator: ","))]")) { collector, url in
            try await run(Self.place(url)) { daemon async throws in
                _ = try await Self.claim(daemon)
                _ = try await Self.status(daemon)
                let status = try await LineConnection.open(daemon.socket) { connection async throws in
                    try await connection.ask("status")["notifications"]
                }
                #expect(status?["known"] == 9 && status?["skipped"] == 1)
            }
        }
    }

    // MARK: - Signatures

    private static func answer(_ feed: String, signedBy key: Curve25519.Signing.PrivateKey?) -> ScriptedCollector.Answer
    {
        .decide { request in
            guard request.head.uri.hasSuffix(".sig") else { return .status(200, body: feed) }
            guard let key, let signature = try? key.signature(for: Data(feed.utf8)) else { return .status(404) }
            return .status(200, body: signature.base64EncodedString() + "\n")
        }
    }

    @Test("with a public key: signed is shown; unsigned, signed by others and replayed are not, and status says so")
    func signed() async throws {
        let key = Curve25519.Signing.PrivateKey()
        let publicKey = key.publicKey.rawRepresentation.base64EncodedString()
        func check(
            _ answer: ScriptedCollector.Answer, sequence: Int64?, _ code: String?, _ words: String?
        ) async throws {
            let home = try TestDaemon.makeHome()
            defer { try? FileManager.default.removeItem(atPath: home) }
            try await ScriptedCollector.run(answer) { collector, url in
                try FileManager.default.createDirectory(atPath: home + "/state", withIntermediateDirectories: true)
                if let sequence {
                    let known =
                        #"{"place":"\#(url)","publicKey":"\#(publicKey)","notifications":[],"sequence":\#(sequence)}"#
                    try known.write(toFile: home + "/state/feed.json", atomically: true, encoding: .utf8)
                }
                try await run(Self.place(url), publicKey: publicKey, in: home) { daemon async throws in
                    _ = try await Self.claim(daemon)
                    let status = try await Self.status(daemon)
                    #expect(status?["isSigned"] == true)
                    let problem = status?["problem"]?.string
                    #expect(words.map { problem?.contains($0) == true } ?? (problem == nil), "\(problem ?? "none")")
                    #expect(try await Self.claim(daemon) == code)
                }
            }
        }
        try await check(Self.answer(Self.feed, signedBy: key), sequence: nil, "NEWS", nil)
        try await check(Self.answer(Self.feed, signedBy: key), sequence: 3, "NEWS", nil)
        try await check(Self.answer(Self.feed, signedBy: key), sequence: 4, nil, "older than 4")
        try await check(Self.answer(Self.feed, signedBy: nil), sequence: nil, nil, "cannot be had: HTTP 404")
        try await check(Self.answer(Self.feed, signedBy: .init()), sequence: nil, nil, "not that of")
        let tampered = ScriptedCollector.Answer.decide { request in
            let original = Data(Self.feed.utf8)
            return request.head.uri.hasSuffix(".sig")
                ? .status(200, body: (try? key.signature(for: original).base64EncodedString()) ?? "")
                : .status(200, body: Self.feed.replacing("hello", with: "hallo"))
        }
        try await check(tampered, sequence: nil, nil, "not that of")
        let unnumbered = Self.feed.replacing(#""sequence":3,"#, with: "")
        try await check(Self.answer(unnumbered, signedBy: key), sequence: nil, nil, "needs a sequence number")
    }

    // MARK: - Files

    @Test("a file is read when it changes, and needs its signature if there is a key")
    func file() async throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        let path = home + "/feed.json"
        let key = Curve25519.Signing.PrivateKey()
        try await run(.file(FilePath(path)), publicKey: key.publicKey.rawRepresentation.base64EncodedString(), in: home)
        {
            daemon async throws in
            #expect(try await Self.claim(daemon) == nil)
            #expect(try await Self.status(daemon)?["problem"]?.string?.contains("is not there") == true)
            try Self.feed.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await Self.claim(daemon) == nil)
            #expect(try await Self.status(daemon)?["problem"]?.string?.contains("signature") == true)
            let signature = try key.signature(for: Data(Self.feed.utf8)).base64EncodedString()
            try signature.write(toFile: path + ".sig", atomically: true, encoding: .utf8)
            #expect(try await Self.claim(daemon) == "NEWS")
            #expect(try await Self.status(daemon)?["problem"] == .null)
        }
    }
}
