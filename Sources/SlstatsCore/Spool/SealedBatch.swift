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
