// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The name of a spool file: `<number>-<epoch>.open` while it grows, `.batch` once sealed (SpoolFormat.md, "Files").
///
/// The number orders segments; the epoch is random, so that a spool restored from a backup cannot give a new batch the
/// name of one that was delivered before. Both together are the batch's id and its idempotency key.
package struct SegmentName: Sendable, Hashable {
    package enum Stage: String, Sendable { case open, batch }

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
        guard parts.count == 2, let stage = Stage(rawValue: String(parts[1])) else { return nil }
        let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers.allSatisfy({ $0.utf8.count == 16 }),
            let number = UInt64(numbers[0], radix: 16), let epoch = UInt64(numbers[1], radix: 16)
        else { return nil }
        // Numbers grow by one a segment: nobody gets there, but a file can claim to.
        guard number < 1 << 60 else { return nil }
        self.init(number: number, epoch: epoch, stage: stage)
        // Only our own spelling: no sign, no capitals.
        guard self.fileName == fileName else { return nil }
    }

    package var batchID: BatchID { BatchID("\(Self.hex(number))-\(Self.hex(epoch))") }
    package var fileName: String { "\(batchID).\(stage.rawValue)" }
    package var sealed: SegmentName { SegmentName(number: number, epoch: epoch, stage: .batch) }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The name under which a batch is delivered, however often that is tried.
package struct BatchID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
