# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""The report: one page that is whole by itself, loads nothing and runs nothing."""
from html import escape

from chart import Chart, course, nice
from plan import FAULTS
from spoolmodel import model
from verdicts import percentile

# Seconds without a look: between two daemons.
GAP = 3

STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5b6670; --rule: #c9d0d6; --paper: #fff; --shade: #8891991f;
        --first: #0b62a8; --second: #b3541e; --good: #1a6b32; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #9aa5af; --rule: #3d4750; --paper: #14181c; --shade: #aab4bd22;
          --first: #6cb6f5; --second: #f0a06c; --good: #79cf92; --bad: #ff8a80; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem;
       margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } p { margin: .3rem 0 1rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--rule); }
th[scope=row] { font-weight: 600; } td.note { color: var(--soft); }
.ok { color: var(--good); font-weight: 600; } .failed { color: var(--bad); font-weight: 700; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 0 1.5rem; margin-top: 1rem; }
figure { margin: .5rem 0; } figcaption { font-size: .85rem; font-weight: 600; } svg { width: 100%; height: auto; }
text { font-size: 11px; fill: var(--soft); } text.left { text-anchor: end; }
path { fill: none; } .axis { stroke: var(--rule); } rect.shade { fill: var(--shade); }
path.first { stroke: var(--first); stroke-width: 1.4; }
path.second { stroke: var(--second); stroke-width: 1.4; stroke-dasharray: 4 2; }
rect.first { fill: var(--first); } rect.second { fill: var(--second); }
.key { font-weight: 400; margin-left: .6rem; } .key.first { color: var(--first); } .key.second { color: var(--second); }
@media print { body { margin: 0; font-size: 11px; } figure { break-inside: avoid; } }
"""


def write(path, run, rows, seed):
    failed = [row.measure for row in rows if row.isFine is False]
    verdict = f'<span class="failed">not as it should be: {escape(", ".join(failed))}</span>' if failed else \
        '<span class="ok">all as it should be</span>'
    with open(path, "w") as file:
        file.write(f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>slstats soak</title>
<style>{STYLE}</style>
<h1>Soak: {run.minutes:g} minutes, {run.shells} shells, {verdict}</h1>
<p>Daemons were ended in the first quarter only; the one that came then had all the rest, and growth is judged on it, behind
a warm-up (shaded). Faults, the switch and the rest of what shells do went on all the time. Seed {seed}.</p>
<table><thead><tr><th>Measure<th>Figure<th>Wanted<th>Verdict<th>Of it</thead><tbody>{"".join(map(_row, rows))}</tbody></table>
<div class="charts">{_course(run)}{"".join(_charts(run))}</div>
""")


def _row(row):
    mark = f'<span class="{"ok" if row.isFine else "failed"}">{row.verdict}</span>' if row.isFine is not None else ""
    return (f'<tr><th scope="row">{escape(row.measure)}<td>{escape(row.figure)}<td>{escape(row.wanted)}<td>{mark}'
            f'<td class="note">{escape(row.note)}')


def _course(run):
    seconds = run.minutes * 60
    faults = [(kind, [(start - run.start, end - run.start, "second", kind)
                      for start, end, found in run.faults if found == kind]) for kind in FAULTS]
    off = [(turn.start - run.start, (after.end if after else run.start + seconds) - run.start, "first", "telemetry off")
           for turn, after in zip(run.turns, run.turns[1:] + [None]) if not turn.isOn]
    ends = [(at - run.start, at - run.start, "first", "SIG" + name) for at, name in run.ends]
    sentence = f"{len(run.faults)} faults of the collector, telemetry {len(off)} times off, {len(ends)} daemons ended."
    return course(seconds, [*faults, ("off", off), ("ended", ends)], sentence)


def _charts(run):
    yield _memory(run)
    yield _simple(run, "Descriptors", "open", lambda sample: sample.descriptors)
    yield _simple(run, "Threads", "of the daemon", lambda sample: sample.threads)
    yield _simple(run, "Wake-ups", "a second", lambda sample: sample.wakeups)
    yield _spool(run)
    yield _simple(run, "Pending", "events", lambda sample: sample.pending)
    yield _durations(run)


def _start(run, title, unit, values, low=0):
    high = max(values, default=1)
    chart = Chart(title, unit, run.minutes * 60, low, low + nice(max(high - low, 1e-6)))
    chart.shade(run.life.start - run.start, run.life.start - run.start + run.life.warmUp, "warm-up")
    return chart, f"Between {min(values, default=0):.4g} and {high:.4g} {unit}."


def _simple(run, title, unit, value):
    points = [(sample.at - run.start, value(sample)) for sample in run.samples if value(sample) is not None]
    chart, sentence = _start(run, title, unit, [value for _, value in points])
    chart.line(points, "first", gap=GAP)
    return chart.svg(sentence)


def _memory(run):
    points = [(sample.at - run.start, sample.rss / 2**20) for sample in run.samples]
    lowest = min(value for _, value in points)
    chart, sentence = _start(run, "Resident memory", "MiB", [value for _, value in points], low=int(lowest))
    chart.line(points, "first", "measured", GAP)
    trend = run.life.trend("rss")
    if trend is not None:
        ends = run.life.counted[0].at, run.life.counted[-1].at
        chart.line([(at - run.start, trend.value(at) / 2**20) for at in ends], "second",
                   f"{trend.slope / 1024:+.0f} KiB an hour")
    return chart.svg(sentence)


def _spool(run):
    disk = [(sample.at - run.start, sample.diskBytes / 1024) for sample in run.samples]
    chart, sentence = _start(run, "Spool", "KiB", [value for _, value in disk])
    chart.line(disk, "first", "on disk", GAP)
    chart.line([(s.at - run.start, model(s.pending, s.segments, s.recorded) / 1024) for s in run.samples], "second", "model",
               GAP)
    return chart.svg(sentence)


def _durations(run):
    grouped, block = {}, max(2, run.minutes / 2)
    for command in run.commands:
        if command.kind == "record":
            number = int((command.start - run.start) / block)
            grouped.setdefault(number, []).append((command.end - command.start) * 1e3)
    lines = {share: [(min((number + 0.5) * block, run.minutes * 60), percentile(sorted(group), share))
                     for number, group in sorted(grouped.items())] for share in (0.5, 0.99)}
    chart, sentence = _start(run, "record", "ms", [value for _, value in lines[0.99]])
    chart.line(lines[0.5], "first", "p50")
    chart.line(lines[0.99], "second", "p99")
    return chart.svg(sentence)
