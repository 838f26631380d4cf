// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// One thing that may be recorded, and nothing that is not listed may be.
package struct CatalogueField: Sendable, Equatable {
    package enum ValueType: Sendable, Equatable {
        /// UTF-8 bytes, escapes included.
        case string(maximumBytes: Int)
        case integer
        case boolean
        /// A lower-case UUID.
        case uuid
        /// A string or a boolean: what a person answered in the interactive setup.
        case answer
    }

    /// Members separated by dots; `[]` behind a name means every element of an array.
    package let path: String
    package let type: ValueType
    package let isNullable: Bool

    package init(_ path: String, _ type: ValueType, isNullable: Bool = false) {
        self.path = path
        self.type = type
        self.isNullable = isNullable
    }
}

extension CatalogueField.ValueType {
    /// Names, codes and versions are short; what is longer is something else.
    package static let text = CatalogueField.ValueType.string(maximumBytes: 256)

    /// With its article, for sentences such as "must be an integer".
    var phrase: String {
        switch self {
        case .string(let maximumBytes): "a string of at most \(maximumBytes) bytes"
        case .integer: "an integer"
        case .boolean: "true or false"
        case .uuid: "a lower-case UUID"
        case .answer: "a string or true or false"
        }
    }
}
