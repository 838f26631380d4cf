// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Lines of a document, for messages to whoever wrote it by hand.
package enum JSONLine {
    /// Of a byte, counted from 1; of the end, if there are fewer bytes.
    package static func number(of offset: Int, in bytes: [UInt8]) -> Int {
        bytes[..<min(offset, bytes.count)].count { $0 == 0x0a } + 1
    }
}

/// An object with the lines on which its members stand.
package struct JSONLocatedObject: Sendable {
    package struct Member: Sendable {
        package let key: String
        package let value: JSON
        package let line: Int
        /// The value itself if it is an object; of an array, those elements that are.
        package let objects: [JSONLocatedObject]
    }

    /// A value that is no object with members, with the keys that lead to it.
    package struct Leaf: Sendable {
        package let path: [String]
        package let value: JSON
        package let line: Int
    }

    /// All of them, in their order.
    package func leaves(below path: [String] = []) -> [Leaf] {
        members.flatMap { member in
            let path = path + [member.key]
            guard let object = member.value.object, !object.members.isEmpty else {
                return [Leaf(path: path, value: member.value, line: member.line)]
            }
            return member.objects.flatMap { $0.leaves(below: path) }
        }
    }

    package let line: Int
    package private(set) var members: [Member] = []

    package subscript(key: String) -> Member? { members.first { $0.key == key } }

    /// - Throws: for anything but one object of strict JSON.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        _ = try JSON(parsing: bytes)
        var cursor = JSONCursor(bytes.span)
        try self.init(reading: &cursor, bytes)
    }

    private init(reading cursor: inout JSONCursor, _ bytes: [UInt8]) throws(JSONError) {
        cursor.skipWhitespace()
        line = JSONLine.number(of: cursor.position, in: bytes)
        var object = try cursor.enterObject()
        while let key = try cursor.nextKey(in: &object) {
            cursor.skipWhitespace()
            var reader = JSONCursor(bytes.span, at: cursor.position)
            let value = try JSON(reading: &reader)
            var objects: [JSONLocatedObject] = []
            if cursor.current == UInt8(ascii: "{") {
                objects.append(try JSONLocatedObject(reading: &cursor, bytes))
            } else if cursor.current == UInt8(ascii: "[") {
                var array = try cursor.enterArray()
                while try cursor.nextElement(in: &array) {
                    cursor.skipWhitespace()
                    guard cursor.current == UInt8(ascii: "{") else {
                        _ = try cursor.scanValue()
                        continue
                    }
                    objects.append(try JSONLocatedObject(reading: &cursor, bytes))
                }
            } else {
                _ = try cursor.scanValue()
            }
            let line = JSONLine.number(of: key.range.lowerBound, in: bytes)
            members.append(Member(key: cursor.text(of: key), value: value, line: line, objects: objects))
        }
    }
}
