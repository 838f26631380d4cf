// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// A document as a value, for everything that is not on the hot path.
///
/// Members keep their order and numbers their spelling, so reading and writing changes white space and escapes only.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// An object whose members stay in the order in which they were written.
package struct JSONObject: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package let key: String
        package var value: JSON
    }

    package private(set) var members: [Member]

    package init(_ members: [(String, JSON)] = []) {
        self.members = members.map { Member(key: $0.0, value: $0.1) }
    }

    /// Objects here are small; looking through them costs less than keeping an index.
    package subscript(key: String) -> JSON? {
        get { members.first { $0.key == key }?.value }
        set {
            if let index = members.firstIndex(where: { $0.key == key }) {
                if let newValue { members[index].value = newValue } else { members.remove(at: index) }
            } else if let newValue {
                members.append(Member(key: key, value: newValue))
            }
        }
    }
}

extension JSON {
    package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    package var array: [JSON]? { if case .array(let array) = self { array } else { nil } }
    package var string: String? { if case .string(let string) = self { string } else { nil } }
    package var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    package var number: JSONNumber? { if case .number(let number) = self { number } else { nil } }
    package var integer: Int64? { number?.integer }

    /// The member of that name, or `nil` where there is none or this is no object.
    package subscript(key: String) -> JSON? { object?[key] }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }

    package init(_ integer: some BinaryInteger) { self = .number(JSONNumber(integer)) }

    /// Absent optionals become null, so that a reader always finds the key.
    package init(_ string: String?) { self = string.map(JSON.string) ?? .null }
    package init(_ integer: Int64?) { self = integer.map { .number(JSONNumber($0)) } ?? .null }
}
