// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a start finds that no daemon of ours would have left there.
@Suite("A spool that is far too large")
struct SpoolSizeFaultTests {
    /// Python: `started()` runs the daemon on what is there, and says what that took and whether it records.
    private static let prelude = #"""
        import json, os, re, socket, subprocess, sys, time
        state = os.environ["HOME"] + "/.local/state/slstats"
        os.makedirs(state + "/spool", 0o700)
        os.chmod(state, 0o700)
        def make(name, size, begin=b""):
            with open(f"{state}/spool/{name}", "wb") as file: file.write(begin); file.truncate(size)
        # The format of a line, with its CRC-32C.
        table = []
        for n in range(256):
            for _ in range(8): n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
            table.append(n)
        def line(sequence, json):
            body, crc = b"%d %s" % (sequence, json.encode()), 0xFFFFFFFF
            for byte in body: crc = crc >> 8 ^ table[(crc ^ byte) & 255]
            return b"%08x %s\n" % (crc ^ 0xFFFFFFFF, body)
        def header(number): return line(
            0, '{"format":1,"epoch":"%016x","createdAt":%d,"firstSequence":%d}' % (number, time.time() * 1000, number))
        def started(seconds):
            # Whatever asks for so much more than it ever has at once is refused it, and ends.
            daemon = subprocess.Popen(["prlimit", "--data=%d" % (256 << 20), "slstatsd", "--log-level=error"])
            connection = socket.socket(socket.AF_UNIX)
            while connection.connect_ex(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock"):
                assert daemon.poll() is None
                time.sleep(0.001)
            connection.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
            assert b'"result"' in connection.recv(1000)
            process = f"/proc/{daemon.pid}/"
            # On a machine that does nothing else this is how long it takes.
            ticks = map(int, open(process + "stat").read().rsplit(")")[-1].split()[11:13])
            used = sum(ticks) / os.sysconf("SC_CLK_TCK")
            def memory(key): return int(re.search(key + r":\s*(\d+)", open(process + "status").read())[1]) >> 10
            recorded = subprocess.run(["slstats", "record", "info", "--sync", "--strict"]).returncode == 0
            now = json.loads(subprocess.check_output(["slstats", "status", "--json"]))["events"]
            figures = {
                "seconds": (used, seconds), "MiB": (memory("VmRSS"), 128), "MiB of its own": (memory("RssAnon"), 40),
                "descriptors": (len(os.listdir(process + "fd")), 40)}
            for name, (figure, most) in figures.items(): print(f"few {name}" if figure <= most else f"{figure} {name}")
            print("balance:", now["recorded"] == now["pending"] + sum(now["dropped"].values()), "records:", recorded)
            daemon.terminate()
            # The last sync may be of a disk that takes its time: then the alarm ends it.
            print("ends:", daemon.wait() in (0, -14))
            return now

        """#

    /// As a release build does it, or one for debugging.
    private static let seconds = Sandbox.isLong ? 1 : 15
    private static let small = """
        few seconds
        few MiB
        few MiB of its own
        few descriptors
        balance: True records: True
        ends: True

        """

    private func run(_ script: String) async throws -> String {
        try await Sandbox.output(of: "python3", Self.prelude + script)
    }

    @Test("a gigabyte of foreign batches: it serves within a second, and what is beyond the limit is dropped [F106]")
    func foreign() async throws {
        let output = try await run(
            """
            for n in range(1, 65): make("%016x-%016x-1.batch" % (n, n), 16 << 20)
            now = started(\(Self.seconds))
            print(now["dropped"], now["pending"])
            """)
        #expect(output == Self.small + "{'spool-full': 64} 1\n")
    }

    @Test(
        "one line of a gigabyte: no memory for it, and the event before it is there unless all is too large [F091]",
        arguments: [(".open", "{} 2"), ("-1.batch", "{'spool-full': 1} 1")])
    func endlessLine(_ kind: String, _ left: String) async throws {
        let output = try await run(
            """
            make("%016x-%016x" % (1, 1) + "\(kind)", 1 << 30, header(1) + line(1, '{"command":"a"}'))
            now = started(\(Self.seconds))
            print(now["dropped"], now["pending"])
            """)
        #expect(output == Self.small + left + "\n")
    }

    @Test("ten thousand segments of one event: each is there, and there is no descriptor or memory for each [F107]")
    func tiny() async throws {
        let count = Sandbox.isLong ? 10_000 : 1000
        let output = try await run(
            """
            for n in range(1, \(count) + 1): make(
                "%016x-%016x-1.batch" % (n, n), None, header(n) + line(n, '{"command":"a"}'))
            print(started(\(Self.seconds))["pending"])
            """)
        #expect(output == Self.small + "\(count + 1)\n")
    }
}
