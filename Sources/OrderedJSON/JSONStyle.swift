// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// How the author of a document lays it out, read off its first member.
struct JSONStyle {
    /// `\n`, `\r\n`, or empty for a document on one line.
    private let newline: String
    /// One level of indentation: two spaces, four, a tab.
    private let unit: String
    /// What stands between a key and its value.
    let colon: String

    /// The original's own layout, for a document too empty to have one.
    private static let usual = (newline: "\n", unit: "  ", colon: ": ")

    init(of document: [UInt8]) throws(JSONError) {
        var cursor = JSONCursor(document.span)
        var object = try cursor.enterObject()
        let interior = cursor.position
        guard let key = try cursor.nextKey(in: &object) else {
            (newline, unit, colon) = Self.usual
            return
        }
        let gap = document[interior..<key.range.lowerBound]
        colon = String(decoding: document[key.range.upperBound..<cursor.position], as: UTF8.self)
        guard let lineEnd = gap.lastIndex(of: 0x0a) else {
            (newline, unit) = ("", "")
            return
        }
        newline = lineEnd > gap.startIndex && gap[lineEnd - 1] == 0x0d ? "\r\n" : "\n"
        unit = String(decoding: gap[(lineEnd + 1)...], as: UTF8.self)
    }

    func indentation(at level: Int) -> String { String(repeating: unit, count: level) }

    func lineBreak(at level: Int) -> String {
        newline.isEmpty ? "" : newline + indentation(at: level)
    }

    /// A value in this layout. Only objects are ever broken over lines: it is all the rc file needs.
    func text(of value: JSON, indentation: String) -> String {
        guard case .object(let object) = value, !object.members.isEmpty else { return value.serialized() }
        let lineBreak = newline.isEmpty ? "" : newline + indentation
        let members = object.members.map { member in
            let text = text(of: member.value, indentation: indentation + unit)
            return (newline.isEmpty ? "" : lineBreak + unit) + JSON.string(member.key).serialized() + colon + text
        }
        let comma = newline.isEmpty && colon.hasSuffix(" ") ? ", " : ","
        return "{" + members.joined(separator: comma) + lineBreak + "}"
    }
}
