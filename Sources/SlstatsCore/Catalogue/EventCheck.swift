// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

/// An event held against the catalogue, in one walk over its bytes.
///
/// Nothing is copied for an event in order; what is found wrong is collected, so that one answer names all of it.
package struct EventCheck: Sendable, Equatable {
    /// What is wrong with one field; `problem` completes "the field … ".
    package struct Violation: Sendable, Equatable {
        package let field: String
        package let problem: String
    }

    package private(set) var violations: [Violation] = []
    package private(set) var id: EventID?
    package private(set) var hasTimestamp = false
    /// `deploy` and failures are flushed at once.
    package private(set) var isUrgent = false
    /// The object has no members.
    package private(set) var isEmpty = true

    private static let maximumElements = 1024

    /// - Parameter event: the range of a JSON object in the line, validated as JSON before.
    package init(_ line: Span<UInt8>, at event: Range<Int>, catalogue: Catalogue) {
        var cursor = JSONCursor(line, at: event.lowerBound)
        do throws(JSONError) {
            try walk(&cursor, catalogue.root)
        } catch {
            violations.append(Violation(field: "", problem: error.description))
        }
    }

    /// The same for whoever stands before the event and goes on behind it.
    init(_ cursor: inout JSONCursor, _ catalogue: Catalogue) throws(JSONError) {
        try walk(&cursor, catalogue.root)
    }

    private mutating func walk(_ cursor: inout JSONCursor, _ members: Catalogue.Members) throws(JSONError) {
        var object = try cursor.enterObject()
        var seen: UInt64 = 0
        while let key = try cursor.nextKey(in: &object) {
            isEmpty = false
            guard let index = members.index(of: key, in: cursor) else {
                let field = members.prefix + cursor.text(of: key)
                violations.append(Violation(field: field, problem: "is not in the catalogue"))
                _ = try cursor.scanValue()
                continue
            }
            let node = members.nodes[index]
            if seen & 1 << index != 0 { refuse(node, "comes twice") }
            seen |= 1 << index
            cursor.skipWhitespace()
            let position = cursor.position
            try check(&cursor, node)
            if node.isKnownToDaemon, violations.isEmpty { try note(key, at: position, cursor.bytes) }
        }
    }

    private mutating func check(_ cursor: inout JSONCursor, _ node: Catalogue.Node) throws(JSONError) {
        cursor.skipWhitespace()
        switch cursor.current {
        case UInt8(ascii: "{") where !node.members.isEmpty:
            try walk(&cursor, node.members)
        case UInt8(ascii: "["):
            guard let element = node.element else {
                _ = try cursor.scanValue()
                return refuse(node, "must not be an array")
            }
            try checkElements(&cursor, node, element)
        default:
            let value = try cursor.scanValue()
            if let field = node.value {
                if !accepts(field, value, cursor) { refuse(node, "must be \(field.type.phrase)") }
            } else {
                refuse(node, node.element == nil ? "must be an object" : "must be an array")
            }
        }
    }

    private mutating func checkElements(
        _ cursor: inout JSONCursor, _ node: Catalogue.Node, _ element: Catalogue.Element
    ) throws(JSONError) {
        var array = try cursor.enterArray()
        var count = 0
        while try cursor.nextElement(in: &array) {
            count += 1
            if let field = element.value {
                let value = try cursor.scanValue()
                if !accepts(field, value, cursor) { refuse(node, "must hold \(field.type.phrase) each") }
            } else if cursor.current == UInt8(ascii: "{") {
                try walk(&cursor, element.members)
            } else {
                _ = try cursor.scanValue()
                refuse(node, "must hold objects")
            }
        }
        if count > Self.maximumElements { refuse(node, "must have at most \(Self.maximumElements) elements") }
    }

    private func accepts(_ field: CatalogueField, _ value: JSONSlice, _ cursor: borrowing JSONCursor) -> Bool {
        if value.kind == .null { return field.isNullable }
        return switch field.type {
        case .string(let maximumBytes): value.isString && value.content.count <= maximumBytes
        case .integer: value.kind == .number && isInteger(value.range, cursor)
        case .boolean: value.isBool
        case .uuid: isLowerCaseUUID(value, cursor)
        case .answer: value.isBool || value.isString && value.content.count <= 256
        }
    }

    /// Digits that fit into 64 bits, with or without a sign; read in place.
    private func isInteger(_ range: Range<Int>, _ cursor: borrowing JSONCursor) -> Bool {
        // Eighteen digits always fit.
        guard range.count <= 18 else { return Int64(cursor.copyText(range)) != nil }
        let first = cursor.bytes[range.lowerBound] == UInt8(ascii: "-") ? range.lowerBound + 1 : range.lowerBound
        for index in first..<range.upperBound where cursor.bytes[index] &- UInt8(ascii: "0") >= 10 { return false }
        return true
    }

    /// One spelling only: collectors compare ids byte by byte.
    private func isLowerCaseUUID(_ value: JSONSlice, _ cursor: borrowing JSONCursor) -> Bool {
        guard value.isString, !value.hasEscapes else { return false }
        return EventID(cursor.bytes, at: value.content)?.isSpelled(cursor.bytes, at: value.content) == true
    }

    private mutating func refuse(_ node: Catalogue.Node, _ problem: String) {
        guard !violations.contains(where: { $0.field == node.path }) else { return }
        violations.append(Violation(field: node.path, problem: problem))
    }

    /// A member of the top level that the daemon itself has to know, and that was found in order.
    private mutating func note(_ key: JSONSlice, at position: Int, _ bytes: Span<UInt8>) throws(JSONError) {
        var cursor = JSONCursor(bytes, at: position)
        let value = try cursor.scanValue()
        if cursor.string(key, equals: "id") {
            id = EventID(bytes, at: value.content)
        } else if cursor.string(key, equals: "timestamp") {
            hasTimestamp = true
        } else if cursor.string(key, equals: "command") {
            isUrgent = isUrgent || cursor.string(value, equals: "deploy")
        } else if cursor.string(key, equals: "outcome") {
            isUrgent = isUrgent || cursor.string(value, equals: "failure")
        }
    }
}
