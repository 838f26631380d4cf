// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// What the bytes of a segment hold: whole records, and ranges that are none.
package struct SegmentContent: Sendable, Equatable {
    package enum Header: Sendable, Equatable {
        /// Ours.
        case current
        /// No readable first line: a file that was being created, or a damaged one.
        case missing
        /// Written by a release that knows a later format; it is not ours to touch.
        case future(Int64)
    }

    package static let formatVersion: Int64 = 1

    package private(set) var header = Header.missing
    /// Unix milliseconds; 0 if the header is missing.
    package private(set) var createdAt: Int64 = 0
    /// Where each event's JSON stands.
    package private(set) var events: [Range<Int>] = []
    /// Complete lines that are damaged. Each had been acknowledged as an event.
    package private(set) var damaged: [Range<Int>] = []
    /// Behind the last newline: what a crash or a power cut left of a write. Nobody was told it is recorded.
    package private(set) var tornTail: Range<Int>
    package private(set) var lastSequence: UInt64 = 0

    /// One pass from newline to newline; whatever the bytes are, it ends.
    package init(scanning bytes: [UInt8]) {
        tornTail = bytes.endIndex..<bytes.endIndex
        var start = bytes.startIndex
        while start < bytes.endIndex {
            guard let end = bytes[start...].firstIndex(of: 0x0a) else {
                tornTail = start..<bytes.endIndex
                return
            }
            read(start..<end, of: bytes)
            start = end + 1
        }
    }

    private mutating func read(_ line: Range<Int>, of bytes: [UInt8]) {
        guard let record = SpoolRecord.parse(bytes[line]) else {
            if line.lowerBound > 0 { damaged.append(line) }
            return
        }
        if line.lowerBound == 0 {
            readHeader(bytes[record.json])
        } else if record.sequence > lastSequence, record.sequence < 1 << 60 {
            lastSequence = record.sequence
            events.append(record.json)
        } else {
            // Sequence numbers strictly increase: this line was copied here, not written here.
            damaged.append(line)
        }
    }

    private mutating func readHeader(_ bytes: ArraySlice<UInt8>) {
        guard let json = try? JSON(parsing: Array(bytes)), let format = json["format"]?.integer else { return }
        header = format == Self.formatVersion ? .current : .future(format)
        createdAt = json["createdAt"]?.integer ?? 0
    }

    /// The first line of a segment; a record with sequence 0.
    package static func headerLine(epoch: UInt64, createdAt: Int64) -> [UInt8] {
        var writer = JSONWriter()
        writer.value([
            "format": JSON(formatVersion), "epoch": .string(String(epoch, radix: 16)), "createdAt": JSON(createdAt),
        ])
        var line: [UInt8] = []
        SpoolRecord.append(writer.bytes, sequence: 0, to: &line)
        return line
    }
}
