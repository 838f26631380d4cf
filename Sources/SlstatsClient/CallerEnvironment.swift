// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import SlstatsProtocol

/// The environment of the calling process: the one place where the client reads it.
///
/// No name service is asked: a statically linked program has none (engineering-notes, section 5).
package struct CallerEnvironment: Sendable {
    private let lookUp: @Sendable (String) -> String?

    package init(variable: @escaping @Sendable (String) -> String?) {
        lookUp = variable
    }

    package static let process = CallerEnvironment { name in getenv(name).map { String(cString: $0) } }

    package func variable(_ name: String) -> String? { lookUp(name) }

    /// How long a command that runs inside another may wait for the daemon.
    ///
    /// `SLSTATS_TIMEOUT` in seconds, fractions too, for machines so busy or slow that the 250 ms are missed and events
    /// with them. A value that is no time is as good as none: nobody reads what a hot command prints.
    package var deadline: Duration {
        guard let seconds = variable("SLSTATS_TIMEOUT").flatMap(Double.init), 0.001...3600 ~= seconds else {
            return SlstatsClient.defaultDeadline
        }
        return .seconds(seconds)
    }

    /// `nil` if the variable's value can name no rc file.
    package var stage: PlatformStage? { PlatformStage(variable: variable("SERVERLESS_PLATFORM_STAGE")) }

    /// The home for the daemon to compare with its own: it may have been started by somebody with another.
    package var homeIdentity: String? {
        var status = stat()
        guard let path = variable("HOME"), !path.isEmpty, stat(path, &status) == 0 else { return nil }
        return Facts.identity(ofHome: UInt64(status.st_dev), UInt64(status.st_ino))
    }

    /// Whether a folder is the caller's home, by whatever name.
    package func isHome(_ folder: String) -> Bool {
        var status = stat()
        guard let home = homeIdentity, stat(folder, &status) == 0 else { return false }
        return home == Facts.identity(ofHome: UInt64(status.st_dev), UInt64(status.st_ino))
    }

    package var surroundings: SocketLocation.Surroundings {
        SocketLocation.Surroundings(userID: geteuid(), variable: lookUp)
    }
}
