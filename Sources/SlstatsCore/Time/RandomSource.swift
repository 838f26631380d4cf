// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Synchronization

/// Where random numbers come from; seeded in tests, so that a failure can be repeated.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private let draw: @Sendable () -> UInt64

    package init(_ draw: @escaping @Sendable () -> UInt64) {
        self.draw = draw
    }

    package func next() -> UInt64 { draw() }

    /// The kernel's, fetched for many numbers at once: a call for each costs more than most of what they are for.
    package static let system: RandomSource = {
        let numbers = Mutex<[UInt64]>([])
        return RandomSource {
            numbers.withLock { numbers in
                if numbers.isEmpty {
                    numbers = [UInt64](unsafeUninitializedCapacity: batch) { buffer, count in
                        var filled = 0
                        let bytes = UnsafeMutableRawBufferPointer(buffer)
                        while filled < bytes.count {
                            let got = getrandom(bytes.baseAddress! + filled, bytes.count - filled, 0)
                            if got > 0 {
                                filled += got
                            } else if errno != EINTR {
                                // Forbidden in this container, or unknown to its kernel: the slower way.
                                for index in filled..<bytes.count { bytes[index] = .random(in: .min ... .max) }
                                filled = bytes.count
                            }
                        }
                        count = batch
                    }
                }
                return numbers.removeLast()
            }
        }
    }()

    /// getrandom(2) gives up to 256 bytes at once, whatever happens.
    private static let batch = 32
}
