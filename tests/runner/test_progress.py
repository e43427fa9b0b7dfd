"""Progress: lines for logs, few of them while nothing happens."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from conformance.runner import progress


def test_a_run_that_waits_says_so_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every few seconds while tests end, every minute while one waits; what is waited for stands beside."""
    now = [1000.0]
    monkeypatch.setattr("conformance.runner.progress.time.monotonic", lambda: now[0])
    written = io.StringIO()
    reporter = progress.PlainReporter(Console(file=written, width=200))
    for second in range(600):
        now[0] = 1000.0 + second
        reporter.advance(min(second, 60), 100, 0, "waiting for a route" if second > 60 else "")
    lines = written.getvalue().splitlines()
    assert 20 <= len(lines) <= 24
    assert lines[0].startswith("5 of 100 tests")
    assert lines[-1] == "60 of 100 tests; waiting for a route"


def test_a_line_says_what_is_counted_once_it_is_known_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of nothing is no news; a proof counts faults."""
    now = [1000.0]
    monkeypatch.setattr("conformance.runner.progress.time.monotonic", lambda: now[0])
    written = io.StringIO()
    reporter = progress.PlainReporter(Console(file=written, width=200))
    for total in (0, 12):
        now[0] += 10
        reporter.advance(total // 4, total, 0, of="faults")
    assert written.getvalue().splitlines() == ["3 of 12 faults"]


@pytest.mark.parametrize(("seconds", "words"), [(3.2, "3 s"), (119.0, "119 s"), (600.0, "10 min")])
def test_times_are_spelt_for_people(seconds: float, words: str) -> None:
    """Seconds while they are few, minutes then."""
    assert progress.spell(seconds) == words
