# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Is it growing? A slope with an interval that does not take a second's value for news.

Memory is much the same as it was a second ago, so each second is no independent observation, and an interval made as if it
were would be far too narrow. Values are averaged over half a minute first; what these means still share with their
neighbours (the first autocorrelation of what the line leaves) takes away from their number.
"""
import math, statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Trend:
    """Per hour, with the two ends of the 95 % interval; level and origin give the line for charts."""
    slope: float
    low: float
    high: float
    level: float
    origin: float
    blocks: int
    effective: float

    def value(self, at):
        return self.level + self.slope / 3600 * (at - self.origin)


def blocks(times, values, seconds):
    """Means over so many seconds, as pairs of the middle and the mean; an end that is less than half full is left out."""
    grouped = {}
    for at, value in zip(times, values):
        grouped.setdefault(int((at - times[0]) // seconds), []).append((at, value))
    most = max(map(len, grouped.values()), default=0)
    return [(statistics.fmean(at for at, _ in group), statistics.fmean(value for _, value in group))
            for _, group in sorted(grouped.items()) if len(group) * 2 >= most]


def quantile(freedom):
    """Student's t, 97.5 %: the first terms of its expansion around the normal one (Abramowitz and Stegun, 26.7.5); from
    three degrees of freedom on it is within 3 %."""
    z = statistics.NormalDist().inv_cdf(0.975)
    terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + sum(term / freedom ** (index + 1) for index, term in enumerate(terms))


def together(a, b):
    """The sum of two lines whose noise has nothing to do with each other: each keeps the interval that its own neighbours
    allow. In the values' sum the quick noise of one would hide how slow the other is."""
    slope, margin = a.slope + b.slope, math.hypot(a.high - a.slope, b.high - b.slope)
    return Trend(slope, slope - margin, slope + margin, a.level + b.level, a.origin, a.blocks, min(a.effective, b.effective))


def trend(times, values, seconds):
    """The line of least squares through the means of blocks; None if there are not enough of them for an interval."""
    means = blocks(times, values, seconds)
    count = len(means)
    if count < 6:
        return None
    x, y = [at for at, _ in means], [value for _, value in means]
    origin, level = statistics.fmean(x), statistics.fmean(y)
    spread = sum((at - origin) ** 2 for at in x)
    slope = sum((at - origin) * (value - level) for at, value in means) / spread
    rest = [value - level - slope * (at - origin) for at, value in means]
    squares = sum(value**2 for value in rest)
    shared = sum(a * b for a, b in zip(rest, rest[1:])) / squares if squares else 0
    # Neighbours that differ more than chance would have it make nothing more certain.
    shared = min(max(shared, 0), 0.9)
    effective = max(count * (1 - shared) / (1 + shared), 5)
    error = (squares / (effective - 2) / spread * count / effective) ** 0.5
    margin = quantile(effective - 2) * error
    return Trend(slope * 3600, (slope - margin) * 3600, (slope + margin) * 3600, level, origin, count, effective)
