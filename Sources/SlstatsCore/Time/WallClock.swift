// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What time it is, for timestamps that others read. Intervals never come from it: it can jump.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    package init(milliseconds: @escaping @Sendable () -> Int64) {
        read = milliseconds
    }

    /// Unix time in milliseconds.
    package var milliseconds: Int64 { read() }

    /// Unix time in seconds, rounded as the original does for its rc file.
    package var seconds: Int64 { (read() + 500) / 1000 }

    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
