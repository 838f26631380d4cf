# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Small charts as SVG, drawn with what a browser has: no script, colours of the page, a title and a sentence for whoever
cannot see them."""
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 120, 64, 10, 8, 18
# More points than pixels would only make the page large.
COLUMNS = 240


def nice(highest):
    """The next round number."""
    power = 1.0
    while power * 10 < highest:
        power *= 10
    while power > highest and power > 1e-6:
        power /= 10
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= highest or step == 10)


class Chart:
    """One measure over the minutes of the run."""

    def __init__(self, title, unit, seconds, low, high):
        self.title, self.unit, self.seconds = title, unit, seconds
        self.low, self.high = low, high if high > low else low + 1
        self.parts, self.legend = [], []

    def x(self, at):
        return LEFT + at / self.seconds * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        value = min(max(value, self.low), self.high)
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def shade(self, start, end, label):
        self.parts.append(f'<rect class="shade" x="{self.x(start):.1f}" y="{TOP}" width="{self.x(end) - self.x(start):.1f}" '
                          f'height="{HEIGHT - TOP - BOTTOM}"><title>{escape(label)}</title></rect>')

    def line(self, points, style, label="", gap=float("inf")):
        """Points are (seconds, value); of those that share a column the lowest and the highest are drawn. Where there is
        none for longer than the gap, nothing is."""
        columns = {}
        for at, value in points:
            columns.setdefault(int(at / self.seconds * COLUMNS), []).append((at, value))
        path, last = "", None
        for column, group in sorted(columns.items()):
            pair = {min(group, key=lambda point: point[1]), max(group, key=lambda point: point[1])}
            for at, value in sorted(pair):
                isGap = last is None or at - last > max(gap, self.seconds / COLUMNS * 2)
                path += f"{'M' if isGap else 'L'}{self.x(at):.1f} {self.y(value):.1f}"
                last = at
        self.parts.append(f'<path class="{style}" d="{path}"/>')
        if label:
            self.legend.append((style, label))

    def svg(self, sentence):
        name = "".join(character for character in self.title.lower() if character.isalnum())
        bottom = HEIGHT - BOTTOM
        text = [f'<text class="left" x="{LEFT - 6}" y="{self.y(value) + 4:.1f}">{_short(value)}</text>'
                for value in (self.low, self.high)]
        text += [f'<text class="{anchor}" x="{place}" y="{HEIGHT - 4}">{escape(words)}</text>' for anchor, place, words in (
            ("right", LEFT, "0"), ("left", WIDTH - RIGHT, f"{self.seconds / 60:g} min"))]
        keys = " ".join(f'<span class="key {style}">{escape(label)}</span>' for style, label in self.legend)
        return (f'<figure><figcaption>{escape(self.title)}, {escape(self.unit)} {keys}</figcaption>'
                f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">'
                f'<title id="{name}-t">{escape(self.title)}</title><desc id="{name}-d">{escape(sentence)}</desc>'
                f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>{"".join(self.parts)}{"".join(text)}'
                "</svg></figure>")


def _short(value):
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}".replace(",", " ")


def course(seconds, lanes, sentence):
    """What was going on: one lane for each (name, spans), a span being (start, end, style, label)."""
    height = 16 * len(lanes) + 4
    parts = []
    for index, (name, spans) in enumerate(lanes):
        top = 16 * index + 2
        parts.append(f'<text class="left" x="{LEFT - 6}" y="{top + 11}">{escape(name)}</text>')
        parts.append(f'<path class="axis" d="M{LEFT} {top + 14}H{WIDTH - RIGHT}"/>')
        for start, end, style, label in spans:
            left = LEFT + start / seconds * (WIDTH - LEFT - RIGHT)
            width = max(1.5, (end - start) / seconds * (WIDTH - LEFT - RIGHT))
            parts.append(f'<rect class="{style}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="13">'
                         f'<title>{escape(label)}</title></rect>')
    return (f'<figure><figcaption>What was done to them</figcaption><svg viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-labelledby="course-t course-d"><title id="course-t">What was done to them</title>'
            f'<desc id="course-d">{escape(sentence)}</desc>{"".join(parts)}</svg></figure>')
