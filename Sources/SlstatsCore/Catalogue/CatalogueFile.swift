// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// What a vendor adds to the catalogue for another CLI (CatalogueFormat.md):
///
///     {"product": "acme", "fields": [
///       {"path": "acme.mode", "type": "string", "values": ["fast", "safe"], "otherwise": "other",
///        "purpose": "which mode is used", "example": "fast"}]}
package struct CatalogueFile: Sendable {
    package let fields: [CatalogueField]

    /// A mistake in the file, and the line to mend.
    package struct Mistake: Error, Equatable {
        package let line: Int
        package let problem: String
        package let mend: String

        init(_ line: Int, _ problem: String, _ mend: String) {
            self.line = line
            self.problem = problem
            self.mend = mend
        }
    }

    private static let keys = ["product", "fields"]
    /// What one machine's vendors need, with room; each event is held against all of them.
    private static let maximumFields = 512

    /// - Parameters:
    ///   - name: the file's path, which becomes the source of its fields.
    ///   - known: the fields there are already; none of their paths can be taken again.
    package init(_ bytes: [UInt8], name: String, known: [CatalogueField]) throws(Mistake) {
        let document: JSONLocatedObject
        do throws(JSONError) {
            document = try JSONLocatedObject(parsing: bytes)
        } catch {
            throw Mistake(
                JSONLine.number(of: error.offset, in: bytes), error.description,
                "the file takes one object of strict JSON")
        }
        for member in document.members where !Self.keys.contains(member.key) {
            throw Mistake(member.line, "unknown key \(member.key)", "known keys: \(Self.keys.joined(separator: ", "))")
        }
        guard let product = document["product"]?.value.string, !product.isEmpty else {
            throw Mistake(
                document["product"]?.line ?? document.line, "no product", "it takes \"product\", the name of the CLI")
        }
        guard let list = document["fields"], let array = list.value.array, array.count == list.objects.count else {
            throw Mistake(
                document["fields"]?.line ?? document.line, "no fields", "it takes \"fields\", an array of objects")
        }
        guard known.count + array.count <= Self.maximumFields else {
            throw Mistake(list.line, "\(array.count) fields", "it takes \(Self.maximumFields) with those of others")
        }
        var paths = CataloguePaths(known)
        var fields: [CatalogueField] = []
        for object in list.objects {
            let field = try CatalogueFileEntry(object, source: name).field()
            if let problem = paths.add(field.path) {
                throw Mistake(
                    object["path"]?.line ?? object.line, "the path \(field.path) \(problem.what)", problem.mend)
            }
            fields.append(field)
        }
        self.fields = fields
    }
}

/// The paths that are taken, and what one more would collide with.
private struct CataloguePaths {
    private var taken: Set<Substring> = []
    /// Those that have others below them.
    private var parents: Set<Substring> = []
    private var children: [Substring: Set<Substring>] = [:]

    init(_ fields: [CatalogueField]) {
        for field in fields { _ = add(field.path) }
    }

    /// - Returns: what is wrong with it, if anything is; it is taken otherwise.
    mutating func add(_ path: String) -> (what: String, mend: String)? {
        let above = Self.parents(of: path)
        // An array of values and one of objects, a value and an array: one name, one kind of thing.
        let name = Self.trimmed(path[...])
        if taken.contains(name) { return ("is there already", "each field stands in one place only") }
        if parents.contains(name) { return ("is an object of other fields", "take a path below it, or another name") }
        if let value = above.map(Self.trimmed).first(where: taken.contains) {
            return ("is below \(value), which is a value", "take another name")
        }
        for index in above.indices {
            let child = index + 1 < above.count ? above[index + 1] : path[...]
            children[above[index], default: []].insert(child)
            if children[above[index]]?.count ?? 0 > Catalogue.maximumMembers {
                return ("is one too many", "an object has room for \(Catalogue.maximumMembers) members")
            }
        }
        taken.insert(name)
        parents.formUnion(above.map(Self.trimmed))
        return nil
    }

    private static func trimmed(_ path: Substring) -> Substring { path.hasSuffix("[]") ? path.dropLast(2) : path }

    /// From the top level, which is empty, down to the one it stands in.
    private static func parents(of path: String) -> [Substring] {
        [path[..<path.startIndex]] + path.indices.filter { path[$0] == "." }.map { path[..<$0] }
    }
}
