// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import Hummingbird
internal import Logging
internal import NIOCore
internal import OrderedJSON

/// Two paths, and a JSON error for everything else. What is not answered 200 was not kept.
package struct CollectorResponder: HTTPResponder {
    package typealias Context = BasicRequestContext

    let store: EventStore
    let notifications: NotificationFile
    let logger: Logger

    package func respond(to request: Request, context: Context) async throws -> Response {
        do {
            switch request.uri.path {
            case "/":
                guard request.method == .post else {
                    throw CollectorError(.methodNotAllowed, "only POST", allow: "POST")
                }
                return try await receive(request)
            case "/healthz":
                guard request.method == .get || request.method == .head else {
                    throw CollectorError(.methodNotAllowed, "only GET", allow: "GET, HEAD")
                }
                _ = try await store.count()
                return Self.json(.ok, ["status": "ok"])
            default:
                throw CollectorError(.notFound, "there is POST / and GET /healthz")
            }
        } catch let error as CollectorError {
            return error.response
        } catch {
            logger.error("request failed", metadata: ["error": "\(error)"])
            return CollectorError(.internalServerError, "the events could not be stored").response
        }
    }

    private func receive(_ request: Request) async throws -> Response {
        let type = request.headers[.contentType]?.split(whereSeparator: { $0 == ";" || $0 == " " }).first
        guard type?.lowercased() == "application/json" else {
            throw CollectorError(.unsupportedMediaType, "the content type is not application/json")
        }
        let body = try await collect(request)
        let batch: EventBatch
        do throws(EventBatchError) {
            batch = try EventBatch(parsing: Array(body.readableBytesView))
        } catch {
            throw CollectorError(.badRequest, error.description)
        }
        let name = request.headers[Self.idempotencyKey]
        let inserted = try await store.insert(batch, named: name)
        logger.info(
            "batch received",
            metadata: ["batch": "\(name ?? "-")", "events": "\(batch.events.count)", "new": "\(inserted)"])
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: notifications.current())))
    }

    private func collect(_ request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: Collector.maximumBodyBytes)
        } catch is NIOTooManyBytesError {
            throw CollectorError(.contentTooLarge, "a body takes at most \(Collector.maximumBodyBytes) bytes")
        }
    }

    static func json(_ status: HTTPResponse.Status, _ json: JSON, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json.serializedBytes())))
    }

    private static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

/// An answer other than 200.
struct CollectorError: Error {
    private let status: HTTPResponse.Status
    private let message: String
    private let allow: String?

    init(_ status: HTTPResponse.Status, _ message: String, allow: String? = nil) {
        self.status = status
        self.message = message
        self.allow = allow
    }

    var response: Response {
        var headers: HTTPFields = [:]
        headers[.allow] = allow
        return CollectorResponder.json(
            status, ["error": ["status": JSON(status.code), "message": .string(message)]], headers: headers)
    }
}
