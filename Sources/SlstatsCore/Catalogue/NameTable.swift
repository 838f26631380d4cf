// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// Names that are looked up while an event is read: by length and first bytes, without copying what was read.
package struct NameTable: Sendable, Equatable {
    package let names: [String]
    private let utf8: [[UInt8]]
    /// Beside the names, in their order: ``OrderedJSON/JSONCursor/digest(of:)``.
    private let keys: [UInt64]
    /// Where to look for a key first, and then behind it: an index, or ``free``. A power of two, at most half of it full.
    private let slots: [UInt16]

    private static var free: UInt16 { .max }

    package init(_ names: [String]) {
        precondition(names.count < Self.free)
        self.names = names
        utf8 = names.map { Array($0.utf8) }
        keys = utf8.map { JSONCursor.digest(of: $0) }
        var count = 2
        while count < 2 * names.count { count *= 2 }
        slots = keys.enumerated().reduce(into: [UInt16](repeating: Self.free, count: count)) { slots, key in
            var slot = Self.slot(of: key.element) & (count - 1)
            while slots[slot] != Self.free { slot = (slot + 1) & (count - 1) }
            slots[slot] = UInt16(key.offset)
        }
    }

    private static func slot(of key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 40)
    }

    /// The index of the name that a string of the document spells.
    func index(of name: JSONSlice, in cursor: borrowing JSONCursor) -> Int? {
        guard !name.hasEscapes else { return utf8.firstIndex { cursor.string(name, equals: $0) } }
        let wanted = cursor.digest(of: name)
        var slot = Self.slot(of: wanted) & (slots.count - 1)
        while slots[slot] != Self.free {
            let index = Int(slots[slot])
            if keys[index] == wanted, name.content.count <= 7 || cursor.string(name, equals: utf8[index]) {
                return index
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
}
