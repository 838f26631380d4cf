// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

/// The fields that may be recorded, as a tree that an event is walked along.
package struct Catalogue: Sendable {
    /// One member name of the tree.
    struct Node: Sendable {
        let name: [UInt8]
        var value: CatalogueField?
        /// Set if the member is an array: what its elements are.
        var element: Element?
        var members: [Node] = []
    }

    /// Elements are either values or objects with members of their own.
    struct Element: Sendable {
        var value: CatalogueField?
        var members: [Node] = []
    }

    private(set) var root: [Node] = []

    package init(_ fields: [CatalogueField]) {
        for field in fields { Self.insert(field, field.path.split(separator: ".")[...], into: &root) }
    }

    package static let builtIn = Catalogue(CatalogueField.builtIn)

    private static func insert(_ field: CatalogueField, _ path: ArraySlice<Substring>, into nodes: inout [Node]) {
        guard let first = path.first else { return }
        let isArray = first.hasSuffix("[]")
        let name = Array((isArray ? first.dropLast(2) : first).utf8)
        let index = nodes.firstIndex { $0.name == name } ?? nodes.endIndex
        if index == nodes.endIndex { nodes.append(Node(name: name)) }
        // The duplicate check keeps one bit a member.
        precondition(nodes.count <= UInt64.bitWidth, "more than 64 members in one object of the catalogue")
        let rest = path.dropFirst()
        if isArray {
            var element = nodes[index].element ?? Element()
            if rest.isEmpty { element.value = field } else { insert(field, rest, into: &element.members) }
            nodes[index].element = element
        } else if rest.isEmpty {
            nodes[index].value = field
        } else {
            insert(field, rest, into: &nodes[index].members)
        }
    }
}
