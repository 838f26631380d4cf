// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SlstatsClient
import SlstatsProtocol
import Testing

@Suite("A client never waits longer than it was told")
struct DeadlineTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "slc-\(UUID().uuidString.prefix(8))")
        .path

    private func client(_ deadline: Duration = .milliseconds(50)) throws -> SlstatsClient {
        let path = folder + "/s/d.sock"
        return try SlstatsClient(
            environment: CallerEnvironment { $0 == "SLSTATS_SOCKET" ? path : nil }, launcher: nil, deadline: deadline)
    }

    private func withListener(_ body: (borrowing UnixSocket) throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        switch try ListenerClaim.make(at: try client().location) {
        case .alive: Issue.record("somebody listens in a new folder")
        case .busy: Issue.record("somebody listens in a new folder, and many wait")
        case .bound(let listener): try body(listener)
        }
    }

    @Test("a daemon that accepts and never answers costs the deadline [F081]")
    func silence() throws {
        try withListener { _ in
            let start = ContinuousClock.now
            let error = #expect(throws: SlstatsClientError.self) { try client().record(event: "{}") }
            #expect(error?.code == .timedOut)
            let waited = ContinuousClock.now - start
            #expect(waited >= .milliseconds(50))
            // Far above what the scheduler of a loaded machine adds, far below a wait for the daemon.
            #expect(waited < .seconds(30))
        }
    }

    @Test(
        "a command waits 250 ms, or the seconds of SLSTATS_TIMEOUT if they are a time [F004]",
        arguments: [
            (nil, 0.25), ("2", 2), ("0.05", 0.05), ("", 0.25), ("0", 0.25), ("-1", 0.25), ("nan", 0.25), ("inf", 0.25),
            ("1e9", 0.25), ("5s", 0.25),
        ] as [(String?, Double)])
    func patience(value: String?, seconds: Double) {
        let environment = CallerEnvironment { $0 == "SLSTATS_TIMEOUT" ? value : nil }
        #expect(environment.deadline == .seconds(seconds))
    }

    @Test("nobody there and nobody to start is said with the way out")
    func nobody() throws {
        let error = #expect(throws: SlstatsClientError.self) { try client().record(event: "{}") }

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("systemctl --user restart slstatsd.socket") == true)
    }

    @Test("telemetry off on this side asks nobody [F010]")
    func off() throws {
        let client = try SlstatsClient(
            environment: CallerEnvironment { ["SLSTATS_SOCKET": "/nonexistent/s", "DO_NOT_TRACK": "1"][$0] },
            launcher: nil,
            deadline: .seconds(1))

        #expect(try client.record(event: "{}") == .telemetryOff(decidedBy: "DO_NOT_TRACK"))
    }

    @Test(
        "what is no JSON object is refused before anything is sent",
        arguments: ["", "[]", "1", "{", "{\"a\":1,\"a\":2}"])
    func notAnObject(_ event: String) throws {
        let error = #expect(throws: SlstatsClientError.self) { try client().record(event: event) }

        #expect(error?.reason == "event-refused")
    }

    @Test("a request longer than a line is refused here")
    func tooLarge() throws {
        let event = "{\"command\":\"\(String(repeating: "x", count: 70_000))\"}"
        let error = #expect(throws: SlstatsClientError.self) { try client().record(event: event) }

        #expect(error?.code == .tooLarge)
    }

    @Test("a claim finds a listener, replaces a dead socket and never a plain file [F056]")
    func claims() throws {
        let location = try client().location
        try withListener { _ in
            guard case .alive = try ListenerClaim.make(at: location) else {
                Issue.record("a live socket was claimed")
                return
            }
            let mode = try FileManager.default.attributesOfItem(atPath: location.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        try FileManager.default.createDirectory(atPath: location.folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // As one that died leaves it: a socket, and nobody behind it.
        let dead: mode_t = 0o140600
        #expect(mknod(location.path, dead, 0) == 0)
        #expect(ListenerClaim.inode(at: location) != nil)
        guard case .bound = try ListenerClaim.make(at: location) else {
            Issue.record("a dead socket was taken for a live one")
            return
        }
        try FileManager.default.removeItem(atPath: location.path)
        try Data("precious".utf8).write(to: URL(filePath: location.path))
        let error = #expect(throws: ListenerClaimError.self) {
            _ = try ListenerClaim.make(at: location)
        }
        #expect(error?.description.contains("is not a socket") == true)
        #expect(try Data(contentsOf: URL(filePath: location.path)) == Data("precious".utf8))
    }

    @Test("who starts a daemon at the same moment is waited for as long as the call may take, and not for ever [F058]")
    func startedByAnother() throws {
        let location = try client().location
        try FileManager.default.createDirectory(atPath: location.folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lock = open(location.path + ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        #expect(flock(lock, LOCK_EX) == 0)
        let clock = ContinuousClock()
        for patience in [20, 600] as [CInt] {
            let start = clock.now
            #expect(throws: ListenerClaimError.self) { _ = try ListenerClaim.make(at: location, patience: patience) }
            #expect(clock.now - start >= .milliseconds(patience))
        }
        close(lock)
        guard case .bound = try ListenerClaim.make(at: location, patience: 20) else {
            Issue.record("nobody held the lock, and it was not to be had")
            return
        }
    }

    @Test("a folder that somebody chose keeps its mode, one that bears our name is tightened")
    func folderModes() throws {
        try FileManager.default.createDirectory(atPath: folder + "/slstats", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["", "/slstats"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + name)
        }

        try PrivateFolder.create(folder)
        try PrivateFolder.create(folder + "/slstats")

        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(folder) == 0o755)
        #expect(try mode(folder + "/slstats") == 0o700)
    }

    @Test("the socket of a listener that died is replaced [F056]")
    func stale() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let location = try client().location
        for _ in 0..<3 {
            // Bound and dropped: the path stays, nobody listens.
            guard case .bound = try ListenerClaim.make(at: location) else {
                Issue.record("a dead socket was taken for a live one")
                return
            }
        }
    }
}
