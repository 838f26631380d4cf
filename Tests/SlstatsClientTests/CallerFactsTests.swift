// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SlstatsClient
import SlstatsProtocol
import Testing

@Suite("What the caller's side concludes")
struct CallerFactsTests {
    private func facts(_ variables: [String: String], folder: String = "/nonexistent") -> Facts {
        Facts(CallerEnvironment { variables[$0] }, projectFolder: folder)
    }

    @Test("switches are named in the order in which they are looked at")
    func switches() {
        #expect(facts([:]).off == [])
        #expect(
            facts(["DO_NOT_TRACK": "1", "SLS_TELEMETRY_DISABLED": "0"]).off == [
                "SLS_TELEMETRY_DISABLED", "DO_NOT_TRACK",
            ])
    }

    @Test("mode and CI go together")
    func mode() {
        #expect(facts([:]).notificationsMode == .on)
        #expect(facts(["CI": "1"]).notificationsMode == .upgradesOnly)
        #expect(facts(["CI": "1", "SLS_NOTIFICATIONS_MODE": "force"]).notificationsMode == .force)
        #expect(facts(["CI": "1"]).ciName == "unknown")
        #expect(facts(["BUILDKITE": "1"]).ciName == "Buildkite")
        #expect(facts([:]).ciName == nil)
    }

    @Test(
        "a project file can say no and nothing else; one that cannot be understood is a no",
        arguments: [
            ("{\"trackingDisabled\":true}", true), ("{\"trackingDisabled\":false}", false), ("{}", false),
            ("{\"trackingDisabled\":null}", true), ("{\"trackingDisabled\":0}", true), ("{", true), ("", true),
            ("[]", true),
        ])
    func projectFile(_ content: String, _ isOff: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slstats-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(content.utf8).write(to: URL(filePath: folder + "/.serverlessrc"))

        #expect(facts([:], folder: folder).off == (isOff ? ["./.serverlessrc"] : []))
    }

    @Test(
        "facts travel as conclusions; no value of a variable does, but the stage, which is part of a file name [F174]")
    func wire() {
        let canary = "canary-1f2e3d"
        let variables = Dictionary(uniqueKeysWithValues: OffSwitch.allCases.map { ($0.rawValue, canary) })
            .merging(["CI": canary, "SLS_NOTIFICATIONS_MODE": canary, "SERVERLESS_PLATFORM_STAGE": "dev"]) { $1 }

        for method in Method.allCases {
            let line = SlstatsClient.line(method) { facts(variables).write(to: &$0) }
            #expect(!String(decoding: line, as: UTF8.self).contains(canary))
        }
    }
}
