// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// A version by Semantic Versioning 2.0.0. Build metadata says nothing about order and is not kept.
package struct SemanticVersion: Sendable, Equatable, Comparable, CustomStringConvertible {
    package let major: UInt32
    package let minor: UInt32
    package let patch: UInt32
    /// `beta`, `1`; empty for a release.
    package let prerelease: [String]

    package init(_ major: UInt32, _ minor: UInt32, _ patch: UInt32, prerelease: [String] = []) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
    }

    /// Takes what programs say of themselves: `3.38.0`, `v3.38.0-beta.1+build`, and `3.38` for `3.38.0`.
    package init?(_ text: some StringProtocol) {
        guard let partial = PartialVersion(text), let major = partial.numbers.first else { return nil }
        self.init(
            major, partial.numbers.dropFirst().first ?? 0, partial.numbers.dropFirst(2).first ?? 0,
            prerelease: partial.prerelease)
    }

    package var description: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease.joined(separator: "."))
    }

    /// Section 11: numbers by value, then a pre-release before its release.
    package static func < (a: SemanticVersion, b: SemanticVersion) -> Bool {
        let (left, right) = ([a.major, a.minor, a.patch], [b.major, b.minor, b.patch])
        guard left == right else { return left.lexicographicallyPrecedes(right) }
        guard !a.prerelease.isEmpty, !b.prerelease.isEmpty else { return !a.prerelease.isEmpty && b.prerelease.isEmpty }
        for (x, y) in zip(a.prerelease, b.prerelease) where x != y { return precedes(x, y) }
        return a.prerelease.count < b.prerelease.count
    }

    /// Numbers before words, numbers by value, words by their bytes.
    private static func precedes(_ x: String, _ y: String) -> Bool {
        switch (isNumeric(x), isNumeric(y)) {
        case (true, true): x.utf8.count != y.utf8.count ? x.utf8.count < y.utf8.count : x < y
        case (true, false): true
        case (false, true): false
        case (false, false): x.utf8.lexicographicallyPrecedes(y.utf8)
        }
    }

    static func isNumeric(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
}

/// As much of a version as somebody wrote: none of the numbers (`*`), one, two, or all three and a pre-release.
struct PartialVersion {
    let numbers: [UInt32]
    let prerelease: [String]

    init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 256 else { return nil }
        let withoutBuild = String(text).prefix { $0 != "+" }
        let build = text.utf8.dropFirst(withoutBuild.utf8.count)
        guard build.dropFirst().allSatisfy({ Self.identifierBytes.contains($0) || $0 == UInt8(ascii: ".") }) else {
            return nil
        }
        let core = withoutBuild.prefix { $0 != "-" }
        let parts = (core.hasPrefix("v") ? core.dropFirst() : core).split(
            separator: ".", omittingEmptySubsequences: false)
        let known = parts.prefix { !["*", "x", "X"].contains($0) }
        guard 1...3 ~= parts.count, parts.dropFirst(known.count).allSatisfy({ ["*", "x", "X"].contains($0) }) else {
            return nil
        }
        var numbers: [UInt32] = []
        for part in known {
            // No leading zero (section 2), and no number that nobody counts to.
            guard SemanticVersion.isNumeric(part), part == "0" || !part.hasPrefix("0"), let number = UInt32(part),
                number < .max
            else { return nil }
            numbers.append(number)
        }
        self.numbers = numbers
        guard withoutBuild.count > core.count else {
            prerelease = []
            return
        }
        prerelease = withoutBuild.dropFirst(core.count + 1).split(separator: ".", omittingEmptySubsequences: false)
            .map(String.init)
        let isValid = prerelease.allSatisfy { identifier in
            !identifier.isEmpty && identifier.utf8.allSatisfy { Self.identifierBytes.contains($0) }
                && !(SemanticVersion.isNumeric(identifier) && identifier.utf8.count > 1 && identifier.hasPrefix("0"))
        }
        guard numbers.count == 3, isValid else { return nil }
    }

    private static let identifierBytes = Set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-".utf8)
}
