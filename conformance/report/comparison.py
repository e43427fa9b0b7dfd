"""Draws a comparison of runs: as text, as JSON, and as an HTML matrix with one column a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import msgspec
from markupsafe import Markup

from conformance.report.html import asset, environment, policy_of
from conformance.report.requirements import mark_of
from conformance.report.text import one_line, visible
from conformance.verdicts.compare import Change, Comparison, Row
from conformance.verdicts.words import WORDS, Verdict, plural

ORDER: Final = tuple(Change)
_TONES: Final = {
    Change.REGRESSED: "bad",
    Change.STILL_FAILING: "bad",
    Change.OTHER_EVIDENCE: "warn",
    Change.NO_LONGER_TESTED: "warn",
    Change.DIFFERS: "quiet",
    Change.NEWLY_TESTED: "quiet",
    Change.FIXED: "good",
    Change.SAME: "quiet",
}


def render_text(comparison: Comparison) -> str:
    """Give a comparison for terminals and logs."""
    return "\n".join(_lines(comparison)) + "\n"


def render_json(comparison: Comparison) -> str:
    """Give a comparison as JSON: runs, counts, and every requirement that is not the same everywhere."""
    told = msgspec.to_builtins(comparison)
    told["rows"] = [row for row in told["rows"] if not _same(row)]
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def render_html(comparison: Comparison) -> str:
    """Give a comparison as one HTML page, with the script of the report left out: it needs none."""
    style = asset("style.css")
    changed = [row for row in comparison.rows if not is_same(row)]
    page = environment().get_template("compare.html.j2")
    return page.render(
        c=comparison,
        changed=sorted(changed, key=lambda row: (ORDER.index(row.change), row.id)),
        same=[row for row in comparison.rows if is_same(row)],
        marks={verdict: mark_of(verdict) for verdict in Verdict},
        tones=_TONES,
        glossary=tuple(mark_of(verdict) for verdict in Verdict),
        style=Markup(style),
        policy=policy_of(style, ""),
        sentence=headline(comparison),
        changes=tuple((change, comparison.counts[change.value], _TONES[change]) for change in Change),
    ).lstrip()


def headline(comparison: Comparison) -> str:
    """Say in one sentence what changed from the first run to the last."""
    first, last = comparison.runs[0].name, comparison.runs[-1].name
    told = [f"{count:,} {change}" for change, count in comparison.counts.items() if count and change != Change.SAME]
    if not told:
        return f"No difference between {first} and {last}."
    return f"From {first} to {last}: {', '.join(told)}."


def is_same(row: Row) -> bool:
    """Say whether a requirement is the same in all runs."""
    return all(cell.change is Change.SAME for cell in row.cells)


def _same(row: dict[str, object]) -> bool:
    cells = row["cells"]
    return isinstance(cells, list | tuple) and all(cell["change"] == Change.SAME for cell in cells)


def _lines(comparison: Comparison) -> Iterator[str]:
    yield visible(headline(comparison))
    yield ""
    for run in comparison.runs:
        yield (
            f"  {one_line(run.name, 40)}: {one_line(run.product, 40)} {one_line(run.version, 20)}, {run.verdict}, "
            f"{run.met:,} of {run.applicable:,} requirements met"
        )
    for warning in comparison.warnings:
        yield f"  Note: {warning}"
    for change in ORDER:
        rows = [row for row in comparison.rows if row.change is change]
        if change is Change.SAME or not rows:
            continue
        yield ""
        yield f"{change.value.capitalize()} ({plural(len(rows), 'requirement')})"
        for row in rows:
            verdicts = " → ".join(cell.verdict.value if cell.verdict else "absent" for cell in row.cells)
            yield f"  {row.id} {row.level} [{verdicts}] {one_line(row.clause, 160)}"
            last = row.cells[-1]
            for note in last.notes[:3]:
                yield f"      {one_line(note, 160)}"
            if last.verdict and last.reason and WORDS[last.verdict].tone != "good":
                yield f"      {one_line(last.reason, 160)}"
