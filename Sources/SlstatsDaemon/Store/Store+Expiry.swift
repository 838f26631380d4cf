// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import SlstatsCore

extension Store {
    private static var shortestExpiryWait: Int64 { 1000 }
    /// The timer's clock stands still while the machine sleeps, so it looks again from time to time.
    private static var longestExpiryWait: Int64 { 6 * 3600 * 1000 }

    /// Armed while something is pending, so that what nobody fetches does not stay for ever.
    func armExpiryTimer() {
        guard expiryTimer == nil, let due = spool.nextExpiry else { return }
        let wait = min(max(due - clock.steadyMilliseconds, Self.shortestExpiryWait), Self.longestExpiryWait)
        expiryTimer = loop.scheduleTask(in: .milliseconds(wait)) {
            self.assumeIsolated { store in
                store.expiryTimer = nil
                store.expire()
                store.armExpiryTimer()
            }
        }
    }

    private func expire() {
        // The timer comes again.
        guard sentKeeping == nil else { return }
        do throws(FileError) {
            try spool.expire()
        } catch {
            logger.error("old events not dropped, will try again", metadata: ["error": "\(error)"])
        }
        armSyncTimer()
    }
}
