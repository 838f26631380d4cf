// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// What a file said when it was last read, kept until the file changes.
///
/// A file counts as unchanged while inode, size and times are the same, and they were old enough when it was read:
/// file systems keep times in ticks, so two writes of the same size within one tick look alike (the "racy git"
/// problem). What was younger than that is read again, until it has aged.
struct FileMemo<Content> {
    private var last: (path: FilePath, identity: FileStatus.Identity, content: Content)?
    private var isTrusted = false

    /// Longer than any tick, and than the clock of a file server is wrong by on a good day.
    private static var youngMilliseconds: Int64 { 100 }

    /// What is known of the file as it is now; `nil` if it has to be read.
    func content(of path: FilePath, _ status: FileStatus) -> Content? {
        guard isTrusted, let last, last.path == path, last.identity == status.identity else { return nil }
        return last.content
    }

    /// - Parameters:
    ///   - status: from before the file was read.
    ///   - now: Unix milliseconds.
    mutating func remember(_ content: Content, of path: FilePath, _ status: FileStatus, now: Int64) {
        last = (path, status.identity, content)
        let changedAt = max(status.identity.modifiedAt, status.identity.changedAt) / 1_000_000
        isTrusted = now - changedAt > Self.youngMilliseconds
    }
}
