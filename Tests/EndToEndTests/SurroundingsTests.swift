// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Homes and runtime folders as cron, sudo, su, containers and locked-down machines leave them.
@Suite("Surroundings that are not as usual", .enabled(if: geteuid() == 0, "needs root: run make test as root"))
struct SurroundingsTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        /// What root prepares; `$user` will be the caller, `$home` is a folder of theirs.
        let preparation: String
        /// What the caller's environment has besides `PATH`.
        let variables: String
        /// Exit code of `record --strict`.
        let status: Int32
        /// Is in what `status` then prints, to either output.
        let says: String

        init(_ name: String, _ preparation: String = "", _ variables: String, _ status: Int32, _ says: String) {
            testDescription = name
            self.preparation = preparation
            self.variables = variables
            self.status = status
            self.says = says
        }
    }

    static let cases = [
        Case(
            "cron: no runtime folder named, but there is one",
            "mkdir -m 700 /run/user/$user; chown $user /run/user/$user",
            "HOME=$home", 0, "/run/user/58001/slstats/slstatsd.sock"),
        Case(
            "a container: no runtime folder at all", "", "HOME=$home", 0,
            "/run/home/.local/state/slstats/slstatsd.sock"),
        Case(
            "an empty runtime folder", "", "HOME=$home XDG_RUNTIME_DIR=", 0, "XDG_RUNTIME_DIR is empty"),
        Case(
            "a relative one", "", "HOME=$home XDG_RUNTIME_DIR=run", 0,
            "XDG_RUNTIME_DIR is run, which is not an absolute path"),
        Case(
            "su: one of somebody else", "mkdir -m 700 /run/user/0", "HOME=$home XDG_RUNTIME_DIR=/run/user/0", 0,
            "XDG_RUNTIME_DIR is /run/user/0, which is not a folder of yours"),
        Case(
            "a link", "mkdir -m 700 /run/a; chown $user /run/a; ln -s /run/a /run/link; chown -h $user /run/link",
            "HOME=$home XDG_RUNTIME_DIR=/run/link", 0,
            "XDG_RUNTIME_DIR is /run/link, which is not a folder of yours"),
        Case(
            "one where others may write", "mkdir /run/open; chown $user /run/open; chmod 1777 /run/open",
            "HOME=$home XDG_RUNTIME_DIR=/run/open", 0,
            "XDG_RUNTIME_DIR is /run/open, in which others may write"),
        Case(
            "one whose name is too long for a socket",
            "long=/run/$(printf '%0100d' 0); mkdir -m 700 $long; chown $user $long",
            "HOME=$home XDG_RUNTIME_DIR=$long", 69, "000/slstats/slstatsd.sock has 127 bytes, the limit is 103; set"),
        Case(
            "one that is full [F159]",
            "mkdir /run/full; mount -t tmpfs -o size=64k,mode=700,uid=$user tmpfs /run/full; "
                + "head -c 1M /dev/zero > /run/full/fill 2> /dev/null || true",
            "HOME=$home XDG_RUNTIME_DIR=/run/full", 0, "/run/full/slstats/slstatsd.sock"),
        Case(
            "one that takes no further file [F116, F159]",
            "mkdir /run/full; mount -t tmpfs -o nr_inodes=2,mode=700,uid=$user tmpfs /run/full; touch /run/full/last",
            "HOME=$home XDG_RUNTIME_DIR=/run/full", 69, "/run/full/slstats: No space left on device"),
        Case(
            "a state folder that is a link [F111]",
            "mkdir -p $home/.local/state $home/elsewhere; ln -s $home/elsewhere $home/.local/state/slstats; "
                + "chown -hR $user $home",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 69, "/.local/state/slstats: Not a directory"),
        Case(
            "a state folder of somebody else [F111]",
            "mkdir -p $home/.local/state/slstats; chown -R $user $home; chown 0 $home/.local/state/slstats",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 69, "/.local/state/slstats: "),
        Case(
            "a state folder where everybody may write is closed [F111]",
            "mkdir -p $home/.local/state/slstats; chmod 777 $home/.local/state/slstats; chown -R $user $home",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 0, "1 pending"),
        Case(
            "a home in memory [F114]", "mount -t tmpfs -o mode=700,uid=$user tmpfs $home",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 0, "1 pending"),
        Case(
            "a home on an overlay [F114]",
            "mkdir /run/lower /run/layers; mount -t tmpfs tmpfs /run/layers; mkdir /run/layers/upper /run/layers/work; "
                + "chown $user /run/lower /run/layers/upper; "
                + "mount -t overlay -o lowerdir=/run/lower,upperdir=/run/layers/upper,workdir=/run/layers/work o $home",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 0, "1 pending"),
        Case(
            "a socket folder where everybody may write is closed [F062]",
            "mkdir $runtime/slstats; chmod 777 $runtime/slstats; chown $user $runtime/slstats",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 0, "/run/runtime/slstats/slstatsd.sock"),
        Case(
            "a container without a home: a no by variable is enough [F036]", "",
            "DO_NOT_TRACK=1 XDG_RUNTIME_DIR=$runtime", 0, "set HOME to your own"),
        Case("no home", "", "XDG_RUNTIME_DIR=$runtime", 69, "set HOME to your own (sudo -H does), or XDG_STATE_HOME"),
        Case("a home that is empty", "", "HOME= XDG_RUNTIME_DIR=$runtime", 69, "set HOME to your own"),
        Case("/ as home", "", "HOME=/ XDG_RUNTIME_DIR=$runtime", 69, "set HOME to your own"),
        Case("a home that is not there", "", "HOME=/run/none XDG_RUNTIME_DIR=$runtime", 69, "set HOME to your own"),
        Case(
            "sudo: the home of somebody else", "mkdir -m 777 /run/other", "HOME=/run/other XDG_RUNTIME_DIR=$runtime",
            69,
            "set HOME to your own"),
        Case(
            "a home in which nothing can be made", "chmod 500 $home", "HOME=$home XDG_RUNTIME_DIR=$runtime", 69,
            "/run/home/.local: Permission denied"),
        Case(
            "a home that is read-only", "mount --bind $home $home; mount -o remount,bind,ro $home",
            "HOME=$home XDG_RUNTIME_DIR=$runtime", 0, "1 pending"),
        Case(
            "no home, but a place for the state: off, since nobody knows what the rc file says", "",
            "XDG_STATE_HOME=$home/state XDG_RUNTIME_DIR=$runtime", 0,
            "~/.serverlessrc cannot be found, since HOME names no folder"),
    ]

    /// Where there is a tool to make one.
    private static let makesBtrfs = ["/usr/sbin", "/sbin", "/usr/bin"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/mkfs.btrfs")
    }

    private static let btrfs =
        makesBtrfs
        ? [
            Case(
                "a home on btrfs [F114]",
                "truncate -s 120M disk; mkfs.btrfs -q disk > /dev/null 2>&1; mount -o loop disk $home; "
                    + "chown $user $home; chmod 700 $home",
                "HOME=$home XDG_RUNTIME_DIR=$runtime", 0, "1 pending")
        ] : []

    /// Where we may make something, if the caller's environment leads there.
    private static let places =
        #"^/run/(home/(\.local(/state(/slstats(/.*)?)?)?|state(/.*)?)|(runtime|user/58001|full)/slstats(/.*)?"#
        + #"|layers/upper/\.local(/.*)?)$"#

    @Test(
        "record is silent and succeeds, --strict and status say what is wrong and what to do, nothing is made where it is not ours, and root is not served [F036, F043, F059, F060, F062, F111, F114, F116, F159]",
        arguments: cases + btrfs)
    func surroundings(_ example: Case) async throws {
        try await Sandbox.run { sandbox async throws in
            let programs = try sandbox.installPrograms()
            chmod(sandbox.home, 0o755)
            let script = #"""
                set -euo pipefail
                mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/user
                user=58001 home=/run/home runtime=/run/runtime
                mkdir -m 700 $home $runtime && chown $user $home $runtime
                \#(example.preparation)
                as() { (cd / && setpriv --reuid $user --regid $user --clear-groups env -i PATH=\#(programs):/usr/bin:/bin \
                    LD_LIBRARY_PATH="${LD_LIBRARY_PATH-}" SLSTATS_TIMEOUT=60 \#(example.variables) "$@"); }
                find /run/* | sort > before
                as slstats record info > said 2>&1 && status=0 || status=$?
                echo "record: $status$(cat said)"
                as slstats record info --strict > /dev/null && status=0 || status=$?
                echo "strict: $status"
                as slstats status 2>&1 || true
                # What was made where it is not ours, or written to where it is not the caller's.
                find /run/* | sort | comm -13 before - | grep -Ev '\#(Self.places)' | sed 's/^/strange: /' || true
                find /run/* -newer said ! -user $user -type f | sed 's/^/strange: /' || true
                # Whoever is not the caller, root among them, is not answered.
                place=$(as slstats status --json 2> /dev/null | sed -n 's/^ *"socket": "\(.*\)",*/\1/p') || true
                if [ -n "$place" ]; then
                    SLSTATS_SOCKET=$place \#(programs)/slstats ping > /dev/null 2>&1 && status=0 || status=$?
                    echo "root: $status, $(stat -c %a "${place%/*}" "$place" | tr '\n' ' ')"
                fi
                pid=$(as slstats status --json 2> /dev/null | sed -n 's/^ *"pid": \([0-9]*\),*/\1/p') || true
                [ -z "$pid" ] || kill "$pid"
                while [ -n "$pid" ] && [ -e "/proc/$pid/exe" ]; do :; done
                """#
            let result = try await sandbox.run("unshare", ["--mount", "timeout", "120", "bash", "-c", script])
            #expect(result.status == 0, "\(result.errors)")
            let text = result.output.replacingOccurrences(of: "2 pending", with: "1 pending")
            #expect(text.hasPrefix("record: 0\nstrict: \(example.status)\n"), "\(text)\(result.errors)")
            #expect(text.contains(example.says), "\(text)\(result.errors)")
            #expect(!text.contains("strange: "), "\(text)\(result.errors)")
            #expect(text.contains("\nroot: 69, 700 600 \n") == text.contains("\nSocket  "), "\(text)\(result.errors)")
        }
    }
}
