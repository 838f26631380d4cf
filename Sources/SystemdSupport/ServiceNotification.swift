// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CSystemd

/// What the service manager is told (sd_notify(3)); without one it goes nowhere.
package enum ServiceNotification {
    /// A request would be answered from now on.
    package static func ready(status: String) { send("READY=1\nSTATUS=\(status)") }

    package static func stopping() { send("STOPPING=1\nSTATUS=Stopping") }

    private static func send(_ state: String) { sd_notify(0, state) }
}
