// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the JSON we accept, and where.
///
/// "Accept" is RFC 8259 without its freedoms: UTF-8 only, no byte order mark, no duplicate keys, no lone surrogates,
/// nesting up to ``JSONCursor/maximumDepth``. Whatever one common parser takes and another refuses is refused here.
package struct JSONError: Error, Equatable {
    package enum Code: Sendable, Equatable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case byteOrderMark
        case invalidNumber
        case invalidEscape
        case loneSurrogate
        case controlCharacter
        case invalidUTF8
        case tooDeep
        case duplicateKey(String)
        case trailingBytes
        case wrongKind(expected: JSONKind)
    }

    package let code: Code
    /// Counted from the first byte of the document, from 0.
    package let offset: Int

    package init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "\(reason) at byte \(offset)" }

    private var reason: String {
        switch code {
        case .unexpectedEnd: "the document ends too early"
        case .unexpectedByte(let byte): "unexpected \(Self.name(of: byte))"
        case .byteOrderMark: "a byte order mark"
        case .invalidNumber: "not a JSON number"
        case .invalidEscape: "not a JSON escape sequence"
        case .loneSurrogate: "half of a surrogate pair"
        case .controlCharacter: "an unescaped control character in a string"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .tooDeep: "nesting deeper than \(JSONCursor.maximumDepth) levels"
        case .duplicateKey(let key): "the key \(JSON.string(key).serialized()) a second time"
        case .trailingBytes: "something after the end of the document"
        case .wrongKind(let expected): "expected \(expected.phrase)"
        }
    }

    private static func name(of byte: UInt8) -> String {
        switch byte {
        case 0x21...0x7e: "'\(Character(Unicode.Scalar(byte)))'"
        case 0x20: "space"
        case 0x0a: "end of line"
        default: "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
