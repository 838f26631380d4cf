// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// What `record` is asked to do. The event stays where it is in the line; only small members are copied out.
package struct RecordParams: Sendable, Equatable {
    /// The event object, as a range of the line.
    package let event: Range<Int>
    package var durability = Durability.accepted
    /// The caller's own UUID for the event: if a retry records it twice, the collector keeps it once.
    package var id: EventID?
    package var facts = Facts()
    /// Where the facts stand in the line: callers say the same again and again, so they are read by whoever remembers.
    package private(set) var factsRange: Range<Int>?

    package init(parsing line: Span<UInt8>, at params: Range<Int>?) throws(ProtocolError) {
        self = try RecordParams(scanning: line, at: params)
        guard let factsRange else { return }
        do throws(JSONError) { facts = try Facts(parsing: line, at: factsRange) } catch {
            throw .invalidParams("\(error)")
        }
    }

    /// Everything but the facts.
    package init(scanning line: Span<UInt8>, at params: Range<Int>?) throws(ProtocolError) {
        guard let params else { throw .invalidParams("record needs params with an event") }
        do throws(JSONError) { self = try RecordParams(line, params) } catch { throw .invalidParams("\(error)") }
    }

    /// Begins with the event, found by somebody else.
    package init(event: Range<Int>) { self.event = event }

    /// One more member.
    ///
    /// - Returns: false for one that needs an error, or that nobody knows.
    package mutating func take(_ key: JSONSlice, _ value: JSONSlice, in cursor: borrowing JSONCursor) -> Bool {
        if cursor.string(key, equals: "facts") {
            guard factsRange == nil else { return false }
            factsRange = value.range
        } else if cursor.string(key, equals: "id") {
            guard id == nil, value.isString, !value.hasEscapes, let id = EventID(cursor.bytes, at: value.content) else {
                return false
            }
            self.id = id
        } else if cursor.string(key, equals: "durability") {
            // Twice the same would not be seen, so only what is not the default.
            guard durability == .accepted, value.isString, cursor.string(value, equals: "synced") else { return false }
            durability = .synced
        } else {
            return false
        }
        return true
    }

    private init(_ line: Span<UInt8>, _ params: Range<Int>) throws(JSONError) {
        var cursor = JSONCursor(line, at: params.lowerBound)
        var object = try cursor.enterObject()
        var event: Range<Int>?
        var hasDurability = false
        func once(_ isSeen: Bool, _ name: String, _ key: JSONSlice) throws(JSONError) {
            guard !isSeen else { throw JSONError(.duplicateKey(name), at: key.range.lowerBound) }
        }
        while let key = try cursor.nextKey(in: &object) {
            let value = try cursor.scanValue()
            if cursor.string(key, equals: "event") {
                try once(event != nil, "event", key)
                guard value.kind == .object else {
                    throw JSONError(.wrongKind(expected: .object), at: value.range.lowerBound)
                }
                event = value.range
            } else if cursor.string(key, equals: "durability") {
                try once(hasDurability, "durability", key)
                hasDurability = true
                guard let durability = Durability(rawValue: value.isString ? cursor.text(of: value) : "") else {
                    throw JSONError(.wrongKind(expected: .string), at: value.range.lowerBound)
                }
                self.durability = durability
            } else if cursor.string(key, equals: "id") {
                try once(id != nil, "id", key)
                guard value.isString, !value.hasEscapes, let id = EventID(line, at: value.content) else {
                    throw JSONError(.wrongKind(expected: .string), at: value.range.lowerBound)
                }
                self.id = id
            } else if cursor.string(key, equals: "facts") {
                try once(factsRange != nil, "facts", key)
                factsRange = value.range
            }
        }
        guard let event else { throw JSONError(.wrongKind(expected: .object), at: params.lowerBound) }
        self.event = event
    }
}
