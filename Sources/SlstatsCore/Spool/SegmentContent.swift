// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OrderedJSON

/// What the bytes of a segment hold: whole records, and ranges that are none.
package struct SegmentContent: Sendable, Equatable {
    package struct Event: Sendable, Equatable {
        package let sequence: UInt64
        /// Where its JSON stands.
        package let json: Range<Int>
    }

    package private(set) var header: SegmentHeader?
    package private(set) var events: [Event] = []
    /// Complete lines that are damaged. Each had been acknowledged as an event.
    package private(set) var damaged: [Range<Int>] = []
    /// Behind the last newline: what a crash or a power cut left of a write. Nobody was told it is recorded.
    package private(set) var tornTail: Range<Int>
    /// The last record had lost its newline: another record appended to it would be unreadable.
    package private(set) var isUnterminated = false

    /// One pass from newline to newline; whatever the bytes are, it ends.
    package init(scanning bytes: [UInt8]) {
        tornTail = bytes.endIndex..<bytes.endIndex
        var start = bytes.startIndex
        while start < bytes.endIndex {
            guard let end = Self.newline(in: bytes, from: start) else {
                readTail(start..<bytes.endIndex, of: bytes)
                return
            }
            if !read(start..<end, of: bytes), !readMerged(start..<end, of: bytes), start > 0 {
                damaged.append(start..<end)
            }
            start = end + 1
        }
    }

    /// memchr(3): this is what most of a scan is about.
    private static func newline(in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let found = memchr(base + start, 0x0a, buffer.count - start) else {
                return nil
            }
            return UnsafeRawPointer(found) - base
        }
    }

    /// How many events were acknowledged, read from the sequence numbers: they have no gaps, so a gap is as many events
    /// as it is wide, also if their lines have become one. Behind the last readable event each damaged line is one.
    package var acknowledgedCount: Int {
        let tail = damaged.count { $0.lowerBound > events.last?.json.upperBound ?? 0 }
        guard let last = events.last else { return tail }
        guard let first = header?.firstSequence ?? events.first?.sequence, first <= last.sequence,
            last.sequence - first < UInt64(events.count + damaged.count) * 1024
        else { return events.count + damaged.count }
        return Int(last.sequence - first) + 1 + tail
    }

    /// Readable from its header to the end of its last event, with all numbers between: more events can be appended.
    package var isWhole: Bool {
        guard let header, let last = events.last, damaged.isEmpty, !isUnterminated else { return false }
        return last.sequence - header.firstSequence == UInt64(events.count - 1)
    }

    /// - Returns: whether it is a whole record.
    private mutating func read(_ line: Range<Int>, of bytes: [UInt8]) -> Bool {
        guard let record = SpoolRecord.parse(bytes[line]) else { return false }
        if line.lowerBound == 0 {
            header = SegmentHeader(reading: bytes[record.json])
            return true
        }
        // Sequence numbers strictly increase, from the one in the header: a line that does not was copied here, not
        // written here.
        guard record.sequence > events.last?.sequence ?? 0, record.sequence >= header?.firstSequence ?? 0,
            record.sequence < 1 << 60
        else { return false }
        events.append(Event(sequence: record.sequence, json: record.json))
        return true
    }

    /// A newline that has become something else makes one line of two records, which are whole.
    private mutating func readMerged(_ line: Range<Int>, of bytes: [UInt8]) -> Bool {
        var tries = 0
        for start in line.dropFirst() where SpoolRecord.mayStart(at: start, in: bytes[line]) {
            tries += 1
            // A line can be made of such places; none of ours has more than one.
            guard tries <= 4 else { return false }
            guard SpoolRecord.parse(bytes[start..<line.upperBound]) != nil else { continue }
            let first = line.lowerBound..<start - 1
            if !read(first, of: bytes), first.lowerBound > 0 { damaged.append(first) }
            return read(start..<line.upperBound, of: bytes)
        }
        return false
    }

    /// A write that lost its last byte, or a newline that has become something else, is a whole event all the same.
    private mutating func readTail(_ tail: Range<Int>, of bytes: [UInt8]) {
        tornTail = tail
        guard tail.lowerBound > 0 else { return }
        for end in [tail.upperBound, tail.upperBound - 1] where read(tail.lowerBound..<end, of: bytes) {
            tornTail = end..<tail.upperBound
            isUnterminated = true
            return
        }
    }
}

/// The first line of a segment; a record with sequence 0.
package struct SegmentHeader: Sendable, Equatable {
    package static let currentFormat: Int64 = 1

    /// A later one than ours was written by a release that knows more; such a file is not ours to touch.
    package let format: Int64
    package let epoch: UInt64
    /// Unix milliseconds.
    package let createdAt: Int64
    /// The sequence number of the segment's first event.
    package let firstSequence: UInt64

    package var isCurrent: Bool { format == Self.currentFormat }

    package init(epoch: UInt64, createdAt: Int64, firstSequence: UInt64) {
        format = Self.currentFormat
        self.epoch = epoch
        self.createdAt = createdAt
        self.firstSequence = firstSequence
    }

    init?(reading json: ArraySlice<UInt8>) {
        guard let json = try? JSON(parsing: Array(json)), let format = json["format"]?.integer else { return nil }
        self.format = format
        epoch = json["epoch"]?.string.flatMap { UInt64($0, radix: 16) } ?? 0
        createdAt = json["createdAt"]?.integer ?? 0
        firstSequence = UInt64(clamping: max(1, json["firstSequence"]?.integer ?? 1))
    }

    /// Reads the header from the beginning of a file; `nil` for a damaged one.
    init?(beginning bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 0x0a), let record = SpoolRecord.parse(bytes[..<end]) else { return nil }
        self.init(reading: bytes[record.json])
    }

    package var line: [UInt8] {
        var writer = JSONWriter()
        writer.value([
            "format": JSON(format), "epoch": .string(String(epoch, radix: 16)), "createdAt": JSON(createdAt),
            "firstSequence": JSON(Int64(clamping: firstSequence)),
        ])
        var line: [UInt8] = []
        SpoolRecord.append(writer.bytes, sequence: 0, to: &line)
        return line
    }
}
