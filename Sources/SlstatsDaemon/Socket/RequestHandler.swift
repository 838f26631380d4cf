// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
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
/// Events are staged and written together, with those of all connections that are read in the same turn of the event
/// loop; any other request sees them written first, so that the order of requests on a connection is the order of their
/// effects. Only here do errors become numbers of the protocol.
struct RequestHandler {
    private let socket: String
    /// The process at the other end.
    private let sender: pid_t
    /// An earlier read of this connection has left records that are not answered yet.
    private var hasEarlier: Bool
    /// At the end of the read: what is still to be written.
    private(set) var staged = StagedRecords()
    private(set) var answers: [Answer] = []
    /// What was claimed, until it is known to have been read.
    private(set) var receipts: [NotificationReceipt] = []

    /// - Parameter socket: the path for `status`.
    init(socket: String, sender: pid_t, hasEarlier: Bool) {
        self.socket = socket
        self.sender = sender
        self.hasEarlier = hasEarlier
    }

    /// A line without its newline. Empty ones, and a carriage return at the end, mean nothing.
    mutating func handle(_ line: Span<UInt8>, store: isolated Store) {
        var cursor = JSONCursor(line)
        cursor.skipWhitespace()
        guard cursor.current != nil else { return }
        if !store.hasStaged { store.obeyPolicy() }
        if let scan = RecordScan(line, rules: store.rules) {
            return record(scan.params, scan.check, line, scan.id, store)
        }
        let request: Request
        do throws(Request.Failure) {
            request = try Request(parsing: line)
        } catch {
            commit(store)
            if !error.isNotification { answers.append(.now(Reply.error(error.error, id: idBytes(error.id, line)))) }
            return
        }
        if request.method == .record {
            record(request, line, store)
        } else {
            commit(store)
            answers.append(answer(request, line, request.id.map { idBytes($0, line) }, store))
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

    private mutating func record(_ request: Request, _ line: Span<UInt8>, _ store: isolated Store) {
        do throws(ProtocolError) {
            let params = try RecordParams(scanning: line, at: request.params)
            record(params, nil, line, request.id, store)
        } catch {
            commit(store)
            answers.append(Self.now(error, request.id.map { idBytes($0, line) }))
        }
    }

    /// - Parameters:
    ///   - check: what is known of the event already.
    ///   - id: where the request's id stands in the line.
    private mutating func record(
        _ params: RecordParams, _ check: EventCheck?, _ line: Span<UInt8>, _ id: Range<Int>?, _ store: isolated Store
    ) {
        do throws(ProtocolError) {
            var params = params
            if let range = params.factsRange { params.facts = try store.facts(line, at: range) }
            if !store.canStage(params.facts) { commit(store) }
            switch try store.stage(params, check, of: line, from: sender) {
            case .event(let event):
                staged.append(event, params.durability, id: id, in: line)
                if store.isStagingFull { commit(store) }
            case .off(let decidedBy):
                commit(store)
                store.obeyConsent()
                let id = id.map { idBytes($0, line) }
                answers.append(Self.now(StagedRecords.off(decidedBy), id))
            }
        } catch {
            commit(store)
            answers.append(Self.now(error, id.map { idBytes($0, line) }))
        }
    }

    /// Writes what is staged, whoever's it is, and answers what is ours.
    private mutating func commit(_ store: isolated Store) {
        guard !staged.isEmpty || hasEarlier || store.hasStaged else { return }
        // The answers to what came earlier go out before those of this read.
        hasEarlier = false
        answers += staged.answers(store.commitStaged(), store)
        staged.removeAll()
    }

    // MARK: - Everything else

    private mutating func answer(
        _ request: Request, _ line: Span<UInt8>, _ id: [UInt8]?, _ store: isolated Store
    ) -> Answer {
        do throws(ProtocolError) {
            let params = try Params(request.params, of: line)
            switch request.method {
            case .record: preconditionFailure("record is staged, not answered here")
            case .hello: return Self.now(Self.hello, id)
            case .status: return Self.now(store.status(socket: socket, try params.facts()), id)
            case .disclosure:
                if let way = try params.disclosureWay() { try store.noteDisclosure(way) }
                return Self.now(store.disclosureStatus(withText: true), id)
            case .schema: return Self.now(store.rules.catalogue.json, id)
            case .explainTelemetry: return Self.now(store.consent.decide(try params.facts()).json, id)
            case .setTelemetry: return try setTelemetry(params, id, store)
            case .claimNotification: return try claim(params, id, store)
            case .listNotifications:
                return Self.now(store.notificationsStatus(try params.facts(), isWhole: true), id)
            case .acknowledgeNotification:
                return Self.now(try store.acknowledgeNotification(params.notificationCode()), id)
            case .snoozeNotification:
                let duration = try params.integer("forMs", in: 1...ProtocolLimits.maximumSnoozeMilliseconds)
                guard let duration else { throw .invalidParams("forMs is missing") }
                return Self.now(try store.snoozeNotification(params.notificationCode(), for: duration), id)
            case .resetNotification:
                return Self.now(try store.resetNotification(params.notificationCode()), id)
            case .flush:
                let timeout = try params.integer("timeoutMs", in: 0...600_000) ?? 10_000
                return Self.later(store.flush(timeout: .milliseconds(timeout)).map { $0.serializedBytes() }, id)
            case .hold: return Self.later(store.beginHold(), id)
            case .release: return Self.now(try store.endHold(), id)
            case .drop:
                if try params.bool("all") == true { return Self.later(store.dropAll(), id) }
                return Self.later(store.drop(try params.eventIDs()), id)
            case .id: return Self.now(store.identity(try params.facts().stage), id)
            case .rotateID: return Self.now(try store.rotateIdentity(params.facts().stage), id)
            case .sent:
                let count = try params.integer("last", in: 0...1000) ?? 20
                let number = try params.integer("before", in: 0...Int64.max) ?? .max
                return Self.later(store.sent(last: Int(count), before: UInt64(number)), id)
            case .verifySent: return Self.later(store.verifySent(), id)
            case .pending:
                let start = try params.integer("after", in: 0...Int64.max) ?? 0
                let page = store.pending(after: UInt64(start))
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
        let result = store.setTelemetry(enabled: isEnabled, try params.facts()).map { rcFile in
            let result: JSON = ["enabled": .bool(isEnabled), "rcFile": .string(rcFile)]
            return result.serializedBytes()
        }
        return Self.later(result, id)
    }

    private mutating func claim(
        _ params: Params, _ id: [UInt8]?, _ store: isolated Store
    ) throws(ProtocolError) -> Answer {
        let facts = try params.facts()
        let caller = try params.product("for")
        // Without an answer nobody would read it.
        let isPeek = try params.bool("peek") ?? false || id == nil
        let claim = store.claimNotification(facts, caller: caller, isPeek: isPeek)
        if let receipt = claim?.receipt { receipts.append(receipt) }
        return Self.now(["notification": claim?.notification.json ?? .null], id)
    }

    private static func pending(_ page: (events: [[UInt8]], next: UInt64?)) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 << 10)
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        for event in page.events { writer.raw(event) }
        writer.endArray()
        writer.key("next")
        if let next = page.next { writer.integer(Int64(clamping: next)) } else { writer.null() }
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
