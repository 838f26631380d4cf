// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import OrderedJSON
import SlstatsCollector
import Testing

@Suite("Hosting a collector")
struct CollectorSettingsTests {
    private static func withCollector(
        _ configure: (inout CollectorSettings) -> Void,
        _ body: @escaping @Sendable (any TestClientProtocol, EventStore) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slcoll-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try EventStore(path: folder + "/events.sqlite")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var settings = CollectorSettings()
        configure(&settings)
        let collector = Collector(
            store: store, notifications: NotificationFile(path: nil), settings: settings, logger: logger)
        try await collector.application(host: "127.0.0.1", port: 0).test(.live) { client in
            try await body(client, store)
        }
        try store.close()
    }

    private static func post(
        _ client: any TestClientProtocol, _ body: ByteBuffer = ByteBuffer(string: #"[{"id":"a"}]"#),
        _ more: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = more
        headers[.contentType] = "application/json"
        return try await client.execute(uri: "/", method: .post, headers: headers, body: body)
    }

    // MARK: - The token

    @Test("who does not know the token neither sends nor reads; health is open")
    func token() async throws {
        try await Self.withCollector({ $0.token = AccessToken("s3cret") }) { client, store async throws in
            let wrong: [HTTPFields] = [
                [:], [.authorization: "Bearer wrong"], [.authorization: "Bearer"], [.authorization: "s3cret"],
                [.authorization: "Basic czNjcmV0"], [.authorization: "Basic ***"],
            ]
            for headers in wrong {
                let response = try await Self.post(client, ByteBuffer(string: "[]"), headers)
                #expect(response.status == .unauthorized)
                #expect(response.headers[.wwwAuthenticate] == "Basic realm=\"slstats\", Bearer")
                for uri in ["/", "/metrics"] {
                    #expect(try await client.execute(uri: uri, method: .get, headers: headers).status == .unauthorized)
                }
            }
            // As a browser sends it: any user, the token as the password.
            for right in ["Bearer s3cret", "bearer  s3cret", "Basic " + Data("me:s3cret".utf8).base64EncodedString()] {
                #expect(try await Self.post(client, ByteBuffer(string: "[]"), [.authorization: right]).status == .ok)
                let page = try await client.execute(uri: "/", method: .get, headers: [.authorization: right])
                #expect(page.status == .ok)
            }
            #expect(try await client.execute(uri: "/healthz", method: .get).status == .ok)
            #expect(try await store.count() == 0)
        }
    }

    @Test("a token file without a token is a mistake")
    func tokenFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "slcoll-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: AccessTokenError.self) { try AccessToken(readingFrom: path) }
        for text in ["", "\n", "two words\n", "ü"] {
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect(throws: AccessTokenError.self) { try AccessToken(readingFrom: path) }
        }
        try Data("abc\n".utf8).write(to: URL(filePath: path))
        _ = try AccessToken(readingFrom: path)
    }

    // MARK: - Limits

    @Test("one address has so many requests a minute; behind a proxy it is the one that the proxy has seen")
    func rate() async throws {
        let forwarded = HTTPField.Name("X-Forwarded-For")!
        try await Self.withCollector({
            $0.requestsPerMinute = 3
            $0.isBehindProxy = true
        }) { client, store async throws in
            for number in 0..<5 {
                // What the sender says of itself does not help.
                let response = try await Self.post(
                    client, ByteBuffer(string: "[]"), [forwarded: "10.0.0.\(number), 192.0.2.1"])
                #expect(response.status == (number < 3 ? .ok : .tooManyRequests))
                if number >= 3 { #expect(Int(response.headers[.retryAfter] ?? "").map { 1...21 ~= $0 } == true) }
            }
            #expect(try await Self.post(client, ByteBuffer(string: "[]"), [forwarded: "192.0.2.2"]).status == .ok)
            // From another address: the one of the connection. Looking counts as well, health does not.
            for number in 0..<4 {
                let status = try await client.execute(uri: number == 0 ? "/metrics" : "/", method: .get).status
                #expect(status == (number < 3 ? .ok : .tooManyRequests))
                #expect(try await client.execute(uri: "/healthz", method: .get).status == .ok)
            }
        }
    }

    @Test("the bucket of an address fills with time; neighbours of an IPv6 address share one")
    func admission() {
        let admission = Admission(requestsPerMinute: 60, maximumInFlight: 2)
        let start = NIODeadline.now()
        for _ in 0..<60 { #expect(admission.wait(for: "a", now: start) == nil) }
        #expect(admission.wait(for: "a", now: start) == 1)
        #expect(admission.wait(for: "b", now: start) == nil)
        #expect(admission.wait(for: "a", now: start + .seconds(1)) == nil)
        #expect(admission.wait(for: "a", now: start + .seconds(1)) == 1)
        for _ in 0..<60 { #expect(admission.wait(for: "a", now: start + .hours(9)) == nil) }
        #expect(admission.wait(for: "a", now: start + .hours(9)) == 1)

        #expect(Admission.sender("2001:db8::1") == Admission.sender("2001:db8:0:0:ffff::2"))
        #expect(Admission.sender("2001:db8::1") != Admission.sender("2001:db8:0:1::1"))
        #expect(Admission.sender("::ffff:192.0.2.1") == "192.0.2.1")

        #expect(Admission.sender("192.0.2.1:4711") == "192.0.2.1")
        #expect(Admission.sender("[2001:db8::1]:4711") == Admission.sender("2001:db8::2"))

        #expect(admission.enter("a") && admission.enter("b") && !admission.enter("c") && admission.inFlight == 2)
        admission.leave("a")
        #expect(!admission.enter("b"), "one address has a quarter")
        #expect(admission.enter("c"))
    }

    @Test("addresses without end take no memory without end")
    func addresses() {
        let admission = Admission(requestsPerMinute: 1, maximumInFlight: 1)
        for number in 0..<50_000 { #expect(admission.wait(for: "\(number)", now: .uptimeNanoseconds(1)) == nil) }
        #expect(admission.addressCount <= 20_000)
    }

    @Test("who sends a body a byte at a time is cut off, and others are served meanwhile")
    func slowBody() async throws {
        try await Self.withCollector({
            $0.bodyTimeout = .milliseconds(200)
            $0.maximumInFlight = 4
        }) { client, store async throws in
            let (bytes, source) = AsyncStream<UInt8>.makeStream()
            source.yield(UInt8(ascii: "["))
            _ = bytes
            let script = """
                import socket, sys
                s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                s.sendall(b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: application/json\\r\\nContent-Length: 9\\r\\n\\r\\n[")
                print(s.recv(100).split(b"\\r\\n")[0].decode())
                """
            let port = try #require(client.port)
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["python3", "-c", script, "\(port)"]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            #expect(try await Self.post(client).status == .ok)
            let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(answer == "HTTP/1.1 408 Request Timeout\n")
        }
    }

    // MARK: - Compressed bodies

    private static func gzip(_ bytes: Data) throws -> ByteBuffer {
        let path = FileManager.default.temporaryDirectory.appending(path: "slcoll-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        try bytes.write(to: path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-c", path.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let compressed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return ByteBuffer(bytes: compressed)
    }

    @Test("gzip is taken; what is none, or is too large when it is one no more, is refused")
    func compressed() async throws {
        try await Self.withCollector({ _ in }) { client, store async throws in
            let coded: HTTPFields = [.contentEncoding: "gzip"]
            let whole = try Self.gzip(Data(#"[{"id":"a"},{"id":"b"}]"#.utf8))
            #expect(try await Self.post(client, whole, coded).status == .ok)
            #expect(try await store.count() == 2)
            #expect(try await Self.post(client, ByteBuffer(string: "[]"), coded).status == .badRequest)
            let half = whole.getSlice(at: 0, length: whole.readableBytes - 4)!
            #expect(try await Self.post(client, half, coded).status == .badRequest)
            let bomb = try Self.gzip(Data(count: Collector.maximumBodyBytes + 1))
            #expect(try await Self.post(client, bomb, coded).status == .contentTooLarge)
            let many = Array(repeating: #"{"id":"0"}"#, count: EventBatch.maximumEvents + 1).joined(separator: ",")
            let crowd = try Self.gzip(Data("[\(many)]".utf8))
            #expect(crowd.readableBytes < 4096)
            #expect(try await Self.post(client, crowd, coded).status == .contentTooLarge)
            #expect(try await Self.post(client, whole, [.contentEncoding: "br"]).status == .unsupportedMediaType)
            #expect(try await store.count() == 2)
        }
    }

    // MARK: - Metrics

    @Test("metrics are text for Prometheus, and count what happened")
    func metrics() async throws {
        try await Self.withCollector({ _ in }) { client, _ async throws in
            for _ in 0..<2 { _ = try await Self.post(client) }
            _ = try await Self.post(client, ByteBuffer(string: "{}"))
            let response = try await client.execute(uri: "/metrics", method: .get)
            #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            let lines = String(buffer: response.body).split(separator: "\n").map(String.init)
            for line in [
                "slstats_collector_requests_total{status=\"200\"} 2",
                "slstats_collector_requests_total{status=\"400\"} 1",
                "slstats_collector_events_total 1", "slstats_collector_duplicate_events_total 1",
                "slstats_collector_stored_events 1", "slstats_collector_requests_in_flight 0",
                "slstats_collector_request_seconds_bucket{le=\"+Inf\"} 3", "slstats_collector_request_seconds_count 3",
            ] { #expect(lines.contains(line), "\(line)") }
            // Each name is told once, with its type, before its samples.
            let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
            #expect(Set(types).count == types.count && types.count == 9)
            for line in lines where !line.hasPrefix("#") {
                #expect(line.wholeMatch(of: #/[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e-]+/#) != nil, "\(line)")
            }
        }
    }
}
