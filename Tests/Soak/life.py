# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""The one daemon that lived long enough to say something of growth."""
import trend

WARM_UP = 300


class Life:
    """The samples of the daemon that was there longest, and those of them that count.

    Warm-up is a fifth of its life and five minutes at least, but never more than half of it. What grows until a bound is
    no leak, and behind that the bounds have been met: the record of what has left is full, each fault has come, and the
    backlog has been as large as the faults make it, which leaves its holes in the heap. The memory of recent ids is emptied
    each time telemetry is turned off and grows again until the next; that saw has no slope.
    """

    def __init__(self, samples):
        byProcess = {}
        for sample in samples:
            byProcess.setdefault(sample.pid, []).append(sample)
        if not byProcess:
            raise RuntimeError("the daemon was never seen")
        self.samples = max(byProcess.values(), key=len)
        self.start, self.end = self.samples[0].at, self.samples[-1].at
        self.warmUp = min(max(WARM_UP, self.seconds / 5), self.seconds / 2)
        self.counted = [sample for sample in self.samples if sample.at >= self.start + self.warmUp]
        # Half a minute, as long as a calm and a fault together; in short runs less, or there would be too few.
        self.block = max(2, min(30, self.window / 12))

    @property
    def isLongEnough(self):
        """In a run of less than a quarter of an hour a slope is shown and not judged: the warm-up is not over."""
        return self.warmUp >= WARM_UP

    @property
    def seconds(self):
        return self.end - self.start

    @property
    def window(self):
        """Seconds behind the warm-up."""
        return self.counted[-1].at - self.counted[0].at

    def per(self, name):
        """How much a counter has grown in the window."""
        return getattr(self.counted[-1], name) - getattr(self.counted[0], name)

    def trend(self, name):
        if name == "rss":
            parts = self.trend("anonymous"), self.trend("files")
            return trend.together(*parts) if all(parts) else None
        return trend.trend([sample.at for sample in self.counted], [getattr(sample, name) for sample in self.counted],
                           self.block)

    def inUse(self, turns):
        """What was in use, at the least, each time telemetry was off: then nothing is pending, and no id is remembered.
        At other times it is a saw of hundreds of KiB, and what a request needs for a moment."""
        offs = [(off.end, on.start) for off, on in zip(turns, turns[1:]) if not off.isOn]
        looks = [[sample for sample in self.counted if start <= sample.at <= end] for start, end in offs]
        return [min(samples, key=lambda sample: sample.inUse) for samples in looks if samples]

    def parts(self, count):
        """The window in so many parts of the same length."""
        found = [[] for _ in range(count)]
        for sample in self.counted:
            found[min(count - 1, int((sample.at - self.counted[0].at) / self.window * count))].append(sample)
        return [part for part in found if part]
