// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// One element of `fields` in a catalogue file.
struct CatalogueFileEntry {
    private let object: JSONLocatedObject
    private let source: String

    private enum ValueType: String, CaseIterable {
        case string, integer, boolean, uuid, count, hash

        /// What can be said of it besides what every field has.
        var keys: [String] {
            switch self {
            case .string: ["values", "otherwise", "pattern", "maxBytes"]
            case .integer: ["minimum", "maximum"]
            case .boolean, .uuid, .count, .hash: []
            }
        }
    }

    private static let keys = ["path", "type", "nullable", "purpose", "example"]
    private static let maximumValues = 1024

    init(_ object: JSONLocatedObject, source: String) {
        self.object = object
        self.source = source
    }

    func field() throws(CatalogueFile.Mistake) -> CatalogueField {
        let path = try self.path()
        let type = try self.type()
        for member in object.members where !(Self.keys + type.keys).contains(member.key) {
            let known = (Self.keys + type.keys).joined(separator: ", ")
            throw mistake(member.key, "unknown key \(member.key)", "a field of type \(type.rawValue) has: \(known)")
        }
        let purpose = try text("purpose", "a few words: what it is good for")
        let isNullable = try value("nullable", .bool(false), "true or false", \.bool)
        let kind = try kind(type)
        guard let example = object["example"]?.value else {
            throw mistake("example", "no example", "it takes a value that the field takes")
        }
        let field = CatalogueField(
            path, kind, isNullable: isNullable, purpose, example.serialized(), source: source)
        guard field.takesItsExample else {
            throw mistake(
                "example", "the example \(example.serialized()) is not taken", "it takes \(field.kind.phrase)")
        }
        return field
    }

    // MARK: - What every field has

    private func path() throws(CatalogueFile.Mistake) -> String {
        let text = try text("path", "names with dots between them, [] behind an array")
        let names = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 128, names.count <= 8, names.allSatisfy(Self.isName) else {
            throw mistake(
                "path", "the path \(text) is none",
                "it takes up to 8 names of letters, digits, _, -, @ and /, with dots between them, [] behind an array")
        }
        return text
    }

    private static func isName(_ name: Substring) -> Bool {
        let name = name.hasSuffix("[]") ? name.dropLast(2) : name
        return !name.isEmpty
            && name.utf8.allSatisfy { TextPattern.isWord($0) || $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }
    }

    private func type() throws(CatalogueFile.Mistake) -> ValueType {
        let known = ValueType.allCases.map(\.rawValue).joined(separator: ", ")
        let text = try text("type", "one of \(known)")
        guard let type = ValueType(rawValue: text) else {
            throw mistake("type", "the type \(text) is none", "it takes one of \(known)")
        }
        return type
    }

    // MARK: - What a type has

    private func kind(_ type: ValueType) throws(CatalogueFile.Mistake) -> CatalogueField.Kind {
        switch type {
        case .string: return try stringKind()
        case .integer:
            let minimum = try value("minimum", 0, "a whole number", \.integer)
            let maximum = try value("maximum", JSON(Int64.max), "a whole number", \.integer)
            guard minimum <= maximum else {
                throw mistake("minimum", "minimum is \(minimum)", "it takes \(maximum), which is maximum, at most")
            }
            return .integer(minimum...maximum)
        case .boolean: return .boolean
        case .uuid: return .randomUUID
        case .count: return .count
        case .hash: return .keyedHash
        }
    }

    private func stringKind() throws(CatalogueFile.Mistake) -> CatalogueField.Kind {
        let maximumBytes = try value("maxBytes", JSON(CatalogueField.Kind.maximumBytes), "a whole number", \.integer)
        guard 1...4096 ~= maximumBytes else {
            throw mistake("maxBytes", "maxBytes is \(maximumBytes)", "it takes a whole number from 1 to 4096")
        }
        switch (object["values"], object["pattern"]) {
        case (let values?, nil):
            let names = (values.value.array ?? []).compactMap(\.string)
            guard names.count == values.value.array?.count, 1...Self.maximumValues ~= names.count,
                names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= maximumBytes }), Set(names).count == names.count
            else {
                throw mistake(
                    "values", "values is no list of names",
                    "it takes up to \(Self.maximumValues) strings, none empty, none twice, of up to \(maximumBytes) bytes"
                )
            }
            guard object["otherwise"] != nil else {
                return .string(.closed(NameTable(names)), maximumBytes: Int(maximumBytes))
            }
            let other = try text("otherwise", "the word that is kept for anything else")
            return .string(.names(NameTable(names), other: other), maximumBytes: Int(maximumBytes))
        case (nil, let pattern?):
            let known = TextPattern.allCases.map(\.rawValue).joined(separator: ", ")
            guard let pattern = pattern.value.string.flatMap(TextPattern.init(rawValue:)) else {
                throw mistake("pattern", "the pattern is unknown", "it takes one of \(known)")
            }
            if object["otherwise"] != nil {
                throw mistake("otherwise", "otherwise with a pattern", "it goes with values; take it out")
            }
            return .string(.pattern(pattern), maximumBytes: Int(maximumBytes))
        default:
            throw mistake(
                object["values"] == nil ? "type" : "pattern", "a string has values or a pattern",
                "say which strings are taken, in one of the two ways")
        }
    }

    // MARK: - Values

    /// A member that has to be there and not empty.
    private func text(_ key: String, _ mend: String) throws(CatalogueFile.Mistake) -> String {
        guard let text = object[key]?.value.string, 1...256 ~= text.utf8.count else {
            throw mistake(
                key, object[key] == nil ? "no \(key)" : "\(key) is no string of 1 to 256 bytes", "it takes \(mend)")
        }
        return text
    }

    private func value<Value>(
        _ key: String, _ standard: JSON, _ mend: String, _ read: (JSON) -> Value?
    ) throws(CatalogueFile.Mistake) -> Value {
        guard let value = read(object[key]?.value ?? standard) else {
            throw mistake(key, "\(key) is \(object[key]?.value.serialized() ?? "missing")", "it takes \(mend)")
        }
        return value
    }

    private func mistake(_ key: String, _ problem: String, _ mend: String) -> CatalogueFile.Mistake {
        let path = object["path"]?.value.string
        return CatalogueFile.Mistake(
            object[key]?.line ?? object.line, path.map { "field \($0): \(problem)" } ?? problem, mend)
    }
}
