// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsCore
internal import SlstatsDaemon
internal import SlstatsProtocol
internal import SystemPackage

/// The environment of this process, read here and nowhere else in the daemon.
enum ProcessSurroundings {
    static let current = SocketLocation.Surroundings(
        userID: geteuid(),
        variable: { getenv($0).map { String(cString: $0) } })

    /// Finds the places, and makes the state folder; on a disk that is read-only everything is kept in memory.
    static func places(_ surroundings: SocketLocation.Surroundings) throws -> DaemonPlaces {
        guard let state = SocketLocation.stateFolder(surroundings) else { throw PlacesError() }
        do {
            try PrivateFolder.create(state)
        } catch {
            guard error.errno == EROFS else { throw error }
        }
        let home = surroundings.absolute("HOME").flatMap { $0 == "/" ? nil : FilePath($0) }
        let consent = Consent.Surroundings(
            state: FilePath(state), home: home, policy: "/etc/slstats/policy.json", userID: surroundings.userID,
            administrator: administrator)
        return DaemonPlaces(
            consent: consent, socket: try .resolve(surroundings), identities: ProcessIdentities.current(surroundings))
    }

    /// Root; in a user namespace that has no root (`PrivateUsers=`) the number that stands for everybody outside it
    /// (user_namespaces(7)).
    static var administrator: UInt32 {
        guard !hasRoot else { return 0 }
        return text("/proc/sys/kernel/overflowuid").flatMap { UInt32($0.prefix { $0.isNumber }) } ?? 65534
    }

    /// Whether there is a root where we are; assumed if the kernel does not say.
    static var hasRoot: Bool {
        guard let map = text("/proc/self/uid_map") else { return true }
        return map.split(separator: "\n").contains { $0.split(separator: " ").first == "0" }
    }

    /// What the kernel says in a file of proc(5).
    static func text(_ path: FilePath) -> String? {
        (try? PosixFileSystem().read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// `$XDG_CONFIG_HOME/slstats/config.json`, else `~/.config/slstats/config.json`.
    static func configurationFile(_ surroundings: SocketLocation.Surroundings) -> FilePath? {
        let folder = surroundings.absolute("XDG_CONFIG_HOME") ?? surroundings.ownHome.map { $0 + "/.config" }
        return folder.map { FilePath($0).appending("slstats").appending("config.json") }
    }
}

/// There is nowhere to keep anything.
struct PlacesError: Error, CustomStringConvertible {
    let description = SocketLocationError(code: .noHome, path: "").description
}
