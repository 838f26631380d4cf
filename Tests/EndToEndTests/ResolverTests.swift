// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A network of its own, with a server of names that does what the test wants, on port 53 of 127.0.0.1.
@Suite(
    "Names and addresses that lead nowhere",
    .enabled(if: geteuid() == 0, "needs root for a network of its own: run make test as root"),
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/ip"), "needs iproute2"))
struct ResolverTests {
    /// Says nothing, SERVFAIL, NXDOMAIN, or two addresses: 100::1, which others discard, and 127.0.0.1.
    private static let names = #"""
        import os, socket, struct, sys
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        open("names-ready", "w").close()
        while True:
            query, peer = server.recvfrom(512)
            end = 12
            while query[end]: end += query[end] + 1
            question = query[12:end + 5]
            kind, = struct.unpack(">H", query[end + 1:end + 3])
            open("asked", "w").close()
            if sys.argv[1] == "silent": continue
            code = {"failing": 2, "unknown": 3}.get(sys.argv[1], 0)
            address = {1: socket.inet_aton("127.0.0.1"), 28: socket.inet_pton(socket.AF_INET6, "100::1")}.get(kind)
            answer = b""
            if code == 0 and address: answer = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(address)) + address
            counts = struct.pack(">HHHH", 1, 1 if answer else 0, 0, 0)
            server.sendto(query[:2] + bytes([0x81, 0x80 | code]) + counts + question + answer, peer)
        """#

    /// Port 4711 of 100::1 takes one connection and drops the packets of all others, as a firewall would.
    private static let vanishing = #"""
        import signal, socket
        hole = socket.socket(socket.AF_INET6)
        hole.bind(("100::1", 4711))
        hole.listen(0)
        first = socket.create_connection(("100::1", 4711))
        open("hole-ready", "w").close()
        signal.pause()
        """#

    /// Runs a script after one event was recorded for http://collector.test:4711/, with `daemon`, the daemon's id.
    private func run(_ answer: String, _ script: String) async throws -> String {
        let prelude = #"""
            set -eu
            ip link set lo up
            ip -6 address add 100::1/128 dev lo nodad
            printf 'nameserver 127.0.0.1\noptions timeout:30\n' > resolv.conf
            mount --bind resolv.conf /etc/resolv.conf
            trap 'kill $(jobs -p) 2> /dev/null' EXIT
            python3 -c "$1" \#(answer) &
            until [ -e names-ready ]; do kill -0 $!; done
            export SLSTATS_COLLECTOR_URL=http://collector.test:4711/ SLSTATS_COLLECTOR_TIMEOUT=60s
            slstatsd 2> log & daemon=$!
            until grep -q ready log 2> /dev/null; do kill -0 $daemon || exit; done
            slstats record info --strict

            """#
        return try await Sandbox.run { sandbox async throws in
            let enter = ["--mount", "--net", "timeout", "120", "bash", "-c", prelude + script]
            let result = try await sandbox.run("unshare", enter + ["bash", Self.names, Self.vanishing])
            return result.output + result.errors
        }
    }

    @Test("a server of names that does not answer keeps nobody but the delivery waiting [F140]")
    func silent() async throws {
        let output = try await run(
            "silent",
            #"""
            slstats flush --timeout 50 > /dev/null & flush=$!
            until [ -e asked ]; do :; done
            for n in $(seq 5); do slstats ping > /dev/null; slstats record info --strict; done
            kill $flush && echo 'served meanwhile'
            slstats flush --timeout 0 > /dev/null || echo "flush: $?"
            slstats status --json | grep -o '"pending": 6,'
            """#)
        #expect(output == "served meanwhile\nflush: 75\n\"pending\": 6,\n")
    }

    @Test("a daemon that waits for a name ends in order when it is told to [F140]")
    func stop() async throws {
        let output = try await run(
            "silent",
            #"""
            slstats flush --timeout 0 > /dev/null || true
            until [ -e asked ]; do :; done
            kill $daemon; wait $daemon && echo "daemon: 0"
            """#)
        #expect(output == "daemon: 0\n")
    }

    @Test("an address whose packets vanish is left for the next one in a fraction of a second [F140]")
    func hole() async throws {
        let output = try await run(
            "both",
            #"""
            python3 -c "$2" &
            until [ -e hole-ready ]; do kill -0 $!; done
            slstats-collector --port 4711 --data data > listening 2> collector.log &
            until [ -s listening ]; do kill -0 $!; done
            dropped() { awk '$1 == "TcpExt:" { for (n = 2; n <= NF; n++) if (name[n] == "ListenDrops") print $n
                else name[n] = $n }' /proc/net/netstat; }
            before=$(dropped)
            slstats flush --timeout 30
            [ "$(dropped)" -gt "$before" ] && echo 'the other one was tried'
            kill $daemon; wait $daemon; echo "daemon: $?"
            """#)
        #expect(output == "1 delivered, 0 pending: delivered\nthe other one was tried\ndaemon: 0\n")
    }

    @Test(
        "a name that nobody knows, or knows just now, is a reason in the status, and tried again [F140]",
        .enabled(if: Sandbox.isLong, "takes five seconds: SLSTATS_LONG"), arguments: ["failing", "unknown"])
    func noAddress(_ kind: String) async throws {
        let output = try await run(
            kind,
            #"""
            slstats flush --timeout 20 || echo "flush: $?"
            slstats status | grep -o '^Next flush  in'
            kill $daemon; wait $daemon; echo "daemon: $?"
            """#)
        let reason = "0 delivered, 1 pending: will retry: DNS: collector.test has no address\n"
        #expect(output == reason + "flush: 75\nNext flush  in\ndaemon: 0\n")
    }
}
