"""Drawings as inline SVG: a conversation as a sequence diagram, latencies on a logarithmic scale.

Nothing here is styled by attributes: classes are used, so that the style sheet can draw both colour schemes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from conformance.contract.exchange import Exchange
from conformance.report.text import one_line
from conformance.verdicts.latency import Latency, end_of

LANE: Final = 168
ROW: Final = 40
TOP: Final = 44
SERVER: Final = "server"
PLOT_WIDTH: Final = 260
PLOT_HEIGHT: Final = 22
COARSE: Final = 5
"""Buckets of the histogram that are one point of a plot: about 28 % wide, smooth also for a few hundred answers."""


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of a sequence diagram and its answer."""

    number: int
    persona: str
    label: str
    answer: str
    failed: bool
    exchange: str


def steps_of(exchanges: Sequence[Exchange], failed: Sequence[str]) -> tuple[Step, ...]:
    """Give the steps of a conversation."""
    return tuple(
        Step(
            number=number,
            persona=each.persona or "nobody",
            label=each.operation or f"{each.request.method} {each.request.path}",
            answer=str(each.status) if each.status is not None else "no answer",
            failed=each.id in failed,
            exchange=each.id,
        )
        for number, each in enumerate(exchanges, start=1)
    )


def sequence_diagram(steps: Sequence[Step], title: str) -> Markup:
    """Draw a conversation: a lane for each persona and one for the server, the failing steps marked.

    Args:
        steps: In order.
        title: What the diagram shows, for readers who do not see it.
    """
    personas = list(dict.fromkeys(step.persona for step in steps))
    lanes = {name: LANE // 2 + number * LANE for number, name in enumerate([*personas, SERVER])}
    width, height = LANE * len(lanes) + 8, TOP + ROW * len(steps) + 18
    server = lanes[SERVER]
    parts = [
        Markup(
            '<svg class="seq" role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" aria-label="{title}">'
        ).format(w=width, h=height, title=one_line(title, 200))
    ]
    parts.extend(
        Markup(
            '<line class="life" x1="{x}" x2="{x}" y1="32" y2="{low}"/>'
            '<rect class="lane" x="{left}" y="6" width="{w}" height="26" rx="3"/>'
            '<text class="who" x="{x}" y="23">{name}</text>'
        ).format(x=x, low=height - 6, left=x - LANE // 2 + 8, w=LANE - 16, name=one_line(name, 20))
        for name, x in lanes.items()
    )
    parts.extend(_arrow(step, lanes[step.persona], server, width) for step in steps)
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _arrow(step: Step, start: int, server: int, width: int) -> Markup:
    y = TOP + ROW * (step.number - 1) + 18
    band = (
        Markup('<rect class="band" x="1" y="{y}" width="{w}" height="{h}"/>').format(y=y - 17, w=width - 2, h=ROW - 3)
        if step.failed
        else Markup("")
    )
    mark = Markup('<text class="cross" x="{x}" y="{y}">✕</text>').format(x=server + 44, y=y + 10) if step.failed else ""
    room = max(12, (server - start) // 7)
    return Markup(
        '{band}<g{style}><line class="call" x1="{a}" x2="{b}" y1="{y}" y2="{y}"/>'
        '<path class="tip" d="M{b} {y}l-8 -3.5v7z"/>'
        '<text class="what" x="{t}" y="{above}">{number}. {label}</text>'
        '<line class="back" x1="{a}" x2="{b}" y1="{low}" y2="{low}"/><path class="tip" d="M{a} {low}l8 -3.5v7z"/>'
        '<text class="code" x="{edge}" y="{code}">{answer}</text>{mark}</g>'
    ).format(
        band=band,
        style=Markup(' class="bad"') if step.failed else "",
        a=start,
        b=server - 1,
        y=y,
        t=start + 10,
        above=y - 5,
        number=step.number,
        label=one_line(step.label, room),
        low=y + 12,
        edge=server + 10,
        code=y + 9,
        answer=step.answer,
        mark=mark,
    )


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
