// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import OrderedJSON
import SlstatsCollector
import Testing

@Suite("The collector")
struct CollectorTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "slcoll-\(UUID())").path

    private func withCollector(
        notifications: String? = nil,
        _ body: @escaping @Sendable (any TestClientProtocol, EventStore) async throws -> Void
    ) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try EventStore(path: folder + "/events.sqlite")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let collector = Collector(store: store, notifications: NotificationFile(path: notifications), logger: logger)
        try await collector.application(host: "127.0.0.1", port: 0).test(.live) { client in
            try await body(client, store)
        }
        try store.close()
    }

    private static let json: HTTPFields = [.contentType: "application/json"]

    private static func post(_ client: any TestClientProtocol, _ body: String) async throws -> TestResponse {
        try await client.execute(uri: "/", method: .post, headers: json, body: ByteBuffer(string: body))
    }

    @Test("a batch is kept, and kept once however often it comes")
    func deduplication() async throws {
        try await withCollector { client, store async throws in
            for _ in 0..<3 {
                let response = try await Self.post(client, #"[{"id":"a","timestamp":5,"x":1.0},{"id":"b"}]"#)
                #expect(response.status == .ok)
                #expect(String(buffer: response.body) == "[]")
            }
            _ = try await Self.post(client, #"[{"id":"b"},{"id":"c"}]"#)

            #expect(try await store.count() == 3)
        }
    }

    @Test("an empty batch is fine")
    func empty() async throws {
        try await withCollector { client, store async throws in
            #expect(try await Self.post(client, "[]").status == .ok)
            #expect(try await store.count() == 0)
        }
    }

    @Test(
        "a body that is no batch gets a 400 that says why, and nothing of it is kept",
        arguments: [
            ("{}", "the body is not a JSON array"), ("", "the body is not JSON"),
            ("[{\"id\":\"a\"},", "the body is not JSON"),
            ("[{\"id\":\"a\"},7]", "element 1 is not an object"), ("[{\"id\":\"a\"},{}]", "element 1 has no id"),
            ("[{\"id\":\"a\"},{\"id\":\"\"}]", "element 1 has no id"),
            (#"[{"id":"a\u0000b"}]"#, "element 0 has an id with control characters"),
            ("[{\"id\":1}]", "element 0 has no id"),
        ])
    func badBodies(_ body: String, _ message: String) async throws {
        try await withCollector { client, store async throws in
            let response = try await Self.post(client, body)

            let error = try JSON(parsing: Array(response.body.readableBytesView))["error"]
            #expect(response.status == .badRequest)
            #expect(response.headers[.contentType] == "application/json")
            #expect(error?["message"]?.string?.contains(message) == true)
            #expect(try await store.count() == 0)
        }
    }

    @Test("wrong method, path and content type are told apart")
    func wrongRequests() async throws {
        try await withCollector { client, store async throws in
            let put = try await client.execute(uri: "/", method: .put)
            #expect(put.status == .methodNotAllowed)
            #expect(put.headers[.allow] == "GET, HEAD, POST")
            let head = try await client.execute(uri: "/", method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
            #expect(try await client.execute(uri: "/healthz", method: .post).status == .methodNotAllowed)
            #expect(try await client.execute(uri: "/x", method: .post).status == .notFound)
            for type in [nil, "text/plain", "application/jsonl"] as [String?] {
                var headers: HTTPFields = [:]
                headers[.contentType] = type
                let response = try await client.execute(
                    uri: "/", method: .post, headers: headers, body: ByteBuffer(string: #"[{"id":"a"}]"#))
                #expect(response.status == .unsupportedMediaType)
                #expect(try JSON(parsing: Array(response.body.readableBytesView))["error"]?["status"] == 415)
            }
            #expect(try await store.count() == 0)
            let charset: HTTPFields = [.contentType: "application/json; charset=utf-8"]
            let response = try await client.execute(
                uri: "/", method: .post, headers: charset, body: ByteBuffer(string: #"[{"id":"a"}]"#))
            #expect(response.status == .ok)
        }
    }

    @Test("8 MiB are taken, a byte more is not")
    func bodyLimit() async throws {
        try await withCollector { client, store async throws in
            let frame = #"[{"id":"a","x":""}]"#.utf8.count
            func body(_ size: Int) -> String {
                #"[{"id":"a","x":""# + String(repeating: "y", count: size - frame) + #""}]"#
            }

            #expect(try await Self.post(client, body(Collector.maximumBodyBytes + 1)).status == .contentTooLarge)
            #expect(try await store.count() == 0)
            #expect(try await Self.post(client, body(Collector.maximumBodyBytes)).status == .ok)
            #expect(try await store.count() == 1)
        }
    }

    @Test("health is asked with GET")
    func health() async throws {
        try await withCollector { client, _ async throws in
            let response = try await client.execute(uri: "/healthz", method: .get)
            #expect(response.status == .ok)
            #expect(String(buffer: response.body) == #"{"status":"ok"}"#)
        }
    }

    @Test("the notification file is read again when it changes; while it is broken the last good list holds")
    func notifications() async throws {
        let path = folder + "/notifications.json"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(#"[{"code":"A","message":"one"}]"#.utf8).write(to: URL(filePath: path))
        try await withCollector(notifications: path) { client, _ async throws in
            #expect(try await String(buffer: Self.post(client, "[]").body) == #"[{"code":"A","message":"one"}]"#)

            try Data(#"[{"code":"A","message":"another"}]"#.utf8).write(to: URL(filePath: path))
            #expect(try await String(buffer: Self.post(client, "[]").body) == #"[{"code":"A","message":"another"}]"#)

            try Data("[{".utf8).write(to: URL(filePath: path))
            #expect(try await String(buffer: Self.post(client, "[]").body) == #"[{"code":"A","message":"another"}]"#)
        }
    }

    @Test(
        "a file that clients would not understand is refused at start",
        arguments: ["{}", "[", #"[{"code":"A"}]"#, #"[{"code":"A","message":"m"},1]"#])
    func badNotificationFile(_ content: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/n.json"
        try Data(content.utf8).write(to: URL(filePath: path))

        #expect(throws: (any Error).self) { try NotificationFile(path: path).validate() }
    }
}
