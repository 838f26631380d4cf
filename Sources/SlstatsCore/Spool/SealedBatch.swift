// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// A segment that will not change any more, waiting for delivery.
package struct SealedBatch: Sendable, Equatable, Identifiable {
    package let name: SegmentName
    package let bytes: Int
    package let eventCount: Int
    /// Lines that cannot be read; they lie in `quarantine/` and are counted when the batch goes.
    package let damagedCount: Int
    /// Unix milliseconds.
    package let createdAt: Int64

    package var id: BatchID { name.batchID }
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

    /// One JSON array on one line.
    package var jsonArray: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(events.reduce(2) { $0 + $1.count + 1 })
        bytes.append(UInt8(ascii: "["))
        for (index, event) in events.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += event
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    private static func timestamp(of event: [UInt8]) -> Int64 {
        (try? JSON(parsing: event))?["timestamp"]?.integer ?? 0
    }
}
