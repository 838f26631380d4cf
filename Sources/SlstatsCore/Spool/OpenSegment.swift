// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// A segment that is being written, or that waits to be sealed.
///
/// It keeps the lines that are not on stable storage yet: after a failed sync nobody knows what the file holds of them,
/// and they are written again from here. Where no file can be had at all they wait here only.
struct OpenSegment {
    let name: SegmentName
    let header: SegmentHeader
    /// When its events are too old, by the clock that does not jump.
    let expiresAt: Int64
    /// `nil`: in memory only.
    private(set) var file: (any AppendableFile)?
    /// Where the last whole record ends; a failed append is cut back to here.
    private(set) var bytes: Int
    private(set) var eventCount: Int
    /// What is certain to survive a loss of power.
    private(set) var syncedBytes: Int
    private(set) var syncedCount: Int
    /// The lines behind it.
    private(set) var unsynced: [UInt8] = []
    /// The file may end in a part of a write: nothing more goes into it.
    private(set) var isSuspect = false

    /// A new segment, of which nothing is on disk yet.
    init(name: SegmentName, header: SegmentHeader, expiresAt: Int64) {
        self.name = name
        self.header = header
        self.expiresAt = expiresAt
        bytes = header.line.count
        syncedBytes = bytes
        eventCount = 0
        syncedCount = 0
    }

    /// What an earlier run left, synced.
    init(name: SegmentName, header: SegmentHeader, expiresAt: Int64, file: any AppendableFile, bytes: Int, events: Int)
    {
        self.init(name: name, header: header, expiresAt: expiresAt)
        self.file = file
        self.bytes = bytes
        syncedBytes = bytes
        eventCount = events
        syncedCount = events
    }

    var isSynced: Bool { syncedCount == eventCount }
    var nextSequence: UInt64 { header.firstSequence + UInt64(eventCount) }

    /// Gives the segment its file, with everything that has waited for one.
    mutating func write(to newFile: any AppendableFile) throws(FileError) {
        try newFile.append(header.line + unsynced)
        file = newFile
    }

    /// One write(2) for however many lines. Disk full comes after a part was written (engineering-notes, section 2):
    /// the part is cut off again, or it would stand in the middle of the file with the next append behind it.
    mutating func append(_ lines: [UInt8], eventCount count: Int) throws(FileError) {
        if let file {
            do throws(FileError) {
                try file.append(lines)
            } catch {
                do throws(FileError) { try file.truncate(to: bytes) } catch { isSuspect = true }
                throw error
            }
        }
        bytes += lines.count
        eventCount += count
        unsynced += lines
    }

    /// Called when a sync on another thread has covered everything up to there.
    mutating func synced(upTo bytes: Int, eventCount: Int) {
        guard bytes > syncedBytes else { return }
        unsynced.removeFirst(bytes - syncedBytes)
        syncedBytes = bytes
        syncedCount = eventCount
    }

    /// Cuts the file back to what is certain, for the rest is going to be written elsewhere.
    func cutBack() { try? file?.truncate(to: syncedBytes) }
}
