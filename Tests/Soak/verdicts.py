# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What the figures say: each with what was wanted of it, where something was. Nothing here is measured."""
import math
from dataclasses import dataclass, field, replace

from account import RECORDS, Account
from life import Life
from spoolmodel import EVENT_BYTES, model
from trend import trend

# Behind a trim 128 KiB are free at the heap's end (M_TOP_PAD, mallopt(3)), and up to 512 KiB before the next (Heap.swift). At
# which of both a window begins, and at which it ends, is chance. A leak is in use, and that row allows for less.
FREE_END = 384 << 10
# The smallest block, lost with each event, makes more than a megabyte.
BLOCK = 8 << 10
# The pages of the program come when its code is used for the first time, 64 KiB with each, and what is rare comes late.
# They end with the program: a leak cannot hide in them.
FIRST_USE = 512 << 10
# Memory that goes up and down by more than this within the window hides what grows.
UNCERTAIN = 1 << 20
# A delivered batch is unlinked behind its entry in the ledger, on another thread: so much may still lie there.
BATCH = 512 << 10
SENT = 1 << 20
# What is wanted of a run of less than a quarter of an hour, of all that grows.
LONGER = "a longer run, to be judged"
# What a shell waits for at most.
PATIENCE = 0.25
# Of a thousand records, those that may have no answer: of a daemon that is killed or starts, on a busy machine.
SILENT = 5


@dataclass
class Run:
    """All that was counted."""
    minutes: float
    start: float
    shells: int
    commands: list
    turns: list
    faults: list  # of [start, end, kind]
    ends: list  # of (at, signal)
    samples: list
    requests: dict  # by the fault they met
    passed: int
    noise: dict
    isSentWhole: bool
    idle: tuple  # seconds, wake-ups
    account: Account
    life: Life = field(init=False)

    def __post_init__(self):
        self.life = Life(self.samples)


@dataclass(frozen=True)
class Row:
    measure: str
    figure: str
    wanted: str = ""
    isFine: bool = None  # None: nothing was wanted
    note: str = ""

    @property
    def verdict(self):
        return {True: "ok", False: "FAILED", None: ""}[self.isFine]

    def line(self):
        return f"{self.verdict:7}{self.measure:38}{self.figure:44}{self.wanted}".rstrip()


def percentile(ordered, share):
    """Of values in their order; the first that so many of them do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def rows(run):
    return _events(run) + _growth(run) + _spool(run) + _costs(run)


def _events(run):
    a, events = run.account, run.account.status["events"]
    dropped = sum(events["dropped"].values())
    wrong = a.counters
    return [
        Row("events lost", f"{len(a.lost)} of {a.told}", "0", not a.lost and a.told > 0,
            f"{a.told} were acknowledged while telemetry was on; {a.discarded} of them were pending when it was turned off"),
        Row("events twice", str(len(a.twice)), "0", not a.twice,
            f"{run.passed - a.arrived} were sent again, since an answer was lost, and known by their ids"),
        Row("arrived of those while off", str(len(a.offArrived)), "0", not a.offArrived,
            f"{a.refused} were recorded while telemetry was off, {a.never} with DO_NOT_TRACK"),
        Row("arrived that nobody recorded", str(len(a.unknown)), "0", not a.unknown),
        Row("recorded = sent + dropped", f"{events['recorded']} = {events['sent']} + {dropped}", "agree with the shells",
            not wrong, "; ".join(wrong) or f"{a.open} met a turn of the switch or had no answer: they may be in or out"),
        Row("record of what has left, verified", "whole" if run.isSentWhole else "changed", "whole", run.isSentWhole,
            "slstats sent verify"),
    ]


def _growth(run):
    life = run.life
    found = [
        _inUse(life, run.turns),
        _slope(life, "RSS slope", "rss", FREE_END + FIRST_USE),
        _slope(life, "of it: memory of its own", "anonymous", FREE_END),
        _slope(life, "of it: pages of files", "files", FIRST_USE),
        _level(life, "descriptors", "clients that come and go; one is the connection to the collector, one the open segment"),
        _level(life, "threads", "those that come for a moment"),
    ]
    return found if life.isLongEnough else [replace(row, wanted=LONGER, isFine=None) if row.wanted else row for row in found]


def _inUse(life, turns):
    """The one that a leak cannot hide from."""
    looks = life.inUse(turns)
    line = trend([look.at for look in looks], [look.inUse for look in looks], 1)
    if line is None:
        return Row("memory in use", "too short a run")
    rise = line.slope / 3600 * life.window
    lowest, highest = min(look.inUse for look in looks), max(look.inUse for look in looks)
    return Row(
        "memory in use", f"{line.slope / 1024:+.1f} KiB/h, 95 %: {line.low / 1024:+.1f} to {line.high / 1024:+.1f}",
        f"zero within, or rise < {BLOCK >> 10} KiB", line.low <= 0 or rise < BLOCK,
        f"{rise:+.0f} bytes in {life.window / 60:.1f} min, or {rise / max(1, life.per('recorded')):+.3f} an event; "
        f"{len(looks)} looks while telemetry was off, between {lowest / 1024:.1f} and {highest / 1024:.1f} KiB")


def _slope(life, measure, name, resolution):
    line = life.trend(name)
    if line is None:
        return Row(measure, "too short a run")
    rise = line.slope / 3600 * life.window
    isFine, wanted = line.low <= 0 or rise < resolution, f"zero within, or rise < {resolution >> 10} KiB"
    if isFine and rise >= resolution and (line.high - line.low) / 2 / 3600 * life.window > UNCERTAIN:
        isFine, wanted = None, "not decided: it goes up and down too much"
    return Row(
        measure, f"{line.slope / 1024:+.0f} KiB/h, 95 %: {line.low / 1024:+.0f} to {line.high / 1024:+.0f}",
        wanted, isFine,
        ("" if line.low <= 0 else "zero is not within; ") +
        f"{rise / 1024:+.0f} KiB in {life.window / 60:.1f} min behind {life.warmUp / 60:.1f} min of warm-up, or "
        f"{rise / max(1, life.per('recorded')):+.2f} bytes an event; {line.blocks} means of {life.block:.0f} s, worth "
        f"{line.effective:.0f}; {getattr(life.counted[-1], name) / 2**20:.1f} MiB at the end")


def _level(life, name, others):
    """What leaks raises the lowest value; what comes and goes does not."""
    lowest = [min(getattr(sample, name) for sample in third) for third in life.parts(3)]
    return Row(name, f"{', '.join(map(str, lowest))}; at most {max(getattr(sample, name) for sample in life.counted)}",
               "thirds differ by 1 at most", max(lowest) - min(lowest) <= 1, f"the lowest of each third, so without {others}")


def _spool(run):
    own = [sample.spoolBytes - model(sample.pending, sample.segments, sample.recorded) for sample in run.samples]
    disk = [sample.diskBytes - model(sample.pending, sample.segments, sample.recorded) for sample in run.samples]
    most = max(sample.diskBytes for sample in run.samples)
    sent = max(sample.sentBytes for sample in run.samples)
    digits = 3 * max(sample.segments for sample in run.samples)
    return [
        Row("spool, by the daemon's count", f"{min(own):+d} to {max(own):+d} bytes off the model", f"within {digits}",
            max(map(abs, own)) <= digits,
            f"{EVENT_BYTES} bytes an event whose number has one digit, and a header a segment, whose number may be shorter"),
        Row("spool, on disk", f"{min(disk):+d} to {max(disk):+d} bytes off the model", "one batch too many, at most",
            max(disk) <= BATCH, f"at most {most / 1024:.0f} KiB in {max(s.diskFiles for s in run.samples)} files; it is "
            "looked at a moment after the daemon was asked, so what came and went meanwhile differs"),
        Row("record of what has left", f"at most {sent / 1024:.0f} KiB", "1 MiB and a batch, at most", sent <= SENT + BATCH,
            "sent.maxBytes is 1MiB here; what is too much goes behind what is added"),
    ]


def _counts(names):
    return ", ".join(f"{name} {names.count(name)}" for name in sorted(set(names)))


def _milliseconds(ordered):
    return f"{percentile(ordered, 0.5) * 1e3:.2f} / {percentile(ordered, 0.99) * 1e3:.2f} / {ordered[-1] * 1e3:.0f} ms"


def _costs(run):
    life = run.life
    records = [command for command in run.commands if command.kind == "record"]
    times = sorted(command.end - command.start for command in records)
    calm = sorted(command.end - command.start for command in records if command.start >= life.start)
    silent = sum(command.status != 0 for command in records)
    # One that ended by itself would be followed by one more.
    daemons = len({sample.pid for sample in run.samples})
    woken = [sample.wakeups for sample in life.counted if sample.wakeups is not None]
    events, seconds = max(1, life.per("recorded")), life.window
    # 75 of a flush is not a failure: while others record there is always something left.
    others = [f"{command.kind} with {command.status}:" for command in run.commands
              if command.kind not in RECORDS and command.status not in ((0, 75) if command.kind == "flush" else (0,))]
    return [
        Row("record, p50 / p99 / longest", _milliseconds(times), f"p99 within {PATIENCE * 1e3:.0f} ms",
            percentile(times, 0.99) <= PATIENCE, f"{len(times)} processes of {run.shells} shells, from "
            f"fork to exit, {len(times) / run.minutes / 60:.0f} a second; in the long life {_milliseconds(calm)}"),
        Row("record without an answer", f"{silent} of {len(records)}", f"{SILENT} in a thousand, at most",
            silent * 1000 <= SILENT * len(records), "; ".join(
            f"{count} × {text}" for text, count in sorted(run.noise.items(), key=lambda item: -item[1])[:3])),
        Row("other commands that failed", str(len(others)), note=_counts(others)),
        Row("wake-ups a second", f"{sum(woken) / max(1, len(woken)):.0f} for {events / seconds:.0f} events",
            note="voluntary context switches of all threads; each look of ours is one more client"),
        Row("wake-ups without work", f"{run.idle[1]} in {run.idle[0]:.0f} s", note="behind the last client"),
        Row("processor", f"{life.per('cpu') / seconds * 100:.1f} % of one core",
            note=f"{life.per('cpu') / events * 1e6:.0f} µs an event, with its delivery and our looks"),
        Row("daemons, turns, faults", f"{daemons}, {len(run.turns)}, {len(run.faults)}", f"{len(run.ends) + 1} daemons, at most",
            daemons <= len(run.ends) + 1, "ended by " + _counts([f"SIG{name}" for _, name in run.ends]) + "; requests: " +
            ", ".join(f"{'answered at once' if fault == 'none' else fault} {count}"
                      for fault, count in sorted(run.requests.items()))),
    ]
