// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A daemon that may have 64 descriptors, and who wants more of it.
@Suite("More connections than descriptors")
struct ConnectionLimitTests {
    /// A daemon whose collector takes connections and says nothing, and how one asks it.
    private static let prelude = """
        import os, select, socket, subprocess, time
        path = os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock"
        silence = socket.create_server(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d/" % silence.getsockname()[1]
        def start():
            global daemon
            daemon = subprocess.Popen(["prlimit", "--nofile=64:64", "slstatsd", "--log-level=error", "--collector-url", url])
            while socket.socket(socket.AF_UNIX).connect_ex(path): pass
        start()
        def connect():
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            return connection
        def ask(connection, method="hello", params="{}"):
            connection.send(b'{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\\n' % (method.encode(), params.encode()))
        def answer(connection): return b'"result"' in connection.recv(1000)
        def ticks(): return sum(int(n) for n in open("/proc/%d/stat" % daemon.pid).read().rsplit(")", 1)[1].split()[11:13])
        sent = {}
        def push():
            question = b'{"jsonrpc":"2.0","id":1,"method":"schema","params":{"padding":"%s"}}\\n' % (b"x" * 4000)
            before = sum(sent.values())
            for connection in sent:
                try:
                    while True: sent[connection] += connection.send(question[sent[connection] % len(question):])
                except (BlockingIOError, BrokenPipeError, ConnectionResetError): pass
            return sum(sent.values()) > before
        def fill():
            "Forty ask and read nothing: as many as it lets in have answers before them, and it takes no more and sleeps."
            for _ in range(40):
                connection = connect()
                connection.setblocking(False)
                sent[connection] = 0
            start = 0
            while push() or len(select.select(sent, [], [], 0)[0]) < 30 or ticks() > start:
                start = ticks()
                time.sleep(0.1)

        """

    private func run(_ sandbox: Sandbox, _ script: String) async throws -> String {
        let end = "\ndaemon.terminate(); daemon.wait()"
        let result = try await sandbox.run("timeout", ["100", "python3", "-c", Self.prelude + script + end])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        return result.output
    }

    @Test("150 or 1000 that stay connected are all answered, and the next client is too [F065, F070]")
    func silent() async throws {
        try await Sandbox.run { sandbox async throws in
            let output = try await run(
                sandbox,
                """
                import resource
                resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
                connections = []
                for _ in range(\(Sandbox.isLong ? 1000 : 150)):
                    connections.append(connect())
                    ask(connections[-1])
                print(sum(answer(connection) for connection in connections))
                subprocess.run(["slstats", "ping"], check=True, stdout=subprocess.DEVNULL)
                """)
            #expect(output == "\(Sandbox.isLong ? 1000 : 150)\n")
        }
    }

    @Test("while everybody waits for an answer the daemon sleeps; the first that leaves lets the next one in [F070]")
    func waiting() async throws {
        try await Sandbox.run { sandbox async throws in
            let output = try await run(
                sandbox,
                """
                first = connect()
                ask(first, "record", '{"event":{"command":"a"}}')
                answer(first)
                waiting = []
                for _ in range(60):
                    waiting.append(connect())
                    ask(waiting[-1], "flush", '{"timeoutMs":600000}')
                late = connect()
                ask(late)
                late.settimeout(1)
                try: print("served" if answer(late) else "closed")
                except TimeoutError: print("waits")
                before = ticks()
                time.sleep(2)
                # A hundred a second: 5 %.
                print(ticks() - before < 10)
                late.settimeout(60)
                for connection in waiting: connection.close()
                print("served" if answer(late) else "closed")
                """)
            #expect(output == "waits\nTrue\nserved\n")
        }
    }

    @Test("those who ask without end and read nothing make room for whoever reads [F066]")
    func unread() async throws {
        try await Sandbox.run { sandbox async throws in
            let output = try await run(
                sandbox,
                """
                fill()
                pings = [subprocess.Popen(["slstats", "ping"], stdout=subprocess.DEVNULL) for _ in range(3)]
                print([ping.wait() for ping in pings])
                """)
            #expect(output == "[0, 0, 0]\n")
        }
    }

    @Test("with its room full of those, and others waiting, it stops in order and in time [F066, F152]")
    func stop() async throws {
        try await Sandbox.run { sandbox async throws in
            let output = try await run(
                sandbox,
                """
                # It has half a second more than it needs, which a busy machine may take from it.
                for turn in range(3):
                    if turn: sent.clear(); start()
                    fill()
                    waiting = [connect() for _ in range(3)]
                    daemon.terminate()
                    if daemon.wait() == 0: break
                print(daemon.returncode)
                """)
            #expect(output == "0\n")
        }
    }
}
