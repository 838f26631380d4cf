// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What the administrator of a machine says of a field: it can only become less.
package enum FieldRestriction: String, Sendable, CaseIterable {
    /// Null is kept in its place, so that an event is not lost for one field.
    case deny
    /// The major version, the first word, the continent, the order of magnitude; of anything else nothing.
    case coarsen
}

extension CatalogueField {
    /// What the daemon itself has to have of each event.
    package static let indispensable: Set = ["id", "timestamp"]

    /// What is left of it: a denial of its path, or of one it stands below, wins.
    func restricted(by restrictions: [String: FieldRestriction]) -> CatalogueField {
        let found = restrictions.filter { isAtOrBelow($0.key) }.values
        guard let restriction = found.contains(.deny) ? .deny : found.first, !Self.indispensable.contains(path) else {
            return self
        }
        return CatalogueField(
            path, restriction == .deny ? .withheld : kind.coarse, isNullable: isNullable, isOptIn: isOptIn, purpose,
            example, source: source)
    }

    package func isAtOrBelow(_ place: String) -> Bool {
        path == place || path.hasPrefix(place + ".") || path.hasPrefix(place + "[]")
    }
}

extension CatalogueField.Kind {
    /// The same, with less in it.
    fileprivate var coarse: Self {
        switch self {
        case .string(.names(_, _, let other), let maximumBytes):
            .string(.names(NameTable([]), other: other), maximumBytes: maximumBytes)
        case .string(.pattern(let pattern), let maximumBytes) where pattern.separator != nil:
            .string(.beginning(pattern), maximumBytes: maximumBytes)
        case .integer(let range): .magnitude(range)
        case .string, .boolean, .uuid, .randomUUID, .answer, .keyedHash, .count, .withheld, .magnitude: .withheld
        }
    }
}
