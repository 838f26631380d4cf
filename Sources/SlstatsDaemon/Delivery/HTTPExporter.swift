// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SlstatsCore
internal import SlstatsProtocol

/// Sends batches over HTTP: a POST of a JSON array, the way the original does it (interface.md, section 5), or of OTLP.
struct HTTPExporter: Exporter {
    private let client: HTTPClient
    private let loop: any EventLoop
    private let url: CollectorURL
    private let settings: CollectorSettings
    private let clock: WallClock

    /// A bigger answer is cut off before anybody parses it, compressed or not.
    private static let maximumAnswerBytes = 64 << 10
    private static let bodyTimeout = TimeAmount.seconds(5)

    /// - Throws: for a file of certificates that holds none.
    init(
        _ settings: CollectorSettings, url: CollectorURL, group: any EventLoopGroup, clock: WallClock
    ) throws(ConfigurationError) {
        let configuration = try HTTPClient.Configuration(
            authorityFile: settings.authorityFile, proxy: settings.proxy,
            maximumAnswerBytes: Self.maximumAnswerBytes, patience: TimeAmount(settings.timeout))
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        loop = group.next()
        self.url = url
        self.settings = settings
        self.clock = clock
    }

    func shutdown() { client.shutdown { _ in } }

    func export(_ request: ExportRequest) async -> DeliveryOutcome {
        do {
            return try await send(prepared(request), request.encoding, to: url, mayFollow: true)
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

    /// Encoding and compressing take milliseconds and a file can take any time, while others wait for the event loop.
    private func prepared(_ export: ExportRequest) async throws -> HTTPClientRequest {
        guard settings.compression == .gzip || settings.tokenFile != nil || export.encoding != .serverless else {
            return try request(export)
        }
        return try await NIOThreadPool.singleton.runIfActive { try request(export) }
    }

    private func request(_ export: ExportRequest) throws(BearerToken.Problem) -> HTTPClientRequest {
        let body = export.body
        var request = HTTPClientRequest(url: url.description)
        request.method = .POST
        request.headers = [
            "Content-Type": "application/json",
            "Idempotency-Key": export.key.description,
            "User-Agent": "slstatsd/\(SlstatsVersion.current)",
        ]
        for header in settings.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        if settings.compression == .gzip, let compressed = Gzip.compress(body) {
            request.headers.add(name: "Content-Encoding", value: "gzip")
            request.body = .bytes(ByteBuffer(bytes: compressed))
        } else {
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        if let path = settings.tokenFile {
            let token = try BearerToken(readingFrom: path, owner: settings.tokenOwner, files: PosixFileSystem())
            request.headers.replaceOrAdd(name: "Authorization", value: token.header)
        }
        return request
    }

    /// One hop at most, and to another path of the same server only: neither events nor a token go elsewhere.
    private func send(
        _ request: HTTPClientRequest, _ encoding: RequestEncoding, to url: CollectorURL, mayFollow: Bool
    ) async throws -> DeliveryOutcome {
        var request = request
        request.url = url.description
        let response = try await client.execute(request, timeout: TimeAmount(settings.timeout))
        let status = Int(response.status.code)
        if status == 307 || status == 308, mayFollow, let location = response.headers.first(name: "location"),
            let next = url.resolving(location), next.hasSameOrigin(as: url)
        {
            return try await send(request, encoding, to: next, mayFollow: false)
        }
        // The status stands whatever becomes of the body: 2xx is delivered, or it would be sent twice.
        let answer = 200..<300 ~= status ? await collect(response.body) : []
        let retryAfter = response.headers.first(name: "retry-after").flatMap {
            RetryAfter.delay($0, now: clock.seconds)
        }
        return encoding.outcome(status: status, answer: answer, retryAfter: retryAfter)
    }

    /// What comes within a few seconds and the limit; nothing otherwise. The request's own timeout ends with the head.
    private func collect(_ body: HTTPClientResponse.Body) async -> [UInt8] {
        await Patience.wait(Self.bodyTimeout, on: loop, else: []) {
            (try? await body.collect(upTo: Self.maximumAnswerBytes)).map { Array($0.readableBytesView) } ?? []
        }
    }
}
