// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Compact, on one line.
    package func serialized() -> String { String(decoding: serializedBytes(), as: UTF8.self) }

    package func serializedBytes() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// With line breaks and two spaces a level: the style of the original's rc file and of our state files.
    package func prettyPrinted() -> String {
        var text = ""
        appendPretty(to: &text, indentation: "")
        return text
    }

    private func appendPretty(to text: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .object(let object) where !object.members.isEmpty:
            text += "{\n"
            for (index, member) in object.members.enumerated() {
                text += "\(inner)\(JSON.string(member.key).serialized()): "
                member.value.appendPretty(to: &text, indentation: inner)
                text += index == object.members.count - 1 ? "\n" : ",\n"
            }
            text += "\(indentation)}"
        case .array(let elements) where !elements.isEmpty:
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += inner
                element.appendPretty(to: &text, indentation: inner)
                text += index == elements.count - 1 ? "\n" : ",\n"
            }
            text += "\(indentation)]"
        case .object, .array, .string, .number, .bool, .null:
            text += serialized()
        }
    }
}

extension JSONWriter {
    package mutating func value(_ json: JSON) {
        switch json {
        case .null: null()
        case .bool(let value): bool(value)
        case .number(let number): raw(Array(number.spelling.utf8))
        case .string(let text): string(text)
        case .array(let elements):
            beginArray()
            for element in elements { value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for member in object.members {
                key(member.key)
                value(member.value)
            }
            endObject()
        }
    }
}
