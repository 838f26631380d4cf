// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The name of a spool file: `<number>-<epoch>.open` while it grows, `<number>-<epoch>-<events>.batch` once sealed
/// (SpoolFormat.md, "Files").
///
/// The number orders segments; the epoch is random, so that a spool restored from a backup cannot give a new batch the
/// name of one that was delivered before. Both together are the batch's id and its idempotency key. The number of events
/// in the name of a batch makes a start independent of how much is pending, and damage something that can be counted.
package struct SegmentName: Sendable, Hashable {
    package enum Stage: Sendable, Hashable {
        case open
        case batch(events: Int)
    }

    package let number: UInt64
    package let epoch: UInt64
    package let stage: Stage

    package init(number: UInt64, epoch: UInt64, stage: Stage) {
        self.number = number
        self.epoch = epoch
        self.stage = stage
    }

    package init?(fileName: String) {
        let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, numbers.count >= 2, numbers[..<2].allSatisfy({ $0.utf8.count == 16 }),
            let number = UInt64(numbers[0], radix: 16), let epoch = UInt64(numbers[1], radix: 16)
        else { return nil }
        // Numbers grow by one a segment: nobody gets there, but a file can claim to.
        guard number < 1 << 60 else { return nil }
        switch (parts[1], numbers.count) {
        case ("open", 2): self.init(number: number, epoch: epoch, stage: .open)
        case ("batch", 3):
            guard let events = Int(numbers[2]), 1...Self.maximumEvents ~= events else { return nil }
            self.init(number: number, epoch: epoch, stage: .batch(events: events))
        default: return nil
        }
        // Only our own spelling: no sign, no capitals.
        guard self.fileName == fileName else { return nil }
    }

    /// No segment holds more; a file can claim to.
    private static let maximumEvents = 1 << 24

    package var batchID: BatchID { BatchID(number: number, epoch: epoch) }

    package var fileName: String {
        switch stage {
        case .open: "\(batchID).open"
        case .batch(let events): "\(batchID)-\(events).batch"
        }
    }

    package func sealed(events: Int) -> SegmentName {
        SegmentName(number: number, epoch: epoch, stage: .batch(events: events))
    }
}

/// The name under which a batch is delivered, however often that is tried: `<number>-<epoch>`, and for a part of one
/// which half it is of which half, `.0.1`.
package struct BatchID: Sendable, Hashable, CustomStringConvertible {
    private let number: UInt64
    private let epoch: UInt64
    private var part = ""

    package init(number: UInt64, epoch: UInt64) {
        self.number = number
        self.epoch = epoch
    }

    /// - Parameter index: 0 or 1.
    package func half(_ index: Int) -> BatchID {
        var half = self
        half.part += ".\(index)"
        return half
    }

    package var description: String { "\(number.hexDigits)-\(epoch.hexDigits)\(part)" }
}
