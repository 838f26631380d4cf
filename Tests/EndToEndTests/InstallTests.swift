// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("make install and make uninstall")
struct InstallTests {
    /// `programs` and `repository` are given. Prints what is there afterwards that was not there before.
    private static let script = #"""
        cp -r "$repository"/{Makefile,systemd,Documentation} ~ && cp -r "$programs" ~/programs && cd ~
        export PATH=~/.local/bin:/usr/bin:/bin
        list() { find ~ -not -path '*/programs*' | sort; }
        # What somebody has made before stays, empty as it is.
        mkdir -p ~/.config/systemd/user ~/.local/share/man
        before=$(list)
        make -s -o programs PROGRAMS=programs install > ~/programs/said
        # Again: it is the same.
        make -s -o programs PROGRAMS=programs install > ~/programs/said
        [ -x ~/.local/bin/slstatsd ] && [ -e ~/.config/systemd/user/slstatsd.socket ] && echo "installed"
        [ ! -e ~/.config/systemd/user/slstatsd.service.d ] || echo "without namespaces"
        ls ~/.local/share/man/*
        slstats record info --strict --sync
        make -s PROGRAMS=programs uninstall
        # Its lock ends with it.
        flock --nonblock ~/.local/state/slstats/lock true || echo "the daemon still runs"
        diff <(echo "$before") <(list) | grep '^[<>]' | grep -v "^> $HOME/.local$\|^> $HOME/.local/state$\|^> $HOME/.local/state/slstats" || true
        echo "run: $(ls "$XDG_RUNTIME_DIR"/slstats 2> /dev/null)"
        """#

    private static let expected = """
        installed
        HOME/.local/share/man/man1:
        slstats.1

        HOME/.local/share/man/man8:
        slstats-collector.8
        slstatsd.8
        What was recorded stays in ~/.local/state/slstats, the switch in ~/.serverlessrc, and the
        configuration in ~/.config/slstats; they are yours to delete.
        run:\u{20}

        """

    @Test("without a manager nothing is left but the user's data, and no daemon runs")
    func alone() async throws {
        try await Sandbox.run { sandbox async throws in
            let programs = try sandbox.installPrograms()
            let script = "set -euo pipefail; repository=$1 programs=$2\nmv \"$2\" ~/p; programs=~/p\n" + Self.script
            let result = try await sandbox.run("bash", ["-c", script, "bash", Sandbox.repository, programs])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.replacingOccurrences(of: sandbox.home, with: "HOME") == Self.expected)
        }
    }

    @Test("under a manager it is the same, and the manager has forgotten the units")
    func underManager() async throws {
        let result = try await UserManager.run(
            """
            # As it is before anything of ours is there.
            systemctl --user stop slstatsd.socket && rm -r "$units" ~/.local ~/.config && systemctl --user daemon-reload
            \(Self.script)
            systemctl --user list-unit-files 'slstatsd*' | tail -1 || true
            """)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output.replacingOccurrences(of: "/home/slstats-test", with: "HOME")
                == Self.expected + "0 unit files listed.\n")
    }
}
