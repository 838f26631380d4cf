// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Under a systemd user manager")
struct SystemdTests {
    private static let tool = Sandbox.repository + "/Tests/Tools/with-user-manager"

    @Test("the socket unit starts the daemon on the first request; stopping it keeps what was recorded")
    func activation() async throws {
        try await Sandbox.run { sandbox async throws in
            // Its user must be able to get at them.
            chmod(sandbox.home, 0o755)
            let bin = try sandbox.installPrograms()
            let script = """
                set -e
                mkdir -p ~/.config/systemd/user
                cp "$1"/systemd/slstatsd.socket ~/.config/systemd/user/
                sed "s|@BINDIR@|$2|; s|^ExecStart=|Environment=LD_LIBRARY_PATH=$LD_LIBRARY_PATH\\nExecStart=|" \
                    "$1"/systemd/slstatsd.service > ~/.config/systemd/user/slstatsd.service
                systemd-analyze verify --user ~/.config/systemd/user/slstatsd.service
                systemctl --user daemon-reload
                systemctl --user start slstatsd.socket
                echo "before: $(systemctl --user is-active slstatsd.service || true)"
                slstats record deploy --sync --strict
                echo "after: $(systemctl --user is-active slstatsd.service)"
                systemctl --user stop slstatsd.service
                echo "result: $(systemctl --user show slstatsd.service -p Result --value)"
                echo "pending: $(slstats status --json | grep -c '"pending": 1,')"
                echo "daemons: $(pgrep -cx slstatsd -u "$(id -u)")"
                """
            let result = try await sandbox.run(
                Self.tool,
                [
                    "env", "PATH=\(bin):/usr/bin:/bin", "LD_LIBRARY_PATH=\(Self.libraries)", "bash", "-c", script,
                    "bash", Sandbox.repository, bin,
                ])
            if result.status == 77 { try Test.cancel("\(result.errors)") }
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                result.output == """
                    before: inactive
                    after: active
                    result: success
                    pending: 1
                    daemons: 1

                    """)
        }
    }

    /// The debug programs are linked against the toolchain's libraries.
    private static var libraries: String {
        ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "/usr/lib/swift/linux"
    }
}
