// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// The events of a batch, as they are sent: one JSON array on one line, of which any run of events can be had.
package struct BatchBody: Sendable, Equatable {
    package let id: BatchID
    private let array: [UInt8]
    /// Where the events stand in it.
    private let ranges: [Range<Int>]
    package let places: Places

    /// Where the events would stand if none had been dropped.
    package struct Places: Sendable, Equatable {
        /// Ascending.
        let positions: [Int]
        let count: Int
    }

    /// Ascending by `timestamp`, as the original sends them; events of the same moment keep their order.
    ///
    /// - Parameters:
    ///   - bytes: of a segment.
    ///   - events: where each event of the batch stands in it.
    ///   - dropped: which of them do not leave.
    package init(id: BatchID, bytes: [UInt8], events: [Range<Int>], dropped: Set<Int> = []) {
        self.id = id
        var array: [UInt8] = []
        array.reserveCapacity(events.reduce(2) { $0 + $1.count + 1 })
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(events.count)
        array.append(UInt8(ascii: "["))
        var positions: [Int] = []
        for (position, index) in Self.ascending(events, in: bytes).enumerated() where !dropped.contains(index) {
            let event = events[index]
            positions.append(position)
            if !ranges.isEmpty { array.append(UInt8(ascii: ",")) }
            let start = array.count
            array.append(contentsOf: bytes[event])
            ranges.append(start..<array.count)
        }
        array.append(UInt8(ascii: "]"))
        self.array = array
        self.ranges = ranges
        places = Places(positions: positions, count: events.count)
    }

    package var eventCount: Int { ranges.count }
    package var sizes: [Int] { ranges.map { $0.count } }
    package subscript(index: Int) -> [UInt8] { Array(array[ranges[index]]) }

    /// Some of the events, in order, as one JSON array on one line.
    package func jsonArray(_ indices: Range<Int>) -> [UInt8] {
        guard indices != ranges.indices else { return array }
        guard let first = indices.first, let last = indices.last else { return Array("[]".utf8) }
        return [UInt8(ascii: "[")] + array[ranges[first].lowerBound..<ranges[last].upperBound] + [UInt8(ascii: "]")]
    }

    private static func ascending(_ events: [Range<Int>], in bytes: [UInt8]) -> [Int] {
        let timestamps = events.map { timestamp(of: $0, in: bytes.span) }
        let isAscending = timestamps.indices.dropFirst().allSatisfy { timestamps[$0 - 1] <= timestamps[$0] }
        guard !isAscending else { return Array(events.indices) }
        return events.indices.sorted { (timestamps[$0], $0) < (timestamps[$1], $1) }
    }

    private static func timestamp(of event: Range<Int>, in bytes: Span<UInt8>) -> Int64 {
        do throws(JSONError) {
            var cursor = JSONCursor(bytes, at: event.lowerBound)
            var object = try cursor.enterObject()
            while let key = try cursor.nextKey(in: &object) {
                let value = try cursor.scanValue()
                if cursor.string(key, equals: "timestamp") { return cursor.integer(value) ?? 0 }
            }
        } catch { return 0 }
        return 0
    }
}
