// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

/// Events as log records of the OpenTelemetry Protocol: an `ExportLogsServiceRequest` in the JSON encoding
/// (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"; opentelemetry/proto/logs/v1/logs.proto).
///
/// Each event is one record. Its members are attributes, typed, nested ones as `kvlistValue`, with the text of the spool
/// where both encodings write it alike; so an event can be had back from its record. `id` is `log.record.uid`, as the
/// semantic conventions call it, and `timestamp` is `timeUnixNano`.
package struct OTLPLogs: Sendable, Equatable {
    /// `service.name`.
    package var serviceName = Self.defaultServiceName
    /// `service.instance.id`; `nil` for none.
    package var instanceID: String?

    package static let defaultServiceName = "slstats"
    /// `LogRecord.event_name`: all events are of the same kind.
    static let eventName = "slstats.event"
    /// Milliseconds that fit, as nanoseconds, into fixed64.
    private static let maximumTimestamp: Int64 = 18_446_744_073_709

    package init() {}

    package func request(_ events: [[UInt8]]) -> [UInt8] {
        var buffer: [UInt8] = []
        buffer.reserveCapacity(events.reduce(1024) { $0 + $1.count * 4 })
        buffer += #"{"resourceLogs":[{"resource":"#.utf8
        buffer += resource.serializedBytes()
        buffer +=
            #","scopeLogs":[{"scope":{"name":"slstatsd","version":"\#(SlstatsVersion.current)"},"logRecords":["#.utf8
        for (index, event) in events.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            Self.append(event, to: &buffer)
        }
        buffer += "]}]}]}".utf8
        return buffer
    }

    /// What holds for all of them, by the names of the semantic conventions.
    private var resource: JSON {
        var attributes = [
            ("service.name", serviceName), ("service.version", SlstatsVersion.current),
            ("telemetry.sdk.name", "slstats"), ("telemetry.sdk.language", "swift"),
            ("telemetry.sdk.version", SlstatsVersion.current),
        ]
        if let instanceID { attributes.append(("service.instance.id", instanceID)) }
        return [
            "attributes": .array(attributes.map { ["key": .string($0.0), "value": ["stringValue": .string($0.1)]] })
        ]
    }

    // MARK: - One record

    private static func append(_ event: [UInt8], to buffer: inout [UInt8]) {
        let bytes = event.span
        let record = Record(of: bytes)
        let time = record.milliseconds.map { "\($0)000000" } ?? "0"
        // What was observed when it happened was observed then; what nobody knows of the time is 0.
        buffer += #"{"timeUnixNano":"\#(time)","observedTimeUnixNano":"\#(time)","severityNumber":9,"#.utf8
        buffer += #""severityText":"INFO","eventName":"\#(eventName)","attributes":["#.utf8
        var isFirst = true
        for member in record.members {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            append(member.key, member.value, of: bytes, to: &buffer)
        }
        buffer += "]}".utf8
    }

    /// The members of an event, with the two that have a place of their own told apart.
    private struct Record {
        enum Key {
            case spelled(Range<Int>)
            case uid
        }

        var milliseconds: Int64?
        var members: [(key: Key, value: JSONSlice)] = []

        init(of bytes: Span<UInt8>) {
            do throws(JSONError) {
                var cursor = JSONCursor(bytes)
                var object = try cursor.enterObject()
                while let key = try cursor.nextKey(in: &object) {
                    let value = try cursor.scanValue()
                    if cursor.string(key, equals: "timestamp"), let number = cursor.integer(value),
                        1...OTLPLogs.maximumTimestamp ~= number
                    {
                        milliseconds = number
                    } else {
                        let isID = cursor.string(key, equals: "id") && value.isString
                        members.append((isID ? .uid : .spelled(key.range), value))
                    }
                }
            } catch {
                // The spool holds what was scanned as one object before; what a disk has made of it is sent as it is read.
                return
            }
        }
    }

    private static func append(
        _ key: Record.Key, _ value: JSONSlice, of bytes: Span<UInt8>, to buffer: inout [UInt8]
    ) {
        buffer += #"{"key":"#.utf8
        switch key {
        case .uid: buffer += "\"log.record.uid\"".utf8
        case .spelled(let range): JSONCursor(bytes).append(range, to: &buffer)
        }
        buffer += #","value":"#.utf8
        append(value, of: bytes, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
    }

    /// An `AnyValue`; null is one without a value.
    private static func append(_ value: JSONSlice, of bytes: Span<UInt8>, to buffer: inout [UInt8]) {
        let cursor = JSONCursor(bytes)
        switch value.kind {
        case .null: buffer += "{}".utf8
        case .string:
            buffer += #"{"stringValue":"#.utf8
            cursor.append(value.range, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        case .true, .false:
            buffer += #"{"boolValue":"#.utf8
            cursor.append(value.range, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        case .number: append(number: cursor.copyText(value.range), to: &buffer)
        case .array, .object: appendMembers(of: value, bytes, to: &buffer)
        }
    }

    /// 64-bit integers are strings; what is none, or larger, is a double.
    private static func append(number: String, to buffer: inout [UInt8]) {
        if let integer = Int64(number) {
            buffer += #"{"intValue":"\#(integer)"}"#.utf8
        } else if let double = Double(number), double.isFinite {
            buffer += #"{"doubleValue":\#(number)}"#.utf8
        } else {
            buffer += #"{"stringValue":"\#(number)"}"#.utf8
        }
    }

    private static func appendMembers(of container: JSONSlice, _ bytes: Span<UInt8>, to buffer: inout [UInt8]) {
        let isArray = container.kind == .array
        buffer += (isArray ? #"{"arrayValue":{"values":["# : #"{"kvlistValue":{"values":["#).utf8
        let start = buffer.count
        do throws(JSONError) {
            var cursor = JSONCursor(bytes, at: container.range.lowerBound)
            if isArray {
                var array = try cursor.enterArray()
                while try cursor.nextElement(in: &array) {
                    if buffer.count > start { buffer.append(UInt8(ascii: ",")) }
                    append(try cursor.scanValue(), of: bytes, to: &buffer)
                }
            } else {
                var object = try cursor.enterObject()
                while let key = try cursor.nextKey(in: &object) {
                    if buffer.count > start { buffer.append(UInt8(ascii: ",")) }
                    append(.spelled(key.range), try cursor.scanValue(), of: bytes, to: &buffer)
                }
            }
        } catch {
            // It was scanned as a whole when the event was.
            preconditionFailure("a value that was scanned before")
        }
        buffer += "]}}".utf8
    }
}
