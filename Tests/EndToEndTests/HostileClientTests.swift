// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What one client does wrong is nobody else's matter.
@Suite("Clients that behave badly")
struct HostileClientTests {
    private func run(_ python: String) async throws -> String {
        let prelude = #"""
            import json, os, re, socket, subprocess
            subprocess.run(["slstats", "ping"], stdout=subprocess.DEVNULL, check=True)
            pid = int(open(os.environ["HOME"] + "/.local/state/slstats/lock").read())
            path = os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock"
            def connect():
                connection = socket.socket(socket.AF_UNIX)
                connection.settimeout(30)
                connection.connect(path)
                return connection
            def request(id, method="hello", params="{}"):
                return ('{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}\n' % (id, method, params)).encode()
            def ask(connection, *arguments):
                connection.sendall(request(*arguments))
                return connection.makefile().readline()
            def memory():
                return int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{pid}/status").read())[1])
            # Whoever behaves well is served all the time.
            def others_are_served():
                with connect() as connection: assert '"result"' in ask(connection, 1)

            """#
        return try await Sandbox.output(of: "python3", prelude + python)
    }

    @Test("a line of 200 MB is refused at 64 KiB, and costs no memory [F064]")
    func endlessLine() async throws {
        let output = try await run(
            #"""
            before, sent = memory(), 0
            with connect() as connection:
                try:
                    while sent < 200 << 20: sent += connection.send(b"x" * 65536)
                except OSError: pass
            print(sent < 8 << 20, memory() - before < 16 << 10)
            others_are_served()
            """#)
        #expect(output == "True True\n")
    }

    @Test("one byte now and then keeps a connection, and nobody out [F065]")
    func slow() async throws {
        let output = try await run(
            #"""
            line = request(7)
            slow = [connect() for _ in range(50)]
            for byte in line:
                for connection in slow: connection.sendall(bytes([byte]))
                others_are_served()
            print(all('"id":7' in connection.makefile().readline() for connection in slow))
            """#)
        #expect(output == "True\n")
    }

    @Test("ten thousand requests of a client that reads nothing: bounded, and then answered in order [F066, F078]")
    func unread() async throws {
        let output = try await run(
            #"""
            import threading
            others_are_served()
            before = memory()
            lines = b"".join(request(n, "status") for n in range(10000))
            connection = connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            connection.setblocking(False)
            sent = 0
            try:
                while sent < len(lines): sent += connection.send(lines[sent:])
            except BlockingIOError: pass
            for _ in range(50): others_are_served()
            # All of the answers together would take 20 MB and more.
            print(sent < len(lines) // 2, memory() - before < 8 << 10)
            connection.setblocking(True)
            threading.Thread(target=lambda: connection.sendall(lines[sent:])).start()
            answers = connection.makefile()
            print(all(json.loads(answers.readline())["id"] == n for n in range(10000)))
            """#)
        #expect(output == "True True\nTrue\n")
    }

    @Test("a thousand that connect in one moment are all answered, and the queue of the socket takes them [F069]")
    func thousand() async throws {
        let output = try await run(
            #"""
            import resource, signal
            resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
            connections, refused = [], 0
            for n in range(1000):
                connection = socket.socket(socket.AF_UNIX)
                connection.setblocking(False)
                try: connection.connect(path)
                except BlockingIOError: refused += 1
                else: connections.append(connection)
            print(refused)
            answered = 0
            for n, connection in enumerate(connections):
                connection.settimeout(30)
                with connection: answered += f'"id":{n}' in ask(connection, n)
            print(answered)
            # While it accepts nobody, the queue alone takes them, up to what the machine allows: not 128 of NIO's.
            allowed = int(open("/proc/sys/net/core/somaxconn").read())
            room = min(4096, allowed, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100)
            os.kill(pid, signal.SIGSTOP)
            waiting, refused = [], 0
            for n in range(room):
                connection = socket.socket(socket.AF_UNIX)
                connection.setblocking(False)
                waiting.append(connection)
                try: connection.connect(path)
                except BlockingIOError: refused += 1
            print(refused)
            os.kill(pid, signal.SIGCONT)
            for connection in waiting: connection.close()
            others_are_served()
            """#)
        #expect(output == "0\n1000\n0\n")
    }

    @Test("whoever is gone before the answer has recorded all the same, and takes nobody along [F079]")
    func gone() async throws {
        let output = try await run(
            #"""
            for n in range(200):
                with connect() as connection:
                    connection.sendall(request(n, "record", '{"event":{"command":"info"}}') + request(n, "status") * 20)
            others_are_served()
            with connect() as connection: status = json.loads(ask(connection, 1, "status"))["result"]
            print(status["events"]["recorded"], int(open(os.environ["HOME"] + "/.local/state/slstats/lock").read()) == pid)
            """#)
        #expect(output == "200 True\n")
    }

    @Test("a request that names a file, a place or a configuration to use is done as if it did not [F063]")
    func foreignMembers() async throws {
        let output = try await run(
            #"""
            more = ('"file":"%s/canary","path":"%s/canary","url":"http://127.0.0.1:1/","configuration":"/etc/x",'
                    '"stateFolder":"/tmp","command":"touch canary"' % (os.getcwd(), os.getcwd()))
            with connect() as connection:
                for n, (method, params) in enumerate([
                    ("record", '{"event":{"command":"info"},%s}' % more), ("status", "{%s}" % more),
                    ("flush", '{"timeout":1,%s}' % more), ("pending", "{%s}" % more), ("schema", "{%s}" % more),
                    ("notifications.claim", '{"facts":{},%s}' % more), ("sent", "{%s}" % more)]):
                    answer = json.loads(ask(connection, n, method, params))
                    if "result" not in answer: print(method, answer["error"])
            print(os.path.exists("canary"))
            """#)
        #expect(output == "False\n")
    }

    @Test("stopped for some time with a flush due it sends once when it goes on [F142]")
    func suspended() async throws {
        let output = try await run(
            #"""
            import signal, time
            \#(Sandbox.collectInPython)
            requests = []
            def answer(body):
                requests.append(json.loads(body))
                return 200, {}, b""
            collect(answer)
            os.kill(pid, signal.SIGTERM)
            while os.path.exists(f"/proc/{pid}"): pass
            os.environ.update(SLSTATS_FLUSH_INTERVAL="8s", SLSTATS_CONSENT_DISCLOSURE="vendor")
            for _ in range(3): subprocess.run(["slstats", "record", "info"])
            pid = int(open(os.environ["HOME"] + "/.local/state/slstats/lock").read())
            os.kill(pid, signal.SIGSTOP)
            time.sleep(9)
            os.kill(pid, signal.SIGCONT)
            while not requests: time.sleep(0.05)
            others_are_served()
            time.sleep(1.5)
            print(len(requests), sum(map(len, requests)))
            """#)
        #expect(output == "1 3\n")
    }
}
