// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SlstatsCore
internal import SlstatsProtocol

/// Sends batches the way the original does: POST of a JSON array (interface.md, section 5).
struct HTTPExporter: Exporter {
    private let client: HTTPClient
    private let loop: any EventLoop
    private let url: CollectorURL
    private let settings: CollectorSettings
    private let clock: WallClock

    /// A bigger answer is cut off before anybody parses it, compressed or not.
    private static let maximumAnswerBytes = 64 << 10
    /// From the first byte to the head of the answer.
    private static let totalTimeout = TimeAmount.seconds(30)
    private static let bodyTimeout = TimeAmount.seconds(5)

    /// - Throws: for a file of certificates that holds none.
    init(
        _ settings: CollectorSettings, url: CollectorURL, group: any EventLoopGroup, clock: WallClock
    ) throws(ConfigurationError) {
        let configuration = try HTTPClient.Configuration(
            authorityFile: settings.authorityFile, proxy: settings.proxy,
            maximumAnswerBytes: Self.maximumAnswerBytes)
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        loop = group.next()
        self.url = url
        self.settings = settings
        self.clock = clock
    }

    func shutdown() async throws {
        try await client.shutdown()
    }

    func export(_ body: [UInt8], key: BatchID) async -> DeliveryOutcome {
        do {
            return try await send(prepared(body, key: key), to: url, mayFollow: true)
        } catch let problem as BearerToken.Problem {
            // It is read again for the next attempt, and may be mended by then.
            return .retryLater(delay: nil, reason: problem.description)
        } catch is CancellationError {
            return .cancelled
        } catch {
            let reason = DeliveryFailure.describe(error)
            return DeliveryFailure.isCutOff(error) ? .cutOff(reason: reason) : .retryLater(delay: nil, reason: reason)
        }
    }

    /// Compressing takes milliseconds and a file can take any time, while others wait for the event loop.
    private func prepared(_ body: [UInt8], key: BatchID) async throws -> HTTPClientRequest {
        guard settings.compression == .gzip || settings.tokenFile != nil else { return try request(body, key: key) }
        return try await NIOThreadPool.singleton.runIfActive { try request(body, key: key) }
    }

    private func request(_ body: [UInt8], key: BatchID) throws(BearerToken.Problem) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url.description)
        request.method = .POST
        request.headers = [
            "Content-Type": "application/json",
            "Idempotency-Key": key.description,
            "User-Agent": "slstatsd/\(SlstatsVersion.current)",
        ]
        if settings.compression == .gzip, let compressed = Gzip.compress(body) {
            request.headers.add(name: "Content-Encoding", value: "gzip")
            request.body = .bytes(ByteBuffer(bytes: compressed))
        } else {
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        if let path = settings.tokenFile {
            let token = try BearerToken(readingFrom: path, owner: settings.tokenOwner, files: PosixFileSystem())
            request.headers.add(name: "Authorization", value: token.header)
        }
        return request
    }

    /// One hop at most, and to another path of the same server only: neither events nor a token go elsewhere.
    private func send(
        _ request: HTTPClientRequest, to url: CollectorURL, mayFollow: Bool
    ) async throws -> DeliveryOutcome {
        var request = request
        request.url = url.description
        let response = try await client.execute(request, timeout: Self.totalTimeout)
        let status = Int(response.status.code)
        if status == 307 || status == 308, mayFollow, let location = response.headers.first(name: "location"),
            let next = url.resolving(location), next.hasSameOrigin(as: url)
        {
            return try await send(request, to: next, mayFollow: false)
        }
        // The status stands whatever becomes of the body: 2xx is delivered, or it would be sent twice.
        let answer = 200..<300 ~= status ? await collect(response.body) : []
        let retryAfter = response.headers.first(name: "retry-after").flatMap {
            RetryAfter.delay($0, now: clock.seconds)
        }
        return DeliveryOutcome(status: status, answer: answer, retryAfter: retryAfter)
    }

    /// What comes within a few seconds and the limit; nothing otherwise. The request's own timeout ends with the head.
    private func collect(_ body: HTTPClientResponse.Body) async -> [UInt8] {
        await Patience.wait(Self.bodyTimeout, on: loop, else: []) {
            (try? await body.collect(upTo: Self.maximumAnswerBytes)).map { Array($0.readableBytesView) } ?? []
        }
    }
}
