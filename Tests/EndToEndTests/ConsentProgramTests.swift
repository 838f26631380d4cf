// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("The switch as people use it")
struct ConsentProgramTests {
    private static let isRoot = geteuid() == 0

    private static func write(_ text: String, to path: String) throws {
        try FileManager.default.createDirectory(
            atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    @Test("the switch writes the user's file, never the one of the folder it is called in [F025, F008]")
    func projectFolder() async throws {
        try await Sandbox.run { sandbox async throws in
            let project = sandbox.home + "/project"
            try Self.write("{\"trackingDisabled\": false}", to: project + "/.serverlessrc")
            for word in ["--disable", "--enable"] {
                let result = try await sandbox.run("slstats", [word], folder: project)
                #expect(result.status == 0)
                #expect(result.errors == "Stats successfully \(word.dropFirst(2))d\n")
                #expect(try String(contentsOfFile: sandbox.rcFile, encoding: .utf8).contains("\(word == "--disable")"))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: project) == [".serverlessrc"])
            let text = try String(contentsOfFile: project + "/.serverlessrc", encoding: .utf8)
            #expect(text == "{\"trackingDisabled\": false}")
        }
    }

    @Test("a shell with another home than the daemon's records nothing, either way round")
    func otherHome() async throws {
        try await Sandbox.run { sandbox async throws in
            let other = sandbox.home + "/other"
            try Self.write("{\"trackingDisabled\": true}", to: other + "/.serverlessrc")
            _ = try await sandbox.slstats("record", "a", "--strict")
            for folder in [other, sandbox.home] {
                _ = try await sandbox.run("slstats", ["record", "a", "--strict"], ["HOME": other], folder: folder)
                let why = try await sandbox.run("slstats", ["why", "--json"], ["HOME": other], folder: folder).json
                #expect(why["decidedBy"] == "HOME")
            }
            #expect(try await sandbox.status()["events"]?["recorded"] == 1)
        }
    }

    @Test("--enable says so if something else still says no")
    func stillOff() async throws {
        try await Sandbox.run(["DO_NOT_TRACK": "1"]) { sandbox async throws in
            let result = try await sandbox.slstats("--enable")
            #expect(result.status == 0)
            #expect(
                result.errors == """
                    Stats successfully enabled
                    Telemetry is still off here, decided by DO_NOT_TRACK. Change it with: unset DO_NOT_TRACK

                    """)
        }
    }

    @Test("in the home the user's file is not also the project's [F053]")
    func homeIsNoProject() async throws {
        try await Sandbox.run { sandbox async throws in
            try Self.write("{\"trackingDisabled\": true}", to: sandbox.rcFile)
            let why = try await sandbox.run("slstats", ["why", "--json"], folder: sandbox.home).json
            #expect(why["decidedBy"] == "trackingDisabled")
            #expect(why["rules"]?.array?.first { $0["rule"] == "./.serverlessrc" }?["value"] == "no objection")
        }
    }

    @Test("a stage has its own file, for the switch and in a project [F053]")
    func stage() async throws {
        try await Sandbox.run(["SERVERLESS_PLATFORM_STAGE": "DEV"]) { sandbox async throws in
            let project = sandbox.home + "/project"
            try Self.write("{\"trackingDisabled\": true}", to: project + "/.serverlessdevrc")
            try Self.write("{\"trackingDisabled\": true}", to: sandbox.home + "/elsewhere/.serverlessrc")
            #expect(try await sandbox.slstats("--enable").status == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.home).contains(".serverlessdevrc"))
            #expect(!FileManager.default.fileExists(atPath: sandbox.rcFile))
            for (folder, enabled) in [("project", false), ("elsewhere", true)] {
                let why = try await sandbox.run("slstats", ["why", "--json"], folder: "\(sandbox.home)/\(folder)").json
                #expect(why["enabled"]?.bool == enabled, "\(folder)")
            }
            _ = try await sandbox.run("slstats", ["record", "a", "--strict"], folder: sandbox.home + "/elsewhere")
            #expect(try await sandbox.status()["events"]?["recorded"] == 1)
        }
        try await Sandbox.run(["SERVERLESS_PLATFORM_STAGE": "../x"]) { sandbox async throws in
            #expect(try await sandbox.slstats("record", "a", "--strict").status == 0)
            #expect(try FileManager.default.subpathsOfDirectory(atPath: sandbox.home) == ["run"])
            #expect(try await sandbox.slstats("why", "--json").json["decidedBy"] == "SERVERLESS_PLATFORM_STAGE")
        }
    }

    @Test("files are the user's alone even if the umask asks for nothing [F045]")
    func umask() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.run("bash", ["-c", "umask 000; slstats --disable"])
            for path in [sandbox.rcFile, sandbox.state + "/consent.json"] {
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(path)")
            }
        }
    }

    @Test("why prints what the resolver decides, for every rule that a shell can set")
    func whyIsTheDecision() async throws {
        try await Sandbox.run { sandbox async throws in
            try Self.write("{\"trackingDisabled\": false}", to: sandbox.rcFile)
            for variables in [
                [:], ["DO_NOT_TRACK": "1"], ["SLS_TELEMETRY_DISABLED": "0", "SLS_TRACKING_DISABLED": "1"],
            ] {
                var inputs = ConsentInputs()
                inputs.rcFile = .usable(RcFileMembers(trackingDisabled: false))
                inputs.facts.off = variables.keys.sorted()
                inputs.places.rcFile = sandbox.rcFile
                inputs.places.record = sandbox.state + "/consent.json"
                let why = try await sandbox.run("slstats", ["why", "--json"], variables)
                #expect(why.json == ConsentDecision(inputs).json)
            }
        }
    }

    @Test("what is wrong with the rc file and what to do is in status and why [F039]")
    func broken() async throws {
        try await Sandbox.run { sandbox async throws in
            try Self.write("{\n  \"trackingDisabled\": false,\n}\n", to: sandbox.rcFile)
            let reason = "\(sandbox.rcFile) is not strict JSON: something that JSON does not allow, at line 3, column 1"
            let mend = "Mend it in an editor, or move it out of the way: mv \(sandbox.rcFile) \(sandbox.rcFile).old"
            for command in ["status", "why"] {
                let text = try await sandbox.slstats(command).output
                #expect(text.contains(reason), "\(text)")
                #expect(text.contains(mend), "\(text)")
            }
            let refused = try await sandbox.slstats("--enable")
            #expect(refused.status == 65)
            #expect(
                refused.errors.contains("telemetry stays off: \(sandbox.rcFile) was not changed: it is not strict JSON")
            )
            let held = try await sandbox.slstats("--disable")
            #expect(held.status == 65)
            #expect(held.errors.contains("telemetry is off, also after a restart"))
            #expect(try await sandbox.slstats("why", "--json").json["enabled"] == false)
        }
    }

    @Test("only the paths of the contract are looked at [F044]", .enabled(if: Tracer.isThere, "needs root and strace"))
    func paths() async throws {
        try await Sandbox.run { sandbox async throws in
            _ = try await sandbox.slstats("record", "a")
            let pid = try #require(sandbox.processes(named: "slstatsd").first)
            let (result, calls) = try await Tracer.watch(sandbox, pid, nil, "", "slstats --disable && slstats why")
            #expect(result.status == 0)
            let quoted = calls.split(separator: "\n").flatMap { $0.split(separator: "\"").filter { $0.hasPrefix("/") } }
            let looked = Set(quoted.map(String.init).filter { $0.contains("rc") && !$0.contains("/run/") })
            let allowed = [sandbox.rcFile, sandbox.home + "/.config/.serverlessrc"]
            #expect(looked.isSuperset(of: allowed))
            #expect(looked.filter { !allowed.contains($0) && !$0.hasPrefix(sandbox.rcFile + ".slstats-") } == [])
        }
    }

    // MARK: - Whose home

    @Test(
        "in a home of somebody else nothing is read, nothing is made, and record is silent [F043]",
        .enabled(if: isRoot, "needs root to become another user"),
        .enabled(if: Sandbox.staticClient != nil, "needs the static client: run make test"))
    func foreignHome() async throws {
        try await Sandbox.run { sandbox async throws in
            let bin = try sandbox.installPrograms()
            chmod(sandbox.home, 0o777)
            try FileManager.default.createDirectory(atPath: sandbox.home + "/own", withIntermediateDirectories: false)
            chown(sandbox.home + "/own", 65534, 65534)
            let before = try FileManager.default.subpathsOfDirectory(atPath: sandbox.home).sorted()
            let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"]
            let none = ["XDG_RUNTIME_DIR": ""]
            let silent = try await sandbox.run("setpriv", nobody + [bin + "/slstats", "record", "a"], none)
            #expect(silent.status == 0)
            #expect(silent.output + silent.errors == "")
            let strict = try await sandbox.run("setpriv", nobody + [bin + "/slstats", "record", "a", "--strict"], none)
            #expect(strict.status == 69)
            #expect(strict.errors.contains("HOME names a folder of yours"), "\(strict.errors)")
            #expect(try FileManager.default.subpathsOfDirectory(atPath: sandbox.home).sorted() == before)

            // With a place for the state it runs, and takes the other's home for what it is.
            let own = ["XDG_STATE_HOME": sandbox.home + "/own", "SLSTATS_SOCKET": sandbox.home + "/own/s"]
            let why = try await sandbox.run("setpriv", nobody + [bin + "/slstats", "why"], own)
            #expect(why.output.contains("belongs to another user (uid 0)"), "\(why.output)\(why.errors)")
            #expect(why.output.contains("sudo -H"))
            let refused = try await sandbox.run("setpriv", nobody + [bin + "/slstats", "--disable"], own)
            #expect(refused.errors.contains("telemetry is off"), "\(refused.errors)")
            #expect(!FileManager.default.fileExists(atPath: sandbox.rcFile))
            for pid in sandbox.processes(named: "slstatsd") { kill(pid, SIGTERM) }
            _ = try await sandbox.run("flock", ["--timeout", "20", sandbox.home + "/own/slstats/lock", "true"])
        }
    }

    // MARK: - Disks and administrators

    private static let rcFileOnDisk = """
        # Each question gives the daemon its turn; it tries again after a second, two, four.
        told() { until grep -q '"trackingDisabled":true' "$HOME/.serverlessrc"; do slstats ping > /dev/null; done; }
        printf '{"token":"secret","trackingDisabled":false}' > "$HOME/.serverlessrc"
        slstats record info --sync --strict

        """

    @Test(
        "with the disk full to the last byte, ours included, a no is written down everywhere at once [F051, F097]",
        .enabled(if: isRoot, "needs root for a disk of its own"))
    func fullDiskOfOurs() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.onSmallDisk(
                Self.rcFileOnDisk + """
                    fill
                    slstats --disable 2>&1
                    cat "$HOME/.serverlessrc" | sed 's/[0-9]\\{10\\}/TIME/'; echo
                    slstats status --json | grep -E '"(pending|telemetry-disabled)"'
                    kill9
                    slstats why | grep Telemetry
                    """)
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                result.output.split(separator: "\n") == [
                    "Stats successfully disabled",
                    "{\"token\":\"secret\",\"trackingDisabled\":true,\"meta\":{\"updated_at\":TIME}}",
                    "    \"pending\": 0,", "      \"telemetry-disabled\": 1",
                    "Telemetry is off, decided by trackingDisabled.",
                ], "\(result.output)")
        }
    }

    @Test(
        "with the disk full to the last byte a no holds at once and after a kill, and the rc file is told when there is room [F051, F097]",
        .enabled(if: isRoot, "needs root for a disk of its own"))
    func fullDisk() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.onSmallDisk(
                stateOnDisk: false,
                Self.rcFileOnDisk + """
                    fill
                    slstats --disable 2>&1 || echo "status $?"
                    slstats status --json | grep -E '"(enabled|pending|telemetry-disabled)"'
                    cat "$HOME/.serverlessrc"; echo
                    kill9
                    slstats why | grep -E '^→|Telemetry'
                    rm "$HOME/fill"
                    told
                    cat "$HOME/.serverlessrc" | sed 's/[0-9]\\{10\\}/TIME/'; echo
                    ls -A "$HOME"
                    """)
            let lines = result.output.split(separator: "\n").map { $0.replacing(sandbox.home + "/disk", with: "HOME") }
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                lines.dropFirst() == [
                    "status 65", "    \"enabled\": false,", "    \"pending\": 0,", "      \"telemetry-disabled\": 1",
                    "{\"token\":\"secret\",\"trackingDisabled\":false}",
                    "→ --disable               \(sandbox.home)/state/slstats/consent.json  asked for, not in the rc file yet",
                    "Telemetry is off, decided by --disable.",
                    "{\"token\":\"secret\",\"trackingDisabled\":true,\"meta\":{\"updated_at\":TIME}}", ".serverlessrc",
                ])
            let warning = try #require(lines.first)
            #expect(warning.hasPrefix("slstats: telemetry is off, also after a restart, but only for slstats: "))
            #expect(warning.contains("No space left on device"))
        }
    }

    @Test(
        "with the home on a disk that has become read-only a no holds, says so, and is written when it can be [F055]",
        .enabled(if: isRoot, "needs root for a disk of its own"))
    func readOnlyDisk() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.onSmallDisk(
                stateOnDisk: false,
                Self.rcFileOnDisk + """
                    mount -o remount,ro "$HOME"
                    slstats --disable 2>&1 || echo "status $?"
                    slstats why | grep '^Telemetry'
                    mount -o remount,rw "$HOME"
                    told
                    slstats status --json | grep '"pending"'
                    ls -A "$HOME"
                    """)
            let lines = result.output.split(separator: "\n").map { String($0) }
            #expect(result.status == 0, "\(result.errors)")
            #expect(lines.first?.contains("Read-only file system; it is tried again") == true, "\(lines)")
            #expect(
                lines.dropFirst() == [
                    "status 65", "Telemetry is off, decided by --disable.", "    \"pending\": 0,", ".serverlessrc",
                ])
        }
    }

    /// Whether a script can take the watches away from itself (user_namespaces(7)).
    private static let canForbidWatches: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["--user", "--map-root-user", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_instances"]
        process.standardError = nil
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(
        "with no watch left to be had a no of another program is seen within seconds, though nobody asks",
        .enabled(if: canForbidWatches, "needs user namespaces"))
    func noWatch() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = """
                echo 0 > /proc/sys/user/max_inotify_instances
                slstats record info --strict
                spool="$HOME/.local/state/slstats/spool"
                [ -n "$(ls "$spool")" ] || echo "not recorded"
                echo '{"trackingDisabled":true}' > "$HOME/.serverlessrc"
                until [ -z "$(ls "$spool")" ]; do :; done
                """
            let result = try await sandbox.run(
                "unshare", ["--user", "--map-root-user", "timeout", "60", "bash", "-c", script])
            #expect(result.output == "" && result.status == 0, "\(result.output)\(result.errors)")
        }
    }

    @Test(
        "an rc file that is a mount point of its own is not replaced; a no holds, and nothing is left beside it [F055]",
        .enabled(if: isRoot, "needs root for a mount of its own"))
    func mountPoint() async throws {
        try await Sandbox.run { sandbox async throws in
            try Self.write("{\"trackingDisabled\":false}", to: sandbox.rcFile)
            let result = try await sandbox.run(
                "unshare",
                [
                    "--mount", "timeout", "60", "bash", "-c",
                    """
                    mount --bind "$HOME/.serverlessrc" "$HOME/.serverlessrc" || exit 77
                    slstats --disable 2>&1; echo "status $?"
                    slstats why | grep '^Telemetry'; cat "$HOME/.serverlessrc"; echo
                    # Not in the middle of the next try.
                    lock="$HOME/.local/state/slstats/lock"; kill "$(cat "$lock")"; flock --timeout 20 "$lock" true
                    ls -A "$HOME"
                    """,
                ])
            let lines = result.output.split(separator: "\n").map { String($0) }
            #expect(lines.first?.contains("Device or resource busy; it is tried again") == true, "\(lines)")
            #expect(
                lines.dropFirst() == [
                    "status 65", "Telemetry is off, decided by --disable.", "{\"trackingDisabled\":false}", ".local",
                    ".serverlessrc", "run",
                ])
        }
    }

    @Test(
        "the administrator's policy decides for everybody, and only the administrator's [F042, F036]",
        .enabled(if: isRoot, "needs root for an /etc of its own"))
    func policy() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run(
                "unshare",
                [
                    "--mount", "timeout", "60", "bash", "-c",
                    """
                    set -eu
                    mkdir upper work
                    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$HOME/upper,workdir=$HOME/work" /etc || exit 77
                    mkdir /etc/slstats; chmod 755 /etc/slstats
                    policy() { printf '%s' "$1" > /etc/slstats/policy.json; chmod 644 /etc/slstats/policy.json; }
                    why() { slstats why | sed -n 's/ *\\/etc\\/slstats\\/policy.json */ /; 1p; s/^Telemetry is //p'; }
                    slstats record a --strict
                    policy '{"consent": {"mode": "off"}}'; why; slstats record a --strict
                    policy '{"consent": {"mode": "on"}}'; why
                    policy '{"consent": '; why
                    policy '{"consent": {"mode": "off"}}'; chown 1000 /etc/slstats/policy.json; why
                    chown 0 /etc/slstats/policy.json; chmod 666 /etc/slstats/policy.json; why
                    chmod 644 /etc/slstats/policy.json; slstats --enable; why
                    slstats status --json | grep -E '"(recorded|pending)"'
                    """,
                ])
            if result.status == 77 { try Test.cancel("no overlay file system: \(result.errors)") }
            #expect(result.status == 0, "\(result.errors)")
            let lines = result.output.split(separator: "\n").map { String($0) }
            let off = ["→ policy off", "off, decided by policy."]
            #expect(
                lines == off + ["  policy on, which a policy cannot say", "on, decided by default."]
                    + [
                        "→ policy off, because /etc/slstats/policy.json:1: it is not one object of strict JSON: the document ends too early at byte 12",
                        "off, decided by policy.",
                        "  policy not believed: /etc/slstats/policy.json belongs to uid 1000, not to root",
                        "on, decided by default.",
                        "  policy not believed: /etc/slstats/policy.json can be written by others than root",
                        "on, decided by default.",
                    ] + off + ["    \"recorded\": 1,", "    \"pending\": 0,"])
        }
    }
}
