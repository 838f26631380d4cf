# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Looks at the daemon once a second, from outside: /proc, the state folder, and what `status` says over the socket."""
import json, os, select, socket, threading, time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")
STATUS = b'{"jsonrpc":"2.0","id":1,"method":"status","params":{}}\n'


@dataclass(frozen=True)
class Sample:
    """One look. Memory in bytes, exact (smaps_rollup): the sums in `status` of proc(5) are some pages behind."""
    at: float
    pid: int
    rss: int
    anonymous: int
    inUse: int  # of malloc; all else that it has it keeps for later
    descriptors: int
    threads: int
    cpu: float  # seconds since the process began
    wakeups: float  # voluntary context switches a second since the look before; None for the first
    pending: int
    recorded: int
    segments: int
    spoolBytes: int  # the daemon's own number
    diskBytes: int  # what lies in spool/
    diskFiles: int
    sentBytes: int  # what lies in sent/

    @property
    def files(self):
        """Resident bytes behind which there is a file: the program, and what it shares with others."""
        return self.rss - self.anonymous


def memory(pid):
    """Resident bytes, and those of them that no file stands behind."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        values = {line.split()[0]: int(line.split()[1]) for line in file if line.endswith(" kB\n")}
    return values["Rss:"] * 1024, values["Anonymous:"] * 1024


def inUse(folder, pid):
    """Bytes of malloc in use, as the library in the daemon says (Tests/Tools/in-use.c)."""
    with open(os.open(f"{folder}/{pid}", os.O_RDONLY | os.O_NONBLOCK)) as fifo:
        if not select.select([fifo], [], [], 1)[0]:
            raise ProcessLookupError
        return int(fifo.readline().split()[0])


def switches(pid):
    """How often each thread has gone to sleep by itself; each time something has woken it before."""
    counts = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/status") as file:
                counts[task] = next(int(line.split()[1]) for line in file if line.startswith("voluntary"))
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            pass
    return counts


def cpu(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def sizes(folder):
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    found.append(entry.stat().st_size)
                except FileNotFoundError:
                    pass
    except FileNotFoundError:
        pass
    return found


def status(path):
    """The daemon's answer; it is not started for that."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(path)
        connection.sendall(STATUS)
        with connection.makefile("rb") as lines:
            return json.loads(lines.readline())["result"]


class Watch:
    """A thread of its own. While no daemon runs, or one goes away in the middle of a look, there is no sample."""

    def __init__(self, home):
        self.home = home
        self.samples = []
        self._last = None
        self._isOver = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._isOver.set()
        self._thread.join()

    def _run(self):
        due = time.monotonic()
        while not self._isOver.wait(max(0, due - time.monotonic())):
            try:
                self.samples.append(self._look())
            except (OSError, ValueError, LookupError):
                self._last = None
            due = max(due + 1, time.monotonic())

    def _look(self):
        pid = self.home.daemon()
        if pid is None:
            raise ProcessLookupError
        at, woken = time.monotonic(), switches(pid)
        last, self._last = self._last, (at, pid, woken)
        wakeups = None
        if last is not None and last[1] == pid:
            wakeups = sum(count - last[2].get(task, 0) for task, count in woken.items()) / (at - last[0])
        rss, anonymous = memory(pid)
        used = inUse(self.home.inUse, pid)
        # Before our own connection.
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        # The disk right behind the answer: what is recorded between the two is a few events.
        now = status(self.home.socket)
        disk = sizes(self.home.state + "/spool")
        return Sample(
            at=at, pid=pid, rss=rss, anonymous=anonymous, inUse=used, descriptors=descriptors, threads=len(woken),
            cpu=cpu(pid), wakeups=wakeups, pending=now["events"]["pending"], recorded=now["events"]["recorded"],
            segments=now["spool"]["segments"], spoolBytes=now["spool"]["bytes"], diskBytes=sum(disk), diskFiles=len(disk),
            sentBytes=sum(sizes(self.home.state + "/sent")))


def idle(pid, seconds):
    """How often any thread was woken in this time."""
    before = switches(pid)
    time.sleep(seconds)
    after = switches(pid)
    return sum(count - before.get(task, 0) for task, count in after.items())
