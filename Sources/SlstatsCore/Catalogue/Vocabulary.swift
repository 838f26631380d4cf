// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What a string of an event may say. What is kept is from the list or has the shape, so no free text is.
package enum Vocabulary: Sendable, Equatable {
    /// One of these, or the event is refused: who sends something else is not who we think.
    case closed(NameTable)
    /// One of these, which everybody has; anything else is kept as `other`, and what looks like a path as `local`, where
    /// that can be: private names are counted, not told.
    case names(NameTable, local: String? = nil, other: String)
    case pattern(TextPattern)
    /// The same, of which what stands before the first separator is kept: `3` of `3.38.0`, `deploy` of `deploy function`.
    case beginning(TextPattern)
    /// Types of `AWS::`; of others what stands before the `::`, if everybody has it, else `other`.
    case resourceType
    /// Frames of a stack trace, as ``ErrorLocation`` keeps them.
    case errorLocation

    package static func closed(_ names: String...) -> Vocabulary { .closed(NameTable(names)) }

    static func names(_ names: [String], local: String? = nil, other: String = "other") -> Vocabulary {
        .names(NameTable(names), local: local, other: other)
    }

    /// With its article, for sentences such as "must be a version".
    var phrase: String {
        switch self {
        case .closed(let table): "one of " + table.names.joined(separator: ", ")
        case .names, .resourceType, .errorLocation: "a string"
        case .pattern(let pattern), .beginning(let pattern): pattern.phrase
        }
    }

    /// Where a name would be is where something is on this machine.
    static func isPath(_ text: String) -> Bool {
        text.hasPrefix(".") || text.hasPrefix("/") || text.hasPrefix("~") || text.hasPrefix("file:")
            || text.contains("\\") || text.dropFirst().first == ":"
    }

    /// What is kept in the place of a resource type.
    static func resourceType(_ text: String) -> String {
        let parts = text.split(separator: "::", omittingEmptySubsequences: false)
        if parts.count > 2, parts[0] == "AWS", parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isAlphanumeric) }) {
            return text
        }
        return ["Alexa", "Custom"].first { parts[0] == $0 } ?? "other"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 }
}
