// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// One thing that may be recorded, and nothing that is not listed may be.
package struct CatalogueField: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Bytes of UTF-8, escapes included.
        case string(Vocabulary, maximumBytes: Int)
        case integer(ClosedRange<Int64>)
        case boolean
        /// A lower-case UUID.
        case uuid
        /// One of version 4, made of nothing but chance (RFC 9562, section 5.4).
        case randomUUID
        /// A mark of the original, or a boolean: what a person answered in the interactive setup.
        case answer
        /// A string of which HMAC-SHA-256 is kept, with a key that never leaves the machine: who knows what can stand
        /// there could find it out from a plain hash by trying.
        case keyedHash
        /// An array of which the number of elements is kept.
        case count
        /// What the administrator does not want to be kept: null stands in its place.
        case withheld
        /// Only the first digit is kept, the others become zero.
        case magnitude(ClosedRange<Int64>)
    }

    /// Members separated by dots; `[]` behind a name means every element of an array.
    package let path: String
    package let kind: Kind
    package let isNullable: Bool
    /// Refused unless the configuration admits it (`catalogue.admit`): it names a person or an organisation.
    package let isOptIn: Bool
    /// What it is good for, in a few words.
    package let purpose: String
    /// JSON that it takes.
    package let example: String
    /// Who wants it: a catalogue file, or nobody but us.
    package let source: String

    /// What ``source`` says of our own fields.
    package static let builtInSource = "built in"

    package init(
        _ path: String, _ kind: Kind, isNullable: Bool = false, isOptIn: Bool = false, _ purpose: String,
        _ example: String, source: String = builtInSource
    ) {
        self.path = path
        self.kind = kind
        self.isNullable = isNullable
        self.isOptIn = isOptIn
        self.purpose = purpose
        self.example = example
        self.source = source
    }
}

extension CatalogueField {
    /// An event with nothing but the example in it.
    package var exampleEvent: String {
        path.split(separator: ".").reversed().reduce(example) { inner, name in
            name.hasSuffix("[]") ? "{\"\(name.dropLast(2))\":[\(inner)]}" : "{\"\(name)\":\(inner)}"
        }
    }

    /// It would be recorded.
    var takesItsExample: Bool {
        let bytes = Array(exampleEvent.utf8)
        return EventCheck(bytes.span, at: 0..<bytes.count, rules: EventRules(Catalogue([self]))).violations.isEmpty
    }
}

extension CatalogueField.Kind {
    /// Names, codes and versions are short; what is longer is something else.
    package static let maximumBytes = 256

    package static func string(_ vocabulary: Vocabulary) -> Self { .string(vocabulary, maximumBytes: maximumBytes) }
    package static func pattern(_ pattern: TextPattern) -> Self { .string(.pattern(pattern)) }
    static func names(_ names: [String], local: String? = nil, other: String = "other") -> Self {
        .string(.names(names, local: local, other: other))
    }
    static func closed(_ names: String...) -> Self { .string(.closed(NameTable(names))) }
    package static let natural = Self.integer(0...Int64.max)

    /// With its article, for sentences such as "must be a whole number".
    var phrase: String {
        switch self {
        case .string(.names, let maximumBytes), .string(.errorLocation, let maximumBytes),
            .string(.resourceType, let maximumBytes):
            "a string of at most \(maximumBytes) bytes"
        case .string(let vocabulary, let maximumBytes): "\(vocabulary.phrase), at most \(maximumBytes) bytes"
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number from \(range.lowerBound) on"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .uuid: "a lower-case UUID"
        case .randomUUID: "a lower-case UUID of version 4"
        case .answer: "a word that begins with _, or true or false"
        case .keyedHash: "a string of at most \(Self.maximumBytes) bytes"
        case .count: "an array"
        case .withheld: "anything"
        case .magnitude(let range): Self.integer(range).phrase
        }
    }

    /// What is kept of a value, for the table that people read.
    package var kept: String {
        switch self {
        case .string(.closed(let table), _): table.names.map { "`\($0)`" }.joined(separator: ", ")
        case .string(.names(let table, _, let other), _) where table.names.isEmpty: "`\(other)`"
        case .string(.names(let table, nil, let other), _) where table.names.count <= 12:
            (table.names + [other]).map { "`\($0)`" }.joined(separator: ", ")
        case .string(.names(let table, let local, let other), _):
            "one of \(table.names.count) public names" + (local.map { ", `\($0)` for a path" } ?? "")
                + ", else `\(other)`"
        case .string(.resourceType, _): "a type of `AWS::`, else `Alexa`, `Custom` or `other`"
        case .string(.errorLocation, _): "paths in public packages, else `<external>`"
        case .string(.pattern(let pattern), _): pattern.phrase
        case .string(.beginning(let pattern), _): "the beginning of \(pattern.phrase)"
        case .integer, .boolean, .uuid, .randomUUID: phrase
        case .answer: phrase
        case .keyedHash: "a keyed hash; the key stays here"
        case .count: "how many"
        case .withheld: "nothing"
        case .magnitude: "a whole number, of which all but the first digit are 0"
        }
    }
}
