// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// When the installation's id and key were made anew the last time: `id.json` in the state folder.
package struct IdentityRotation: Sendable {
    /// Unix milliseconds; `nil` if nobody has noted any.
    package private(set) var rotatedAt: Int64?
    private let path: FilePath
    private let files: any FileSystem

    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("id.json")
        self.files = files
        rotatedAt = files.readJSON(path)?["rotatedAt"]?.moment
    }

    package mutating func note(now: Int64) throws(FileError) {
        let json: JSON = ["format": 1, "rotatedAt": JSON(now)]
        try files.replace(path, with: json.serializedBytes())
        rotatedAt = now
    }

    /// A clock that was ahead and was set back since makes it due, not never.
    package func isDue(every period: Duration, now: Int64) -> Bool {
        guard let rotatedAt else { return false }
        return now < rotatedAt || now - rotatedAt >= Int64(period / .milliseconds(1))
    }
}
