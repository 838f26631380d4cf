# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What happens when: faults of the collector, the switch, the end of daemons. A seed makes the same plan again."""
import random
from dataclasses import dataclass

FAULTS = ("refused", "503", "429", "lost", "slow")


@dataclass(frozen=True)
class Step:
    """At so many seconds after the start, one of: fault KIND or "none", switch "on" or "off", end "TERM" or "KILL",
    deliver SECONDS."""
    at: float
    what: str
    value: str | float


class Plan:
    """Three courses beside each other.

    Daemons end in the first quarter only, the last of them at its end: the one that comes then lives through all the rest,
    and a slope needs one life that is long. It begins with a minute of delivery without a pause: what grows with each
    request until a bound has to be at its bound before growth is judged. Faults and the switch go on all the time. In a
    short run everything follows more closely, so that all of it happens.
    """

    def __init__(self, seconds, seed):
        self.seconds = seconds
        self.random = random.Random(seed)
        self.scale = min(1.0, seconds / 300)
        self.lastEnd = seconds / 4
        steps = self._faults() + self._switch() + self._ends() + [Step(self.lastEnd, "deliver", 60 * self.scale)]
        self.steps = sorted(steps, key=lambda step: step.at)

    def _between(self, low, high):
        return self.random.uniform(low, high) * self.scale

    def _faults(self):
        steps, at, kinds = [], self._between(8, 20), []
        while True:
            # Each kind once before one comes again.
            kinds = kinds or self.random.sample(FAULTS, len(FAULTS))
            end = at + self._between(5, 15)
            if end > self.seconds - self._between(5, 10):
                return steps
            steps += [Step(at, "fault", kinds.pop()), Step(end, "fault", "none")]
            at = end + self._between(8, 20)

    def _switch(self):
        steps, at = [], self._between(20, 40)
        while True:
            end = at + self._between(4, 10)
            if end > self.seconds - self._between(10, 20):
                return steps
            steps += [Step(at, "switch", "off"), Step(end, "switch", "on")]
            at = end + self._between(40, 80)

    def _ends(self):
        steps, at, signals = [], self._between(10, 20), ("KILL", "TERM")
        while at < self.lastEnd - self._between(5, 10):
            steps.append(Step(at, "end", signals[len(steps) % 2]))
            at += self._between(10, 20)
        return steps + [Step(self.lastEnd, "end", signals[len(steps) % 2])]
