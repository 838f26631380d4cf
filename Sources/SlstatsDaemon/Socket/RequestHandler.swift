// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// What is written back for one request.
enum Answer: Sendable {
    /// The request had no `id`.
    case nothing
    case now([UInt8])
    case later(EventLoopFuture<[UInt8]>)
}

/// Turns the lines of one read into calls on the store and the results into answers.
///
/// Events are staged and written together; any other request in between sees them written first, so that the order of
/// requests on a connection is the order of their effects. Only here do errors become numbers of the protocol.
struct RequestHandler {
    private struct StagedRecord {
        let id: [UInt8]?
        let event: EventID
        let durability: Durability
    }

    private let socket: String
    private var staged: [StagedRecord] = []
    private(set) var answers: [Answer] = []

    /// - Parameter socket: the path for `status`.
    init(socket: String) {
        self.socket = socket
    }

    /// A line without its newline. Empty ones, and a carriage return at the end, mean nothing.
    mutating func handle(_ line: Span<UInt8>, store: isolated Store) {
        var cursor = JSONCursor(line)
        cursor.skipWhitespace()
        guard cursor.current != nil else { return }
        let request: Request
        do throws(Request.Failure) {
            request = try Request(parsing: line)
        } catch {
            commit(store)
            if !error.isNotification { answers.append(.now(Reply.error(error.error, id: idBytes(error.id, line)))) }
            return
        }
        let id = request.id.map { idBytes($0, line) }
        if request.method == .record {
            record(request, line, id, store)
        } else {
            commit(store)
            answers.append(answer(request, line, id, store))
        }
    }

    /// The line that never ended; the connection ends after this answer.
    mutating func refuseTooLong(store: isolated Store) {
        commit(store)
        let message = "a line takes at most \(ProtocolLimits.maximumLineBytes) bytes"
        answers.append(.now(Reply.error(ProtocolError(.refused, .tooLarge, message), id: Array("null".utf8))))
    }

    private func idBytes(_ range: Range<Int>?, _ line: Span<UInt8>) -> [UInt8] {
        range.map { JSONCursor(line).copyBytes($0) } ?? Array("null".utf8)
    }

    // MARK: - record

    private mutating func record(_ request: Request, _ line: Span<UInt8>, _ id: [UInt8]?, _ store: isolated Store) {
        do throws(ProtocolError) {
            let params = try RecordParams(parsing: line, at: request.params)
            switch try store.stage(params, of: line) {
            case .event(let event):
                staged.append(StagedRecord(id: id, event: event, durability: params.durability))
            case .off(let decidedBy):
                commit(store)
                let result: JSON = [
                    "recorded": false, "reason": "telemetry-off", "decidedBy": .string(decidedBy),
                ]
                answers.append(Self.now(result, id))
            }
        } catch {
            commit(store)
            answers.append(Self.now(error, id))
        }
    }

    /// Writes what is staged and answers it: `accepted` now, `synced` when it is.
    mutating func commit(_ store: isolated Store) {
        guard !staged.isEmpty else { return }
        defer { staged.removeAll(keepingCapacity: true) }
        do throws(ProtocolError) {
            try store.commitStaged()
        } catch {
            for record in staged { answers.append(Self.now(error, record.id)) }
            return
        }
        let sync = staged.contains { $0.durability == .synced } ? store.sync() : nil
        for record in staged {
            let result = Self.recorded(record)
            if let sync, record.durability == .synced {
                answers.append(Self.later(sync.map { _ in result }, record.id))
            } else {
                answers.append(record.id.map { .now(Reply.result(result, id: $0)) } ?? .nothing)
            }
        }
    }

    private static func recorded(_ record: StagedRecord) -> [UInt8] {
        Array(#"{"recorded":true,"id":"\#(record.event)","durability":"\#(record.durability.rawValue)"}"#.utf8)
    }

    // MARK: - Everything else

    private func answer(_ request: Request, _ line: Span<UInt8>, _ id: [UInt8]?, _ store: isolated Store) -> Answer {
        do throws(ProtocolError) {
            let params = try Params(request.params, of: line)
            switch request.method {
            case .record: preconditionFailure("record is staged, not answered here")
            case .hello: return Self.now(Self.hello, id)
            case .status: return Self.now(store.status(socket: socket), id)
            case .explainTelemetry: return Self.now(store.decide(try params.facts()).json, id)
            case .setTelemetry: return try setTelemetry(params, id, store)
            case .claimNotification:
                let notification = store.claimNotification(try params.facts(), isPeek: try params.bool("peek") ?? false)
                return Self.now(["notification": notification?.json ?? .null], id)
            case .flush:
                let timeout = try params.integer("timeoutMs", in: 0...600_000) ?? 10_000
                return Self.later(store.flush(timeout: .milliseconds(timeout)).map { $0.serializedBytes() }, id)
            case .pending:
                let start = try params.integer("after", in: 0...Int64.max) ?? 0
                let page = try store.pending(after: Int(start))
                return id.map { .now(Reply.result(Self.pending(page), id: $0)) } ?? .nothing
            }
        } catch {
            return Self.now(error, id)
        }
    }

    private static let hello: JSON = [
        "protocol": JSON(ProtocolLimits.version), "version": .string(SlstatsVersion.current),
        "capabilities": .array(Method.allCases.map { .string($0.rawValue) }),
    ]

    private func setTelemetry(_ params: Params, _ id: [UInt8]?, _ store: isolated Store) throws(ProtocolError) -> Answer
    {
        guard let isEnabled = try params.bool("enabled") else { throw .invalidParams("enabled is missing") }
        let rcFile = try store.setTelemetry(enabled: isEnabled)
        let result: JSON = ["enabled": .bool(isEnabled), "rcFile": .string(rcFile)]
        if isEnabled { return Self.now(result, id) }
        return Self.later(store.discardForDisabling().map { result.serializedBytes() }, id)
    }

    private static func pending(_ page: (events: [[UInt8]], next: Int?)) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 << 10)
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        for event in page.events { writer.raw(event) }
        writer.endArray()
        writer.key("next")
        if let next = page.next { writer.integer(next) } else { writer.null() }
        writer.endObject()
        return writer.bytes
    }

    // MARK: - Answers

    private static func now(_ result: JSON, _ id: [UInt8]?) -> Answer {
        id.map { .now(Reply.result(result.serializedBytes(), id: $0)) } ?? .nothing
    }

    private static func now(_ error: ProtocolError, _ id: [UInt8]?) -> Answer {
        id.map { .now(Reply.error(error, id: $0)) } ?? .nothing
    }

    private static func later(_ result: EventLoopFuture<[UInt8]>, _ id: [UInt8]?) -> Answer {
        guard let id else { return .nothing }
        return .later(
            result.map { Reply.result($0, id: id) }
                .recover { error in
                    let error = error as? ProtocolError ?? ProtocolError(.internalError, .stopping, "\(error)")
                    return Reply.error(error, id: id)
                })
    }
}
