// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsProtocol

/// What people are told before anything leaves: made from the catalogue and the configuration, so that it is true.
package struct Disclosure: Sendable, Equatable {
    /// Of the notice, in place of a notification's.
    package static let code = "TELEMETRY_DISCLOSURE"

    package let text: String
    /// Every field of which something is kept, as it is compared with what was told before.
    let fields: [Field]
    let collector: String

    /// What was told of one field, and whether all of that, or less.
    struct Field: Hashable {
        let path: String
        let fingerprint: String
        let isCoarse: Bool
    }

    /// - Parameters:
    ///   - catalogue: as the administrator has restricted it.
    ///   - unrestricted: the same without that.
    package init(_ catalogue: Catalogue, of unrestricted: Catalogue, collector: CollectorURL) {
        self.collector = collector.description
        let kept = catalogue.fields.filter { $0.kind != .withheld }
        let full = Dictionary(uniqueKeysWithValues: unrestricted.fields.map { ($0.path, $0) })
        fields = kept.map { field in
            let full = full[field.path] ?? field
            return Field(path: field.path, fingerprint: full.fingerprint, isCoarse: field.kind != full.kind)
        }
        text = """
            Command line tools on this machine report how they are used, to
                \(collector)
            To say no, for all commands of all shells: slstats --disable. So does DO_NOT_TRACK=1.
            \(PrintableText.wrap(Self.whatIsKept(kept) + " " + Self.whoIsTold(kept), columns: 78))
            You are told again before more is kept, or it goes elsewhere.
              slstats schema   every field, and what is kept of it
              slstats pending  what would be sent next
            """
    }

    private static func whatIsKept(_ kept: [CatalogueField]) -> String {
        var parts = DisclosureTopic.all.filter { topic in kept.contains(where: topic.covers) }.map(\.phrase)
        let vendors = kept.filter { $0.source != CatalogueField.builtInSource }
        if !vendors.isEmpty {
            let sources = list(Set(vendors.map(\.source)).sorted())
            parts.append("\(vendors.count) field\(vendors.count == 1 ? "" : "s") of \(sources)")
        }
        return "In \(kept.count) fields: \(parts.joined(separator: "; "))."
    }

    private static func whoIsTold(_ kept: [CatalogueField]) -> String {
        let named = kept.filter(\.isOptIn).map(\.path)
        let free = kept.filter(\.isFreeText).map(\.path)
        var sentences: [String] = []
        if named.isEmpty {
            sentences.append("Your name, your addresses and your paths are not told.")
        } else {
            sentences.append("\(list(named)) tell\(named.count == 1 ? "s" : "") who you are.")
        }
        if !free.isEmpty {
            sentences.append("What a tool writes into \(list(free)) is kept as it is, but for what tells who you are.")
        }
        return sentences.joined(separator: " ")
    }

    /// A few of them, so that no vendor can push the rest off the screen.
    private static func list(_ names: [String]) -> String {
        let rest = names.count - 3
        return names.prefix(3).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// Tells this text from every other one; base 16 of SHA-256.
    package var hash: String { SHA256Digest(of: text).description }
}
