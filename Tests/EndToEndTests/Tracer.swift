// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// strace(1) on a running process, to make one of its system calls fail or the last one.
enum Tracer {
    /// Enough for what a test starts under it; `isThere` is for what runs already.
    static var hasStrace: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") }

    static var isThere: Bool {
        // Only root may always attach to what it has not started.
        geteuid() == 0 && hasStrace
    }

    /// One system call of a run: the how-manieth of its name in its thread, which is how strace counts.
    struct Call: Sendable, CustomStringConvertible {
        let name: String
        let number: Int

        var description: String { "\(name) \(number)" }
    }

    /// The calls of the thread that serves the socket.
    static func calls(in log: String) -> [Call] {
        let lines = lines(of: log)
        guard let serving = lines.first(where: { $0.name == "accept4" })?.thread else { return [] }
        return numbered(lines.filter { $0.thread == serving })
    }

    /// The calls of every thread; strace counts for each thread, so that the n-th of a name is that of whoever comes to
    /// it first.
    static func callsOfAllThreads(in log: String) -> [Call] {
        var seen: Set<String> = []
        return Dictionary(grouping: lines(of: log), by: \.thread).values.flatMap(numbered)
            .filter { seen.insert($0.description).inserted }.sorted { ($0.name, $0.number) < ($1.name, $1.number) }
    }

    private static func numbered(_ lines: [(thread: Substring, name: String)]) -> [Call] {
        var counts: [String: Int] = [:]
        return lines.map { line in
            counts[line.name, default: 0] += 1
            return Call(name: line.name, number: counts[line.name] ?? 0)
        }
    }

    private static func lines(of log: String) -> [(thread: Substring, name: String)] {
        log.split(separator: "\n").compactMap { line -> (thread: Substring, name: String)? in
            let words = line.split(separator: " ", maxSplits: 1)
            // What was going on when we came, and the second half of an interrupted line, are no calls.
            let call = words.last?.drop { $0 == " " } ?? ""
            guard words.count == 2, let end = call.firstIndex(of: "("), !call.hasPrefix("<") else { return nil }
            return (words[0], String(call[..<end]))
        }
    }

    /// Runs a command while every thread of the process is being watched, and lets go of the process behind it.
    ///
    /// - Parameters:
    ///   - call: the one to which something happens; all are only looked at without it.
    ///   - fault: what happens to it, such as `signal=KILL`.
    /// - Returns: what came of the command, and the calls that were seen, one a line.
    static func watch(
        _ sandbox: Sandbox, _ pid: Int32, _ call: Call?, _ fault: String, _ command: String
    ) async throws -> (result: Sandbox.Result, calls: String) {
        let script = """
            rm -f calls attached
            strace -f -p "$1" -o calls ${2:+-e "inject=$2"} 2> attached &
            until grep -q attached attached 2> /dev/null; do :; done
            \(command)
            status=$?
            kill $! 2> /dev/null
            # A tracer does not notice the end of a process that nobody has reaped.
            while kill -0 $! 2> /dev/null; do grep -q '^State:.*[ZX]' "/proc/$1/status" 2> /dev/null && kill -9 $!; done
            wait $! 2> /dev/null
            exit $status
            """
        let injection = call.map { "\($0.name):\(fault):when=\($0.number)" } ?? ""
        let result = try await sandbox.run("bash", ["-c", script, "bash", "\(pid)", injection])
        return (result, (try? String(contentsOfFile: sandbox.home + "/calls", encoding: .utf8)) ?? "")
    }
}
