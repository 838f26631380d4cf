// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("Other users")
struct SecurityTests {
    @Test(
        "a connection of another user is closed, and the owner is served on [F062]",
        .enabled(if: geteuid() == 0, "needs root to become another user"),
        .enabled(if: Sandbox.staticClient != nil, "needs the static client: run make test"))
    func foreignUser() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            // As if somebody had loosened the modes: only the peer's credentials stand in the way now.
            for path in [sandbox.home, sandbox.home + "/run", sandbox.home + "/run/slstats", sandbox.socket] {
                chmod(path, 0o777)
            }
            let bin = try sandbox.installPrograms()
            let foreign = try await sandbox.run(
                "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", bin + "/slstats", "ping"],
                ["SLSTATS_SOCKET": sandbox.socket])
            #expect(foreign.status == 69)
            #expect(foreign.errors.contains("closed the connection") || foreign.errors.contains("broke"))
            #expect(try await sandbox.slstats("ping").status == 0)
            #expect(try await sandbox.status()["events"]?["recorded"] == 0)
        }
    }

    @Test("folder and socket are the user's alone")
    func modes() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("record", "a", "--sync", "--strict")
            func mode(_ path: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            #expect(try mode(sandbox.home + "/run/slstats") == 0o700)
            #expect(try mode(sandbox.socket) == 0o600)
            #expect(try mode(sandbox.state) == 0o700)
            #expect(try mode(sandbox.state + "/spool") == 0o700)
        }
    }
}
