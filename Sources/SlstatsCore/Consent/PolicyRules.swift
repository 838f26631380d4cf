// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// What a policy says (PolicyFormat.md). All of it can only make things stricter, but for the collector:
///
///     {"consent": {"mode": "ask", "locked": true},
///      "collector": {"url": "https://telemetry.example/", "tokenFile": "/etc/slstats/token"},
///      "fields": {"timezone": "deny", "versions": "coarsen"},
///      "rate": {"eventsPerHour": 600}}
package struct PolicyRules: Sendable, Equatable {
    /// `nil` for a policy that does not speak of it.
    package var mode: ConsentMode?
    /// `slstats --enable` is refused; `--disable` never is.
    package var isLocked = false
    /// In the place of whatever the configuration says, with the files of its own.
    package var collector: CollectorURL?
    package var collectorKind = CollectorKind.serverless
    package var tokenFile: FilePath?
    package var authorityFile: FilePath?
    /// By path.
    package var fields: [String: FieldRestriction] = [:]
    /// Of all programs of a user together.
    package var eventsPerHour: Int?

    /// A mistake in the file, and where it stands.
    package struct Mistake: Error, Equatable {
        package let line: Int
        package let problem: String
    }

    package init() {}

    /// A key that we do not know was meant to forbid something.
    package init(_ bytes: [UInt8]) throws(Mistake) {
        let members: [JSONLocatedObject.Leaf]
        do throws(JSONError) {
            members = try JSONLocatedObject(parsing: bytes).leaves()
        } catch {
            throw Mistake(
                line: JSONLine.number(of: error.offset, in: bytes),
                problem: "it is not one object of strict JSON: \(error)")
        }
        for leaf in members where !take(leaf.path, leaf.value) {
            if leaf.path.count == 2, leaf.path[0] == "fields", CatalogueField.indispensable.contains(leaf.path[1]) {
                throw Mistake(line: leaf.line, problem: "\(leaf.path[1]) tells events apart, so each has to have it")
            }
            throw Mistake(
                line: leaf.line,
                problem: "something unknown at \(leaf.path.joined(separator: ".")): \(leaf.value.serialized())")
        }
        guard collector != nil || tokenFile == nil && authorityFile == nil else {
            throw Mistake(line: 1, problem: "collector has files without a url")
        }
        guard collector != nil || collectorKind == .serverless else {
            throw Mistake(line: 1, problem: "collector has a kind without a url")
        }
        if collectorKind == .otlp { collector = collector?.forLogs }
        if let collector, tokenFile != nil, !collector.isFitForToken {
            throw Mistake(line: 1, problem: "\(collector) would carry the token for everybody to read; use https")
        }
    }

    /// - Returns: whether it means something.
    private mutating func take(_ path: [String], _ value: JSON) -> Bool {
        switch (path.first, path.count > 1 ? path[1] : nil, path.count) {
        case ("consent", "mode", 2):
            mode = value.string.flatMap(ConsentMode.init(rawValue:))
            return mode != nil
        case ("consent", "locked", 2):
            isLocked = value.bool ?? true
            return value.bool != nil
        case ("collector", "url", 2):
            collector = value.string.flatMap { CollectorURL($0) }
            return collector != nil
        case ("collector", "kind", 2):
            let kind = value.string.flatMap(CollectorKind.init(rawValue:))
            collectorKind = kind ?? .serverless
            return kind != nil
        case ("collector", "tokenFile", 2): return Self.set(&tokenFile, value)
        case ("collector", "caFile", 2): return Self.set(&authorityFile, value)
        case ("fields", let field?, 2):
            fields[field] = value.string.flatMap(FieldRestriction.init(rawValue:))
            return fields[field] != nil && !CatalogueField.indispensable.contains(field)
        case ("rate", "eventsPerHour", 2):
            eventsPerHour = value.integer.flatMap { 0...1_000_000 ~= $0 ? Int($0) : nil }
            return eventsPerHour != nil
        // Sections that say nothing.
        case ("consent", nil, 1), ("collector", nil, 1), ("fields", nil, 1), ("rate", nil, 1):
            return value == [:]
        default: return false
        }
    }

    private static func set(_ place: inout FilePath?, _ value: JSON) -> Bool {
        guard let text = value.string, text.hasPrefix("/") else { return false }
        place = FilePath(text)
        return true
    }

    /// What it does, in a few words for `slstats why`.
    package var summary: String {
        var parts: [String] = []
        if isLocked { parts.append("switch locked") }
        if collector != nil { parts.append("sets the collector") }
        let denied = fields.values.count { $0 == .deny }
        if denied > 0 { parts.append("denies \(denied) field\(denied == 1 ? "" : "s")") }
        let coarsened = fields.count - denied
        if coarsened > 0 { parts.append("coarsens \(coarsened) field\(coarsened == 1 ? "" : "s")") }
        if let eventsPerHour { parts.append("at most \(eventsPerHour) events an hour") }
        return parts.joined(separator: ", ")
    }
}
