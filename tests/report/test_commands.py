"""The commands report, compare, verify and merge: what they write, what they say, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.cli import compare, merge, report, verify
from conformance.report import write_reports
from tests.report.sample import sample


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs in two folders."""
    folder = tmp_path_factory.mktemp("runs")
    for kind in ("passing", "failing"):
        write_reports(sample(kind), folder / kind, ("json", "html"))
    return folder


def call(module: object, *arguments: object) -> Result:
    """Run a command; a traceback is never an answer."""
    outcome = CliRunner().invoke(module.command, [str(each) for each in arguments])  # type: ignore[attr-defined]
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome


def test_report_draws_the_formats_that_were_asked_for(runs: Path, tmp_path: Path) -> None:
    """From a folder or a file."""
    done = call(report, runs / "failing", "--format", "summary,badge", "--format", "sarif", "--out", tmp_path)
    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "badge.json",
        "badge.svg",
        "results.sarif",
        "summary.md",
    ]
    assert done.output.startswith("Not conformant")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.json"], "cannot be read"),
        (["passing/index.html"], "not JSON"),
        (["passing", "--format", "pdf"], "no format 'pdf'"),
        (["passing", "--out", "passing/result.json/x"], "cannot be written"),
    ],
)
def test_report_refuses_with_a_sentence(
    runs: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, no traceback."""
    monkeypatch.chdir(runs)
    done = call(report, *arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_compare_says_what_regressed(runs: Path, tmp_path: Path) -> None:
    """Exit code 1; the other way round everything is fixed, exit code 0."""
    worse = call(compare, runs / "passing", runs / "failing" / "result.json")
    assert worse.exit_code == 1
    assert worse.output.startswith("From passing to failing: 9 regressed")
    better = call(compare, f"old={runs / 'failing'}", f"new={runs / 'passing'}", "--html", tmp_path / "c.html")
    assert better.exit_code == 0
    assert "From old to new" in better.output
    assert "<h1>From old to new" in (tmp_path / "c.html").read_text()


def test_compare_writes_json(runs: Path) -> None:
    """Only what is not the same everywhere."""
    done = call(compare, runs / "passing", runs / "failing", runs / "passing", "--json")
    told = json.loads(done.output)
    assert [each["name"] for each in told["runs"]] == ["passing (1)", "failing", "passing (2)"]
    assert {cell["change"] for row in told["rows"] for cell in row["cells"]} >= {"regressed", "same"}


def test_compare_needs_two_results(runs: Path) -> None:
    """Exit code 2."""
    assert call(compare, runs / "passing").exit_code == 2


def test_verify_says_intact_or_altered(runs: Path, tmp_path: Path) -> None:
    """Exit codes 0, 1 and 2."""
    intact = call(verify, runs / "failing")
    assert intact.exit_code == 0
    assert intact.output.startswith("Intact: ")
    page = (runs / "failing" / "index.html").read_text(encoding="utf-8")
    (tmp_path / "index.html").write_text(page.replace(">7<", ">0<"), encoding="utf-8")
    altered = call(verify, tmp_path)
    assert altered.exit_code == 1
    assert "must.broken on the page: 0; computed: 7" in altered.output
    (tmp_path / "index.html").write_text("x")
    assert call(verify, tmp_path / "index.html").exit_code == 2
    assert call(verify, tmp_path / "nothing.html").exit_code == 2


def test_merge_refuses_what_does_not_belong_together(runs: Path, tmp_path: Path) -> None:
    """And joins what does, with the exit code of the verdict."""
    done = call(merge, runs / "failing", "--report", tmp_path / "m", "--format", "json")
    assert done.exit_code == 1
    assert (tmp_path / "m" / "result.json").exists()
    document = json.loads((runs / "failing" / "result.json").read_text())
    (tmp_path / "other.json").write_text(json.dumps(document))
    assert call(merge, tmp_path / "missing.json").exit_code == 2


@pytest.mark.parametrize("module", [report, compare, verify, merge])
def test_help_has_examples_and_exit_codes(module: object) -> None:
    """For every command."""
    text = call(module, "--help").output
    assert "Examples:" in text
    assert "Exit codes:" in text
