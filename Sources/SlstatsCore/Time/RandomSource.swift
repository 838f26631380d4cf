// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Where random numbers come from; seeded in tests, so that a failure can be repeated.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private let draw: @Sendable () -> UInt64

    package init(_ draw: @escaping @Sendable () -> UInt64) {
        self.draw = draw
    }

    package func next() -> UInt64 { draw() }

    package static let system = RandomSource { UInt64.random(in: .min ... .max) }
}
