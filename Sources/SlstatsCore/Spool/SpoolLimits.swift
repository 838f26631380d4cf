// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// How much may wait for delivery, and for how long.
package struct SpoolLimits: Sendable, Equatable {
    /// All segments together, headers included.
    package var maximumBytes = 16 << 20
    /// Counted from the creation of the segment, by the wall clock.
    package var maximumAge = Duration.seconds(7 * 24 * 3600)
    /// The JSON of one event, as stored.
    package var maximumEventBytes = 32 << 10
    /// A segment is sealed before it grows beyond this, so that one request carries it.
    package var maximumBatchBytes = 512 << 10

    package init() {}
}
