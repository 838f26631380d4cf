# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""A throw-away home: the programs that run in it, and the rc file that other programs write too."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 20  # seconds, for what takes milliseconds


class Home:
    def __init__(self, stage, url, compression):
        self._stage = stage
        self.path = tempfile.mkdtemp(prefix="", dir=stage.disk)
        self.runtime = tempfile.mkdtemp(prefix="run", dir=stage.folder)
        self.socket = self.runtime + "/slstats/slstatsd.sock"
        # Not the home: a .serverlessrc in the working directory would be a project's.
        self.folder = self.runtime
        self.rc = self.path + "/.serverlessrc"
        self.state = self.path + "/.local/state/slstats"
        self.is_disk_full = self.was_disk_full = False
        self.environment = {
            "HOME": self.path, "XDG_RUNTIME_DIR": self.runtime, "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            # As in Tests/Demo/demo: people have been told, and it looks in CI as on a desk.
            "SLSTATS_CONSENT_DISCLOSURE": "vendor", "CI": "false", "SLS_NOTIFICATIONS_MODE": "on",
            "SLSTATS_COLLECTOR_URL": url, "SLSTATS_COLLECTOR_COMPRESSION": compression,
            # The machine may be busy, and nobody here types that fast.
            "SLSTATS_TIMEOUT": str(PATIENCE), "SLSTATS_SENDER_EVENTSPERHOUR": "1000000000",
        }
        # Programs of the debug build load the toolchain's libraries.
        if "LD_LIBRARY_PATH" in os.environ:
            self.environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]

    # Programs.

    def start(self, *arguments):
        return subprocess.Popen(
            [self._stage.client, *arguments], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process):
        """Its exit code and what it printed; what it complains of is kept beside."""
        output, process.complaint = process.communicate(timeout=2 * PATIENCE)
        return process.returncode, output

    def slstats(self, *arguments):
        """Exit code, output and complaint."""
        process = self.start(*arguments)
        return *self.finish(process), process.complaint

    def daemon(self):
        """Its pid, if it runs: the only child that we have not started ourselves."""
        with open("/proc/self/task/%d/children" % os.getpid()) as children:
            pids = children.read().split()
        for pid in pids:
            with open("/proc/%s/comm" % pid) as name:
                if name.read() != "slstatsd\n":
                    continue
            ended, status = os.waitpid(int(pid), os.WNOHANG)
            assert not os.WIFSIGNALED(status), "slstatsd was ended by signal %d of its own" % os.WTERMSIG(status)
            if not ended:
                return int(pid)
        return None

    def end_daemon(self, number):
        """Returns when it has ended."""
        pid = self.daemon()
        os.kill(pid, number)
        deadline = time.monotonic() + PATIENCE
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            assert time.monotonic() < deadline, "slstatsd does not end with signal %d" % number
            time.sleep(0.0005)

    def ask(self, *calls):
        """Results, or errors, of calls (method, params) that are sent together, as programs without our client do."""
        lines = [json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
                 for number, (method, params) in enumerate(calls)]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self.socket)
            connection.sendall("".join(line + "\n" for line in lines).encode())
            replies = connection.makefile()
            return [json.loads(replies.readline()) for _ in calls]

    def status(self):
        return self.ask(("status", {}))[0]["result"]

    # The rc file, as other programs use it.

    def read_rc(self):
        """Its bytes; `None` if there is no file."""
        try:
            with open(self.rc, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def write_rc(self, content, by_rename):
        """Returns whether there was room for it; `None` removes it."""
        if content is None:
            if os.path.exists(self.rc):
                os.unlink(self.rc)
            return True
        path = self.rc + ".other" if by_rename else self.rc
        try:
            with open(path, "wb") as file:
                file.write(content)
        except OSError:
            if by_rename:
                os.unlink(path)
            return False
        if by_rename:
            os.rename(path, self.rc)
        return True

    # The disk.

    def fill_disk(self, pages):
        """Leaves so many pages free."""
        with open(self.path + "/fill", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                size = os.fstat(file.fileno()).st_size
                os.ftruncate(file.fileno(), max(0, size - 4096 * pages))
        self.is_disk_full = self.was_disk_full = True

    def free_disk(self):
        if self.is_disk_full:
            os.unlink(self.path + "/fill")
        self.is_disk_full = False

    # The end.

    def close(self, keep=None):
        """Leaves nothing behind, but for a copy of the home in the folder `keep`."""
        while self.daemon():
            self.end_daemon(signal.SIGKILL)
        self.free_disk()
        if keep:
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(self.path, keep, ignore=shutil.ignore_patterns("reserve"))
        shutil.rmtree(self.path)
        shutil.rmtree(self.runtime)
