// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What others see of a collector that is not well.
@Suite("A collector in trouble")
struct TroubledCollectorTests {
    @Test(
        "a collector that is not there, never answers or answers nonsense is no matter of who records [F003]",
        arguments: ["dead", "slow", "hostile"])
    func collector(_ kind: String) async throws {
        let output = try await Sandbox.bash(
            #"""
            python3 - \#(kind) > port << 'END' &
            import socket, sys
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1], flush=True)
            if sys.argv[1] == "dead": sys.exit()
            kept = []
            while True:
                connection, _ = server.accept()
                kept.append(connection)
                if sys.argv[1] == "hostile":
                    try: connection.sendall(b"\x00\xff nonsense\r\n" * 100)
                    except OSError: pass
                    connection.close()
            END
            collector=$!
            until [ -s port ]; do :; done
            export SLSTATS_COLLECTOR_URL=http://127.0.0.1:$(cat port)/
            slstats ping > /dev/null
            for n in $(seq 20); do
                # A deploy is flushed at once.
                timeout 20 slstats record deploy commandDurationMs=$n || echo "record ends with $?"
                timeout 20 slstats notifications || echo "notifications ends with $?"
            done
            slstats status --json | grep -c '"recorded": 20'
            kill $collector 2> /dev/null; wait
            """#)
        #expect(output == "1\n")
    }

    @Test(
        "flush ends in time with 75, or by Ctrl-C; all of them share one delivery, which goes on without them [F143]")
    func flush() async throws {
        let output = try await Sandbox.bash(
            #"""
            python3 - > port << 'END' &
            import os, socket, threading, time
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1], flush=True)
            def serve(connection):
                connection.recv(1 << 16)
                with open("requests", "a") as requests: requests.write("one\n")
                while not os.path.exists("well"): time.sleep(0.01)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            while True: threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()
            END
            collector=$!
            until [ -s port ]; do :; done
            export SLSTATS_COLLECTOR_URL=http://127.0.0.1:$(cat port)/ SLSTATS_COLLECTOR_TIMEOUT=60s
            slstats record info --strict
            slstats flush --timeout 0; echo "at once: $?"
            slstats flush --timeout 1 > /dev/null & first=$!
            slstats flush --timeout 1 > /dev/null; echo "second: $?"
            wait $first; echo "first: $?"
            # 124 is what timeout(1) says; with SIGINT as the only means nothing else could have ended it.
            timeout -s INT 0.3 slstats flush --timeout 60; echo "interrupted: $?"
            slstats status --json | grep -o '"pending": 1,'
            touch well
            slstats flush --timeout 60 > /dev/null; echo "well: $?"
            slstats status --json | grep -o '"sent": 1,'
            echo "$(wc -l < requests) request"
            kill $collector; wait
            """#)
        #expect(
            output == """
                0 delivered, 1 pending: timed out, delivery goes on
                at once: 75
                second: 75
                first: 75
                interrupted: 124
                "pending": 1,
                well: 0
                "sent": 1,
                1 request

                """)
    }

    @Test("a gigabyte of blanks in a megabyte costs the daemon no memory [F127]")
    func bomb() async throws {
        let output = try await Sandbox.output(
            of: "python3",
            #"""
            import re, subprocess, zlib
            \#(Sandbox.collectInPython)
            packer = zlib.compressobj(9, wbits=31)
            bomb = packer.compress(b'[{"code":"NEWS","message":"hello"}')
            for _ in range(1024): bomb += packer.compress(b" " * (1 << 20))
            bomb += packer.compress(b"]") + packer.flush()
            collect(lambda body: (200, {"Content-Encoding": "gzip"}, bomb))
            def slstats(*words): return subprocess.run(["slstats", *words], capture_output=True, text=True).stdout
            slstats("record", "info", "--strict")
            pid = int(open(os.environ["HOME"] + "/.local/state/slstats/lock").read())
            def most(): return int(re.search(r"VmHWM:\s*(\d+)", open(f"/proc/{pid}/status").read())[1])
            before = most()
            print(slstats("flush", "--timeout", "60"), end="")
            print("1 MiB" if len(bomb) < 1100 << 10 else len(bomb), most() - before < 32 << 10)
            """#)
        #expect(output == "1 delivered, 0 pending: delivered\n1 MiB True\n")
    }

    @Test("while it answers with 503 and a page, it is asked once a second at most, and logged no more often [F133]")
    func serverError() async throws {
        // With the third one most of a second's window may have been waited for twice; the sixth takes half a minute.
        let output = try await Sandbox.bash(
            #"""
            python3 - > listening << 'END' &
            import signal, time
            \#(Sandbox.collectInPython)
            page = b"<html><body>" + b"<p>Service unavailable</p>" * 1000 + b"</body></html>"
            def answer(body):
                with open("requests", "a") as requests: requests.write("%f\n" % time.monotonic())
                return 503, {"Content-Type": "text/html"}, page
            collect(answer)
            print(os.environ["SLSTATS_COLLECTOR_URL"], flush=True)
            signal.pause()
            END
            collector=$!
            until [ -s listening ]; do :; done
            export SLSTATS_COLLECTOR_URL=$(cat listening) SLSTATS_FLUSH_EVENTS=1
            touch requests log
            slstatsd 2> log & daemon=$!
            until grep -q ready log; do :; done
            recorded=0
            # Each of these would be sent at once.
            while n=$(wc -l < requests); [ $n -lt \#(Sandbox.isLong ? 6 : 3) ] || [ $recorded -le $n ]; do
                slstats record deploy --strict || break
                recorded=$((recorded + 1))
            done
            awk 'NR > 1 && $1 - last < 0.95 { print "again after", $1 - last } { last = $1 }' requests
            slstats status | grep -o 'will retry: HTTP 503'
            slstats notifications
            slstats record info --sync --strict
            kill $daemon; wait $daemon; echo "daemon: $?"
            # "ready" and "stopping" besides.
            [ "$(wc -l < log)" -le $(($(wc -l < requests) + 2)) ] && ! grep -q '<html>' log && echo "a line for each"
            kill $collector; wait
            """#)
        #expect(output == "will retry: HTTP 503\ndaemon: 0\na line for each\n")
    }
}
