// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// What a user can look at before it leaves.
extension Spool {
    /// Pending events in the order in which they were recorded, a page at a time.
    ///
    /// - Parameters:
    ///   - sequence: the last one of the page before; 0 for the first page.
    ///   - maximumBytes: for the page; a single event may be larger.
    ///   - narrowing: what may leave of events from before; `nil` for all of it.
    /// - Returns: the events, and the sequence to go on from; `nil` if these were the last.
    package func pending(
        after sequence: UInt64, maximumBytes: Int, _ narrowing: Narrowing?
    ) -> (events: [[UInt8]], next: UInt64?) {
        var page: [[UInt8]] = []
        var room = maximumBytes
        var last = sequence
        while let segment = firstSegment(endingAfter: last) {
            // What cannot be read is set aside when it is to be sent.
            let bytes = read(segment) ?? []
            for event in pendingEvents(in: bytes, of: segment, after: last) {
                let json = narrowing?.narrowed(event, in: bytes) ?? Array(bytes[event.json])
                room -= json.count + 1
                guard room >= 0 || page.isEmpty else { return (page, last) }
                page.append(json)
                last = event.sequence
            }
            // Of what could not be read nothing more is expected.
            last = max(last, segment.end - 1)
        }
        return (page, nil)
    }

    /// The content of every segment, the newest first, read when it is asked for.
    var newestContents: [() -> [UInt8]?] {
        readableSegments.sorted { $0.end > $1.end }.map { segment in { read(segment) } }
    }

    struct ReadableSegment {
        /// Behind its last sequence number.
        let end: UInt64
        let name: SegmentName
        /// What has no file.
        let lines: [UInt8]?
    }

    /// Those behind a sequence number, without what was taken out.
    func pendingEvents(
        in bytes: [UInt8], of segment: ReadableSegment, after sequence: UInt64
    ) -> [SegmentContent.Event] {
        SegmentContent(scanning: bytes).events.filter {
            $0.sequence > sequence && $0.sequence < segment.end && !excluded.contains($0.sequence)
        }
    }

    func read(_ segment: ReadableSegment) -> [UInt8]? {
        if let lines = segment.lines { return [0x0a] + lines }
        return try? files.read(folder.appending(segment.name.fileName), limit: Self.maximumSegmentBytes)
    }

    /// Looks at numbers only, since it is asked for every page.
    func firstSegment(endingAfter sequence: UInt64) -> ReadableSegment? {
        var first: (end: UInt64, index: Int)?
        for index in batches.indices {
            let end = batches[index].end
            if end - 1 > sequence, end < first?.end ?? .max, settled[batches[index].id] == nil { first = (end, index) }
        }
        let unsealed = readableUnsealed.filter { $0.end - 1 > sequence }.min { $0.end < $1.end }
        guard let first, first.end < unsealed?.end ?? .max else { return unsealed }
        return ReadableSegment(end: first.end, name: batches[first.index].name, lines: batches[first.index].lines)
    }

    private var readableUnsealed: [ReadableSegment] {
        unsealedSegments.filter { $0.eventCount > 0 }.map { segment in
            ReadableSegment(
                end: segment.nextSequence, name: segment.name, lines: segment.file == nil ? segment.unsynced : nil)
        }
    }

    private var readableSegments: [ReadableSegment] {
        batches.filter { settled[$0.id] == nil }.map { ReadableSegment(end: $0.end, name: $0.name, lines: $0.lines) }
            + readableUnsealed
    }
}

extension SealedBatch {
    /// Behind its last sequence number; far behind everything if nobody knows it.
    fileprivate var end: UInt64 { firstSequence.map { $0 + UInt64(eventCount) } ?? .max }
}
