"""Waivers, end to end: every way in which an exception can rot turns the run red, whatever else is well."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.cli import cli
from conformance.verdicts import Verdict, load_waivers, read_result

CLAUSE = "LC-CONFIG-008"
GOOD = f'[[waiver]]\nrequirement = "{CLAUSE}"\nreason = "mended next week"\n'
YESTERDAY = (date.today() - timedelta(days=2)).isoformat()


def run(url: str, folder: Path, waivers: str) -> Result:
    """Judge one clause of a server with a waiver file."""
    (folder / "waivers.toml").write_text(waivers, encoding="utf-8")
    options = ["--only", f"{CLAUSE},LC-CONFIG-014", "--level", "quick", "--seed", "1", "--quiet"]
    return CliRunner().invoke(
        cli, ["run", url, *options, "--waivers", str(folder / "waivers.toml"), "--report", str(folder / "report")]
    )


def test_a_waived_failure_is_still_judged_and_counted(places: dict[str, str], tmp_path: Path) -> None:
    """The run is green, the requirement says why, and the head of the report counts it."""
    done = run(places["bad"], tmp_path, GOOD)
    assert done.exit_code == 0, done.output
    assert "1 waived failure" in done.output.splitlines()[0]
    result = read_result(tmp_path / "report" / "result.json")
    (clause,) = (one for one in result.requirements if one.id == CLAUSE)
    assert clause.verdict is Verdict.WAIVED
    assert clause.evidence
    assert "1 in force" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rotten", "sentence"),
    [
        (f'[[waiver]]\nrequirement = "{CLAUSE}"\nreason = "x"\nexpires = {YESTERDAY}\n', "It expired on"),
        (f'[[waiver]]\nrequirement = "{CLAUSE}"\n', "It gives no reason."),
        ('[[waiver]]\nrequirement = "LC-CONFIG-999"\nreason = "x"\n', "The contract has no requirement LC-CONFIG-999."),
        (f'[[waiver]]\nrequirement = "{CLAUSE}"\nreason = "x"\noperation = "openRoom"\n', "It matches nothing"),
        ('[[waiver]]\nrequirement = "LC-CONFIG-014"\nreason = "x"\n', "LC-CONFIG-014 passes now: remove the waiver."),
    ],
    ids=["expired", "no reason", "unknown", "another operation", "passes"],
)
def test_an_exception_that_rots_turns_the_run_red(
    rotten: str, sentence: str, places: dict[str, str], tmp_path: Path
) -> None:
    """Everything that is broken is waived, so that nothing but the rotten entry makes the run red."""
    done = run(places["bad"], tmp_path, GOOD + rotten)
    assert done.exit_code == 1, done.output
    assert "1 stale waiver" in done.output.splitlines()[0]
    assert "broken" not in done.output.splitlines()[0]
    assert sentence in done.output
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "1 stale" in page


def test_waive_asks_for_the_reason_of_each(places: dict[str, str], tmp_path: Path) -> None:
    """The clause and what was seen are shown, the entry is what the user said, and nothing is written without it."""
    out = tmp_path / "waivers.toml"
    silent = CliRunner().invoke(cli, ["waive", places["badrun"], "--out", str(out)], input="")
    assert silent.exit_code == 2
    assert "needs a reason: give it with --reason. Nothing was written." in silent.output
    assert not out.exists()
    asked = CliRunner().invoke(cli, ["waive", places["badrun"], "--out", str(out)], input="mended next week\n")
    assert asked.exit_code == 0
    assert f"{CLAUSE}: " in asked.output
    assert "Why is this accepted?" in asked.output
    (waiver,) = load_waivers(out)
    assert (waiver.requirement, waiver.reason) == (CLAUSE, "mended next week")


def test_waive_takes_several_requirements_and_leaves_what_is_waived(places: dict[str, str], tmp_path: Path) -> None:
    """Names are joined by commas; an entry that is there is not written again; what did not fail is said."""
    out = tmp_path / "waivers.toml"
    wrong = CliRunner().invoke(
        cli, ["waive", places["badrun"], "--requirement", f"{CLAUSE},LC-CONFIG-014", "--reason", "x", "-o", str(out)]
    )
    assert wrong.exit_code == 2
    assert "LC-CONFIG-014 did not fail" in wrong.output
    words = ["waive", places["badrun"], "--requirement", f" {CLAUSE},", "--reason", "x", "-o", str(out)]
    assert "1 waiver was added" in CliRunner().invoke(cli, words).output
    again = CliRunner().invoke(cli, [*words, "--link", "https://example.com/1"])
    assert "did not fail" not in again.output
    assert len(load_waivers(out)) == 1
