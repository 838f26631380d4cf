// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsDaemon
import SlstatsProtocol
import Testing

@Suite("The examples of Protocol.md")
struct ProtocolPageTests {
    private static func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(
            contentsOf: root.appending(path: "Sources/SlstatsProtocol/SlstatsProtocol.docc/Protocol.md"),
            encoding: .utf8)
    }

    @Test("every request of the page is answered as the page says, on one connection")
    func exchanges() async throws {
        let lines = try Self.page().split(separator: "\n").filter { $0.hasPrefix("--> ") || $0.hasPrefix("<-- ") }
        #expect(lines.count == 42)
        try await TestDaemon.run { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                for line in lines {
                    let text = String(line.dropFirst(4))
                    guard line.hasPrefix("<") else {
                        try await connection.send(text + "\n")
                        continue
                    }
                    let reply = try await connection.receive()?.serialized() ?? "closed"
                    let general = reply.replacing(daemon.home, with: "HOME")
                        .replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, with: "UUID")
                    #expect(general == text)
                }
            }
        }
    }

    @Test("every method and every reason of the code is on the page")
    func completeness() throws {
        let page = try Self.page()

        for method in Method.allCases { #expect(page.contains(method.rawValue)) }
        for reason in ProtocolError.Reason.allCases { #expect(page.contains("`\(reason.rawValue)`")) }
    }
}
