// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Changes one member of a document and leaves every other byte as it is.
///
/// The rc file belongs to other programs too, and to people who keep it in version control: key order, indentation,
/// line ends, escapes and number spellings are theirs. A replaced value takes the place of the old one's bytes; a new
/// member is written the way its neighbours are.
package struct JSONEdit {
    private var document: [UInt8]
    private let style: JSONStyle

    /// Refuses what is not one strict JSON object: nobody can say what an edit of anything else would mean.
    package init(_ document: [UInt8]) throws(JSONError) {
        var cursor = JSONCursor(document.span)
        guard try cursor.scanStrictDocument().kind == .object else {
            throw JSONError(.wrongKind(expected: .object), at: 0)
        }
        self.document = document
        style = try JSONStyle(of: document)
    }

    package var bytes: [UInt8] { document }

    /// Sets the member at a path of keys; objects that are missing on the way are added.
    ///
    /// - Throws: ``JSONError/Code/wrongKind(expected:)`` if something on the way is there but is no object.
    package mutating func set(_ path: [String], to value: JSON) throws(JSONError) {
        precondition(!path.isEmpty, "an edit needs a key")
        var object = try rootObject()
        for (level, key) in path.enumerated() {
            let isLast = level == path.count - 1
            guard let member = object.members.first(where: { $0.key.utf8.elementsEqual(key.utf8) }) else {
                insert(key, into: object, at: level, value: isLast ? value : .object(JSONObject()))
                if !isLast { try set(path, to: value) }
                return
            }
            if isLast {
                let indentation = style.indentation(at: level + 1)
                document.replaceSubrange(member.value.range, with: style.text(of: value, indentation: indentation).utf8)
            } else {
                guard member.value.kind == .object else {
                    throw JSONError(.wrongKind(expected: .object), at: member.value.range.lowerBound)
                }
                object = try self.object(at: member.value.range.lowerBound)
            }
        }
    }

    // MARK: - Where things are

    private struct Member {
        let key: String
        let keyRange: Range<Int>
        let value: JSONSlice
    }

    private struct Object {
        let range: Range<Int>
        let members: [Member]
    }

    private func rootObject() throws(JSONError) -> Object {
        // It was validated at the start, and no edit makes it invalid.
        var cursor = JSONCursor(document.span)
        cursor.skipWhitespace()
        return try object(at: cursor.position)
    }

    private func object(at start: Int) throws(JSONError) -> Object {
        var cursor = JSONCursor(document.span, at: start)
        var object = try cursor.enterObject()
        var members: [Member] = []
        while let key = try cursor.nextKey(in: &object) {
            let value = try cursor.scanValue()
            members.append(Member(key: cursor.text(of: key), keyRange: key.range, value: value))
        }
        return Object(range: start..<cursor.position, members: members)
    }

    // MARK: - New members

    private mutating func insert(_ key: String, into object: Object, at level: Int, value: JSON) {
        let name = JSON.string(key).serialized()
        let text = style.text(of: value, indentation: style.indentation(at: level + 1))
        guard let last = object.members.last else {
            // Nothing between the brackets to learn from: the document's own style, one level deeper.
            let interior = style.lineBreak(at: level + 1) + name + style.colon + text + style.lineBreak(at: level)
            document.replaceSubrange(object.range.lowerBound + 1..<object.range.upperBound - 1, with: interior.utf8)
            return
        }
        let separator = "," + gap(before: last, in: object)
        let colon = String(decoding: document[last.keyRange.upperBound..<last.value.range.lowerBound], as: UTF8.self)
        document.insert(contentsOf: (separator + name + colon + text).utf8, at: last.value.range.upperBound)
    }

    /// The white space in front of the last member: what its writer puts between a comma and a key.
    private func gap(before last: Member, in object: Object) -> String {
        var start = last.keyRange.lowerBound
        while document[start - 1] == 0x20 || (0x09...0x0d).contains(document[start - 1]) { start -= 1 }
        let whitespace = String(decoding: document[start..<last.keyRange.lowerBound], as: UTF8.self)
        // `{"a": 1}`: an only member has no comma in front; the space behind the colon tells the taste.
        guard object.members.count == 1, whitespace.isEmpty else { return whitespace }
        return document[last.value.range.lowerBound - 1] == 0x20 ? " " : ""
    }
}
