// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a service manager hands to the daemon, and what others may have left in its environment.
@Suite("What a manager hands over")
struct HandOverTests {
    /// For Python scripts: `start(listeners, **variables)` runs the daemon with the listeners as descriptors from 3 on, the
    /// way sd_listen_fds(3) wants it; `ask(path)` whether it answers there.
    private static let prelude = #"""
        import os, signal, socket, subprocess, sys
        home = os.environ["HOME"]
        own = home + "/run/slstats/slstatsd.sock"
        def start(listeners, pid=None, count=None, arguments=(), **variables):
            child = os.fork()
            if child: return child
            # Up first, so that none is in the way of another.
            up = [os.dup2(listener.fileno(), 100 + n) for n, listener in enumerate(listeners)]
            for n, descriptor in enumerate(up): os.dup2(descriptor, 3 + n)
            os.dup2(os.open(home + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
            environment = os.environ | variables | {
                "LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": str(len(listeners) if count is None else count)}
            os.execve(sys.argv[1], ["slstatsd", *arguments], environment)
        def ask(path):
            while True:
                try:
                    with socket.socket(socket.AF_UNIX) as connection:
                        connection.settimeout(60)
                        connection.connect(path)
                        connection.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
                        return b'"result"' in connection.recv(1000)
                except (FileNotFoundError, ConnectionRefusedError): pass
        def stop(pid):
            os.kill(pid, signal.SIGTERM)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        def listener(kind=socket.SOCK_STREAM, family=socket.AF_UNIX, listens=True):
            made = socket.socket(family, kind)
            made.bind(f"{home}/{made.fileno()}" if family == socket.AF_UNIX else ("127.0.0.1", 0))
            if listens and kind == socket.SOCK_STREAM: made.listen()
            return made

        """#

    private func run(_ script: String) async throws -> Sandbox.Result {
        try await Sandbox.run { sandbox async throws in
            try await sandbox.run("python3", ["-c", Self.prelude + script, sandbox.bin + "/slstatsd"])
        }
    }

    @Test("a listening socket that is meant for it is served, and its path left alone [F144]")
    func served() async throws {
        let result = try await run(
            #"""
            given = listener()
            pid = start([given])
            print(ask(given.getsockname()), os.path.exists(own), stop(pid), os.path.exists(given.getsockname()))
            """#)
        #expect(result.output == "True False 0 True\n", "\(result.errors)")
    }

    @Test("what is meant for another process, or is nothing, is not touched: it binds its own [F144]")
    func notMeant() async throws {
        let result = try await run(
            #"""
            given = listener()
            pid = start([given], pid=1)
            print(ask(own), stop(pid))
            for count in ["0", "", "x"]:
                pid = start([], count=count)
                print(ask(own), stop(pid))
            """#)
        #expect(result.output == "True 0\nTrue 0\nTrue 0\nTrue 0\n", "\(result.errors)")
    }

    @Test("what is no listening Unix stream socket, or more than one, is refused with the mend [F144]")
    func refused() async throws {
        let result = try await run(
            #"""
            file = open(home + "/file", "w")
            wrong = {
                "a file": [file], "a datagram socket": [listener(kind=socket.SOCK_DGRAM)],
                "a TCP socket": [listener(family=socket.AF_INET)], "one that does not listen": [listener(listens=False)],
                "two": [listener(), listener()]}
            for name, given in wrong.items():
                print(name + ":", os.waitstatus_to_exitcode(os.waitpid(start(given), 0)[1]))
            log = open(home + "/log").read()
            print(log.count("descriptor 3, handed over, is not a listening Unix stream socket"),
                log.count("2 sockets were handed over instead of one"), log.count("compare slstatsd.socket with the one"))
            """#)
        #expect(
            result.output == """
                a file: 64
                a datagram socket: 64
                a TCP socket: 64
                one that does not listen: 64
                two: 64
                4 1 5

                """, "\(result.errors)")
    }

    @Test("whoever claims to hand over a socket and does not takes none from a daemon that is alive")
    func noSocket() async throws {
        let result = try await run(
            #"""
            pid = start([])
            print(ask(own))
            print(os.waitstatus_to_exitcode(os.waitpid(start([], arguments=["--socket-fd", "9"]), 0)[1]))
            # A listener, but not the one at the path.
            other = start([listener()], pid=1, arguments=["--socket-fd", "3"])
            print(os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]))
            # It goes on in the background until it has seen who is there.
            log = ""
            while log.count("cannot run") < 2 and "stopping" not in log: log = open(home + "/log").read()
            print("stopping" not in log and ask(own))
            """#)
        #expect(result.output.hasPrefix("True\n64\n0\nTrue\n"), "\(result.errors)")
    }

    @Test(
        "it tells a manager how things stand, ready only when it answers, and needs none [F145, F146]",
        arguments: ["path", "abstract"])
    func notifications(_ kind: String) async throws {
        let result = try await run(
            #"""
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            name = home + "/notify" if "\#(kind)" == "path" else "\0slstats-" + os.path.basename(home)
            manager.bind(name)
            manager.settimeout(60)
            pid = start([], NOTIFY_SOCKET=name.replace("\0", "@"))
            said = manager.recv(1000)
            while b"READY=1" not in said: said = manager.recv(1000)
            # At once: nobody is asked a second time.
            with socket.socket(socket.AF_UNIX) as first:
                first.settimeout(60)
                first.connect(own)
                first.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
                print("ready, and answers:", b'"result"' in first.recv(1000))
            print(stop(pid))
            while b"STOPPING=1" not in said: said = manager.recv(1000)
            print("stopping")
            """#)
        #expect(result.output == "ready, and answers: True\n0\nstopping\n", "\(result.errors)")
    }

    @Test(
        "a manager that is gone, does not listen or is no socket does no harm [F145]",
        arguments: ["/nonexistent", "@nobody", "relative", "", "/dev/null"])
    func noManager(_ name: String) async throws {
        let result = try await run(
            #"""
            pid = start([], NOTIFY_SOCKET="\#(name)", WATCHDOG_USEC="20000")
            print(ask(own), stop(pid))
            """#)
        #expect(result.output == "True 0\n", "\(result.errors)")
    }

    @Test("a manager that reads nothing does not keep it from working [F145]")
    func deafManager() async throws {
        let result = try await run(
            #"""
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            manager.bind(home + "/notify")
            filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            filler.setblocking(False)
            filler.connect(home + "/notify")
            try:
                while True: filler.send(b"x")
            except BlockingIOError: pass
            pid = start([], NOTIFY_SOCKET=home + "/notify")
            print(ask(own))
            os.kill(pid, signal.SIGKILL)
            """#)
        #expect(result.output == "True\n", "\(result.errors)")
    }
}
