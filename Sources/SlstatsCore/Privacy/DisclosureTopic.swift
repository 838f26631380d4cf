// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Fields that one phrase of the disclosure stands for. Every field of ours has one; a test holds the list to it.
package struct DisclosureTopic: Sendable {
    package let phrase: String
    /// Where the fields stand: their paths begin with one of these.
    private let places: [String]

    package func covers(_ field: CatalogueField) -> Bool {
        field.source == CatalogueField.builtInSource && places.contains(where: field.isAtOrBelow)
    }

    package static let all = [
        DisclosureTopic(
            phrase: "which commands of which tool, with the names of their options, and when",
            places: ["id", "timestamp", "cliName", "command", "commandOptionNames"]),
        DisclosureTopic(
            phrase: "how long they took, and whether and where they failed",
            places: [
                "commandDurationMs", "outcome", "interruptSignal", "failureReason", "isConfigValid",
                "triggeredDeprecations",
            ]),
        DisclosureTopic(
            phrase: "versions, and how and since when it is installed",
            places: [
                "versions", "installationType", "isAutoUpdateEnabled", "isTabAutocompletionInstalled",
                "firstLocalInstallationTimestamp", "isDockerInstalled", "dockerVersion", "isUsingCompose",
                "console.extensionVersion",
            ]),
        DisclosureTopic(phrase: "a random number of this installation", places: ["frameworkLocalUserId"]),
        DisclosureTopic(phrase: "a keyed hash for each project", places: ["projectId"]),
        DisclosureTopic(
            phrase:
                "of a project its cloud, region, runtimes, kinds of resources, and those of its packages and plugins "
                + "that are public",
            places: ["config", "npmDependencies", "hasLocalCredentials", "didCreateService"]),
        DisclosureTopic(
            phrase: "time zone, terminal or CI service",
            places: ["timezone", "ciName", "isTtyTerminal", "notificationsMode"]
        ),
        DisclosureTopic(phrase: "choices in an interactive setup", places: ["commandUsage"]),
        DisclosureTopic(
            phrase: "account and organisation",
            places: ["dashboard.userId", "dashboard.orgUid", "console.userId", "console.orgUid"]),
    ]
}

extension CatalogueField {
    /// Anything may stand there.
    var isFreeText: Bool {
        if case .string(.pattern(.text), _) = kind { true } else { false }
    }

    /// Another one for a field of which more can be kept: a longer list, a wider range. Base 16 of eight bytes of SHA-256.
    ///
    /// Not for a longer list of public names of ours: what everybody has tells nothing of who has it.
    var fingerprint: String {
        String(SHA256Digest(of: shape(withNames: source != Self.builtInSource)).description.prefix(16))
    }

    /// What can be kept, in words that are others for anything else.
    func shape(withNames: Bool) -> String {
        switch kind {
        case .string(.closed(let table), let maximumBytes):
            "closed \(maximumBytes) \(table.names.joined(separator: "\n"))"
        case .string(.names(let table, let local, let other), let maximumBytes):
            "names \(maximumBytes) \(local ?? "") \(other) "
                + (withNames ? table.names.joined(separator: "\n") : "")
        case .string(.pattern(let pattern), let maximumBytes): "pattern \(maximumBytes) \(pattern.rawValue)"
        case .string(.beginning(let pattern), let maximumBytes): "beginning \(maximumBytes) \(pattern.rawValue)"
        case .string(.resourceType, let maximumBytes): "resource type \(maximumBytes)"
        case .string(.errorLocation, let maximumBytes): "error location \(maximumBytes)"
        case .integer(let range): "integer \(range)"
        case .magnitude(let range): "magnitude \(range)"
        case .boolean: "boolean"
        case .uuid: "uuid"
        case .randomUUID: "random uuid"
        case .answer: "answer"
        case .keyedHash: "keyed hash"
        case .count: "count"
        case .withheld: "withheld"
        }
    }
}
