// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension JSONCursor {
    /// From the opening quote to behind the closing one. RFC 8259, section 7; UTF-8 as in RFC 3629, section 4.
    mutating func scanString() throws(JSONError) -> JSONSlice {
        let start = position
        var hasEscapes = false
        position += 1
        while true {
            skipPlainText()
            guard position < bytes.count else { break }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return JSONSlice(kind: .string, range: start..<position, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try scanEscape()
            case 0x00...0x1f:
                throw JSONError(.controlCharacter, at: position)
            case 0x20...0x7f:
                position += 1
            default:
                try scanMultibyte(leading: byte)
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    /// Moves over ASCII that means itself, eight bytes at a time: most of what a line has in it.
    private mutating func skipPlainText() {
        let raw = unsafe bytes.bytes
        while position + 8 <= bytes.count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            let special = Self.specialBytes(of: UInt64(littleEndian: word))
            guard special == 0 else {
                position += special.trailingZeroBitCount >> 3
                return
            }
            position += 8
        }
    }

    /// The highest bit of each byte that is a quote, a backslash, a control character or no ASCII; above the first such
    /// byte a borrow can set others.
    private static func specialBytes(of word: UInt64) -> UInt64 {
        func zeros(_ word: UInt64) -> UInt64 { (word &- 0x0101_0101_0101_0101) & ~word }
        let quotes = zeros(word ^ 0x2222_2222_2222_2222)
        let backslashes = zeros(word ^ 0x5c5c_5c5c_5c5c_5c5c)
        let controls = (word &- 0x2020_2020_2020_2020) & ~word
        return (quotes | backslashes | controls | word) & 0x8080_8080_8080_8080
    }

    private mutating func scanEscape() throws(JSONError) {
        let start = position
        position += 1
        guard let byte = current else { throw JSONError(.unexpectedEnd, at: position) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"):
            let unit = try scanFourHexDigits()
            if UTF16.isTrailSurrogate(unit) { throw JSONError(.loneSurrogate, at: start) }
            guard UTF16.isLeadSurrogate(unit) else { return }
            guard current == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u")
            else { throw JSONError(.loneSurrogate, at: start) }
            position += 2
            guard UTF16.isTrailSurrogate(try scanFourHexDigits()) else { throw JSONError(.loneSurrogate, at: start) }
        default:
            throw JSONError(.invalidEscape, at: start)
        }
    }

    private mutating func scanFourHexDigits() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw JSONError(.unexpectedEnd, at: position) }
            guard let digit = hexDigit(byte) else { throw JSONError(.invalidEscape, at: position) }
            unit = unit << 4 | digit
            position += 1
        }
        return unit
    }

    /// Overlong forms, surrogates and scalars beyond U+10FFFF are refused: each has a spelling other parsers read differently.
    private mutating func scanMultibyte(leading: UInt8) throws(JSONError) {
        let start = position
        let length: Int
        let second: ClosedRange<UInt8>
        switch leading {
        case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: (length, second) = (3, 0x80...0xbf)
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: throw JSONError(.invalidUTF8, at: start)
        }
        guard start + length <= bytes.count, second.contains(bytes[start + 1]) else {
            throw JSONError(.invalidUTF8, at: start)
        }
        for index in 2..<max(length, 2) where bytes[start + index] & 0xc0 != 0x80 {
            throw JSONError(.invalidUTF8, at: start)
        }
        position += length
    }

    // MARK: - What a scanned string says

    /// Compares without decoding; a string with escapes is decoded first, so `"\u0069d"` is `id`.
    package func string(_ slice: JSONSlice, equals literal: StaticString) -> Bool {
        guard !slice.hasEscapes else { return text(of: slice) == literal.description }
        return literal.withUTF8Buffer { unsafe holds($0.span, at: slice.content) }
    }

    /// The same for a name that is not known before the program runs.
    package func string(_ slice: JSONSlice, equals utf8: [UInt8]) -> Bool {
        guard !slice.hasEscapes else { return Array(text(of: slice).utf8) == utf8 }
        return holds(utf8.span, at: slice.content)
    }

    /// Eight bytes at a time; what is left over overlaps with the last eight.
    private func holds(_ wanted: Span<UInt8>, at range: Range<Int>) -> Bool {
        guard range.count == wanted.count else { return false }
        guard range.count >= 8 else {
            for index in 0..<range.count where bytes[range.lowerBound + index] != wanted[index] { return false }
            return true
        }
        let (own, other) = unsafe (bytes.extracting(range).bytes, wanted.bytes)
        for offset in stride(from: 0, to: range.count, by: 8) {
            let offset = min(offset, range.count - 8)
            let word = unsafe own.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard unsafe word == other.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) else {
                return false
            }
        }
        return true
    }

    /// The length of a string and its first seven bytes in one number, for tables of names.
    package func digest(of slice: JSONSlice) -> UInt64 {
        let content = slice.content
        guard content.lowerBound + 8 <= bytes.count else { return Self.digest(of: copyBytes(content)) }
        let length = UInt64(truncatingIfNeeded: content.count) << 56
        let raw = unsafe bytes.bytes
        let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: content.lowerBound, as: UInt64.self)
        return length | UInt64(littleEndian: word) & (1 << UInt64(8 * min(7, content.count)) - 1)
    }

    /// The same of a name that is not in a document.
    package static func digest(of name: [UInt8]) -> UInt64 {
        name.prefix(7).enumerated().reduce(UInt64(truncatingIfNeeded: name.count) << 56) {
            $0 | UInt64($1.element) << UInt64(8 * $1.offset)
        }
    }

    /// The string as a Swift string, escapes resolved. The slice must come from this document.
    package func text(of slice: JSONSlice) -> String {
        let content = slice.content
        guard slice.hasEscapes else { return copyText(content) }
        var units: [UInt8] = []
        units.reserveCapacity(content.count)
        var index = content.lowerBound
        while index < content.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                index += 1
                continue
            }
            index = appendEscape(at: index, to: &units)
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// Bytes of the document as they stand, for spellings that must survive.
    package func copyText(_ range: Range<Int>) -> String {
        String(decoding: copyBytes(range), as: UTF8.self)
    }

    package func copyBytes(_ range: Range<Int>) -> [UInt8] {
        unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// The same without an array of their own.
    package func append(_ range: Range<Int>, to buffer: inout [UInt8]) {
        unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }

    private func appendEscape(at start: Int, to units: inout [UInt8]) -> Int {
        switch bytes[start + 1] {
        case UInt8(ascii: "b"): units.append(0x08)
        case UInt8(ascii: "f"): units.append(0x0c)
        case UInt8(ascii: "n"): units.append(0x0a)
        case UInt8(ascii: "r"): units.append(0x0d)
        case UInt8(ascii: "t"): units.append(0x09)
        case UInt8(ascii: "u"):
            let lead = unit(at: start + 2)
            guard UTF16.isLeadSurrogate(lead) else {
                appendScalar(UInt32(lead), to: &units)
                return start + 6
            }
            let trail = unit(at: start + 8)
            appendScalar(0x10000 + (UInt32(lead & 0x3ff) << 10 | UInt32(trail & 0x3ff)), to: &units)
            return start + 12
        case let byte: units.append(byte)
        }
        return start + 2
    }

    private func unit(at start: Int) -> UInt16 {
        (start..<start + 4).reduce(0) { $0 << 4 | (hexDigit(bytes[$1]) ?? 0) }
    }

    private func appendScalar(_ value: UInt32, to units: inout [UInt8]) {
        units.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{fffd}").utf8)
    }

    private func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension StaticString {
    /// One byte of a literal, which lives as long as the program.
    func byte(at index: Int) -> UInt8 {
        precondition(index < utf8CodeUnitCount)
        return unsafe utf8Start[index]
    }
}
