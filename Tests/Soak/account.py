# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What became of each event: what the shells were told, against what the collector has.

Who turns telemetry off throws away what is pending, so not everything that was acknowledged arrives. But events leave in
the order in which they came: what `--disable` has thrown away is the end of what was recorded since the last `--enable`.
An event that is missing although a later one of the same time has arrived is lost; so is one that is missing behind the
last `--enable`, after the last flush.
"""
import bisect, glob, json, sqlite3
from dataclasses import dataclass, field

RECORDS = ("record", "sync", "never")


@dataclass(frozen=True)
class Command:
    kind: str
    number: int
    start: float
    end: float
    status: int


@dataclass(frozen=True)
class Turn:
    """The switch was turned between start and end: events from within may have met either position."""
    start: float
    end: float
    isOn: bool


def commands(logs):
    """Everything the shells have run, in the order in which it was begun."""
    found = []
    for name in glob.glob(logs):
        with open(name) as file:
            for line in file:
                kind, number, start, end, status = line.split()
                found.append(Command(kind, int(number), float(start), float(end), int(status)))
    return sorted(found, key=lambda command: command.start)


def arrived(database):
    """The numbers that the collector has, each with how many ids it came under."""
    counts = {}
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    for (body,) in connection.execute("SELECT body FROM event"):
        number = json.loads(body)["commandDurationMs"]
        counts[number] = counts.get(number, 0) + 1
    connection.close()
    return counts


@dataclass
class Account:
    """Counts of events, and the numbers of those that should not be there or should."""
    told: int = 0  # acknowledged while telemetry was certainly on
    open: int = 0  # within a turn of the switch, or without an answer: recorded or not
    refused: int = 0  # recorded while telemetry was certainly off
    never: int = 0  # with DO_NOT_TRACK
    unanswered: int = 0  # of the open ones, those that were not acknowledged
    arrived: int = 0
    lost: list = field(default_factory=list)
    twice: list = field(default_factory=list)
    offArrived: list = field(default_factory=list)
    unknown: list = field(default_factory=list)
    discarded: int = 0  # told, and not arrived since somebody turned telemetry off
    status: dict = field(default_factory=dict)

    @property
    def counters(self):
        """Sentences about what the daemon's own counters contradict; none if all agree."""
        events = self.status["events"]
        dropped = sum(events["dropped"].values())
        wrong = []
        if events["recorded"] != events["pending"] + events["sent"] + events["quarantined"] + dropped:
            wrong.append("recorded is not the sum of what became of it")
        if not self.told <= events["recorded"] <= self.told + self.open:
            wrong.append(f"recorded is not between {self.told} and {self.told + self.open}")
        if not events["sent"] <= self.arrived <= events["sent"] + dropped:
            wrong.append("arrived is not between sent, and sent and dropped")
        if not self.discarded <= dropped <= self.discarded + self.open + self.arrived - events["sent"]:
            wrong.append(f"dropped does not fit the {self.discarded} that were thrown away")
        others = [reason for reason, count in events["dropped"].items() if count and reason != "telemetry-disabled"]
        if others or events["quarantined"] or events["pending"] or any(events["refused"].values()):
            wrong.append(f"pending, quarantined, refused, or dropped for another reason {others}")
        return wrong


def account(commands, turns, counts, status):
    """Holds the shells' logs against the collector's database. Turns are in the order in which they were made."""
    result = Account(status=status, arrived=len(counts))
    starts, ends = [turn.start for turn in turns], [turn.end for turn in turns]
    periods, known = {}, set()
    for command in commands:
        if command.kind not in RECORDS:
            continue
        known.add(command.number)
        before, begun = bisect.bisect_right(ends, command.start), bisect.bisect_right(starts, command.end)
        isOn = before == 0 or turns[before - 1].isOn
        if command.kind == "never":
            result.never += 1
            if command.number in counts:
                result.offArrived.append(command.number)
        elif before == begun and not isOn:
            result.refused += 1
            if command.number in counts:
                result.offArrived.append(command.number)
        elif before == begun and command.status == 0:
            result.told += 1
            periods.setdefault(before, []).append(command)
        else:
            result.open += 1
            result.unanswered += command.status != 0
    for period, inside in periods.items():
        latest = max((command.start for command in inside if command.number in counts), default=0)
        missing = [command for command in inside if command.number not in counts]
        lost = [command.number for command in missing if command.end < latest or period == len(turns)]
        result.lost += lost
        result.discarded += len(missing) - len(lost)
    result.twice = [number for number, count in counts.items() if count > 1]
    result.unknown = [number for number in counts if number not in known]
    return result
