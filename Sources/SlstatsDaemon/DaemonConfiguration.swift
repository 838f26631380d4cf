// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsCore
package import SlstatsProtocol
package import SystemPackage

/// Everything that can be set, with its defaults. Where the values come from is in ``ConfigurationSources``.
package struct DaemonConfiguration: Sendable, Equatable {
    /// `nil`: local only, nothing leaves the machine.
    package var collectorURL: String?
    package var spool = SpoolLimits()
    package var flush = FlushStateMachine.Thresholds()

    package init() {}
}

/// Where a daemon keeps its things, found from the environment rather than configured.
package struct DaemonPlaces: Sendable, Equatable {
    package let state: FilePath
    /// `nil` where there is none: no rc file then.
    package let home: FilePath?
    package let userID: UInt32
    package let socket: SocketLocation

    package init(state: FilePath, home: FilePath?, userID: UInt32, socket: SocketLocation) {
        self.state = state
        self.home = home
        self.userID = userID
        self.socket = socket
    }
}
