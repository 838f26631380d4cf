# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Runs the plan: starts what there is to start, does each step at its time, and counts at the end."""
import json, os, signal, subprocess, sys, threading, time

from account import Turn, account, arrived, commands
from front import Front
from plan import Plan
from verdicts import Run
from watch import Watch, idle

HERE = os.path.dirname(os.path.abspath(__file__))
# Before the daemon is looked at without work: the last connections and their timers are over (Tests/Bench/delivery).
SETTLING = 12


class Course:
    """From the first process to the last count. What runs in the home is ended with it, whatever happens here."""

    def __init__(self, home, minutes, seed, shells):
        self.plan = Plan(minutes * 60, seed)
        self.home = home
        self.front = Front(seed)
        self.watch = Watch(self.home)
        self.shellCount = shells
        self.shells = []
        self.faults, self.turns, self.ends = [], [], []

    def run(self):
        self._startCollector()
        self.home.environment["SLSTATS_COLLECTOR_URL"] = self.front.url
        self._startShells()
        self.watch.start()
        self.start = time.monotonic()
        for step in self.plan.steps:
            time.sleep(max(0, self.start + step.at - time.monotonic()))
            {"fault": self._fault, "switch": self._switch, "end": self._end, "deliver": self._deliver}[step.what](step.value)
        time.sleep(max(0, self.start + self.plan.seconds - time.monotonic()))
        self._stopShells()
        self.watch.stop()
        return self._settle()

    # MARK: - Steps

    def _fault(self, kind):
        now = time.monotonic()
        if kind != "none":
            self.faults.append([now, now, kind])
        self.front.set(kind)
        if self.faults and kind == "none":
            self.faults[-1][1] = time.monotonic()

    def _switch(self, position):
        start = time.monotonic()
        # A daemon may have been ended a moment ago; what counts is that the answer came.
        while self.home.run("--enable" if position == "on" else "--disable")[0] != 0:
            if time.monotonic() - start > 30:
                raise RuntimeError(f"the switch could not be turned {position} within 30 s")
        self.turns.append(Turn(start, time.monotonic(), position == "on"))

    def _end(self, name):
        pid = self.home.daemon()
        if pid is None:
            return
        os.kill(pid, signal.Signals["SIG" + name])
        self.ends.append((time.monotonic(), name))
        if not self.home.wait(pid, 15):
            raise RuntimeError(f"slstatsd has not ended 15 s after SIG{name}")

    def _deliver(self, seconds):
        """As many requests as a collector takes, for a while; the other steps go on."""
        end = time.monotonic() + seconds

        def flush():
            while time.monotonic() < end:
                self.home.run("flush", "--timeout", "5")

        threading.Thread(target=flush, daemon=True).start()

    # MARK: - Processes

    def _startCollector(self):
        notices = self.home.path + "/notifications.json"
        with open(notices, "w") as file:
            # One that is shown once, and one that is due each time, so that the rc file is written again and again.
            file.write('[{"code": "WELCOME", "message": "Version 4 is here"},'
                       ' {"code": "AGAIN", "message": "Each time", "visibilityInterval": 0}]')
        collector = subprocess.Popen(
            [self.home.collector, "--data", self.home.path + "/data", "--port", "0", "--notifications", notices,
             "--requests-per-minute", "1000000"],
            env=self.home.environment, cwd=self.home.path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True)
        words = collector.stdout.readline().split()
        if not words:
            raise RuntimeError("the collector does not start")
        self.collector = collector
        self.front.upstream = ("127.0.0.1", int(words[-1].rstrip("/").rsplit(":", 1)[1]))

    def _startShells(self):
        for index in range(self.shellCount):
            with open(f"{self.home.path}/noise.{index}", "w") as noise:
                self.shells.append(subprocess.Popen(
                    [sys.executable, "-B", HERE + "/shell.py", self.home.client, str(index), f"{self.home.path}/log.{index}"],
                    env=self.home.environment, cwd=self.home.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=noise, start_new_session=True))

    def _stopShells(self):
        for shell in self.shells:
            if shell.poll() is not None:
                raise RuntimeError(f"a shell has ended by itself, with {shell.returncode}")
            shell.terminate()
        for shell in self.shells:
            shell.wait(60)

    # MARK: - The end

    def _settle(self):
        """Everything that is still pending goes; then the daemon is left alone."""
        self.front.set("none")
        end = time.monotonic() + 60
        while self.home.run("flush", "--timeout", "30")[0] != 0 and time.monotonic() < end:
            pass
        status = json.loads(self.home.run("status", "--json")[1])
        verified = self.home.run("sent", "verify")
        pid = self.home.daemon()
        time.sleep(SETTLING)
        seconds = max(5, min(30, self.plan.seconds / 20))
        wakeups = idle(pid, seconds)
        os.kill(pid, signal.SIGTERM)
        if not self.home.wait(pid, 15):
            raise RuntimeError("slstatsd has not ended 15 s after SIGTERM")
        self.collector.terminate()
        self.collector.wait(30)
        log = commands(self.home.path + "/log.*")
        return Run(
            minutes=self.plan.seconds / 60, start=self.start, shells=self.shellCount, commands=log, turns=self.turns,
            faults=self.faults, ends=self.ends, samples=self.watch.samples, requests=self.front.requests,
            passed=self.front.passed, noise=self._noise(), isSentWhole=verified[0] == 0, idle=(seconds, wakeups),
            account=account(log, self.turns, arrived(self.home.path + "/data/events.sqlite"), status))

    def _noise(self):
        """What `--strict` had to say, with how often."""
        counts = {}
        for index in range(self.shellCount):
            with open(f"{self.home.path}/noise.{index}") as file:
                for line in file:
                    line = line.strip().replace(self.home.path, "~")
                    counts[line] = counts.get(line, 0) + 1
        return counts
