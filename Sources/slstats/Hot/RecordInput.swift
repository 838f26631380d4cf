// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// The words of `slstats record`, not looked into yet.
struct RecordInput: Equatable {
    /// COMMAND and KEY=VALUE.
    var words: [String] = []
    var payload: String?
    var isSynced = false
    /// Failures are reported; without it `record` is silent and succeeds whatever happens.
    var isStrict = false

    /// Far deeper than any field of a catalogue.
    private static let maximumDepth = 32

    /// Builds the event.
    ///
    /// Dotted keys nest; a value that is a JSON scalar keeps its type, everything else is a string.
    func event() throws(RecordInputError) -> [UInt8] {
        guard !words.isEmpty || payload == nil else { return try payloadBytes() }
        var event = try payloadObject()
        var hasCommand = false
        for word in words {
            guard let equals = word.firstIndex(of: "=") else {
                guard !hasCommand else {
                    throw RecordInputError(
                        "\(word) is neither KEY=VALUE nor the only command; quote a command of several words")
                }
                hasCommand = true
                try Self.set(["command"], .string(word), in: &event, word)
                continue
            }
            let path = word[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard !path.contains("") else { throw RecordInputError("\(word): a part of the key is empty") }
            guard path.count <= Self.maximumDepth else {
                throw RecordInputError("a key has \(path.count) parts, the limit is \(Self.maximumDepth)")
            }
            try Self.set(path[...], Self.value(word[word.index(after: equals)...]), in: &event, word)
        }
        return JSON.object(event).serializedBytes()
    }

    /// The payload alone goes as it is written.
    private func payloadBytes() throws(RecordInputError) -> [UInt8] {
        _ = try payloadObject()
        return Array((payload ?? "{}").utf8)
    }

    private func payloadObject() throws(RecordInputError) -> JSONObject {
        guard let payload else { return JSONObject() }
        do throws(JSONError) {
            guard let object = try JSON(parsing: payload).object else {
                throw JSONError(.wrongKind(expected: .object), at: 0)
            }
            return object
        } catch {
            throw RecordInputError("--payload: \(error)")
        }
    }

    private static func value(_ text: Substring) -> JSON {
        guard let json = try? JSON(parsing: String(text)) else { return .string(String(text)) }
        switch json {
        case .null, .bool, .number, .string: return json
        case .array, .object: return .string(String(text))
        }
    }

    private static func set(
        _ path: ArraySlice<String>, _ value: JSON, in object: inout JSONObject, _ word: String
    ) throws(RecordInputError) {
        guard let key = path.first else { return }
        let rest = path.dropFirst()
        if rest.isEmpty {
            guard object[key] == nil else { throw RecordInputError("\(word): \(key) is given twice") }
            object[key] = value
            return
        }
        var inner: JSONObject
        switch object[key] {
        case nil: inner = JSONObject()
        case .object(let existing): inner = existing
        case .some: throw RecordInputError("\(word): \(key) is a value already and cannot have members")
        }
        try set(rest, value, in: &inner, word)
        object[key] = .object(inner)
    }
}

/// Words that make no event.
struct RecordInputError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
