# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""One of the shells: runs `slstats` again and again, at its own pace, and writes down what came of each.

A process for each shell: threads of one Python would wait for each other between the end of a command and the look at
the clock. A line of the log is KIND NUMBER START END STATUS, with the seconds of the monotonic clock, which all processes
of the machine share. NUMBER goes along as `commandDurationMs`, where the collector has it; it is given once.
"""
import os, random, signal, sys, time

# Of all shells together, 100 commands a second: half a core on the machine this was made on. More would measure the queue
# for the processor.
PACE = 0.16
FIRST_NUMBER = 100_000_000
NUMBERS_EACH = 10_000_000
# How often among a thousand commands; the rest are `record`.
OTHERS = (("flush", 5), ("notifications", 10), ("status", 10), ("never", 20), ("sync", 10))
FIELDS = ("config.provider.name=aws", "versions.serverless=3.38.0")


class Shell:
    def __init__(self, client, index, log):
        self.client, self.log = client, log
        self.random = random.Random(index)
        self.number = FIRST_NUMBER + index * NUMBERS_EACH
        self.parent = os.getppid()
        self.isWanted = True
        signal.signal(signal.SIGTERM, self._stop)
        self.environment = dict(os.environ)
        self.private = {**self.environment, "DO_NOT_TRACK": "1"}

    def _stop(self, *_):
        self.isWanted = False

    def run(self):
        # Not all at the same moment.
        due = time.monotonic() + self.random.uniform(0, PACE)
        # Who has started us may be gone without a word.
        while self.isWanted and os.getppid() == self.parent:
            time.sleep(max(0, due - time.monotonic()))
            self._command(self._kind())
            # One that was late does not hurry afterwards.
            due = max(due + self.random.uniform(0.5, 1.5) * PACE, time.monotonic())

    def _kind(self):
        turn = self.random.randrange(1000)
        for kind, share in OTHERS:
            if turn < share:
                return kind
            turn -= share
        return "record"

    def _command(self, kind):
        self.number += 1
        # --strict: without it nobody hears whether an event was taken, and what was not promised cannot be lost.
        record = ["record", "--strict", "info", *FIELDS, f"commandDurationMs={self.number}"]
        words = {"record": record, "never": record, "sync": [*record, "--sync"], "flush": ["flush", "--timeout", "5"],
                 "notifications": ["notifications"], "status": ["status", "--json"]}[kind]
        start = time.monotonic()
        pid = os.posix_spawn(self.client, [self.client, *words], self.private if kind == "never" else self.environment,
                             setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])  # which Python ignores, and shells do not
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.log.write(f"{kind} {self.number} {start:.6f} {time.monotonic():.6f} {status}\n")


if __name__ == "__main__":
    with open(sys.argv[3], "w") as log:
        Shell(sys.argv[1], int(sys.argv[2]), log).run()
