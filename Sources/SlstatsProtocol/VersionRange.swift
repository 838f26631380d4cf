// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Which versions somebody means, in npm's notation: `<3.0.0`, `>=2.1 <2.5`, `^2 || 3.1.x`.
///
/// One difference: a pre-release is compared like any other version (Semantic Versioning, section 11), so that
/// `<3.0.0` holds for `3.0.0-beta.1` as well.
package struct VersionRange: Sendable, Equatable, CustomStringConvertible {
    package let description: String
    /// Any of them; each from its lower bound up to, and without, its upper one.
    private let intervals: [Interval]

    private struct Interval: Equatable {
        /// Inclusive.
        var lower = SemanticVersion(0, 0, 0, prerelease: ["0"])
        /// Exclusive; `nil` for no end.
        var upper: SemanticVersion?

        func contains(_ version: SemanticVersion) -> Bool {
            version >= lower && upper.map { version < $0 } ?? true
        }

        mutating func intersect(_ other: Interval) {
            lower = max(lower, other.lower)
            upper = [upper, other.upper].compactMap { $0 }.min()
        }
    }

    /// - Returns: `nil` for anything else, and for more than 1024 bytes of it.
    package init?(_ text: String) {
        guard text.utf8.count <= 1024 else { return nil }
        var intervals: [Interval] = []
        for alternative in text.split(separator: "||", omittingEmptySubsequences: false) {
            guard let interval = Self.interval(alternative) else { return nil }
            intervals.append(interval)
        }
        self.intervals = intervals
        description = text
    }

    package func contains(_ version: SemanticVersion) -> Bool { intervals.contains { $0.contains(version) } }

    /// Comparators with blanks between them; all must hold. `>= 2.1` is `>=2.1`.
    private static func interval(_ text: Substring) -> Interval? {
        var interval = Interval()
        var words = text.split { $0 == " " || $0 == "\t" }[...]
        guard !words.isEmpty else { return nil }
        while let word = words.popFirst() {
            let name = word.prefix { "<>=^~".contains($0) }
            guard let comparator = Comparator(rawValue: String(name)) else { return nil }
            var version = word.dropFirst(name.count)
            if version.isEmpty {
                guard let next = words.popFirst() else { return nil }
                version = next
            }
            guard let partial = PartialVersion(version) else { return nil }
            interval.intersect(comparator.interval(partial))
        }
        return interval
    }

    private enum Comparator: String {
        case same = ""
        case equal = "="
        case less = "<"
        case atMost = "<="
        case greater = ">"
        case atLeast = ">="
        case compatible = "^"
        case near = "~"

        /// `2.1` is everything from `2.1.0` up to `2.2.0`: each comparator means its beginning or its end.
        func interval(_ partial: PartialVersion) -> Interval {
            let (first, end) = (partial.first, partial.end(partial.numbers.count))
            return switch self {
            case .same, .equal: Interval(lower: first, upper: end)
            case .less: Interval(upper: partial.numbers.isEmpty ? first : partial.boundary)
            case .atMost: Interval(upper: end)
            case .greater: Interval(lower: end ?? SemanticVersion(.max, 0, 0))
            case .atLeast: Interval(lower: first)
            case .compatible: Interval(lower: first, upper: partial.end(partial.significantCount))
            case .near: Interval(lower: first, upper: partial.end(min(2, partial.numbers.count)))
            }
        }
    }
}

extension PartialVersion {
    private func number(_ index: Int) -> UInt32 { index < numbers.count ? numbers[index] : 0 }

    fileprivate var boundary: SemanticVersion {
        SemanticVersion(number(0), number(1), number(2), prerelease: prerelease)
    }

    /// Where it begins. What is left open takes pre-releases in: `3` holds for `3.0.0-beta`, `3.0.0` does not.
    fileprivate var first: SemanticVersion {
        numbers.count == 3 ? boundary : SemanticVersion(number(0), number(1), number(2), prerelease: ["0"])
    }

    /// How many numbers must stay for a change to break nothing: up to the first that is not 0.
    fileprivate var significantCount: Int {
        numbers.firstIndex { $0 > 0 }.map { $0 + 1 } ?? numbers.count
    }

    /// The first version behind all that share so many numbers with it; `nil` if none has to.
    fileprivate func end(_ count: Int) -> SemanticVersion? {
        switch count {
        case 0: nil
        case 1: SemanticVersion(number(0) + 1, 0, 0, prerelease: ["0"])
        case 2: SemanticVersion(number(0), number(1) + 1, 0, prerelease: ["0"])
        default:
            // The very next in order: the same version, and nothing behind it.
            prerelease.isEmpty
                ? SemanticVersion(number(0), number(1), number(2) + 1, prerelease: ["0"])
                : SemanticVersion(number(0), number(1), number(2), prerelease: prerelease + ["0"])
        }
    }
}
