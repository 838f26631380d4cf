// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import SlstatsClient

/// Declared twice: here for help, completions and the rarer forms, in `FastPath` for speed. A test holds both together.
struct Record: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Record one event. Silent, and successful whatever happens.",
        discussion: """
            Dotted keys nest: versions.serverless=3.38.0. Values that are JSON scalars keep their type. \
            Fields that are not in the catalogue are refused; --strict tells which.
            """)

    @Argument(
        help: ArgumentHelp("The command that ran, and its fields as KEY=VALUE.", valueName: "command | key=value"))
    var words: [String] = []

    @Option(help: ArgumentHelp("A JSON object to start from, or - to read it from stdin.", valueName: "json"))
    var payload: String?

    @Flag(help: "Return only once the event is on stable storage.")
    var sync = false

    @Flag(help: "Report failures by exit code and on stderr.")
    var strict = false

    func run() throws {
        let status = RecordRun(input: try input()).run(.process)
        if status != .success { throw ExitCode(status.rawValue) }
    }

    func input(readingFrom descriptor: CInt = STDIN_FILENO) throws -> RecordInput {
        let payload = payload == "-" ? try Self.readAll(descriptor) : payload
        return RecordInput(words: words, payload: payload, isSynced: sync, isStrict: strict)
    }

    /// No more than a request may hold, and no longer than a request may take: a pipe that nobody writes to must not
    /// hold up the command we are part of.
    private static func readAll(_ descriptor: CInt) throws -> String {
        let deadline = ContinuousClock.now + CallerEnvironment.process.deadline
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= 64 << 10 {
            let remaining = max(.zero, deadline - ContinuousClock.now) / .milliseconds(1)
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, CInt(remaining.rounded(.up))) > 0 else {
                throw ValidationError("--payload -: nothing came from stdin in time.")
            }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ValidationError("--payload -: stdin is not UTF-8.")
        }
        return text
    }
}
