// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The seven things a JSON value can be, as its first byte tells.
package enum JSONKind: Sendable, Equatable {
    case object
    case array
    case string
    case number
    case `true`
    case `false`
    case null

    /// With its article, for sentences such as "expected a string".
    package var phrase: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .true, .false: "true or false"
        case .null: "null"
        }
    }
}

/// Where a value stands in a document: nothing is copied until somebody asks for it.
package struct JSONSlice: Sendable, Equatable {
    package let kind: JSONKind
    /// Byte offsets from the first to behind the last byte of the value; quotes and brackets are inside.
    package let range: Range<Int>
    /// A string without a backslash can be compared and copied as it stands.
    package let hasEscapes: Bool

    package init(kind: JSONKind, range: Range<Int>, hasEscapes: Bool = false) {
        self.kind = kind
        self.range = range
        self.hasEscapes = hasEscapes
    }

    package var isString: Bool { kind == .string }
    package var isBool: Bool { kind == .true || kind == .false }

    /// The bytes between the quotes of a string.
    package var content: Range<Int> { range.lowerBound + 1..<range.upperBound - 1 }
}
