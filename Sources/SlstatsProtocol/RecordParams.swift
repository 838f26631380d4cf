// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// What `record` is asked to do. The event stays where it is in the line; only small members are copied out.
package struct RecordParams: Sendable, Equatable {
    /// The event object, as a range of the line.
    package let event: Range<Int>
    package var durability = Durability.accepted
    /// The caller's own UUID for the event: if a retry records it twice, the collector keeps it once.
    package var id: EventID?
    package var facts = Facts()

    package init(parsing line: Span<UInt8>, at params: Range<Int>?) throws(ProtocolError) {
        guard let params else { throw .invalidParams("record needs params with an event") }
        do throws(JSONError) {
            self = try RecordParams(line, params)
        } catch {
            throw .invalidParams("\(error)")
        }
    }

    private init(_ line: Span<UInt8>, _ params: Range<Int>) throws(JSONError) {
        var cursor = JSONCursor(line, at: params.lowerBound)
        var object = try cursor.enterObject()
        var event: Range<Int>?
        var seen: Set<String> = []
        while let key = try cursor.nextKey(in: &object) {
            let value = try cursor.scanValue()
            if !cursor.string(key, equals: "event"), !seen.insert(cursor.text(of: key)).inserted {
                throw JSONError(.duplicateKey(cursor.text(of: key)), at: key.range.lowerBound)
            }
            if cursor.string(key, equals: "event") {
                guard event == nil else { throw JSONError(.duplicateKey("event"), at: key.range.lowerBound) }
                guard value.kind == .object else {
                    throw JSONError(.wrongKind(expected: .object), at: value.range.lowerBound)
                }
                event = value.range
            } else if cursor.string(key, equals: "durability") {
                guard let durability = Durability(rawValue: value.isString ? cursor.text(of: value) : "") else {
                    throw JSONError(.wrongKind(expected: .string), at: value.range.lowerBound)
                }
                self.durability = durability
            } else if cursor.string(key, equals: "id") {
                guard value.isString, let id = EventID(cursor.text(of: value)) else {
                    throw JSONError(.wrongKind(expected: .string), at: value.range.lowerBound)
                }
                self.id = id
            } else if cursor.string(key, equals: "facts") {
                facts = try Facts(parsing: line, at: value.range)
            }
        }
        guard let event else { throw JSONError(.wrongKind(expected: .object), at: params.lowerBound) }
        self.event = event
    }
}
