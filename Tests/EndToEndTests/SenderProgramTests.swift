// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A program in a loop, and what its user can look at and stop")
struct SenderProgramTests {
    @Test("one that records without end is refused and named; another one records on; both are counted")
    func loop() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run(
                "bash",
                [
                    "-c",
                    #"""
                    set -u
                    cp "$(command -v bash)" looper; cp "$(command -v bash)" tool
                    # The last words of what comes out: which one is named, and how it ended.
                    ./looper -c 'for i in $(seq 30); do slstats record info --strict > out 2>&1; code=$?; done
                        sed "s/.*, and .*\///" out; echo "[$code]"'
                    ./tool -c 'slstats record info --strict; echo "[$?]"'
                    slstats status --json | grep -E '"(recorded|rate)":' | tr -d ' ,'
                    """#,
                ], ["SLSTATS_SENDER_EVENTSPERHOUR": "10", "SLSTATS_TIMEOUT": "60"])
            #expect(
                result.output == "looper has more\n[75]\n[0]\n\"recorded\":21\n\"rate\":10\n", "\(result)")
        }
    }

    @Test("held, looked at, dropped, released, sent, and the record of it")
    func review() async throws {
        try await Sandbox.run { sandbox async throws in
            let result = try await sandbox.run(
                "timeout",
                [
                    "60", "bash", "-c",
                    #"""
                    set -u
                    \#(Sandbox.collect)
                    collect
                    trap 'kill $collector; wait' EXIT
                    slstats hold
                    for command in one two three; do slstats record $command --strict; done
                    slstats flush | sed 's/since [^ ]*/since …/'
                    slstats status | sed -n 's/^Held *for [0-9]* m*s, //p'
                    slstats drop "$(slstats pending | sed -n '2s/^{"id":"\([^"]*\)".*/\1/p')"
                    slstats drop 6ba7b811-9dad-41d1-80b4-00c04fd430c8 2>&1; echo "[$?]"
                    slstats drop 2>&1 | head -1
                    slstats release
                    until slstats flush > /dev/null; do :; done
                    slstats sent | sed 's/^[^ ]*  //; s|http.*/sent/|… |; s/-[0-9]*[.]sent//'
                    sed -n 2p "$(slstats sent --json | sed -n 's/^ *"file": "\(.*\)".*/\1/p')" | grep -o '"command":"[a-z]*"'
                    slstats sent verify | sed 's/, [0-9]* bytes//'
                    rm "$(slstats sent --json | sed -n 's/^ *"file": "\(.*\)".*/\1/p')"
                    slstats sent verify; echo "[$?]"
                    slstats record four --strict
                    slstats drop --all
                    slstats status --json | grep -E '"(recorded|pending|sent|on-request)": [0-9]' | tr -d ' ,' | sort -u
                    printf '{"frameworkId": "0f8fad5b-d9cb-469f-a165-70867728950e"}' > .serverlessrc
                    slstats id; [ "$(slstats id rotate)" = "$(slstats id)" ] && slstats id | grep -c 0f8fad5b
                    """#,
                ], ["SLSTATS_TIMEOUT": "60"])
            #expect(
                result.output == """
                    Held, 0 pending: slstats release
                    0 delivered, 3 pending: held since … slstats release
                    and nothing leaves before: slstats release
                    1 dropped
                    0 dropped
                    6ba7b811-9dad-41d1-80b4-00c04fd430c8 is not pending: slstats sent
                    [65]
                    Error: Give the ids of events, or --all.
                    Released, 2 pending
                    2 events  179 bytes  HTTP 200  … 0000000000000001
                    "command":"one"
                    "command":"three"
                    1 requests: as they were written
                    1 is missing
                    [65]
                    1 dropped
                    "on-request":2
                    "pending":0
                    "recorded":4
                    "sent":2
                    0f8fad5b-d9cb-469f-a165-70867728950e
                    0

                    """, "\(result.errors)")
        }
    }
}
