// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import OrderedJSON
import Testing

/// Whatever happens to the daemon, every acknowledged event reaches the collector, and no other does.
@Suite(
    "Recording and delivering at every system call",
    .enabled(if: Tracer.isThere, "needs root and strace: run make test as root"))
struct SpoolFaultTests {
    /// What touches the spool, the collector or a client.
    private static let calls: Set = [
        "accept4", "close", "connect", "fdatasync", "fsync", "ftruncate", "getdents64", "lseek", "mkdir", "openat",
        "read",
        "readv", "recvfrom", "rename", "sendto", "socket", "unlink", "write", "writev",
    ]

    /// What each of them can fail with. A read(2) is as a rule that of the event loop's own descriptors, which does not
    /// fail; of files it is made to fail in the tests of the spool.
    private static let errnos: [String: [String]] = [
        "write": ["ENOSPC", "EIO", "EDQUOT", "EFBIG", "EROFS"], "fdatasync": ["EIO", "ENOSPC", "EDQUOT"],
        "fsync": ["EIO", "ENOSPC", "EDQUOT"],
        "openat": ["ENOSPC", "EACCES", "EROFS", "EIO", "EMFILE", "ENFILE", "ENOMEM"],
        "rename": ["ENOSPC", "EIO", "EROFS", "EACCES"], "unlink": ["EIO", "EROFS", "EACCES"], "ftruncate": ["EIO"],
        "lseek": ["EIO"], "getdents64": ["EIO"], "mkdir": ["ENOSPC", "EROFS"],
        "connect": ["ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT"], "socket": ["EMFILE", "ENOBUFS"],
        "writev": ["EPIPE", "ECONNRESET"], "recvfrom": ["ECONNRESET"],
    ]

    /// Three events, one of them synced, and a delivery.
    private static let command = #"""
        record() {
            local id; read -r id < /proc/sys/kernel/random/uuid; echo "$id" >> attempted
            slstats record --payload "{\"id\":\"$id\",\"command\":\"c\"}" --strict "$@" 2>> refused && echo "$id" >> acknowledged
        }
        export SLSTATS_COLLECTOR_URL="$(sed 's/listening on //' listening)"
        record; record --sync; record
        slstats flush --timeout 10 > /dev/null 2>&1
        true
        """#

    /// The same by socket, for daemons that stay alive: only an answer that says so counts as recorded. While the rc file
    /// cannot be read telemetry is off, which is not a loss.
    private static let socketCommand = command.replacing(
        #"slstats record --payload "{\"id\":\"$id\",\"command\":\"c\"}" --strict "$@" 2>> refused && echo"#,
        with: #"""
            local durability=accepted; [ $# = 0 ] || durability=synced
            printf '{"jsonrpc":"2.0","id":1,"method":"record","params":{"durability":"%s","event":{"id":"%s","command":"c"}}}\n' \
                "$durability" "$id" | socat -t60 - "UNIX-CONNECT:$XDG_RUNTIME_DIR/slstats/slstatsd.sock" 2>> refused \
                | grep -q '"recorded":true' && echo
            """#)

    private func ids(_ sandbox: Sandbox, _ name: String) -> Set<String> {
        let text = (try? String(contentsOfFile: "\(sandbox.home)/\(name)", encoding: .utf8)) ?? ""
        return Set(text.split(separator: "\n").map(String.init))
    }

    /// A sandbox with a collector that is not harmed.
    private func withCollector(_ body: @Sendable (Sandbox) async throws -> Void) async throws {
        try await Sandbox.run { sandbox async throws in
            let start = "collect --requests-per-minute 1000000; echo $collector > collector.pid"
            _ = try await sandbox.run("bash", ["-c", Sandbox.collect + start])
            let pid = try String(contentsOfFile: sandbox.home + "/collector.pid", encoding: .utf8)
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(sandbox)) } catch { outcome = .failure(error) }
            if let pid = Int32(pid.split(separator: "\n").first ?? "") { Glibc.kill(pid, SIGKILL) }
            try outcome.get()
        }
    }

    /// Delivers the rest, and compares what was acknowledged with what the collector has.
    private func check(_ sandbox: Sandbox, _ fault: String) async throws {
        let url =
            try String(contentsOfFile: sandbox.home + "/listening", encoding: .utf8)
            .replacing("listening on ", with: "").split(separator: "\n").first.map(String.init) ?? ""
        let flush = try await sandbox.run("slstats", ["flush", "--timeout", "60"], ["SLSTATS_COLLECTOR_URL": url])
        let events = try await sandbox.status()["events"]
        func count(_ key: String) -> Int64 { events?[key]?.integer ?? -1 }
        let dropped = events?["dropped"]?.object?.members.reduce(0) { $0 + ($1.value.integer ?? 0) } ?? -1
        #expect(flush.status == 0, "\(fault): \(flush.output)\(flush.errors)")
        #expect(
            count("recorded") == count("pending") + count("sent") + count("quarantined") + dropped,
            "\(fault): \(events?.serialized() ?? "")")
        let rows = try await sandbox.run(
            "sqlite3", ["-readonly", sandbox.home + "/data/events.sqlite", "SELECT id FROM event"])
        let collected = Set(rows.output.split(separator: "\n").map(String.init))
        let acknowledged = ids(sandbox, "acknowledged")
        #expect(acknowledged.subtracting(collected) == [], "\(fault): lost")
        // Said once is enough.
        try? collected.sorted().map { $0 + "\n" }.joined().write(
            toFile: sandbox.home + "/acknowledged", atomically: true, encoding: .utf8)
        #expect(collected.subtracting(ids(sandbox, "attempted")) == [], "\(fault): made up")
    }

    /// Starts the daemon anew, with two events of an earlier run, and harms it at the call.
    private func attempt(
        _ sandbox: Sandbox, _ call: Tracer.Call?, _ fault: String, _ command: String = command
    ) async throws -> (calls: String, isAlive: Bool) {
        await sandbox.stopDaemon(SIGKILL)
        _ = try await sandbox.run("bash", ["-c", Self.command.replacing("slstats flush", with: "true")])
        await sandbox.stopDaemon(SIGKILL)
        let start = Self.command.split(separator: "record; record").first.map(String.init) ?? ""
        _ = try await sandbox.run("bash", ["-c", start + "\nslstats ping"])
        let pid = try #require(sandbox.processes(named: "slstatsd").first)
        let (_, calls) = try await Tracer.watch(sandbox, pid, call, fault, command)
        return (calls, sandbox.processes(named: "slstatsd").contains(pid))
    }

    private func allCalls(_ sandbox: Sandbox, _ command: String = command) async throws -> [Tracer.Call] {
        let calls = Tracer.callsOfAllThreads(in: try await attempt(sandbox, nil, "", command).calls)
            .filter { Self.calls.contains($0.name) }
        try await check(sandbox, "no fault")
        #expect(ids(sandbox, "acknowledged").count == 6 && ids(sandbox, "refused").isEmpty)
        #expect(calls.count > 40, "\(calls)")
        return calls
    }

    @Test("killed at any system call, nothing acknowledged is lost and nothing is made up [F084, F135]")
    func kill() async throws {
        try await withCollector { sandbox async throws in
            let calls = try await allCalls(sandbox)
            var killed = 0
            for call in calls.enumerated() where Sandbox.isLong || call.offset % 4 == 0 {
                if try await !attempt(sandbox, call.element, "signal=KILL").isAlive { killed += 1 }
                try await check(sandbox, "killed at \(call.element)")
            }
            // What waits in between is not always divided into the same number of calls.
            #expect(killed >= (Sandbox.isLong ? calls.count : calls.count / 4) * 3 / 4, "\(killed) of \(calls)")
        }
    }

    @Test("each system call failing once, the daemon goes on, and the same holds [F096, F098, F099]")
    func errors() async throws {
        try await withCollector { sandbox async throws in
            let calls = try await allCalls(sandbox, Self.socketCommand)
            var turn = 0
            for call in calls {
                for errno in Self.errnos[call.name] ?? [] {
                    turn += 1
                    guard Sandbox.isLong || turn % 8 == 0 else { continue }
                    let fault = "\(errno) at \(call)"
                    let outcome = try await attempt(sandbox, call, "error=\(errno)", Self.socketCommand)
                    // libdispatch looks after its workers there, and ends the process when it cannot.
                    let isOurs = !Self.isOfDispatch(outcome.calls)
                    #expect(outcome.isAlive || !isOurs, "\(fault): \(outcome.calls.suffix(400))")
                    try await check(sandbox, fault)
                }
            }
        }
    }

    /// What the kernel may give up for a signal. A connect(2) goes on by itself, and a close(2) is not repeated.
    private static let interruptible: Set = [
        "accept4", "fdatasync", "fsync", "ftruncate", "openat", "read", "readv", "recvfrom", "write", "writev",
    ]

    @Test("a system call that a signal interrupts is made again, and nobody notices: no event is refused [F102]")
    func interruptions() async throws {
        try await withCollector { sandbox async throws in
            let calls = try await allCalls(sandbox, Self.socketCommand)
            let firstOnes: Set = ["fdatasync 1", "fsync 1", "openat 1", "read 1", "write 1", "writev 1"]
            var interrupted = 0
            for call in calls where Self.interruptible.contains(call.name) {
                guard Sandbox.isLong || firstOnes.contains(call.description) else { continue }
                let before = ids(sandbox, "attempted")
                let outcome = try await attempt(sandbox, call, "error=EINTR", Self.socketCommand)
                if outcome.calls.contains("(INJECTED)") { interrupted += 1 }
                // That end is libdispatch's, as above.
                guard !Self.isOfDispatch(outcome.calls) else { continue }
                #expect(outcome.isAlive, "\(call): \(outcome.calls.suffix(400))")
                let refused = ids(sandbox, "attempted").subtracting(before).subtracting(ids(sandbox, "acknowledged"))
                #expect(refused == [], "EINTR at \(call)")
                try await check(sandbox, "EINTR at \(call)")
            }
            // Which thread does how much is not always the same.
            #expect(interrupted >= (Sandbox.isLong ? 20 : 4), "\(interrupted) of \(calls)")
        }
    }

    /// Whether a call that was made to fail is one of libdispatch: calls are counted, and fail, in each thread. Other
    /// threads write their lines in between.
    private static func isOfDispatch(_ trace: String) -> Bool {
        let lines = trace.split(separator: "\n")
        return lines.indices.contains { end in
            guard lines[end].contains("(INJECTED)"), let thread = lines[end].split(separator: " ").first else {
                return false
            }
            let call = lines[...end].last {
                $0.split(separator: " ").first == thread && $0.contains("openat(")
            }
            return call?.contains(#//proc/[0-9]+/stat/#) == true
        }
    }

    @Test("killed at random moments under eight shells at once, nothing acknowledged is lost [F083, F109, F117, F118]")
    func random() async throws {
        try await withCollector { sandbox async throws in
            let script = Self.command.split(separator: "record; record").first.map(String.init) ?? ""
            let kills = Sandbox.isLong ? 1000 : 30
            let result = try await sandbox.run(
                "bash",
                [
                    "-c",
                    script + """

                        lock="$HOME/.local/state/slstats/lock"
                        mkfifo nothing; exec 9<> nothing
                        slstats ping > /dev/null
                        for shell in 1 2 3 4 5 6 7 8; do
                            (while [ ! -e stop ]; do record; done) &
                            writers+=($!)
                        done
                        for turn in $(seq \(kills)); do
                            # A random while later; a daemon that is not there yet cannot be killed.
                            [ $((turn % 2)) = 0 ] || slstats ping > /dev/null || true
                            read -r -t "0.$((RANDOM % 3))$((RANDOM % 10))" -u 9 || true
                            kill -9 "$(cat "$lock")" 2> /dev/null && echo killed
                        done | wc -l > kills
                        touch stop
                        wait "${writers[@]}"
                        """,
                ])
            #expect(result.status == 0, "\(result.errors)")
            let killed = Int(ids(sandbox, "kills").first ?? "") ?? 0
            #expect(killed >= kills / 3)
            #expect(ids(sandbox, "acknowledged").count > kills / 3)
            try await check(sandbox, "\(killed) kills")
        }
    }
}
