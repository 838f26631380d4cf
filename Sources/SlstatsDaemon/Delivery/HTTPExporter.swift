// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import SlstatsCore
internal import SlstatsProtocol

/// Sends batches the way the original does: POST of a JSON array (interface.md, section 5).
struct HTTPExporter: Exporter {
    private let client: HTTPClient
    private let url: String

    /// A bigger answer is cut off before anybody parses it.
    private static let maximumAnswerBytes = 64 << 10
    private static let totalTimeout = TimeAmount.seconds(30)

    init(url: String, group: any EventLoopGroup) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(10)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(10)
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        self.url = url
    }

    func shutdown() async throws {
        try await client.shutdown()
    }

    func export(_ batch: BatchBody) async -> DeliveryOutcome {
        do {
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers = [
                "Content-Type": "application/json",
                "Idempotency-Key": batch.id.description,
                "User-Agent": "slstatsd/\(SlstatsVersion.current)",
            ]
            request.body = .bytes(ByteBuffer(bytes: batch.jsonArray))
            let response = try await client.execute(request, timeout: Self.totalTimeout)
            // The status stands whatever becomes of the body: 2xx is delivered, or it would be sent twice.
            let answer = await Self.collect(response.body)
            return DeliveryOutcome(
                status: Int(response.status.code), answer: answer, retryAfter: Self.retryAfter(response.headers))
        } catch is CancellationError {
            return .cancelled
        } catch {
            return .retryLater(delay: nil, reason: Self.describe(error))
        }
    }

    /// What comes within a few seconds and the limit; nothing otherwise. The request's own timeout ends with the head.
    private static func collect(_ body: HTTPClientResponse.Body) async -> [UInt8] {
        await withTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                (try? await body.collect(upTo: maximumAnswerBytes)).map { Array($0.readableBytesView) } ?? []
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(5))
                return []
            }
            let first = await group.next() ?? []
            group.cancelAll()
            return first
        }
    }

    /// RFC 9110, section 10.2.3, in seconds, within a second and a day.
    private static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        guard let seconds = headers.first(name: "retry-after").flatMap({ Int64($0) }) else { return nil }
        return .seconds(min(max(seconds, 1), 24 * 3600))
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: error.description
        default: "\(type(of: error))"
        }
    }
}
