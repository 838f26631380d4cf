// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// A place in a document, and the one scanner that everything else in this module is made of.
///
/// It borrows the bytes and cannot outlive them, so reading a line from the socket copies nothing and needs no unsafe
/// pointer. Every move validates what it passes; after an error the position means nothing any more.
///
///     var cursor = JSONCursor(bytes)
///     var object = try cursor.enterObject()
///     while let key = try cursor.nextKey(in: &object) {
///         let value = try cursor.scanValue()
///     }
package struct JSONCursor: ~Escapable {
    /// Deeper nesting is refused: nobody's event or configuration needs it, and recursion has to end somewhere.
    package static var maximumDepth: Int { 512 }

    /// Remembers whether a comma has to come before the next member or element.
    package struct Container {
        fileprivate var isFirst = true
    }

    package let bytes: Span<UInt8>
    package internal(set) var position: Int
    private var depth = 0

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The next byte, or `nil` at the end.
    package var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    package mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    // MARK: - Containers, member by member

    package mutating func enterObject() throws(JSONError) -> Container {
        try enter(UInt8(ascii: "{"), expected: .object)
    }

    package mutating func enterArray() throws(JSONError) -> Container {
        try enter(UInt8(ascii: "["), expected: .array)
    }

    /// Moves behind the colon of the next member, or behind the closing brace and answers `nil`.
    package mutating func nextKey(in object: inout Container) throws(JSONError) -> JSONSlice? {
        guard try advance(in: &object, closing: UInt8(ascii: "}")) else { return nil }
        guard current == UInt8(ascii: "\"") else { throw unexpected() }
        let key = try scanString()
        skipWhitespace()
        guard current == UInt8(ascii: ":") else { throw unexpected() }
        position += 1
        skipWhitespace()
        return key
    }

    /// Moves to the next element and answers true, or behind the closing bracket and answers false.
    package mutating func nextElement(in array: inout Container) throws(JSONError) -> Bool {
        try advance(in: &array, closing: UInt8(ascii: "]"))
    }

    private mutating func enter(_ opening: UInt8, expected: JSONKind) throws(JSONError) -> Container {
        skipWhitespace()
        guard let byte = current else { throw JSONError(.unexpectedEnd, at: position) }
        guard byte == opening else { throw JSONError(.wrongKind(expected: expected), at: position) }
        guard depth < Self.maximumDepth else { throw JSONError(.tooDeep, at: position) }
        depth += 1
        position += 1
        return Container()
    }

    private mutating func advance(in container: inout Container, closing: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        if current == closing {
            position += 1
            depth -= 1
            return false
        }
        if container.isFirst {
            container.isFirst = false
        } else {
            guard current == UInt8(ascii: ",") else { throw unexpected() }
            position += 1
            skipWhitespace()
        }
        return true
    }

    // MARK: - Values

    /// Validates one value with all that is in it and moves behind it. Duplicate keys are the caller's concern.
    package mutating func scanValue() throws(JSONError) -> JSONSlice {
        skipWhitespace()
        guard let byte = current else { throw JSONError(.unexpectedEnd, at: position) }
        let start = position
        switch byte {
        case UInt8(ascii: "\""):
            return try scanString()
        case UInt8(ascii: "{"):
            var object = try enterObject()
            while try nextKey(in: &object) != nil { _ = try scanValue() }
            return JSONSlice(kind: .object, range: start..<position)
        case UInt8(ascii: "["):
            var array = try enterArray()
            while try nextElement(in: &array) { _ = try scanValue() }
            return JSONSlice(kind: .array, range: start..<position)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try scanNumber()
            return JSONSlice(kind: .number, range: start..<position)
        case UInt8(ascii: "t"):
            try scanWord("true")
            return JSONSlice(kind: .true, range: start..<position)
        case UInt8(ascii: "f"):
            try scanWord("false")
            return JSONSlice(kind: .false, range: start..<position)
        case UInt8(ascii: "n"):
            try scanWord("null")
            return JSONSlice(kind: .null, range: start..<position)
        default:
            throw unexpected()
        }
    }

    /// A whole document: one value and nothing but white space around it.
    package mutating func scanDocument() throws(JSONError) -> JSONSlice {
        if position == 0, current == 0xef { throw JSONError(.byteOrderMark, at: 0) }
        let value = try scanValue()
        try expectEnd()
        return value
    }

    package mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw JSONError(.trailingBytes, at: position) }
    }

    private mutating func scanWord(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard current == word.byte(at: index) else { throw unexpected() }
            position += 1
        }
    }

    /// RFC 8259, section 6.
    private mutating func scanNumber() throws(JSONError) {
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits()
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try scanDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try scanDigits()
        }
        if let byte = current, isDigit(byte) { throw JSONError(.invalidNumber, at: position) }
    }

    private mutating func scanDigits() throws(JSONError) {
        let start = position
        while let byte = current, isDigit(byte) { position += 1 }
        guard position > start else { throw JSONError(.invalidNumber, at: position) }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    func unexpected() -> JSONError {
        guard let byte = current else { return JSONError(.unexpectedEnd, at: position) }
        return JSONError(.unexpectedByte(byte), at: position)
    }
}
