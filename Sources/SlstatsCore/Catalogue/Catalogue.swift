// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

/// The fields that may be recorded, as a tree that an event is walked along.
package struct Catalogue: Sendable {
    /// One member name of the tree. A class, so that a walk hands on a reference and copies nothing.
    final class Node: Sendable {
        let name: [UInt8]
        /// The name with those it stands below, for people: `config.provider.name`, `npmDependencies[].name`.
        let path: String
        /// On the top level: the daemon looks at its value itself.
        let isKnownToDaemon: Bool
        let value: CatalogueField?
        /// Set if the member is an array: what its elements are.
        let element: Element?
        let members: Members

        fileprivate init(_ name: Substring, in parent: String, _ branches: [Branch]) {
            self.name = Array(name.utf8)
            path = parent + name
            isKnownToDaemon = parent.isEmpty && ["id", "timestamp", "command", "outcome"].contains { name == $0 }
            value = branches.first { !$0.isArray && $0.path.isEmpty }?.field
            members = Members(branches.filter { !$0.isArray && !$0.path.isEmpty }, in: path + ".")
            let inArray = branches.filter(\.isArray)
            element = inArray.isEmpty ? nil : Element(inArray, in: path + "[].")
        }
    }

    /// Elements are either values or objects with members of their own.
    struct Element: Sendable {
        let value: CatalogueField?
        let members: Members

        fileprivate init(_ branches: [Branch], in parent: String) {
            value = branches.first { $0.path.isEmpty }?.field
            members = Members(branches.filter { !$0.path.isEmpty }, in: parent)
        }
    }

    /// What an object may have in it, found by length and first bytes.
    struct Members: Sendable {
        let nodes: [Node]
        /// What stands before a name in it, for people: empty, or a path with a dot at its end.
        let prefix: String
        /// Beside the nodes, in their order: ``OrderedJSON/JSONCursor/digest(of:)`` of the names.
        private let keys: [UInt64]
        /// Where to look for a key first, and then behind it: an index, or 255. A power of two, at most half of it full.
        private let slots: [UInt8]

        var isEmpty: Bool { nodes.isEmpty }

        fileprivate init(_ branches: [Branch], in prefix: String) {
            self.prefix = prefix
            var names: [Substring] = []
            for branch in branches where !names.contains(branch.name) { names.append(branch.name) }
            // The duplicate check keeps one bit a member.
            precondition(names.count <= UInt64.bitWidth, "more than 64 members in one object of the catalogue")
            nodes = names.map { name in
                Node(name, in: prefix, branches.filter { $0.name == name }.map { $0.entered() })
            }
            keys = nodes.map { JSONCursor.digest(of: $0.name) }
            var count = 2
            while count < 2 * names.count { count *= 2 }
            slots = keys.enumerated().reduce(into: [UInt8](repeating: 255, count: count)) { slots, key in
                var slot = Self.slot(of: key.element) & (count - 1)
                while slots[slot] != 255 { slot = (slot + 1) & (count - 1) }
                slots[slot] = UInt8(key.offset)
            }
        }

        private static func slot(of key: UInt64) -> Int {
            Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 40)
        }

        /// The index of the node that a key means.
        func index(of key: JSONSlice, in cursor: borrowing JSONCursor) -> Int? {
            guard !key.hasEscapes else { return nodes.firstIndex { cursor.string(key, equals: $0.name) } }
            let wanted = cursor.digest(of: key)
            var slot = Self.slot(of: wanted) & (slots.count - 1)
            while slots[slot] != 255 {
                let index = Int(slots[slot])
                if keys[index] == wanted, key.content.count <= 7 || cursor.string(key, equals: nodes[index].name) {
                    return index
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            return nil
        }
    }

    /// A field on the way to its place in the tree.
    fileprivate struct Branch {
        let field: CatalogueField
        /// What is still to be walked.
        let path: ArraySlice<Substring>
        /// The step before was into an array.
        var isArray = false

        var name: Substring { path.first.map { $0.hasSuffix("[]") ? $0.dropLast(2) : $0 } ?? "" }

        /// Behind its first name.
        func entered() -> Branch {
            Branch(field: field, path: path.dropFirst(), isArray: path.first?.hasSuffix("[]") == true)
        }
    }

    let root: Members

    package init(_ fields: [CatalogueField]) {
        root = Members(fields.map { Branch(field: $0, path: $0.path.split(separator: ".")[...]) }, in: "")
    }

    package static let builtIn = Catalogue(CatalogueField.builtIn)
}
