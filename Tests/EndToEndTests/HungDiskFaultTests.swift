// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A disk that takes seconds for a sync, below a daemon whose event loop is well.
@Suite("A disk that hangs", .enabled(if: Tracer.isThere, "needs root and strace: run make test as root"))
struct HungDiskFaultTests {
    @Test("the watchdog hears nothing while the thread that syncs hangs, though clients are served [F149]")
    func watchdog() async throws {
        let output = try await Sandbox.output(
            of: "python3",
            #"""
            import os, select, socket, subprocess, time
            home = os.environ["HOME"]
            path = os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock"
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            manager.bind(home + "/notify")
            variables = os.environ | {"NOTIFY_SOCKET": home + "/notify", "WATCHDOG_USEC": "400000"}
            daemon = subprocess.Popen(["slstatsd", "--log-level=error"], env=variables)
            # Whether it says so within the time.
            def says(word, seconds):
                end = time.monotonic() + seconds
                while select.select([manager], [], [], max(0, end - time.monotonic()))[0]:
                    if word in manager.recv(1000): return True
                return False
            def ask(method, params="{}"):
                connection = socket.socket(socket.AF_UNIX)
                connection.settimeout(60)
                connection.connect(path)
                connection.sendall(('{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' % (method, params)).encode())
                return connection
            def answer(connection): return b'"result"' in connection.recv(1000)
            print("ready:", says(b"READY=1", 20), "alive:", says(b"WATCHDOG=1", 20))

            strace = ["strace", "-f", "-p", str(daemon.pid), "-o", home + "/calls", "-e", "trace=fdatasync"]
            tracer = subprocess.Popen(
                strace + ["-e", "inject=fdatasync:delay_enter=60000000:when=1"], stderr=subprocess.PIPE, text=True)
            while "attached" not in tracer.stderr.readline(): pass
            synced = ask("record", '{"durability":"synced","event":{"command":"a"}}')
            # Until a thread is held: between two of its calls it is so for a moment only.
            def held():
                tasks = f"/proc/{daemon.pid}/task"
                return any(") t " in open(f"{tasks}/{task}/stat").read() for task in os.listdir(tasks))
            looks = 0
            while looks < 10: looks = looks + 1 if held() else 0; time.sleep(0.01)
            # What it had said before.
            while says(b"", 0): pass
            print("alive:", says(b"WATCHDOG=1", 1.2), "served:", answer(ask("hello")))
            # Without its tracer the thread goes on.
            tracer.terminate(); tracer.wait()
            print("synced:", answer(synced), "alive:", says(b"WATCHDOG=1", 20))
            daemon.terminate(); daemon.wait()
            """#)
        #expect(
            output == """
                ready: True alive: True
                alive: False served: True
                synced: True alive: True

                """)
    }
}
