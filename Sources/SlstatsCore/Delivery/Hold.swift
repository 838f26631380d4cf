// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// Whether somebody has said that nothing is to leave for the time being: `hold.json` in the state folder. Events are
/// recorded and wait, within the limits of the spool.
package struct Hold: Sendable {
    /// Unix milliseconds; `nil` if nothing is held.
    package private(set) var since: Int64?
    private var isNoted = true
    private let path: FilePath
    private let files: any FileSystem

    /// A file that nobody understands holds: it was meant to.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("hold.json")
        self.files = files
        do throws(FileError) {
            guard try files.status(of: path) != nil else { return }
            since = (try? JSON(parsing: files.read(path, limit: 4096)))?["since"]?.moment ?? 0
        } catch {
            since = 0
        }
    }

    /// Holds at once, whatever it throws, and durably when it returns.
    package mutating func begin(now: Int64) throws(FileError) {
        guard since == nil || !isNoted else { return }
        let since = since ?? now
        self.since = since
        isNoted = false
        let json: JSON = ["format": 1, "since": JSON(since)]
        try files.replace(path, with: json.serializedBytes())
        isNoted = true
    }

    package mutating func end() throws(FileError) {
        try files.remove(path)
        since = nil
        isNoted = true
    }
}
