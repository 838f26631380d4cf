// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Reads one whole document. Duplicate keys are refused: two parsers would disagree on what it says.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try JSON(parsing: bytes.span)
    }

    package init(parsing text: String) throws(JSONError) {
        self = try JSON(parsing: Array(text.utf8))
    }

    package init(parsing bytes: Span<UInt8>) throws(JSONError) {
        var cursor = JSONCursor(bytes)
        // Validate first: what follows then walks bytes that are known to be well-formed.
        let document = try cursor.scanDocument()
        var reader = JSONCursor(bytes, at: document.range.lowerBound)
        self = try JSON(reading: &reader)
    }

    /// Reads the value at the cursor and leaves the cursor behind it.
    package init(reading cursor: inout JSONCursor) throws(JSONError) {
        cursor.skipWhitespace()
        switch cursor.current {
        case UInt8(ascii: "{"):
            self = .object(try JSONObject(reading: &cursor))
        case UInt8(ascii: "["):
            var array = try cursor.enterArray()
            var elements: [JSON] = []
            while try cursor.nextElement(in: &array) { elements.append(try JSON(reading: &cursor)) }
            self = .array(elements)
        default:
            let slice = try cursor.scanValue()
            switch slice.kind {
            case .string: self = .string(cursor.text(of: slice))
            case .number: self = .number(JSONNumber(spelling: cursor.copyText(slice.range)))
            case .true: self = .bool(true)
            case .false: self = .bool(false)
            case .null: self = .null
            case .object, .array: preconditionFailure("containers are read member by member above")
            }
        }
    }
}

extension JSONObject {
    fileprivate init(reading cursor: inout JSONCursor) throws(JSONError) {
        var object = try cursor.enterObject()
        var members: [(String, JSON)] = []
        var keys = JSONKeySet()
        while let key = try cursor.nextKey(in: &object) {
            let name = cursor.text(of: key)
            guard keys.insert(name) else { throw JSONError(.duplicateKey(name), at: key.range.lowerBound) }
            members.append((name, try JSON(reading: &cursor)))
        }
        self.init(members)
    }
}
