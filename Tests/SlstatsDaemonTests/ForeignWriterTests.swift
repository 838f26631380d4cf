// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Synchronization
import SystemPackage
import Testing

@Suite("The rc file among programs that know no lock", .serialized)
struct ForeignWriterTests {
    private static let login = "{\n  \"users\": {\"u\": \"secret\"},\n  \"trackingDisabled\": false\n}"
    private static let turns = 200
    private static let writers = 32

    private static func hasPython() -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: $0 + "/python3")
        }
    }

    @Test(
        "200 turns of the switch against 32 writers: each change is the file as it was read plus ours, and the last turn holds [F046]",
        .enabled(if: hasPython(), "needs python3"), arguments: [(200, false), (20, true)])
    func turns(count: Int, isLastOn: Bool) async throws {
        try await TestDaemon.run { daemon in
            // Without the member: a writer that had read it so takes the whole member away again.
            try daemon.writeRcFile(Self.login.replacing(",\n  \"trackingDisabled\": false", with: ""))
            let writers = try ForeignWriters.start(Self.writers, on: daemon.rcFile, daemon.home)
            var slowest = Duration.zero
            try await LineConnection.open(daemon.socket) { connection async throws in
                for turn in 1...count {
                    let isOn = (turn.isMultiple(of: 2)) == isLastOn
                    let started = ContinuousClock.now
                    let answer = try await connection.ask("telemetry.set", "{\"enabled\":\(isOn)}")
                    slowest = max(slowest, ContinuousClock.now - started)
                    #expect(answer["enabled"]?.bool == isOn, "\(answer)")
                    // Whole at any moment; the writers would stop at once as well.
                    let text = try #require(daemon.readRcFile())
                    #expect((try? JSON(parsing: text))?["users"] == ["u": "secret"])
                }
            }
            let rounds = try writers.finish()
            #expect(rounds.allSatisfy { Int($0) != nil }, "\(rounds)")
            print("turns: slowest \(slowest), writers \(rounds.compactMap { Int($0) }.reduce(0, +)) rounds")

            let text = try #require(daemon.readRcFile())
            #expect(try JSON(parsing: text)["trackingDisabled"]?.bool == !isLastOn)
            try await LineConnection.open(daemon.socket) { connection async throws in
                #expect(try await connection.ask("telemetry.explain")["enabled"]?.bool == isLastOn)
            }
        }
    }

    /// The daemon tries again after a pause; here the others are the pause.
    private static func patiently(_ change: () throws(RcFileError) -> Int) throws -> Int {
        var tries = 0
        while true {
            tries += 1
            do throws(RcFileError) { return try change() } catch {
                guard error.isContended, tries < 100 else { throw error }
            }
        }
    }

    @Test(
        "no key that was in the file when we read it is lost by our change [F046]",
        .enabled(if: hasPython(), "needs python3"))
    func nothingLost() throws {
        let home = try TestDaemon.makeHome()
        defer { try? FileManager.default.removeItem(atPath: home) }
        let path = home + "/.serverlessrc"
        try Data(Self.login.utf8).write(to: URL(filePath: path))
        let writers = try ForeignWriters.start(Self.writers, on: path, home)
        let files = ObservedFileSystem()
        var rcFile = RcFile(
            RcFileLocation(home: FilePath(home)), userID: geteuid(), files: files, clock: .system, random: .system)
        var conflicts = 0
        for turn in 1...Self.turns {
            conflicts += try Self.patiently { () throws(RcFileError) in
                try rcFile.set([Consent.switchChange(isEnabled: turn.isMultiple(of: 2))])
            }
            let change = try #require(files.lastChange)
            #expect(
                JSONEdit.isOnlyChanged(
                    at: [["trackingDisabled"], ["meta", "updated_at"]], from: change.read, to: change.written))
        }
        let rounds = try writers.finish()
        #expect(rounds.allSatisfy { Int($0) != nil }, "\(rounds)")
        // Or the writers were not in the way, and nothing was proved.
        #expect(conflicts > 0)
        print("changes: \(conflicts) conflicts")
    }
}

/// The real files, with the last content that was compared before a rename and the content that was renamed.
private final class ObservedFileSystem: FileSystem {
    private let files = PosixFileSystem()
    private let state = Mutex((read: [UInt8](), written: [UInt8](), last: nil as Change?))

    typealias Change = (read: [UInt8], written: [UInt8])

    var lastChange: Change? { state.withLock { $0.last } }

    func read(_ path: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        let bytes = try files.read(path, limit: limit)
        state.withLock { $0.read = bytes }
        return bytes
    }

    func rename(_ from: FilePath, to target: FilePath) throws(FileError) {
        let written = try files.read(from, limit: 1 << 20)
        try files.rename(from, to: target)
        state.withLock { $0.last = ($0.read, written) }
    }

    func createFolder(_ path: FilePath) throws(FileError) { try files.createFolder(path) }
    func names(in folder: FilePath) throws(FileError) -> [String] { try files.names(in: folder) }
    func status(of path: FilePath) throws(FileError) -> FileStatus? { try files.status(of: path) }
    func create(_ path: FilePath) throws(FileError) -> any AppendableFile { try files.create(path) }
    func open(_ path: FilePath) throws(FileError) -> any AppendableFile { try files.open(path) }
    func readBeginning(of path: FilePath, count: Int) throws(FileError) -> [UInt8] {
        try files.readBeginning(of: path, count: count)
    }
    func overwrite(_ path: FilePath, with bytes: [UInt8], at offset: Int) throws(FileError) {
        try files.overwrite(path, with: bytes, at: offset)
    }
    func publish(_ from: FilePath, as target: FilePath) throws(FileError) { try files.publish(from, as: target) }
    func remove(_ path: FilePath) throws(FileError) { try files.remove(path) }
    func syncFolder(_ path: FilePath) throws(FileError) { try files.syncFolder(path) }
    func copyAttributes(of status: FileStatus, at old: FilePath, to new: FilePath) throws(FileError) {
        try files.copyAttributes(of: status, at: old, to: new)
    }
    func isLink(_ path: FilePath) throws(FileError) -> Bool { try files.isLink(path) }

    func finalTarget(of path: FilePath, trusting owners: Set<UInt32>) throws(FileError) -> FilePath {
        try files.finalTarget(of: path, trusting: owners)
    }
}
