// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// How long to wait after a failure: full jitter, uniform(0, min(cap, base·2ⁿ)).
///
/// Anything less spread keeps a herd together: after an outage all clients failed at the same moment
/// (engineering-notes, section 6).
package struct Backoff: Sendable {
    private static let base = 1.0
    private static let cap = 15.0 * 60
    private static let firstWindow = 60.0

    private var failures = 0
    private var random: RandomSource

    package init(random: RandomSource) {
        self.random = random
    }

    package mutating func succeeded() { failures = 0 }

    package mutating func nextDelay() -> Duration {
        let window = min(Self.cap, Self.base * Double(1 << min(failures, 20)))
        failures += 1
        // Not below a second: full jitter may draw zero, and a dead collector would be asked in a loop.
        return max(.seconds(1), draw(window))
    }

    /// Before the first attempt after a start.
    package mutating func firstDelay() -> Duration { draw(Self.firstWindow) }

    private mutating func draw(_ window: Double) -> Duration {
        .milliseconds(Int64.random(in: 0...Int64(window * 1000), using: &random))
    }
}
