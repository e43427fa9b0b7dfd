"""Drawings as inline SVG: a conversation as a sequence diagram, latencies on a logarithmic scale.

Nothing here is styled by attributes: classes are used, so that the style sheet can draw both colour schemes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from conformance.report.text import one_line
from conformance.verdicts.latency import Latency, end_of
from conformance.verdicts.result import Step

LANE: Final = 168
ROW: Final = 40
TOP: Final = 44
SERVER: Final = "server"
PLOT_WIDTH: Final = 260
PLOT_HEIGHT: Final = 22
COARSE: Final = 5
"""Buckets of the histogram that are one point of a plot: about 28 % wide, smooth also for a few hundred answers."""


def sequence_diagram(steps: Sequence[Step], title: str) -> Markup:
    """Draw a conversation: a lane for each persona and one for the server, the failing steps marked.

    Args:
        steps: In order.
        title: What the diagram shows, for readers who do not see it.
    """
    personas = list(dict.fromkeys(step.persona for step in steps))
    lanes = {name: LANE // 2 + number * LANE for number, name in enumerate([*personas, SERVER])}
    width, height = LANE * len(lanes) + 8, TOP + ROW * len(steps) + 18
    parts = [
        Markup(
            '<svg class="seq" role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" aria-label="{title}">'
        ).format(w=width, h=height, title=one_line(title, 200))
    ]
    box = f"h{LANE - 16}v26h{16 - LANE}z"
    life = "".join(f"M{x} 32V{height - 6}" for x in lanes.values())
    heads = "".join(f"M{x - LANE // 2 + 8} 6{box}" for x in lanes.values())
    parts.append(
        Markup('<path class="life" d="{life}"/><path class="lane" d="{heads}"/>').format(life=life, heads=heads)
    )
    parts.extend(
        Markup('<text class="who" x="{}" y="23">{}</text>').format(x, one_line(n, 20)) for n, x in lanes.items()
    )
    numbered = list(enumerate(steps, start=1))
    for failed in (False, True):
        parts.extend(_arrows([pair for pair in numbered if pair[1].failed is failed], lanes, failed, width))
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _arrows(steps: Sequence[tuple[int, Step]], lanes: Mapping[str, int], failed: bool, width: int) -> Iterator[Markup]:
    """Draw the steps of one kind: all calls are one path and all answers another, which keeps the page small."""
    if not steps:
        return
    server = lanes[SERVER]
    rows = [(number, step, lanes[step.persona], TOP + ROW * (number - 1) + 18) for number, step in steps]
    if failed:
        for _, _, _, y in rows:
            yield Markup('<rect class="band" x="1" y="{y}" width="{w}" height="{h}"/>').format(
                y=y - 17, w=width - 2, h=ROW - 3
            )
    calls = "".join(f"M{x} {y}H{server - 1}m-7-4l7 4-7 4" for _, _, x, y in rows)
    answers = "".join(f"M{server - 2} {y + 12}H{x}" for _, _, x, y in rows)
    tips = "".join(f"M{x + 7} {y + 8}l-7 4 7 4" for _, _, x, y in rows)
    yield Markup('<g class="{kind}"><path class="call" d="{calls}"/>').format(
        kind="bad" if failed else "ok", calls=calls
    )
    yield Markup('<path class="back" d="{answers}"/><path class="call" d="{tips}"/>').format(answers=answers, tips=tips)
    for number, step, x, y in rows:
        yield Markup('<text x="{x}" y="{y}">{number}. {label}</text>').format(
            x=x + 10, y=y - 5, number=number, label=one_line(step.label, max(12, (server - x) // 7))
        )
        yield Markup('<text x="{x}" y="{y}">{answer}{cross}</text>').format(
            x=server + 10, y=y + 9, answer=step.answer, cross=" ✕" if failed else ""
        )
    yield Markup("</g>")


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale in milliseconds that all plots of a report share."""

    low: float
    high: float

    def x(self, milliseconds: float) -> float:
        """Give the place of a time on a plot, in pixels."""
        span = math.log(self.high / self.low)
        share = math.log(max(milliseconds, self.low) / self.low) / span if span else 0.0
        return round(4 + share * (PLOT_WIDTH - 8), 1)


def scale_of(latencies: Sequence[Latency]) -> Scale:
    """Give the scale from the fastest to the slowest answer, widened to powers of ten."""
    timed = [each for each in latencies if each.count]
    if not timed:
        return Scale(1.0, 10.0)
    low = min(end_of(min(map(int, each.buckets))) for each in timed)
    high = max(each.max for each in timed)
    return Scale(10.0 ** math.floor(math.log10(max(low, 0.1))), 10.0 ** math.ceil(math.log10(max(high, 0.2))))


def ticks(scale: Scale) -> tuple[float, ...]:
    """Give the powers of ten on a scale."""
    first, last = round(math.log10(scale.low)), round(math.log10(scale.high))
    return tuple(10.0**power for power in range(first, last + 1))


def latency_plot(latency: Latency, scale: Scale, name: str) -> Markup:
    """Draw the answers of one operation: their density as a ridge, and p50, p90 and p99 as marks."""
    if not latency.count:
        return Markup("")
    coarse: dict[int, int] = {}
    for bucket, count in latency.buckets.items():
        coarse[int(bucket) // COARSE] = coarse.get(int(bucket) // COARSE, 0) + count
    most, base = max(coarse.values()), PLOT_HEIGHT - 3
    first, last = min(coarse), max(coarse)
    points = [f"M{scale.x(end_of((first - 1) * COARSE)):g} {base}"]
    for number in range(first, last + 1):
        height = round(base - math.sqrt(coarse.get(number, 0) / most) * (PLOT_HEIGHT - 6), 1)
        points.append(f"L{scale.x(end_of(number * COARSE + COARSE // 2)):g} {height:g}")
    points.append(f"L{scale.x(end_of((last + 1) * COARSE)):g} {base}z")
    marks = "".join(
        f'<line class="{kind}" x1="{scale.x(value):g}" x2="{scale.x(value):g}" y1="{top}" y2="{base + 2}"/>'
        for kind, value, top in (("p99", latency.p99, 9), ("p90", latency.p90, 6), ("p50", latency.p50, 2))
    )
    grid = "".join(
        f'<line class="grid" x1="{scale.x(tick):g}" x2="{scale.x(tick):g}" y1="0" y2="{PLOT_HEIGHT}"/>'
        for tick in ticks(scale)
    )
    return Markup(
        '<svg class="lat" role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" aria-label="{label}">'
        '{grid}<path class="ridge" d="{points}"/>{marks}</svg>'
    ).format(
        w=PLOT_WIDTH,
        h=PLOT_HEIGHT,
        label=escape(f"{name}: half within {latency.p50:.1f} ms, slowest {latency.max:.1f} ms"),
        grid=Markup(grid),
        points=" ".join(points),
        marks=Markup(marks),
    )
