// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol
package import SystemPackage

/// From which event on the rules of now have held, over restarts: `rules.json` in the state folder. Without it everything
/// that an earlier run has left would be looked at again.
package struct RulesMark: Sendable {
    private let path: FilePath
    private let files: any FileSystem
    private var known: (fingerprint: String, since: UInt64)?

    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("rules.json")
        self.files = files
        guard let json = files.readJSON(path), let fingerprint = json["fingerprint"]?.string,
            let since = json["since"]?.integer, since >= 0
        else { return }
        known = (fingerprint, UInt64(since))
    }

    /// Called when rules begin to hold, the same ones or others.
    ///
    /// - Parameter next: the sequence number that the next event will have.
    /// - Returns: the first event that was recorded under them, or will be.
    package mutating func since(_ rules: EventRules, next: UInt64) -> UInt64 {
        let fingerprint = rules.catalogue.fingerprint
        // Numbers that nobody has given yet are of another spool.
        if let known, known.fingerprint == fingerprint, known.since <= next { return known.since }
        known = (fingerprint, next)
        let json: JSON = [
            "format": 1, "fingerprint": .string(fingerprint), "since": JSON(Int64(clamping: next)),
        ]
        // Where it cannot be written the next start finds others, and looks at everything.
        if (try? files.replace(path, with: json.serializedBytes())) == nil { try? files.remove(path) }
        return next
    }
}

extension Catalogue {
    /// Another one whenever something else would be kept of an event: by other fields, lists, or another version of ours.
    fileprivate var fingerprint: String {
        let rows = fields.map { "\($0.path) \($0.isNullable) \($0.shape(withNames: true))" }
        return SHA256Digest(of: ([SlstatsVersion.current] + rows).joined(separator: "\u{0}")).description
    }
}
