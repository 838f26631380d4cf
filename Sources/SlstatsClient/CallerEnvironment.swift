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

    package var surroundings: SocketLocation.Surroundings {
        SocketLocation.Surroundings(userID: geteuid(), variable: lookUp, isOwnFolder: Self.isOwnFolder)
    }

    private static func isOwnFolder(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
    }
}
