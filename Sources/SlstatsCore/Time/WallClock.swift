// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What time it is, for timestamps that others read, and how much time passes, which must not jump when somebody sets
/// the time.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Int64
    private let readSteady: @Sendable () -> Int64

    /// - Parameter steadyMilliseconds: without one, the same clock.
    package init(
        milliseconds: @escaping @Sendable () -> Int64, steadyMilliseconds: (@Sendable () -> Int64)? = nil
    ) {
        read = milliseconds
        readSteady = steadyMilliseconds ?? milliseconds
    }

    /// Milliseconds since some moment, the time a machine sleeps included (CLOCK_BOOTTIME).
    package var steadyMilliseconds: Int64 { readSteady() }

    /// Unix time in milliseconds.
    package var milliseconds: Int64 { read() }

    /// Unix time in seconds, rounded as the original does for its rc file.
    package var seconds: Int64 { (read() + 500) / 1000 }

    package static let system = WallClock(
        milliseconds: { milliseconds(CLOCK_REALTIME) }, steadyMilliseconds: { milliseconds(CLOCK_BOOTTIME) })

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
