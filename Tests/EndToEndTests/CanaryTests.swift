// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A credential in the rc file, and everything that our programs produce.
@Suite("No secret of the rc file leaves it")
struct CanaryTests {
    private static let canary = "canary-4d5e6f"

    /// Files that hold it in every place: where others keep credentials, where our own keys are, and where something is
    /// wrong so that somebody has to say so.
    private static let files = [
        #"{"users":{"CANARY":{"dashboard":{"refreshToken":"CANARY","accessKeys":{"CANARY":"CANARY"}}}},"trackingDisabled":false}"#,
        #"{"trackingDisabled":"CANARY","token":"CANARY"}"#, #"{"trackingDisabled":{"CANARY":"CANARY"}}"#,
        #"{"trackingDisabled":false,"shownNotificationsHistory":"CANARY","meta":"CANARY"}"#,
        #"{"CANARY":1,"CANARY":2}"#, #"{"token":"CANARY",}"#, #"{"token":"CANARY"#, #"CANARY"#,
        #"{"token":"CANARY"} CANARY"#,
        "\u{feff}{\"token\":\"CANARY\"}", #"["CANARY"]"#, #"{"token":"CANARY\q"}"#, #"{"token":CANARY}"#,
    ]

    private static let script = #"""
        set -u
        \#(Sandbox.collect)
        collect --notifications news.json
        export SLSTATS_COLLECTOR_TOKENFILE="$HOME/rc.token"
        # As the client and the unit start it.
        SWIFT_BACKTRACE=enable=no slstatsd --log-level trace > daemon.log 2>&1 &
        daemon=$!
        until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do :; done
        for file in rc/*; do
            for word in '' --disable --enable; do
                cp "$file" .serverlessrc; chmod 644 .serverlessrc
                [ -z "$word" ] || slstats $word
                slstats record info versions.serverless=97.53.86 --strict --sync
                slstats flush --timeout 5; slstats notifications
                for command in status why pending; do slstats $command; slstats $command --json; done
            done
        done > output 2>&1
        grep '^Max core file size' /proc/$daemon/limits > limits
        rm .serverlessrc
        slstats --enable; slstats record last --strict --sync
        kill -ABRT $daemon
        wait $daemon
        kill $collector
        wait $collector
        """#

    @Test("not into any log, status, explanation, spool, ledger, HTTP body, error message or core file [F172]")
    func canary() async throws {
        try await Sandbox.run { sandbox async throws in
            let home = sandbox.home
            try FileManager.default.createDirectory(atPath: home + "/rc", withIntermediateDirectories: false)
            for (number, text) in Self.files.enumerated() {
                let bytes = Data(text.replacing("CANARY", with: Self.canary).utf8)
                try bytes.write(to: URL(filePath: "\(home)/rc/\(number)"))
            }
            try Data(Self.canary.utf8).write(to: URL(filePath: home + "/rc.token"))
            chmod(home + "/rc.token", 0o600)
            let news = #"[{"code":"NEWS","message":"hello"},{"code":"MORE","message":"again"}]"#
            try Data(news.utf8).write(to: URL(filePath: home + "/news.json"))

            let result = try await sandbox.run("bash", ["-c", Self.script])

            // It has all happened: something was sent, something refused, something shown.
            let output = try String(contentsOfFile: home + "/output", encoding: .utf8)
            for word in ["1 delivered", "telemetry stays off", "telemetry is off", "is not strict JSON", "hello"] {
                #expect(output.contains(word), "\(word) \(result.errors)")
            }
            // Nor what an event says into what is logged.
            for (log, least) in [("daemon.log", 1000), ("collector.log", 10)] {
                let text = try String(contentsOfFile: "\(home)/\(log)", encoding: .utf8)
                #expect(text.count > least)
                #expect(!text.contains("97.53.86"), "\(log)")
            }
            let limits = try String(contentsOfFile: home + "/limits", encoding: .utf8).split(separator: " ")
            #expect(limits.contains("0"), "\(limits)")
            for name in try FileManager.default.subpathsOfDirectory(atPath: home) where !name.hasPrefix("rc") {
                guard let bytes = FileManager.default.contents(atPath: "\(home)/\(name)") else { continue }
                #expect(bytes.range(of: Data(Self.canary.utf8)) == nil, "\(name)")
            }
            #expect(!(result.output + result.errors).contains(Self.canary))
        }
    }
}
