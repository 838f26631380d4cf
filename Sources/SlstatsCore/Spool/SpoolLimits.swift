// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// How much may wait for delivery, and for how long.
package struct SpoolLimits: Sendable, Equatable {
    /// All segments together, headers included.
    package var maximumBytes = 16 << 20
    /// Counted from the creation of the segment.
    package var maximumAge = Duration.seconds(7 * 24 * 3600)
    /// The JSON of one event, as stored.
    package var maximumEventBytes = 32 << 10
    /// A segment is sealed before it grows beyond this, so that one request carries it.
    package var maximumBatchBytes = 512 << 10
    /// What is kept in memory while there is no disk to write to.
    package var maximumMemoryBytes = 256 << 10
    /// What cannot be read or is not taken, kept for whoever wants to look; the oldest goes first.
    package var maximumQuarantineBytes = 4 << 20
    /// Given up when the disk is full, so that sealing, delivering and opting out go on.
    package var reserveBytes = 64 << 10

    package init() {}

    /// A small spool has small segments, or there would be nothing old to drop.
    var segmentBytes: Int { min(maximumBatchBytes, maximumBytes / 4) }
    var maximumAgeMilliseconds: Int64 { maximumAge.components.seconds * 1000 }
    /// A segment that nobody takes is closed after this time, so that its oldest events do not take young ones along.
    var segmentAgeMilliseconds: Int64 { maximumAgeMilliseconds / 8 }
}
