"""What commands write for scripts: one JSON document on the standard output, and nothing else there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.report.text import one_line
from conformance.verdicts import Verdict, weaknesses

if TYPE_CHECKING:
    from conformance.verdicts import Result

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON to the standard output, for scripts.")
"""The option ``--json``, the same for every command that has it."""

NOT_GOOD = (Verdict.FAIL, Verdict.STALE_WAIVER, Verdict.FLAKY, Verdict.ERROR, Verdict.BLOCKED, Verdict.DEVIATION)
"""The verdicts that somebody has to look at, the most serious first."""


def document(result: Result, report: str | Path) -> dict[str, Any]:
    """What a script wants to know of a run; all the rest is in the ``result.json`` that it names.

    Args:
        result: The run, or runs that were merged.
        report: The folder of the report.
    """
    bad = [one for verdict in NOT_GOOD for one in result.requirements if one.verdict is verdict]
    return {
        "verdict": result.sentence,
        "exit_code": result.exit_code,
        "target": {"url": result.target.url, "product": result.target.product, "version": result.target.version},
        "contract": {"version": result.contract.version, "hash": result.contract.hash},
        "profile": result.profile,
        "level": result.level,
        "seed": result.seed,
        "requests": result.requests,
        "duration_s": round(result.duration_s, 3),
        "counts": dict(result.counts),
        "requirements": [
            {
                "id": one.id,
                "level": one.level,
                "verdict": one.verdict.value,
                "clause": one_line(one.clause, 500),
                "reason": one_line(one.reason, 500),
            }
            for one in bad
        ],
        "weakened_by": [one_line(each, 500) for each in weaknesses(result)],
        "report": _there(Path(report) / "index.html"),
        "result": _there(Path(report) / "result.json"),
    }


def _there(path: Path) -> str | None:
    return str(path) if path.exists() else None


def write(value: object) -> None:
    """Write one JSON document to the standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
