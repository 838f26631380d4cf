// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Subprocess
import SystemPackage
import Testing

/// A home of its own, in which the real programs run, and which is empty of processes afterwards.
struct Sandbox: Sendable {
    let home: String
    /// Where the three programs are.
    let bin: String
    private let variables: [String: String]

    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String

        var json: JSON { (try? JSON(parsing: output)) ?? .null }
    }

    /// Where the build put things: beside the test bundle.
    private static let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().path

    /// Set by `make test`; the client as it is shipped.
    static var staticClient: String? { ProcessInfo.processInfo.environment["SLSTATS_STATIC_CLIENT"] }

    /// Set by `make test-long`; the daemon as it is shipped, with its symbols.
    static var releaseDaemon: String? { ProcessInfo.processInfo.environment["SLSTATS_RELEASE_DAEMON"] }

    /// Set by `make test-long`: each bit, each call and a thousand kills, where `make test` takes some of them.
    static let isLong = ProcessInfo.processInfo.environment["SLSTATS_LONG"] != nil

    /// The repository, found from this file.
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func run<Value: Sendable>(
        _ variables: [String: String] = [:], _ body: @Sendable (Sandbox) async throws -> Value
    ) async throws -> Value {
        let home = FileManager.default.temporaryDirectory.appending(path: "sle-\(UUID().uuidString.prefix(8))").path
        let sandbox = Sandbox(home: home, bin: products, variables: variables)
        for folder in [home, home + "/run"] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        let outcome: Swift.Result<Value, any Error>
        do { outcome = .success(try await body(sandbox)) } catch { outcome = .failure(error) }
        await sandbox.stopDaemon()
        try await sandbox.removeHome()
        return try outcome.get()
    }

    /// What a script has told to end may still be putting files away.
    private func removeHome() async throws {
        for _ in 0..<50 {
            if (try? FileManager.default.removeItem(atPath: home)) != nil { return }
            _ = try await run("sleep", ["0.1"], folder: "/")
        }
        try FileManager.default.removeItem(atPath: home)
    }

    /// All that a script prints in a sandbox of its own.
    static func output(of interpreter: String, _ script: String) async throws -> String {
        try await run { sandbox async throws in
            let result = try await sandbox.run("timeout", ["100", interpreter, "-c", script])
            return result.output + result.errors
        }
    }

    /// The same of bash, where a variable that nobody has set is a mistake.
    static func bash(_ script: String) async throws -> String { try await output(of: "bash", "set -u\n" + script) }

    /// A folder of the programs as they are installed: copies, which other users may run, as they are shipped where
    /// there is one. Links would not do, since a client looks for the daemon beside its own executable.
    func installPrograms() throws -> String {
        let folder = home + "/bin"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let client = Self.staticClient ?? "\(Self.products)/slstats"
        try FileManager.default.copyItem(atPath: client, toPath: folder + "/slstats")
        let daemon = Self.releaseDaemon ?? "\(Self.products)/slstatsd"
        try FileManager.default.copyItem(atPath: daemon, toPath: folder + "/slstatsd")
        let collector = "\(Self.products)/slstats-collector"
        try FileManager.default.copyItem(atPath: collector, toPath: folder + "/slstats-collector")
        return folder
    }

    // MARK: - Running programs

    /// Runs a program of ours, or any other, with nothing in its environment but what is said.
    func run(
        _ program: String, _ arguments: [String] = [], _ more: [String: String] = [:], input: String = "",
        folder: String? = nil
    ) async throws -> Result {
        let isOurs = program.hasPrefix("slstats")
        let result = try await Subprocess.run(
            program.contains("/") || isOurs ? .path(FilePath(isOurs ? "\(bin)/\(program)" : program)) : .name(program),
            arguments: Arguments(arguments),
            environment: environment(more), workingDirectory: FilePath(folder ?? home), input: .string(input),
            output: .string(limit: 4 << 20), error: .string(limit: 4 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): Int32(code)
            case .signaled(let signal): 128 + Int32(signal)
            }
        return Result(status: status, output: result.standardOutput, errors: result.standardError)
    }

    func slstats(_ arguments: String...) async throws -> Result { try await run("slstats", arguments) }

    func environment(_ more: [String: String] = [:]) -> Environment {
        var all = [
            "HOME": home, "XDG_RUNTIME_DIR": home + "/run",
            "PATH": bin + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
            "LANG": "C.UTF-8",
            // A machine that builds and tests may be slower than any shell should wait; who tests the 250 ms says so.
            "SLSTATS_TIMEOUT": "60",
            // Nor is a collector on a disk that stalls one that does not answer.
            "SLSTATS_COLLECTOR_TIMEOUT": "60s",
            // Who tests the disclosure says so.
            "SLSTATS_CONSENT_DISCLOSURE": "vendor",
            // Tests record as much as they like.
            "SLSTATS_SENDER_EVENTSPERHOUR": "1000000000",
        ]
        // The debug programs load the toolchain's libraries.
        all["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
        // Of `make test-sanitized`.
        for name in ["ASAN_OPTIONS", "TSAN_OPTIONS"] { all[name] = ProcessInfo.processInfo.environment[name] }
        all.merge(variables) { $1 }
        all.merge(more) { $1 }
        return .custom(
            Dictionary(
                uniqueKeysWithValues: all.compactMap { key, value in
                    Environment.Key(rawValue: key).map { ($0, value) }
                }))
    }

    // MARK: - The daemon

    var state: String { home + "/.local/state/slstats" }
    var rcFile: String { home + "/.serverlessrc" }
    var socket: String { home + "/run/slstats/slstatsd.sock" }

    func status() async throws -> JSON { try await slstats("status", "--json").json }

    /// Processes that were started for this home.
    func processes(named name: String) -> [Int32] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { pid in
            guard let comm = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8), comm == name + "\n",
                let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ")
            else { return false }
            return environment.split(separator: 0).contains { $0.elementsEqual("HOME=\(home)".utf8) }
        }
    }

    /// Ends the daemon and returns when it has let go of its lock, which is its last act.
    func stopDaemon(_ signal: Int32 = SIGTERM) async {
        for pid in processes(named: "slstatsd") { kill(pid, signal) }
        guard FileManager.default.fileExists(atPath: state + "/lock") else { return }
        _ = try? await run("flock", ["--timeout", "20", state + "/lock", "true"])
    }
}
