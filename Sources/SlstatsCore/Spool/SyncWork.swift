// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// A sync to be run on another thread while events go on being appended.
package struct SyncWork: Sendable {
    package let segment: SegmentName
    /// What the sync is known to cover: appends after it may or may not be in.
    package let bytes: Int
    let file: any AppendableFile
    /// Set if the segment's name has to become durable too.
    let folder: FilePath?
    let files: any FileSystem

    package func run() throws(FileError) {
        try file.sync()
        if let folder { try files.syncFolder(folder) }
    }
}
