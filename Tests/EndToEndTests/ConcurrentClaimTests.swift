// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Sixty-four shells that ask for a notification at the same time")
struct ConcurrentClaimTests {
    private static let rounds = 20

    /// Lines that 64 processes have printed together, round after round.
    private func ask(_ sandbox: Sandbox, mode: String, feed: String, forgets: Bool) async throws -> [[String]] {
        try feed.write(toFile: sandbox.home + "/feed.json", atomically: true, encoding: .utf8)
        let script = """
            slstats ping > /dev/null
            for round in $(seq \(Self.rounds)); do
                \(forgets ? "echo '{}' > \"$HOME/.serverlessrc\"" : "")
                for shell in $(seq 64); do slstats notifications >> shown & done
                wait
                echo --- >> shown
            done
            cat shown
            """
        let result = try await sandbox.run(
            "bash", ["-c", script],
            ["SLSTATS_NOTIFICATIONS_FEED": sandbox.home + "/feed.json", "SLS_NOTIFICATIONS_MODE": mode])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        return result.output.components(separatedBy: "---\n").dropLast().map { round in
            round.split(separator: "\n").map(String.init)
        }
    }

    @Test("one gets it, in every mode but force; in off nobody does [F023]", arguments: ["on", "upgrades-only", "off"])
    func one(mode: String) async throws {
        try await Sandbox.run { sandbox async throws in
            let rounds = try await ask(
                sandbox, mode: mode, feed: #"[{"code":"OUTDATED_MINOR_VERSION","message":"new"}]"#, forgets: true)
            #expect(rounds == Array(repeating: mode == "off" ? [] : ["new"], count: Self.rounds))
        }
    }

    @Test("in force each gets one, and all come to their turn")
    func force() async throws {
        try await Sandbox.run { sandbox async throws in
            let feed = (0..<5).map { #"{"code":"C\#($0)","message":"m\#($0)"}"# }.joined(separator: ",")
            let rounds = try await ask(sandbox, mode: "force", feed: "[\(feed)]", forgets: false)
            #expect(rounds.map(\.count) == Array(repeating: 64, count: Self.rounds))
            let each = Self.rounds * 64 / 5
            #expect(Self.counts(rounds) == ["m0": each, "m1": each, "m2": each, "m3": each, "m4": each])
        }
    }

    private static func counts(_ rounds: [[String]]) -> [String: Int] {
        Dictionary(grouping: rounds.joined()) { $0 }.mapValues(\.count)
    }
}
