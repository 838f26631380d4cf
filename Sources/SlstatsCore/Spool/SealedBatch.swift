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
    /// Of the file; the events stand in it.
    private let bytes: [UInt8]
    private let ranges: [Range<Int>]

    /// Ascending by `timestamp`, as the original sends them; events of the same moment keep their order.
    package init(id: BatchID, bytes: [UInt8], events ranges: [Range<Int>]) {
        self.id = id
        self.bytes = bytes
        let timestamps = ranges.map { Self.timestamp(of: $0, in: bytes) }
        let isAscending = zip(timestamps, timestamps.dropFirst()).allSatisfy { $0 <= $1 }
        self.ranges =
            isAscending
            ? ranges
            : ranges.indices.sorted { (timestamps[$0], $0) < (timestamps[$1], $1) }.map { ranges[$0] }
    }

    package var eventCount: Int { ranges.count }
    package var sizes: [Int] { ranges.map(\.count) }
    package subscript(index: Int) -> [UInt8] { Array(bytes[ranges[index]]) }

    /// Some of the events, in order, as one JSON array on one line.
    package func jsonArray(_ indices: Range<Int>) -> [UInt8] {
        var array: [UInt8] = []
        array.reserveCapacity(ranges[indices].reduce(2) { $0 + $1.count + 1 })
        array.append(UInt8(ascii: "["))
        for index in indices {
            if index > indices.lowerBound { array.append(UInt8(ascii: ",")) }
            array += bytes[ranges[index]]
        }
        array.append(UInt8(ascii: "]"))
        return array
    }

    private static func timestamp(of event: Range<Int>, in bytes: [UInt8]) -> Int64 {
        do throws(JSONError) {
            var cursor = JSONCursor(bytes.span, at: event.lowerBound)
            var object = try cursor.enterObject()
            while let key = try cursor.nextKey(in: &object) {
                let value = try cursor.scanValue()
                if cursor.string(key, equals: "timestamp") { return Int64(cursor.copyText(value.range)) ?? 0 }
            }
        } catch { return 0 }
        return 0
    }
}
