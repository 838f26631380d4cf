// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CSystemd
internal import Glibc

/// What the service manager is told (sd_notify(3)); without one it goes nowhere.
package enum ServiceNotification {
    /// A request would be answered from now on.
    package static func ready() { send("READY=1") }

    /// A line for whoever looks at the unit.
    package static func status(_ status: String) { send("STATUS=\(status)") }

    /// The configuration is read again; ``ready()`` follows.
    package static func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    /// How often the manager wants to hear that we live, to be on the safe side twice as often as it says
    /// (sd_watchdog_enabled(3)); `nil` if it does not.
    package static func watchdogInterval() -> Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 1 else { return nil }
        return .microseconds(microseconds / 2)
    }

    package static func alive() { send("WATCHDOG=1") }

    package static func stopping() { send("STOPPING=1\nSTATUS=Stopping") }

    private static func send(_ state: String) { sd_notify(0, state) }
}
