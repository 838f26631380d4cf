// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

/// An event held against the catalogue, in one walk over its bytes.
///
/// Nothing is copied for an event in order that is kept as it is; what is found wrong is collected, so that one answer
/// names all of it.
package struct EventCheck: Sendable, Equatable {
    /// What is wrong with one field; `problem` completes "the field … ".
    package struct Violation: Sendable, Equatable {
        package let field: String
        package let problem: String
    }

    /// A value of the event in whose place something else is kept.
    package struct Replacement: Sendable, Equatable {
        package enum Value: Sendable, Equatable {
            case json([UInt8])
            /// HMAC of a string, under the key of this installation.
            case keyedHash(of: String)
        }

        package let range: Range<Int>
        package let value: Value
    }

    package private(set) var violations: [Violation] = []
    /// From front to back.
    package private(set) var replacements: [Replacement] = []
    package private(set) var id: EventID?
    package private(set) var hasTimestamp = false
    /// `deploy` and failures are flushed at once.
    package private(set) var isUrgent = false
    /// The object has no members.
    package private(set) var isEmpty = true
    private(set) var holdsIdentity = false
    /// It stands in the spool and is about to leave: what does not fit any more leaves as null, since nobody waits to be
    /// told, and what was kept in the place of a value stays.
    let isStored: Bool

    private static let maximumElements = 1024

    /// - Parameter event: the range of a JSON object in the line, validated as JSON before.
    package init(_ line: Span<UInt8>, at event: Range<Int>, isStored: Bool = false, rules: EventRules) {
        self.isStored = isStored
        var cursor = JSONCursor(line, at: event.lowerBound)
        do throws(JSONError) {
            try walk(&cursor, rules.catalogue.root, rules)
        } catch {
            violations.append(Violation(field: "", problem: error.description))
        }
    }

    /// The same for whoever stands before the event and goes on behind it.
    init(_ cursor: inout JSONCursor, _ rules: EventRules) throws(JSONError) {
        isStored = false
        try walk(&cursor, rules.catalogue.root, rules)
    }

    private mutating func walk(
        _ cursor: inout JSONCursor, _ members: Catalogue.Members, _ rules: EventRules
    ) throws(JSONError) {
        var object = try cursor.enterObject()
        var seen: UInt64 = 0
        while let key = try cursor.nextKey(in: &object) {
            isEmpty = false
            guard let index = members.index(of: key, in: cursor) else {
                let value = try cursor.scanValue()
                if isStored {
                    withhold(value)
                } else {
                    let field = members.prefix + cursor.text(of: key)
                    violations.append(Violation(field: field, problem: "is not in the catalogue"))
                }
                continue
            }
            let node = members.nodes[index]
            if seen & 1 << index != 0 { refuse(node, "comes twice") }
            seen |= 1 << index
            cursor.skipWhitespace()
            let position = cursor.position
            try check(&cursor, node, rules)
            if node.isKnownToDaemon, violations.isEmpty { try note(key, at: position, cursor.bytes) }
        }
    }

    private mutating func check(
        _ cursor: inout JSONCursor, _ node: Catalogue.Node, _ rules: EventRules
    ) throws(JSONError) {
        cursor.skipWhitespace()
        if node.isWithheld { return withhold(try cursor.scanValue()) }
        switch cursor.current {
        case UInt8(ascii: "{") where !node.members.isEmpty:
            try walk(&cursor, node.members, rules)
        case UInt8(ascii: "["):
            if node.value?.kind == .count { return try countElements(&cursor, node) }
            guard let element = node.element else {
                return refuse(try cursor.scanValue(), node, "must not be an array")
            }
            try checkElements(&cursor, node, element, rules)
        default:
            let value = try cursor.scanValue()
            if let field = node.value {
                take(value, field, cursor, rules, node, "must be")
            } else {
                refuse(value, node, node.element == nil ? "must be an object" : "must be an array")
            }
        }
    }

    private mutating func checkElements(
        _ cursor: inout JSONCursor, _ node: Catalogue.Node, _ element: Catalogue.Element, _ rules: EventRules
    ) throws(JSONError) {
        var array = try cursor.enterArray()
        var count = 0
        while try cursor.nextElement(in: &array) {
            count += 1
            if let field = element.value {
                take(try cursor.scanValue(), field, cursor, rules, node, "must hold")
            } else if cursor.current == UInt8(ascii: "{") {
                try walk(&cursor, element.members, rules)
            } else {
                refuse(try cursor.scanValue(), node, "must hold objects")
            }
        }
        if count > Self.maximumElements { refuse(node, "must have at most \(Self.maximumElements) elements") }
    }

    private mutating func withhold(_ value: JSONSlice) {
        guard value.kind != .null else { return }
        replacements.append(Replacement(range: value.range, value: .json(Array("null".utf8))))
    }

    /// The number stands where the array stood.
    private mutating func countElements(_ cursor: inout JSONCursor, _ node: Catalogue.Node) throws(JSONError) {
        let start = cursor.position
        var array = try cursor.enterArray()
        var count = 0
        while try cursor.nextElement(in: &array) {
            _ = try cursor.scanValue()
            count += 1
        }
        replacements.append(Replacement(range: start..<cursor.position, value: .json(Array(String(count).utf8))))
    }

    /// - Parameter verb: what the value has to do with what the field takes.
    private mutating func take(
        _ value: JSONSlice, _ field: CatalogueField, _ cursor: borrowing JSONCursor, _ rules: EventRules,
        _ node: Catalogue.Node, _ verb: String
    ) {
        switch verdict(value, field, cursor, rules) {
        case .kept: break
        case .replaced(let new): replacements.append(Replacement(range: value.range, value: new))
        case .wrong: refuse(value, node, "\(verb) \(field.kind.phrase)" + (verb == "must hold" ? " each" : ""))
        case .identity(let kind):
            holdsIdentity = true
            refuse(value, node, "holds a \(kind.rawValue)")
        }
    }

    private mutating func refuse(_ value: JSONSlice, _ node: Catalogue.Node, _ problem: String) {
        if isStored { withhold(value) } else { refuse(node, problem) }
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
