// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

/// The fields that may be recorded, as a tree that an event is walked along.
package struct Catalogue: Sendable {
    /// One member name of the tree. A class, so that a walk hands on a reference and copies nothing.
    final class Node: Sendable {
        /// The name with those it stands below, for people: `config.provider.name`, `npmDependencies[].name`.
        let path: String
        /// On the top level: the daemon looks at its value itself.
        let isKnownToDaemon: Bool
        /// Nothing of it is kept, not even how much there is.
        let isWithheld: Bool
        let value: CatalogueField?
        /// Set if the member is an array: what its elements are.
        let element: Element?
        let members: Members

        fileprivate init(_ name: Substring, in parent: String, _ branches: [Branch]) {
            path = parent + name
            isKnownToDaemon = parent.isEmpty && ["id", "timestamp", "command", "outcome"].contains { name == $0 }
            isWithheld = branches.allSatisfy { $0.field.kind == .withheld }
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
        private let names: NameTable

        var isEmpty: Bool { nodes.isEmpty }

        fileprivate init(_ branches: [Branch], in prefix: String) {
            self.prefix = prefix
            var names: [Substring] = []
            for branch in branches where !names.contains(branch.name) { names.append(branch.name) }
            precondition(names.count <= Catalogue.maximumMembers, "too many members in one object of the catalogue")
            nodes = names.map { name in
                Node(name, in: prefix, branches.filter { $0.name == name }.map { $0.entered() })
            }
            self.names = NameTable(names.map(String.init))
        }

        /// The index of the node that a key means.
        func index(of key: JSONSlice, in cursor: borrowing JSONCursor) -> Int? { names.index(of: key, in: cursor) }
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

    /// Of one object: the duplicate check keeps one bit a member.
    package static let maximumMembers = UInt64.bitWidth

    let root: Members

    /// All of them, in their order.
    package let fields: [CatalogueField]

    /// - Parameters:
    ///   - admitted: paths of fields that are refused otherwise, ``CatalogueField/isOptIn``.
    ///   - restrictions: what the administrator says, by path; of an object's it holds for all in it.
    package init(
        _ fields: [CatalogueField], admitting admitted: Set<String> = [],
        restrictions: [String: FieldRestriction] = [:]
    ) {
        self.fields = fields.filter { !$0.isOptIn || admitted.contains($0.path) }.map {
            $0.restricted(by: restrictions)
        }
        root = Members(self.fields.map { Branch(field: $0, path: $0.path.split(separator: ".")[...]) }, in: "")
    }

    package static let builtIn = Catalogue(CatalogueField.builtIn)
}
