// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// A sync to be run on another thread while events go on being appended.
package struct SyncWork: Sendable {
    struct Target: Sendable {
        let segment: SegmentName
        /// What the sync is known to cover: appends after it may or may not be in.
        let bytes: Int
        let eventCount: Int
        let file: any AppendableFile
    }

    /// What came of it.
    package struct Outcome: Sendable {
        var synced: [Target] = []
        /// Not synced, or in a file that nobody finds any more.
        var failed: [Target] = []
        var isFolderSynced = false
        package fileprivate(set) var isFolderFailed = false
        /// The first error; `nil` if everything is on stable storage.
        package fileprivate(set) var error: FileError?
    }

    let targets: [Target]
    let folder: FilePath
    /// Set if names have to become durable too: the state of the folder that is meant.
    let change: Int?
    /// The folder was made again, so its own name has to become durable before those in it.
    let isFolderNew: Bool
    let files: any FileSystem

    package func run() -> Outcome {
        var outcome = Outcome()
        var written: [Target] = []
        for target in targets {
            do throws(FileError) {
                try target.file.sync()
                written.append(target)
            } catch {
                outcome.failed.append(target)
                outcome.error = outcome.error ?? error
            }
        }
        if change != nil {
            do throws(FileError) {
                try syncFolder()
                outcome.isFolderSynced = true
            } catch {
                outcome.isFolderFailed = true
                outcome.error = outcome.error ?? error
            }
        }
        // Last: each of these syncs may have taken seconds.
        for target in written {
            if target.file.isInPlace {
                outcome.synced.append(target)
            } else {
                outcome.failed.append(target)
                // A copy is as good as what it was made of once it is on the disk.
                try? files.open(folder.appending(target.segment.fileName)).sync()
            }
        }
        return outcome
    }

    private func syncFolder() throws(FileError) {
        if isFolderNew { try files.syncFolder(folder.removingLastComponent()) }
        do throws(FileError) { try files.syncFolder(folder) } catch {
            // Somebody has removed it: an empty one says the same of the names in it.
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            try files.createFolder(folder)
            try files.syncFolder(folder.removingLastComponent())
            try files.syncFolder(folder)
        }
    }
}
