// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import Synchronization

/// A clock that stands still until the test moves it: time that passes, or only the hands.
final class TestClock: Sendable {
    private let time: Mutex<(wall: Int64, steady: Int64)>

    init(_ milliseconds: Int64) { time = Mutex((milliseconds, milliseconds)) }

    var clock: WallClock {
        WallClock(
            milliseconds: { self.time.withLock { $0.wall } }, steadyMilliseconds: { self.time.withLock { $0.steady } })
    }

    func advance(by milliseconds: Int64) {
        time.withLock { time in
            time.wall += milliseconds
            time.steady += milliseconds
        }
    }

    /// Somebody sets the clock.
    func jump(by milliseconds: Int64) { time.withLock { $0.wall += milliseconds } }
}
