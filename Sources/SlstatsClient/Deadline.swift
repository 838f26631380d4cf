// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A moment on the monotonic clock after which the caller has waited long enough.
struct Deadline {
    private let nanoseconds: Int64

    init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds = Self.now() + seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// For poll(2): rounded up, so that a wait never ends before the deadline; 0 once it has passed.
    var remainingMilliseconds: CInt {
        let remaining = max(0, nanoseconds - Self.now())
        return CInt(clamping: (remaining + 999_999) / 1_000_000)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
