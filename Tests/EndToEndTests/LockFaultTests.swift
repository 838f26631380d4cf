// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// As NFS may be: what is locked there is not always locked.
@Suite("Locks that are refused", .enabled(if: Tracer.isThere, "needs root and strace: run make test as root"))
struct LockFaultTests {
    @Test(
        "a server of files that gives no locks, or has forgotten the file, is a reason and an exit code [F114]",
        arguments: ["ENOLCK", "ESTALE"])
    func locks(_ errno: String) async throws {
        let output = try await Sandbox.bash(
            #"""
            reason() { sed -n 's/.*\(cannot [a-z]*\).*: flock .*: \([A-Z][a-z ]*[a-z]\).*/\1: \2/p' said; }
            # The daemon's lock of the state, then that of its socket; then the client's, which comes to the latter first.
            for number in 1 2; do
                strace -f -qq -o /dev/null -e inject=flock:error=\#(errno):when=$number slstatsd 2> said; echo "daemon: $?"
                wc -l < said; reason
            done
            for strict in '' --strict; do
                strace -f -qq -o /dev/null -e inject=flock:error=\#(errno) slstats record info $strict 2> said
                echo "record $strict: $?"; reason
            done
            slstats record info --sync --strict; echo "afterwards: $?"
            """#)
        let says = errno == "ENOLCK" ? "No locks available" : "Stale file handle"
        #expect(
            output == """
                daemon: 71
                1
                cannot be: \(says)
                daemon: 71
                1
                cannot listen: \(says)
                record : 0
                record --strict: 69
                cannot listen: \(says)
                afterwards: 0

                """)
    }
}
