// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsDaemon
internal import SlstatsProtocol
internal import SystemPackage

/// The environment of this process, read here and nowhere else in the daemon.
enum ProcessSurroundings {
    static let current = SocketLocation.Surroundings(
        userID: geteuid(),
        variable: { getenv($0).map { String(cString: $0) } },
        isOwnFolder: { path in
            var status = stat()
            return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
        })

    /// Finds the places, and makes the state folder.
    static func places(_ surroundings: SocketLocation.Surroundings) throws -> DaemonPlaces {
        guard let state = SocketLocation.stateFolder(surroundings) else { throw PlacesError() }
        try PrivateFolder.create(state)
        let home = surroundings.absolute("HOME").flatMap { $0 == "/" ? nil : FilePath($0) }
        return DaemonPlaces(
            state: FilePath(state), home: home, userID: surroundings.userID, socket: try .resolve(surroundings))
    }

    /// `$XDG_CONFIG_HOME/slstats/config.json`, else `~/.config/slstats/config.json`.
    static func configurationFile(_ surroundings: SocketLocation.Surroundings) -> FilePath? {
        let folder = surroundings.absolute("XDG_CONFIG_HOME") ?? surroundings.absolute("HOME").map { $0 + "/.config" }
        return folder.map { FilePath($0).appending("slstats").appending("config.json") }
    }
}

/// There is nowhere to keep anything.
struct PlacesError: Error, CustomStringConvertible {
    let description = "neither XDG_STATE_HOME nor HOME names a folder to keep the state in"
}
