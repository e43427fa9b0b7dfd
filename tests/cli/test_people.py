"""Waivers, claims and replays, as people use them after a run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.cli import cli
from conformance.faults.model import Depth, Fault, Kind
from conformance.reference import reference_server
from conformance.target import load_settings
from conformance.verdicts import load_waivers, read_result

_ONLY = "LC-CONFIG-008,LC-CONFIG-014"


def call(*arguments: str, input: str | None = None) -> Result:
    """Call the command line in this process."""
    return CliRunner().invoke(cli, list(arguments), input=input)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a server whose survey offers one value too many."""
    folder = tmp_path_factory.mktemp("broken")
    with reference_server(faults=[six_values()]) as url:
        done = call("run", str(url), "--only", _ONLY, "--seed", "1", "--report", str(folder), "--quiet")
    assert done.exit_code == 1, done.output
    return folder


def six_values() -> Fault:
    """A survey with six values."""

    def survey(original, site, *args):  # type: ignore[no-untyped-def]
        answer = original(site, *args)
        answer.body["config"]["survey"]["values"].append("6")
        return answer

    return Fault(
        id="test.six-values",
        breaks=("LC-CONFIG-008",),
        operations=("getConfig",),
        kind=Kind.SCHEMA,
        depth=Depth.SHALLOW,
        sentence="The survey offers six values.",
        wrap={"operation.getConfig": survey},
    )


def test_a_waiver_is_written_with_its_reason(broken: Path, tmp_path: Path) -> None:
    """``waive`` writes one entry for each failure, and asks for the reason."""
    out = tmp_path / "waivers.toml"
    done = call("waive", str(broken), "--out", str(out), "--expires", "2030-01-31", input='it is "known"\n')
    assert done.exit_code == 0, done.output
    (waiver,) = load_waivers(out)
    assert (waiver.requirement, waiver.reason, waiver.expires) == ("LC-CONFIG-008", 'it is "known"', date(2030, 1, 31))
    assert "Nothing to waive" in call("waive", str(broken), "--out", str(out)).output


def test_no_waiver_without_a_reason(broken: Path, tmp_path: Path) -> None:
    """Without a reason nothing is written."""
    out = tmp_path / "waivers.toml"
    done = call("waive", str(broken), "--out", str(out), input="\n")
    assert done.exit_code == 2
    assert not out.exists()


def test_a_gate_goes_red_green_and_red_again(broken: Path, tmp_path: Path) -> None:
    """A fault is red; with a waiver the run is green; once the fault is gone the waiver is stale, and red."""
    waivers = tmp_path / "waivers.toml"
    call("waive", str(broken), "--out", str(waivers), "--reason", "known")
    options = ["--only", _ONLY, "--seed", "1", "--waivers", str(waivers), "--quiet"]
    with reference_server(faults=[six_values()]) as url:
        waived = call("run", str(url), *options, "--report", str(tmp_path / "waived"))
    assert waived.exit_code == 0, waived.output
    stale = call("run", *options, "--report", str(tmp_path / "stale"))
    assert stale.exit_code == 1, stale.output
    assert "stale waiver" in stale.output


def test_a_claim_is_checked(broken: Path, tmp_path: Path) -> None:
    """A claim says what it is worth, and ``verify`` notices any change."""
    claim = tmp_path / "claim"
    done = call("claim", str(claim), "--from", str(broken), "--name", "Example 1.0")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("No claim of conformance")
    assert json.loads((claim / "claim.json").read_text())["implementation"] == "Example 1.0"
    assert call("verify", str(claim)).exit_code == 0
    (claim / "REPRODUCE.md").write_text("All is well.\n")
    altered = call("verify", str(claim))
    assert altered.exit_code == 1
    assert "REPRODUCE.md" in altered.output
    told = json.loads(call("verify", str(claim), "--json").stdout)
    assert (told["intact"], told["altered_files"], told["findings"]) == (False, ["REPRODUCE.md"], [])


def test_a_partial_run_makes_a_partial_claim(tmp_path: Path) -> None:
    """A run that judged only a part says so in its claim."""
    assert call("run", "--only", _ONLY, "--report", str(tmp_path / "part"), "--quiet").exit_code == 0
    done = call("claim", str(tmp_path / "claim"), "--from", str(tmp_path / "part"))
    assert done.output.startswith("Partial claim")


def test_a_finding_is_replayed(broken: Path, tmp_path: Path) -> None:
    """A replay says whether the finding stands: it does on the same server, and is gone on a mended one."""
    with reference_server(faults=[six_values()]) as url:
        stands = call("replay", "LC-CONFIG-008", str(url), "--from", str(broken), "--report", str(tmp_path / "a"))
    assert stands.exit_code == 1, stands.output
    assert "the same finding" in stands.output
    gone = call("replay", "LC-CONFIG-008", "--from", str(broken), "--report", str(tmp_path / "b"))
    assert gone.exit_code == 0, gone.output
    assert "gone" in gone.output
    assert call("replay", "LC-CONFIG-999", "--from", str(broken)).exit_code == 2


def test_shards_join_to_the_unsplit_result(tmp_path: Path) -> None:
    """The shards of a run, joined, are the run that was not split: verdicts, counts, sentence, exit code, tests."""
    options = ["--only", "triggers", "--level", "quick", "--quiet"]
    for part in ("1/2", "2/2"):
        call("run", *options, "--shard", part, "--report", str(tmp_path / part[0]))
    whole = call("run", *options, "--seed", "0", "--report", str(tmp_path / "whole"))
    joined = call("merge", str(tmp_path / "1"), str(tmp_path / "2"), "--report", str(tmp_path / "joined"))
    assert joined.exit_code == whole.exit_code, joined.output
    first, second = (read_result(tmp_path / name / "result.json") for name in ("whole", "joined"))
    assert {one.id: one.verdict for one in first.requirements} == {one.id: one.verdict for one in second.requirements}
    assert (first.sentence, first.counts, first.partial, first.endings) == (
        second.sentence,
        second.counts,
        second.partial,
        second.endings,
    )
    assert [(one.item, one.state) for one in first.items] == [(one.item, one.state) for one in second.items]
    assert {**first.settings, "report": None, "url": None} == {**second.settings, "report": None, "url": None}
    alone = call("merge", str(tmp_path / "1"), "--report", str(tmp_path / "alone"))
    assert alone.exit_code == 4, alone.output
    assert "Only 1 of 2 shards were merged: shard 2 is missing" in alone.output


def test_the_parts_of_a_run_draw_from_one_seed() -> None:
    """Started apart without a seed they still belong together; a seed that was given is kept."""
    assert load_settings({"shard": "1/4"}).seed == load_settings({"shard": "2/4"}).seed
    assert load_settings({"shard": "1/4", "seed": "9"}).seed == 9
    assert load_settings({}).seed != load_settings({}).seed
