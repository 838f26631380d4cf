// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Other programs that change one file all the time, without a lock (`Tests/Tools/rc-writer`).
struct ForeignWriters {
    private let processes: [(process: Process, output: Pipe)]
    private let stop: String

    private static let tool = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Tools/rc-writer")

    static func name(_ number: Int) -> String { "writer\(number)" }

    /// - Parameter folder: for the sign to stop.
    static func start(_ count: Int, on file: String, _ folder: String) throws -> ForeignWriters {
        let stop = folder + "/stop"
        let processes = try (0..<count).map { number in
            let process = Process()
            let pipe = Pipe()
            process.executableURL = tool
            process.arguments = [file, name(number), stop]
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            return (process, pipe)
        }
        return ForeignWriters(processes: processes, stop: stop)
    }

    /// Ends them and answers what each has to say: the number of its rounds, or what went wrong.
    func finish() throws -> [String] {
        try Data().write(to: URL(filePath: stop))
        return try processes.map { process, pipe in
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)
        }
    }
}
