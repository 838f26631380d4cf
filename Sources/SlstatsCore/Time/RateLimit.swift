// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// So many an hour: as many at once after a quiet hour, and then one whenever its part of the hour has passed (a token
/// bucket).
package struct RateLimit: Sendable, Equatable {
    package let perHour: Int
    /// What may be taken, in parts of which one unit has an hour's milliseconds: whole numbers, which do not drift.
    private var level: Int64
    /// Steady milliseconds.
    private var filledAt: Int64

    private static let hour: Int64 = 3_600_000

    /// - Parameter now: steady milliseconds; it begins full.
    package init(perHour: Int, now: Int64) {
        self.perHour = perHour
        level = Int64(perHour) * Self.hour
        filledAt = now
    }

    /// As ``saved`` has left it, an exit and a start ago.
    ///
    /// - Parameters:
    ///   - passed: milliseconds since then.
    ///   - now: steady milliseconds.
    /// - Returns: `nil` for something else, or another limit.
    package init?(_ saved: JSON?, perHour: Int, passed: Int64, now: Int64) {
        guard saved?["perHour"]?.integer == Int64(perHour), let level = saved?["level"]?.integer else {
            return nil
        }
        self.init(perHour: perHour, now: now)
        guard 0...self.level ~= level else { return nil }
        self.level = min(self.level, level + min(max(0, passed), Self.hour) * Int64(perHour))
    }

    package var saved: JSON { ["perHour": JSON(perHour), "level": JSON(level)] }

    /// What was taken was not used after all.
    package mutating func giveBack(_ count: Int) {
        level = min(Int64(perHour) * Self.hour, level + Int64(count) * Self.hour)
    }

    /// As after an hour in which nothing was taken.
    package func isFull(now: Int64) -> Bool { filled(now: now) == Int64(perHour) * Self.hour }

    private func filled(now: Int64) -> Int64 {
        let passed = min(max(0, now - filledAt), Self.hour)
        return min(Int64(perHour) * Self.hour, level + passed * Int64(perHour))
    }

    /// - Returns: whether there was one left.
    package mutating func take(now: Int64) -> Bool {
        level = filled(now: now)
        filledAt = now
        guard level >= Self.hour else { return false }
        level -= Self.hour
        return true
    }
}
