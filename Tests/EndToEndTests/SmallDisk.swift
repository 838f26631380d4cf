// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension Sandbox {
    /// Runs a script in a mount namespace of its own, with `HOME` on a small disk that can be filled; needs root.
    ///
    /// - Parameters:
    ///   - options: of tmpfs(5).
    ///   - stateOnDisk: whether the daemon keeps its own things on the small disk as well.
    func onSmallDisk(
        disk options: String = "size=256k", stateOnDisk: Bool = true, _ script: String
    ) async throws -> Result {
        let prelude = """
            set -eu
            outside="$HOME" disk="$HOME/disk"; mkdir -p "$disk"
            mount -t tmpfs -o \(options),mode=700 tmpfs "$disk"
            export XDG_STATE_HOME="\(stateOnDisk ? "$disk" : "$HOME")/state"
            export HOME="$disk" XDG_CONFIG_HOME="$disk/none"; lock="$XDG_STATE_HOME/slstats/lock"
            # Asked for, since on a full disk the file of the lock is empty.
            stop() {
                kill "$(slstats status --json | sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p')"
                [ ! -e "$lock" ] || flock --timeout 10 "$lock" true
            }
            kill9() { kill -9 "$(cat "$lock")"; flock --timeout 10 "$lock" true; }
            fill() { head -c 4M /dev/zero > "$HOME/fill" 2> /dev/null || true; }
            # The members of `events` in the status, on one line.
            events() { slstats status --json | tr -d ' \\n' | grep -o '"events":{[^}]*}[^}]*}}'; }
            trap stop EXIT

            """
        return try await run("unshare", ["--mount", "timeout", "120", "bash", "-c", prelude + script])
    }

    /// For scripts: a collector that is not on the small disk, and `collected`, the number of events it has.
    static let collectorForScripts =
        collect + """
            mkdir -m 700 data
            mount -t tmpfs -o mode=700 tmpfs data
            collect
            trap 'stop; kill $collector; wait $collector' EXIT
            export SLSTATS_FLUSH_EVENTS=9999 SLSTATS_FLUSH_BYTES=9MiB
            collected() { sqlite3 -readonly "$outside/data/events.sqlite" 'SELECT count(DISTINCT id) FROM event'; }

            """
}
