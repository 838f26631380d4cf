// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension JSONCursor {
    /// Validates a whole document by the rules of ``JSON/init(parsing:)``, duplicate keys included, without building a
    /// value of it: what is not ours, credentials above all, is looked at and not copied.
    package mutating func scanStrictDocument() throws(JSONError) -> JSONSlice {
        let document = try scanDocument()
        var walk = JSONCursor(bytes, at: document.range.lowerBound)
        try walk.refuseDuplicateKeys()
        return document
    }

    /// Moves behind the value at the cursor, which is known to be well-formed.
    private mutating func refuseDuplicateKeys() throws(JSONError) {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "{"):
            var object = try enterObject()
            var keys = JSONKeySet()
            while let key = try nextKey(in: &object) {
                let name = text(of: key)
                guard keys.insert(name) else { throw JSONError(.duplicateKey(name), at: key.range.lowerBound) }
                try refuseDuplicateKeys()
            }
        case UInt8(ascii: "["):
            var array = try enterArray()
            while try nextElement(in: &array) { try refuseDuplicateKeys() }
        default:
            _ = try scanValue()
        }
    }
}

/// The keys of one object so far.
///
/// `String` compares by canonical equivalence; two spellings of é are two keys, so the bytes decide.
struct JSONKeySet {
    /// Up to here looking at every key is cheaper than hashing them.
    private static let smallCount = 16

    private var few: [String] = []
    private var many: Set<[UInt8]> = []

    /// - Returns: whether the key is new.
    mutating func insert(_ key: String) -> Bool {
        guard many.isEmpty else { return many.insert(Array(key.utf8)).inserted }
        guard !few.contains(where: { $0.utf8.count == key.utf8.count && $0.utf8.elementsEqual(key.utf8) }) else {
            return false
        }
        few.append(key)
        if few.count > Self.smallCount { many = Set(few.map { Array($0.utf8) }) }
        return true
    }
}
