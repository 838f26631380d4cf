// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("Words that nobody understands, and streams that take nothing")
struct WordsAndStreamsTests {
    @Test(
        "record is silent and succeeds whatever happens; --strict tells by exit code and a first line that names it [F018]",
        arguments: [
            (["record", "--bogus"], 64, "'--bogus'"), (["record", "a..b=1"], 64, "a..b=1"),
            (["record", "--payload", "{"], 64, "--payload"), (["record", "a", "b"], 64, "b is neither"),
            (["record", "secret=1"], 65, "secret is not in the catalogue"),
            (["record", "--payload"], 64, "'--payload"),
            (["record", "a=1", "a.b=2"], 64, "a.b=2"), (["record", "--payload", "[1]"], 64, "--payload"),
        ] as [([String], Int32, String)])
    func record(_ arguments: [String], _ strictStatus: Int32, _ named: String) async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            let silent = try await sandbox.run("slstats", arguments)
            #expect(silent.status == 0)
            #expect(silent.output + silent.errors == "")
            let strict = try await sandbox.run("slstats", ["record", "--strict"] + arguments.dropFirst())
            #expect(strict.status == strictStatus)
            #expect(strict.output == "")
            #expect(strict.errors.split(separator: "\n").first?.contains(named) == true, "\(strict.errors)")
        }
    }

    @Test(
        "what is no command is an error that names it, before anything is started [F018]",
        arguments: [
            (["bogus"], "'bogus'"), (["--bogus"], "'--bogus'"), (["--enable", "--disable"], "--enable and --disable"),
            (["flush", "--timeout", "soon"], "'soon'"), (["drop"], "--all"),
        ])
    func words(_ arguments: [String], _ named: String) async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run("slstats", arguments)
            #expect(result.status == 64)
            #expect(result.output == "")
            #expect(result.errors.split(separator: "\n").first?.contains(named) == true, "\(result.errors)")
            #expect(sandbox.processes(named: "slstatsd").isEmpty)
        }
    }

    @Test("an argument that is not UTF-8 is a usage error like any other, and record is silent about it [F018]")
    func bytes() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            // A shell's words are text, and so are those of whoever started the tests.
            let script = #"""
                import os, sys
                os.execv(sys.argv[1], [b"slstats", b"record", b"a=\xff"] + [os.fsencode(word) for word in sys.argv[2:]])
                """#
            let silent = try await sandbox.run("python3", ["-c", script, sandbox.bin + "/slstats"])
            #expect(silent.status == 0)
            #expect(silent.output + silent.errors == "")
            let strict = try await sandbox.run("python3", ["-c", script, sandbox.bin + "/slstats", "--strict"])
            #expect(strict.status == 64)
            #expect(strict.output == "")
            #expect(strict.errors == "slstats: an argument is not UTF-8\n")
            #expect(try await sandbox.status()["events"]?["recorded"] == 0)
        }
    }

    @Test("a full or closed stdout, or a reader that has gone, is an exit code and no death by signal [F015]")
    func fullOutput() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("ping")
            let script = #"""
                for command in status 'status --json' schema 'schema --json'; do
                    slstats $command > /dev/full; echo "$command, full: $?"
                    slstats $command >&-; echo "$command, closed: $?"
                    # The reader's end is closed before anybody writes; a `| head -c0` may still be about to.
                    python3 -c '
                import os, subprocess, sys
                reader, writer = os.pipe()
                os.close(reader)
                print("gone:", subprocess.run(["slstats"] + sys.argv[1:], stdout=writer).returncode)' $command
                done
                slstats record info --strict >&- 2>&- <&-; echo "record: $?"
                """#
            let result = try await sandbox.run("bash", ["-c", script])
            let expected = ["status", "status --json", "schema", "schema --json"]
                .map { "\($0), full: 75\n\($0), closed: 75\ngone: 75\n" }.joined()
            #expect(result.output == expected + "record: 0\n")
            #expect(result.errors == "")
        }
    }
}
