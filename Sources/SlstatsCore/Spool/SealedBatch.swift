// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// A segment that will not change any more, waiting for delivery.
package struct SealedBatch: Sendable, Equatable, Identifiable {
    /// As the file is called; `.open` if it could not be renamed.
    package let name: SegmentName
    package let bytes: Int
    /// What was acknowledged. What cannot be read of it is noticed at delivery and counted then.
    package let eventCount: Int
    /// `nil` if the header is damaged.
    package let firstSequence: UInt64?
    /// By the clock that does not jump.
    let expiresAt: Int64
    /// The lines, where no file could be had.
    let lines: [UInt8]?

    package var id: BatchID { name.batchID }

    /// Which of the events in its file are its own: behind them a failed write may have left others.
    func owns(_ event: SegmentContent.Event, at index: Int) -> Bool {
        guard let firstSequence else { return index < eventCount }
        return event.sequence >= firstSequence && event.sequence - firstSequence < UInt64(eventCount)
    }
}

/// The events of a batch, as they are sent.
package struct BatchBody: Sendable, Equatable {
    package let id: BatchID
    package let events: [[UInt8]]

    /// Ascending by `timestamp`, as the original sends them; events of the same moment keep their order.
    package init(id: BatchID, events: [[UInt8]]) {
        self.id = id
        let timed = events.map { (event: $0, timestamp: Self.timestamp(of: $0)) }
        self.events = timed.enumerated()
            .sorted { ($0.element.timestamp, $0.offset) < ($1.element.timestamp, $1.offset) }
            .map(\.element.event)
    }

    /// Some of the events, in order, as one JSON array on one line.
    package func jsonArray(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(events[range].reduce(2) { $0 + $1.count + 1 })
        bytes.append(UInt8(ascii: "["))
        for index in range {
            if index > range.lowerBound { bytes.append(UInt8(ascii: ",")) }
            bytes += events[index]
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    private static func timestamp(of event: [UInt8]) -> Int64 {
        do throws(JSONError) {
            var cursor = JSONCursor(event.span)
            var object = try cursor.enterObject()
            while let key = try cursor.nextKey(in: &object) {
                let value = try cursor.scanValue()
                if cursor.string(key, equals: "timestamp") {
                    return try JSON(parsing: cursor.copyBytes(value.range)).integer ?? 0
                }
            }
        } catch { return 0 }
        return 0
    }
}
