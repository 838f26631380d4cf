# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""A throw-away home: what runs in it is found by it, and goes with it."""
import os, shutil, signal, subprocess, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
# A client starts the daemon that lies beside it, with a part of its own environment (DaemonLauncher): what else the daemon
# shall have is said here. Blocks that the threads keep for later would count as in use.
ASKED = """#!/bin/sh
export IN_USE={folder} LD_PRELOAD={library} GLIBC_TUNABLES=glibc.malloc.tcache_count=0
exec {daemon} "$@"
"""


class Home:
    """A folder that nobody else has, the environment that points to it, and the end of all that was started there.

    The daemon is not our child: clients start it, in a session of its own. So processes are looked for by the HOME in
    their environment, and ended by their number; whatever else runs on the machine is not touched.
    """

    def __init__(self, bin):
        self.path = tempfile.mkdtemp(prefix="slstats-soak.")  # 0700, below TMPDIR
        self.runtime = self.path + "/run"
        os.mkdir(self.runtime, 0o700)
        self.state = self.path + "/.local/state/slstats"
        self.socket = self.runtime + "/slstats/slstatsd.sock"
        self.collector = bin + "/slstats-collector"
        own = self._install(bin)
        self.client = own + "/slstats"
        self.environment = {
            "HOME": self.path, "XDG_RUNTIME_DIR": self.runtime, "PATH": own + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
            "TMPDIR": self.path, "LANG": "C.UTF-8", "TERM": "dumb", "CI": "false", "SLS_NOTIFICATIONS_MODE": "on",
            # Whoever runs this has been told what it does.
            "SLSTATS_CONSENT_DISCLOSURE": "vendor",
            # All shells are one program, and record more in an hour than people do in years.
            "SLSTATS_SENDER_EVENTSPERHOUR": "1000000000",
            # The record of what has left is full before anything is measured; with 8 MiB it would still be growing.
            "SLSTATS_SENT_MAXBYTES": "1MiB",
        }

    def _install(self, bin):
        """The client, and beside it the daemon with a library that can be asked what is in use (Tests/Tools/in-use.c)."""
        own, self.inUse, library = self.path + "/bin", self.path + "/in-use", self.path + "/in-use.so"
        for folder in (own, self.inUse):
            os.mkdir(folder, 0o700)
        # A link would not do: the client looks for the daemon beside its own executable.
        shutil.copy(bin + "/slstats", own)
        subprocess.run(["cc", "-O", "-shared", "-fPIC", "-o", library, HERE + "/../Tools/in-use.c"], check=True)
        with open(own + "/slstatsd", "w") as script:
            script.write(ASKED.format(folder=self.inUse, library=library, daemon=bin + "/slstatsd"))
        os.chmod(script.name, 0o700)
        return own

    def run(self, *words, timeout=60):
        """Runs a command of the client; answers with its exit code and what it printed."""
        done = subprocess.run([self.client, *words], env=self.environment, cwd=self.path, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True)
        return done.returncode, done.stdout, done.stderr

    def daemon(self):
        """The number of the daemon that holds the state folder, or None."""
        try:
            with open(self.state + "/lock") as file:
                pid = int(file.read().split()[0])
            with open(f"/proc/{pid}/comm") as file:
                return pid if file.read() == "slstatsd\n" and self._is_ours(pid) else None
        except (OSError, ValueError, IndexError):
            return None

    def wait(self, pid, seconds):
        """Whether the process has ended within this time."""
        end = time.monotonic() + seconds
        while self._is_ours(pid):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def _is_ours(self, pid):
        """An environment that cannot be read belongs to somebody else, or to a process that has ended."""
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return b"HOME=" + self.path.encode() in file.read().split(b"\0")
        except OSError:
            return False

    def _running(self):
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and self._is_ours(int(name))]

    def remove(self):
        """Ends what still runs here and takes the folder away; called once more it does nothing."""
        if not os.path.exists(self.path):
            return
        quiet, turns = 0, 0
        # Twice nobody: a client that was just being started could still have started a daemon.
        while quiet < 2 and turns < 400:
            pids = self._running()
            quiet = 0 if pids else quiet + 1
            for pid in pids:
                try:
                    # Who has not gone after ten seconds will not.
                    os.kill(pid, signal.SIGTERM if turns < 200 else signal.SIGKILL)
                except ProcessLookupError:
                    pass
            turns += 1
            time.sleep(0.05)
        shutil.rmtree(self.path, ignore_errors=True)
