// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Runs scripts as a user with a systemd manager and a home of its own, in which our units are installed.
struct UserManager {
    private static let tool = Sandbox.repository + "/Tests/Tools/with-user-manager"

    /// What every script can use.
    private static let prelude = #"""
        set -euo pipefail
        repository=$1 programs=$2
        bin=$HOME/.local/bin units=$HOME/.config/systemd/user
        mkdir -p "$bin" "$units"
        install "$programs"/* "$bin"
        export PATH=$bin:/usr/bin:/bin SLSTATS_TIMEOUT=60
        # The debug programs load the toolchain's libraries.
        unit() { sed "s|@BINDIR@|$bin|; s|^\[Service\]|&\nEnvironment=LD_LIBRARY_PATH=$LD_LIBRARY_PATH|" "$repository/systemd/$1"; }
        for name in slstatsd.socket slstatsd.service; do unit "$name" > "$units/$name"; done
        # setting LINE...: adds to the service.
        setting() { mkdir -p "$units/slstatsd.service.d"; printf '[Service]\n' > "$units/slstatsd.service.d/test.conf"
            printf '%s\n' "$@" >> "$units/slstatsd.service.d/test.conf"; systemctl --user daemon-reload; }
        property() { systemctl --user show "$1" -p "$2" --value; }
        recorded() { slstats status --json | sed -n 's/^ *"recorded": \([0-9]*\),*/\1/p'; }
        systemctl --user daemon-reload
        systemctl --user start slstatsd.socket

        """#

    /// Cancels the test where no manager can run.
    ///
    /// - Parameter preparation: what root does before, in a mount namespace that vanishes afterwards.
    static func run(preparation: String = ":", _ script: String) async throws -> Sandbox.Result {
        try await Sandbox.run { sandbox async throws in
            // Its user must be able to get at them.
            chmod(sandbox.home, 0o755)
            let programs = try sandbox.installPrograms()
            for program in ["slstatsd", "slstats-collector"] {
                _ = try await sandbox.run("strip", ["\(programs)/\(program)"])
            }
            let libraries = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "/usr/lib/swift/linux"
            let result = try await sandbox.run(
                "bash",
                [
                    "-c", "exec unshare --mount bash -c '\(preparation)\nexec \"$@\"' bash \"$@\"", "bash", tool,
                    "env", "LD_LIBRARY_PATH=\(libraries)", "bash", "-c", prelude + script, "bash", Sandbox.repository,
                    programs,
                ])
            if result.status == 77 { try Test.cancel("\(result.errors)") }
            return result
        }
    }
}
