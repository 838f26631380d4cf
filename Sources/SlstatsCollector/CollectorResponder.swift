// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import Hummingbird
internal import Logging
internal import NIOCore
internal import OrderedJSON

/// Four paths, and a JSON error for everything else. What is not answered 200 was not kept.
package struct CollectorResponder: HTTPResponder {
    package typealias Context = CollectorContext

    let store: EventStore
    let notifications: NotificationFile
    let settings: CollectorSettings
    let metrics: CollectorMetrics
    let logger: Logger
    private let admission: Admission
    private let figures: Cached<Figures>
    private let stored: Cached<(events: Int, bytes: Int)>

    init(
        store: EventStore, notifications: NotificationFile, settings: CollectorSettings, metrics: CollectorMetrics,
        logger: Logger
    ) {
        self.store = store
        self.notifications = notifications
        self.settings = settings
        self.metrics = metrics
        self.logger = logger
        let threshold = settings.threshold
        // Days that are over do not change.
        figures = Cached(stays: { threshold > 1 && $0.days.last?.day == EventStore.today - 1 }) {
            try await store.figures(threshold: threshold)
        }
        stored = Cached { (try await store.count(), try await store.bytes()) }
        admission = Admission(
            requestsPerMinute: settings.requestsPerMinute, maximumInFlight: settings.maximumInFlight)
    }

    package func respond(to request: Request, context: Context) async throws -> Response {
        let start = NIODeadline.now()
        var response: Response
        do {
            response = try await answer(request, context)
        } catch let error as CollectorError {
            response = error.response
        } catch {
            logger.error("request failed", metadata: ["error": "\(error)"])
            response = CollectorError(.internalServerError, "the database cannot be used").response
        }
        if request.method == .head { response.body = .init() }
        metrics.note(status: response.status.code, took: .now() - start)
        return response
    }

    private func answer(_ request: Request, _ context: Context) async throws -> Response {
        let isReading = request.method == .get || request.method == .head
        switch (request.uri.path, isReading) {
        case ("/healthz", true):
            // Asked by whoever watches the process, who need not know the token.
            try await store.check()
            return Self.json(.ok, ["status": "ok"])
        case ("/", true):
            try admit(request, context)
            return Self.text(
                FiguresPage(figures: try await figures.value()).html, "text/html; charset=utf-8",
                [
                    .contentSecurityPolicy: FiguresPage.policy, .xContentTypeOptions: "nosniff",
                    .cacheControl: "no-store",
                ])
        case ("/metrics", true):
            try admit(request, context)
            let stored = try await stored.value()
            let text = metrics.text(
                stored: stored.events, databaseBytes: stored.bytes, inFlight: admission.inFlight)
            return Self.text(text, "text/plain; version=0.0.4; charset=utf-8")
        case ("/", false):
            guard request.method == .post else {
                throw CollectorError(.methodNotAllowed, "only GET and POST", [.allow: "GET, HEAD, POST"])
            }
            return try await receive(request, context)
        case ("/healthz", false), ("/metrics", false):
            throw CollectorError(.methodNotAllowed, "only GET", [.allow: "GET, HEAD"])
        default:
            throw CollectorError(.notFound, "there is POST /, GET /, GET /healthz and GET /metrics")
        }
    }

    /// Also who guesses tokens comes so often and no more.
    private func admit(_ request: Request, _ context: Context) throws(CollectorError) {
        let sender = context.sender(of: request, isBehindProxy: settings.isBehindProxy)
        if let seconds = admission.wait(for: sender) {
            throw CollectorError(
                .tooManyRequests, "\(settings.requestsPerMinute) requests a minute of one address are taken",
                [.retryAfter: "\(seconds)"])
        }
        guard let token = settings.token, !token.accepts(authorization: request.headers[.authorization]) else { return }
        throw CollectorError(
            .unauthorized, "the token is missing or wrong", [.wwwAuthenticate: "Basic realm=\"slstats\", Bearer"])
    }

    // MARK: - Events

    private func receive(_ request: Request, _ context: Context) async throws -> Response {
        try admit(request, context)
        let sender = context.sender(of: request, isBehindProxy: settings.isBehindProxy)
        guard admission.enter(sender) else {
            throw CollectorError(.serviceUnavailable, "too many requests at the same time", [.retryAfter: "1"])
        }
        defer { admission.leave(sender) }
        let type = request.headers[.contentType]?.split(whereSeparator: { $0 == ";" || $0 == " " }).first
        guard type?.lowercased() == "application/json" else {
            throw CollectorError(.unsupportedMediaType, "the content type is not application/json")
        }
        let body = try await body(of: request)
        let batch: EventBatch
        do throws(EventBatchError) {
            batch = try EventBatch(parsing: body)
        } catch {
            throw CollectorError(error.isTooLarge ? .contentTooLarge : .badRequest, error.description)
        }
        let name = request.headers[Self.idempotencyKey]
        let inserted = try await store.insert(batch, named: name)
        metrics.note(events: batch.events.count, new: inserted, bytes: body.count)
        logger.debug(
            "batch received",
            metadata: ["batch": "\(name ?? "-")", "events": "\(batch.events.count)", "new": "\(inserted)"])
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: notifications.current())))
    }

    private func body(of request: Request) async throws -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                group.addTask {
                    Array(try await request.body.collect(upTo: Collector.maximumBodyBytes).readableBytesView)
                }
                group.addTask {
                    try await Task.sleep(for: settings.bodyTimeout)
                    throw CollectorError(.requestTimeout, "the body did not come in time")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        } catch is NIOTooManyBytesError {
            throw CollectorError.tooLarge
        }
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "identity": return bytes
        case "gzip":
            do throws(Gunzip.Failure) {
                return try Gunzip.decompress(bytes, limit: Collector.maximumBodyBytes)
            } catch .isTooLarge {
                throw CollectorError.tooLarge
            } catch {
                throw CollectorError(.badRequest, "the body is not gzip")
            }
        default:
            throw CollectorError(
                .unsupportedMediaType, "the content encoding is neither gzip nor identity",
                [.acceptEncoding: "gzip, identity"])
        }
    }

    // MARK: - Answers

    static func json(_ status: HTTPResponse.Status, _ json: JSON, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json.serializedBytes())))
    }

    private static func text(_ text: String, _ type: String, _ headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

/// An answer other than 200.
struct CollectorError: Error {
    private let status: HTTPResponse.Status
    private let message: String
    private let headers: HTTPFields

    init(_ status: HTTPResponse.Status, _ message: String, _ headers: HTTPFields = [:]) {
        self.status = status
        self.message = message
        self.headers = headers
    }

    static let tooLarge = CollectorError(.contentTooLarge, "a body takes at most \(Collector.maximumBodyBytes) bytes")

    var response: Response {
        CollectorResponder.json(
            status, ["error": ["status": JSON(status.code), "message": .string(message)]], headers: headers)
    }
}
