// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Files to be removed on another thread: freeing the blocks of half a mebibyte takes ext4 a millisecond.
package struct Removal: Sendable {
    let names: [SegmentName]
    let folder: FilePath
    let files: any FileSystem

    /// - Returns: those that are gone.
    package func run() -> [SegmentName] {
        names.filter { (try? files.remove(folder.appending($0.fileName))) != nil }
    }
}
