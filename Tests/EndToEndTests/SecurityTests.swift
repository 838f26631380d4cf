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
        }
    }

    @Test("of the environment of whoever starts it the daemon keeps what says where things are [F011]")
    func environment() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.run(
                "slstats", ["ping"], ["AWS_SECRET_ACCESS_KEY": "canary", "SLSTATS_FLUSH_EVENTS": "7"])
            let pid = try #require(sandbox.processes(named: "slstatsd").first)
            let bytes = try #require(FileManager.default.contents(atPath: "/proc/\(pid)/environ"))
            let names = String(decoding: bytes, as: UTF8.self).split(separator: "\0").map { $0.prefix { $0 != "=" } }
            #expect(names.contains("SLSTATS_FLUSH_EVENTS"))
            #expect(!names.contains("AWS_SECRET_ACCESS_KEY"))
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd") == "/")
        }
    }

    @Test("folders, socket and files are the user's alone [F045]")
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
            _ = try await sandbox.slstats("--disable")
            for file in try FileManager.default.subpathsOfDirectory(atPath: sandbox.state) where file.contains(".") {
                #expect(try mode(sandbox.state + "/" + file) == 0o600, "\(file)")
            }
            #expect(try mode(sandbox.home + "/.serverlessrc") == 0o600)
        }
    }
}
