// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Somebody tidies up below a daemon that runs.
@Suite("A spool folder that is removed")
struct SpoolRemovedFaultTests {
    @Test("removed under four shells that record: made again, what is lost is counted, and the daemon sleeps [F110]")
    func underLoad() async throws {
        let output = try await Sandbox.output(
            of: "python3",
            #"""
            import json, shutil, subprocess, time
            \#(Sandbox.collectInPython)
            collect()
            os.environ["SLSTATS_FLUSH_EVENTS"] = "1000000"
            home = os.environ["HOME"]
            spool = home + "/.local/state/slstats/spool"
            subprocess.run(["slstats", "ping"], check=True, stdout=subprocess.DEVNULL)
            def daemon(): return int(open(home + "/.local/state/slstats/lock").read())
            pid = daemon()
            def events(): return json.loads(subprocess.check_output(["slstats", "status", "--json"]))["events"]
            loop = "while [ ! -e enough ]; do slstats record info --strict || echo refused >> refused; done"
            shells = [subprocess.Popen(["bash", "-c", loop]) for _ in range(4)]
            for turn in range(3):
                before = events()["recorded"]
                while events()["recorded"] < before + 20: pass
                # What is synced is lost with the folder.
                subprocess.run(["slstats", "record", "info", "--sync", "--strict"])
                # An event that comes in between is in a file that is already gone, until the next segment begins.
                while os.path.exists(spool): shutil.rmtree(spool, ignore_errors=True)
                subprocess.run(["slstats", "flush", "--timeout", "60"], stdout=subprocess.DEVNULL)
                while not os.path.exists(spool): time.sleep(0.01)
            open("enough", "w").close()
            for shell in shells: shell.wait()
            print("refused:", os.path.exists("refused"), "mode: %o" % (os.stat(spool).st_mode & 0o777))
            subprocess.run(["slstats", "flush", "--timeout", "60"], stdout=subprocess.DEVNULL)
            print("synced:", subprocess.run(["slstats", "record", "info", "--sync", "--strict"]).returncode == 0)
            now = events()
            print("lost:", now["dropped"].get("lost", 0) > 0, "in balance:",
                now["recorded"] == now["pending"] + now["sent"] + sum(now["dropped"].values()))
            def ticks(): return sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")")[-1].split()[11:13]))
            # Soon it has nothing to do.
            for _ in range(20):
                before = ticks(); time.sleep(1); used = ticks() - before
                if used < 20: break
            print("sleeps:", used < 20, "the same:", daemon() == pid)

            # What is there outlives the daemon.
            os.kill(pid, 9)
            subprocess.run(["flock", home + "/.local/state/slstats/lock", "true"])
            print("all there:", events() == now)
            """#)
        #expect(
            output == """
                refused: False mode: 700
                synced: True
                lost: True in balance: True
                sleeps: True the same: True
                all there: True

                """)
    }

    @Test("what is synced behind that is on a disk, and not in a file that nobody finds any more [F110]")
    func synced() async throws {
        let output = try await Sandbox.bash(
            #"""
            slstats record before --sync --strict
            rm -r "$HOME"/.local/state/slstats/spool
            slstats record after --sync --strict && echo synced
            lock="$HOME"/.local/state/slstats/lock
            kill -9 "$(cat "$lock")"; flock "$lock" true
            slstats pending | grep -o '"command":"[a-z]*"'
            """#)
        #expect(output == "synced\n\"command\":\"after\"\n")
    }
}
