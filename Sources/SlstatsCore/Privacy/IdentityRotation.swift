// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// When the installation's id and key were made anew the last time: `id.json` in the state folder.
package struct IdentityRotation: Sendable {
    /// Unix milliseconds; `nil` if nobody has noted any.
    package private(set) var rotatedAt: Int64?
    /// The sequence number of the first event that has the new ones.
    package private(set) var since: UInt64
    private let path: FilePath
    private let files: any FileSystem

    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("id.json")
        self.files = files
        let json = files.readJSON(path)
        rotatedAt = json?["rotatedAt"]?.moment
        since = json?["since"]?.moment.map { UInt64($0) } ?? 0
    }

    package mutating func note(now: Int64, since: UInt64) throws(FileError) {
        let json: JSON = ["format": 1, "rotatedAt": JSON(now), "since": JSON(Int64(clamping: since))]
        try files.replace(path, with: json.serializedBytes())
        rotatedAt = now
        self.since = since
    }

    /// A clock that was ahead and was set back since makes it due, not never.
    package func isDue(every period: Duration, now: Int64) -> Bool {
        guard let rotatedAt else { return false }
        return now < rotatedAt || now - rotatedAt >= Int64(period / .milliseconds(1))
    }
}
