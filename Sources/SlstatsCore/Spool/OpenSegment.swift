// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// The segment that events are appended to.
struct OpenSegment {
    let name: SegmentName
    let file: any AppendableFile
    let createdAt: Int64
    /// Where the last whole record ends; a failed append is cut back to here.
    private(set) var bytes: Int
    private(set) var eventCount: Int
    private(set) var isSynced = false

    init(name: SegmentName, file: any AppendableFile, createdAt: Int64, bytes: Int, eventCount: Int) {
        self.name = name
        self.file = file
        self.createdAt = createdAt
        self.bytes = bytes
        self.eventCount = eventCount
    }

    /// One write(2) for however many lines. Disk full comes after a part was written (engineering-notes, section 2):
    /// the part is cut off again, or it would stand in the middle of the file with the next append behind it.
    mutating func append(_ lines: [UInt8], eventCount: Int) throws(FileError) {
        do throws(FileError) {
            try file.append(lines)
        } catch {
            try? file.truncate(to: bytes)
            throw error
        }
        bytes += lines.count
        self.eventCount += eventCount
        isSynced = false
    }

    mutating func sync() throws(FileError) {
        guard !isSynced else { return }
        try file.sync()
        isSynced = true
    }

    /// Called when a sync on another thread has covered all but what came after `bytes`.
    mutating func synced(upTo bytes: Int) {
        if bytes == self.bytes { isSynced = true }
    }
}
