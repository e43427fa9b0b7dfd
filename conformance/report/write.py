"""Writes a report folder: one result document and everything that is drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from conformance.report.badge import render_badge_json, render_badge_svg
from conformance.report.har import render_har
from conformance.report.html import render_html
from conformance.report.junit import render_junit
from conformance.report.sarif import render_sarif
from conformance.report.summary import render_summary
from conformance.verdicts.document import write_result
from conformance.verdicts.result import Result

_RENDERERS: Final[dict[str, tuple[tuple[str, Callable[[Result], str]], ...]]] = {
    "html": (("index.html", render_html),),
    "junit": (("junit.xml", render_junit),),
    "summary": (("summary.md", render_summary),),
    "sarif": (("results.sarif", render_sarif),),
    "badge": (("badge.svg", render_badge_svg), ("badge.json", render_badge_json)),
    "har": (("exchanges.har", render_har),),
}

ALL_FORMATS: Final = ("json", *_RENDERERS)
FORMATS: Final = tuple(name for name in ALL_FORMATS if name != "har")
"""What is written unless something else is asked for: everything but the archive of exchanges."""


def write_reports(result: Result, folder: Path, formats: Iterable[str] = FORMATS) -> dict[str, Path]:
    """Write a report folder; each file appears whole or not at all.

    Args:
        result: What to report.
        folder: Made where it is missing.
        formats: Names out of ``ALL_FORMATS``.

    Returns:
        File name to path, for what was written.

    Raises:
        ValueError: There is no such format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    for name in formats:
        if name == "json":
            written["result.json"] = folder / "result.json"
            write_result(result, written["result.json"])
            continue
        if name not in _RENDERERS:
            raise ValueError(f"There is no format {name!r}; choose of {', '.join(ALL_FORMATS)}.")
        for file, render in _RENDERERS[name]:
            written[file] = write_text(folder / file, render(result))
    return written


def write_text(path: Path, text: str) -> Path:
    """Write a text file in one step; halves of surrogate pairs, which no file can hold, are replaced."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(text.encode("utf-8", "replace"))
    return unfinished.replace(path)
