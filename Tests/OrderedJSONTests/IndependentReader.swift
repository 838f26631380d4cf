// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program that is not ours and reads lines from a file.
enum IndependentReader {
    /// - Returns: what it prints; `nil` if there is no such program.
    static func run(_ program: String, _ arguments: [String], _ lines: [String]) throws -> String? {
        let file = FileManager.default.temporaryDirectory.appending(path: "slj-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments + [file.path]
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return process.terminationStatus == 127 ? nil : String(decoding: output, as: UTF8.self)
    }
}

/// Random numbers that a failure can be repeated with.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
