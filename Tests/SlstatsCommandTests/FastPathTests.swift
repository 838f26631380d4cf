// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import slstats

@Suite("The fast path and the full parser")
struct FastPathTests {
    /// What the full parser makes of the same words, or `nil` if it refuses them or they mean help.
    private func full(_ arguments: [String]) -> HotCommand? {
        switch try? Slstats.parseAsRoot(arguments) {
        case let record as Record: (try? record.input(readingFrom: -1)).map(HotCommand.record)
        case let notifications as slstats.Notifications where !notifications.output.json:
            .notifications(
                NotificationsRun(
                    isPeek: notifications.peek, caller: notifications.product, isAtPrompt: notifications.atPrompt))
        default: nil
        }
    }

    static let handled: [[String]] = [
        ["record"], ["record", "deploy"], ["record", "deploy", "a=1", "b.c=x"], ["record", "--sync", "deploy"],
        ["record", "deploy", "--strict", "a=b"], ["record", "--payload", "{}"],
        ["record", "a=", "--payload", "{\"b\":1}"],
        ["record", "", "x=y=z"], ["notifications"], ["notifications", "--peek"], ["record", "--sync", "--sync"],
        ["notifications", "--peek", "--peek"], ["notifications", "--for", "serverless@2.37.1"],
        ["notifications", "--peek", "--for", "@acme/cli@1.0.0", "--at-prompt"],
    ]

    static let declined: [[String]] = [
        [], ["--help"], ["record", "--help"], ["record", "-h"], ["record", "--bogus"], ["record", "--payload"],
        ["record", "--payload", "-"], ["record", "--payload={}"], ["record", "--payload", "{}", "--payload", "{}"],
        ["record", "--", "-x"], ["record", "-x"], ["notifications", "--json"], ["notifications", "x"],
        ["notifications", "--for"], ["notifications", "--for", "x"], ["notifications", "--for=a@1"],
        ["notifications", "--for", "a@1", "--for", "b@1"], ["notifications", "list"], ["notifications", "ack", "A"],
        ["Record"], ["recor"], ["status"], ["--disable"], ["help", "record"],
        ["--version"], ["record", "--stric"], ["notifications", "--help"],
    ]

    @Test("what is handled means the same to both", arguments: handled)
    func same(_ arguments: [String]) {
        guard case .handle(let command) = FastPath(arguments) else {
            Issue.record("declined")
            return
        }
        #expect(full(arguments) == command)
    }

    @Test("everything else is left to the full parser", arguments: declined)
    func declines(_ arguments: [String]) {
        #expect(FastPath(arguments) == .decline)
    }

    @Test("whatever the words, what is handled means the same to both")
    func generated() {
        let words = [
            "record", "notifications", "deploy", "--for", "a@1.2.3", "--at-prompt", "list", "a=1", "a.b=2", "--sync",
            "--strict", "--payload", "{}", "--peek",
            "--json",
            "-", "--", "-d", "=", "", "--help", "x y",
        ]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let arguments =
                [["record", "notifications"].randomElement(using: &random) ?? ""]
                + (0..<Int.random(in: 0...5, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
            if case .handle(let command) = FastPath(arguments) {
                #expect(full(arguments) == command, "\(arguments)")
            }
        }
    }
}
