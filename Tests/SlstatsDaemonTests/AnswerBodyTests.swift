// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import Testing

/// How much of an answer is looked at. Every body here is a list of one notification with as many spaces in it as it
/// takes: whoever reads it to its end finds something.
@Suite("The bodies of answers")
struct AnswerBodyTests {
    enum Wrapping: String, Sendable, CaseIterable { case plain, chunked, gzip }

    struct Case: Sendable, CustomTestStringConvertible {
        let wrapping: Wrapping
        let size: Int
        let isTaken: Bool

        var testDescription: String { "\(size) bytes, \(wrapping.rawValue)" }
    }

    private static let limit = 64 << 10

    static let cases: [Case] = Wrapping.allCases.flatMap { wrapping in
        [
            Case(wrapping: wrapping, size: 100, isTaken: true), Case(wrapping: wrapping, size: limit, isTaken: true),
            Case(wrapping: wrapping, size: limit + 1, isTaken: false),
            Case(wrapping: wrapping, size: 16 << 20, isTaken: false),
        ]
    }

    private static let beginning = #"[{"code":"NEWS","message":"hello"}"#
    private static let end = "]"

    private static func answer(_ example: Case) throws -> ScriptedCollector.Answer {
        let spaces = example.size - beginning.utf8.count - end.utf8.count
        let list = Array(beginning.utf8) + [UInt8](repeating: 0x20, count: spaces) + Array(end.utf8)
        switch example.wrapping {
        case .plain: return answer("Content-Length: \(list.count)", list)
        case .chunked:
            let chunk = Array((String(list.count, radix: 16) + "\r\n").utf8) + list
            return answer("Transfer-Encoding: chunked", chunk + Array("\r\n0\r\n\r\n".utf8))
        case .gzip:
            let compressed = try gzip(spaces: spaces)
            return answer("Content-Encoding: gzip\r\nContent-Length: \(compressed.count)", compressed)
        }
    }

    private static func answer(_ fields: String, _ body: [UInt8]) -> ScriptedCollector.Answer {
        .raw([Array("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n".utf8), body], closes: false)
    }

    /// The list by gzip(1), in one member.
    private static func gzip(spaces: Int) throws -> [UInt8] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            #"{ printf %s "$1"; head -c "$2" /dev/zero | tr '\0' ' '; printf %s "$3"; } | gzip -9n"#, "sh",
            beginning, "\(spaces)", end,
        ]
        process.standardOutput = output
        try process.run()
        return Array(output.fileHandleForReading.readDataToEndOfFile())
    }

    @Test("64 KiB of a list are read, and nothing of a longer one, however it is packed [F126, F127]", arguments: cases)
    func size(_ example: Case) async throws {
        try await ScriptedCollector.run(try Self.answer(example)) { _, url in
            try await TestDaemon.run {
                $0.collector.url = CollectorURL(url)
            } _: { daemon in
                try await LineConnection.open(daemon.socket) { connection async throws in
                    _ = try await connection.ask("record", #"{"event":{"command":"a"}}"#)
                    #expect(try await connection.flush()["outcome"] == "delivered")
                    #expect(try await connection.ask("status")["events"]?["sent"] == 1)
                    let claim = try await connection.ask("notifications.claim", #"{"facts":{"isTerminal":true}}"#)
                    let code: String? = example.isTaken ? "NEWS" : nil
                    #expect(claim["notification"]?["code"]?.string == code)
                }
            }
        }
    }
}
