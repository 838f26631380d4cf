// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The hooks in real shells on a real terminal.
@Suite("Notices at the prompt")
struct PromptHookTests {
    struct Shell: Sendable, CustomTestStringConvertible {
        let name: String
        /// Interactive, without anybody's configuration.
        let command: String
        let install: String
        let remove: String
        let substitution: String
        let status: String

        var testDescription: String { name }
    }

    static let shells = [
        Shell(
            name: "bash", command: "bash --noprofile --norc -i", install: #"eval "$(slstats hook bash)""#,
            remove: #"eval "$(slstats hook bash --remove)""#,
            substitution: #"echo "captured=[$(slstats notifications --at-prompt)]""#, status: "$?"),
        Shell(
            name: "zsh", command: "zsh -f -i", install: #"eval "$(slstats hook zsh)""#,
            remove: #"eval "$(slstats hook zsh --remove)""#,
            substitution: #"echo "captured=[$(slstats notifications --at-prompt)]""#, status: "$?"),
        Shell(
            name: "fish", command: "fish --no-config -i", install: "slstats hook fish | source",
            remove: "slstats hook fish --remove | source",
            substitution: #"echo "captured=[$(slstats notifications --at-prompt)]""#, status: "$status"),
    ]

    private static func isThere(_ program: String) -> Bool {
        ["/usr/bin/", "/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + program) }
    }

    private static let installed = shells.filter { isThere($0.name) }

    /// A feed with one notice that the daemon knows of, and a `slstats` that writes down how it is called.
    private func prepare(_ sandbox: Sandbox) async throws {
        let script = #"""
            printf '[{"code":"NEWS","message":"hello from the feed"}]' > feed.json
            slstats ping > /dev/null
            mkdir watched
            printf '#!/bin/sh\necho "$@" >> "$HOME/calls"\nexec "%s" "$@"\n' "$(command -v slstats)" > watched/slstats
            chmod +x watched/slstats
            """#
        let result = try await sandbox.run(
            "bash", ["-c", script], ["SLSTATS_NOTIFICATIONS_FEED": sandbox.home + "/feed.json"])
        #expect(result.status == 0, "\(result.errors)")
    }

    /// Types the lines into a shell on a terminal of its own.
    private func type(
        _ lines: [String], into shell: Shell, _ sandbox: Sandbox, _ more: [String: String] = [:]
    ) async throws -> String {
        let typed = (lines + ["exit"]).map { $0 + "\n" }.joined()
        let path = sandbox.home + "/watched:" + sandbox.bin + ":/usr/bin:/bin"
        let variables = ["PATH": path, "TERM": "dumb", "PS1": "> "].merging(more) { $1 }
        let result = try await sandbox.run(
            "timeout", ["60", "script", "-qec", shell.command, "/dev/null"], variables, input: typed)
        return result.output.replacing("\r\n", with: "\n").replacing("\r", with: "")
    }

    private func calls(_ sandbox: Sandbox) -> [String] {
        ((try? String(contentsOfFile: sandbox.home + "/calls", encoding: .utf8)) ?? "").split(separator: "\n").map(
            String.init)
    }

    @Test(
        "it appears once, at the prompt, keeps the status, and is taken away by the same command", arguments: installed)
    func once(_ shell: Shell) async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            let output = try await type(
                [
                    shell.install, "echo first", "false", "echo status=\(shell.status)", shell.install, "echo second",
                    shell.remove, "echo third",
                ], into: shell, sandbox)
            let parts = output.components(separatedBy: "hello from the feed\n")
            #expect(parts.count == 2, "\(output)")
            #expect(!(parts.first ?? "").contains("\nfirst\n") && (parts.last ?? "").contains("\nfirst\n"), "\(output)")
            #expect(output.contains("status=1\n"), "\(output)")
            #expect(output.contains("third\n") && !output.contains("not found"), "\(output)")
            // After the one notice no prompt starts a program.
            #expect(calls(sandbox).filter { $0.hasPrefix("notifications") } == ["notifications --at-prompt"])
        }
    }

    @Test("in a command substitution, in a pipe, in a script and in CI nothing appears", arguments: installed)
    func nowhereElse(_ shell: Shell) async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            let captured = try await type(
                [shell.substitution, "slstats notifications --at-prompt | cat"], into: shell, sandbox)
            #expect(captured.contains("captured=[]\n") && !captured.contains("hello from"), "\(captured)")
            let inCI = try await type([shell.install, "echo first"], into: shell, sandbox, ["CI": "1"])
            #expect(inCI.contains("first\n") && !inCI.contains("hello from"), "\(inCI)")
            let script = try await sandbox.run(shell.name, ["-c", shell.install + "; echo done"])
            #expect(script.output == "done\n" && script.errors == "" && script.status == 0, "\(script.errors)")
            // It is still there for whoever sits at a prompt.
            #expect(try await sandbox.slstats("notifications").output == "hello from the feed\n")
        }
    }

    @Test("a second notice comes at the next prompt, not with the next shell", arguments: installed)
    func two(_ shell: Shell) async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            try #"[{"code":"A","message":"hello from A"},{"code":"B","message":"hello from B"}]"#.write(
                toFile: sandbox.home + "/feed.json", atomically: true, encoding: .utf8)
            _ = try await sandbox.slstats("notifications", "list")
            let output = try await type(
                [shell.install, "echo first", "echo second", "echo third"], into: shell, sandbox)
            #expect(output.contains("hello from A\n") && output.contains("hello from B\n"), "\(output)")
            #expect(calls(sandbox).count { $0.hasPrefix("notifications") } == 2)
        }
    }

    @Test("where no daemon has ever run, installing the hook is enough", arguments: installed)
    func fresh(_ shell: Shell) async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            await sandbox.stopDaemon()
            try FileManager.default.removeItem(atPath: sandbox.state)
            let output = try await type(
                [shell.install, "echo first"], into: shell, sandbox,
                ["SLSTATS_NOTIFICATIONS_FEED": sandbox.home + "/feed.json"])
            #expect(output.contains("hello from the feed\n"), "\(output)")
        }
    }

    @Test(
        "what stands in the schedule is a number or nothing; it is never executed", arguments: installed,
        [
            "0+a[$(touch $HOME/pwned)] 1", "$(touch $HOME/pwned) 1", "`touch $HOME/pwned`", "a[`touch $HOME/pwned`]",
            "", "-1 1",
        ])
    func hostileSchedule(_ shell: Shell, _ line: String) async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            try (line + "\n").write(
                toFile: sandbox.state + "/notifications-due", atomically: true, encoding: .utf8)
            let output = try await type([shell.install, "echo first", "echo second"], into: shell, sandbox)
            #expect(output.contains("second\n") && !output.contains("hello"), "\(output)")
            #expect(!FileManager.default.fileExists(atPath: sandbox.home + "/pwned"))
        }
    }

    @Test("bash: other prompt commands see the statuses of the pipe", .enabled(if: isThere("bash")))
    func pipeStatus() async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            let output = try await type(
                [#"PROMPT_COMMAND='echo "PS=${PIPESTATUS[*]}"'"#, #"eval "$(slstats hook bash)""#, "false | true"],
                into: Self.shells[0], sandbox)
            #expect(output.contains("PS=1 0\n"), "\(output)")
        }
    }

    @Test("without anything to show no prompt starts a program", arguments: installed)
    func nothing(_ shell: Shell) async throws {
        try await Sandbox.run { sandbox async throws in
            try await prepare(sandbox)
            _ = try await sandbox.slstats("notifications", "ack", "NEWS")
            _ = try await type([shell.install, "echo first", "echo second"], into: shell, sandbox)
            #expect(calls(sandbox).allSatisfy { $0.hasPrefix("hook") } && !calls(sandbox).isEmpty)
        }
    }

    @Test("bash's prompt commands of others stay as they were, as a word and as a list", .enabled(if: isThere("bash")))
    func othersCommands() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = #"""
                set -i 2> /dev/null; install="$(slstats hook bash)"; remove="$(slstats hook bash --remove)"
                # As in an interactive shell.
                install="${install/'$- == *i*'/1 == 1}"
                check() { eval "$install"; eval "$install"; echo "${PROMPT_COMMAND[*]}"; eval "$remove"; echo "[${PROMPT_COMMAND[*]}]"; }
                unset PROMPT_COMMAND; check
                PROMPT_COMMAND="history -a;"; check
                PROMPT_COMMAND=("history -a" other); check
                declare -F __slstats_prompt || true
                """#
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(
                result.output.split(separator: "\n") == [
                    "__slstats_prompt", "[]", "history -a;", "__slstats_prompt", "[history -a;]",
                    "history -a other __slstats_prompt", "[history -a other]",
                ], "\(result.output)\(result.errors)")
        }
    }
}
