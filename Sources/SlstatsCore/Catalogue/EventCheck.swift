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
            try walk(&cursor, catalogue.root, parent: "")
        } catch {
            violations.append(Violation(field: "", problem: error.description))
        }
    }

    /// The same for whoever stands before the event and goes on behind it.
    init(_ cursor: inout JSONCursor, _ catalogue: Catalogue) throws(JSONError) {
        try walk(&cursor, catalogue.root, parent: "")
    }

    private mutating func walk(
        _ cursor: inout JSONCursor, _ members: Catalogue.Members, parent: String
    ) throws(JSONError) {
        var object = try cursor.enterObject()
        var seen: UInt64 = 0
        while let key = try cursor.nextKey(in: &object) {
            isEmpty = false
            guard let index = members.index(of: key, in: cursor) else {
                violations.append(Violation(field: parent + cursor.text(of: key), problem: "is not in the catalogue"))
                _ = try cursor.scanValue()
                continue
            }
            let node = members.nodes[index]
            if seen & 1 << index != 0 { refuse(parent, node, "comes twice") }
            seen |= 1 << index
            cursor.skipWhitespace()
            let position = cursor.position
            try check(&cursor, node, parent: parent)
            if node.isKnownToDaemon, parent.isEmpty, violations.isEmpty { try note(key, at: position, cursor.bytes) }
        }
    }

    private mutating func check(
        _ cursor: inout JSONCursor, _ node: Catalogue.Node, parent: String
    ) throws(JSONError) {
        cursor.skipWhitespace()
        switch cursor.current {
        case UInt8(ascii: "{") where !node.members.isEmpty:
            try walk(&cursor, node.members, parent: parent + String(decoding: node.name, as: UTF8.self) + ".")
        case UInt8(ascii: "["):
            guard let element = node.element else {
                _ = try cursor.scanValue()
                return refuse(parent, node, "must not be an array")
            }
            try checkElements(&cursor, node, element, parent: parent)
        default:
            let value = try cursor.scanValue()
            if let field = node.value {
                if !accepts(field, value, cursor) { refuse(parent, node, "must be \(field.type.phrase)") }
            } else {
                refuse(parent, node, node.element == nil ? "must be an object" : "must be an array")
            }
        }
    }

    private mutating func checkElements(
        _ cursor: inout JSONCursor, _ node: Catalogue.Node, _ element: Catalogue.Element, parent: String
    ) throws(JSONError) {
        var array = try cursor.enterArray()
        var count = 0
        while try cursor.nextElement(in: &array) {
            count += 1
            if let field = element.value {
                let value = try cursor.scanValue()
                if !accepts(field, value, cursor) { refuse(parent, node, "must hold \(field.type.phrase) each") }
            } else if cursor.current == UInt8(ascii: "{") {
                let path = parent + String(decoding: node.name, as: UTF8.self) + "[]."
                try walk(&cursor, element.members, parent: path)
            } else {
                _ = try cursor.scanValue()
                refuse(parent, node, "must hold objects")
            }
        }
        if count > Self.maximumElements { refuse(parent, node, "must have at most \(Self.maximumElements) elements") }
    }

    private func accepts(_ field: CatalogueField, _ value: JSONSlice, _ cursor: borrowing JSONCursor) -> Bool {
        if value.kind == .null { return field.isNullable }
        return switch field.type {
        case .string(let maximumBytes): value.isString && value.content.count <= maximumBytes
        case .integer: value.kind == .number && Int64(cursor.copyText(value.range)) != nil
        case .boolean: value.isBool
        case .uuid: isLowerCaseUUID(value, cursor)
        case .answer: value.isBool || value.isString && value.content.count <= 256
        }
    }

    /// One spelling only: collectors compare ids byte by byte.
    private func isLowerCaseUUID(_ value: JSONSlice, _ cursor: borrowing JSONCursor) -> Bool {
        guard value.isString, !value.hasEscapes else { return false }
        return EventID(cursor.bytes, at: value.content)?.isSpelled(cursor.bytes, at: value.content) == true
    }

    private mutating func refuse(_ parent: String, _ node: Catalogue.Node, _ problem: String) {
        let field = parent + String(decoding: node.name, as: UTF8.self)
        guard !violations.contains(where: { $0.field == field }) else { return }
        violations.append(Violation(field: field, problem: problem))
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
