"""The report's folder: one run at a time, and what an earlier one left on the server is never forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.reference import reference_server
from conformance.reference.server import Url
from conformance.reference.site import write_setting
from conformance.suite.workdir import alone, keep_ledgers
from conformance.verdicts import read_result
from conformance.world import Ledger, read_ledger, run_prefix
from tests.runner.conftest import Run

_FEW = ("--only", "LC-CONFIG-007,LC-VISITOR-002", "--level", "quick", "--report", "out", "--format", "json")


def test_a_second_run_into_one_folder_is_refused(livechat: Run, tmp_path: Path) -> None:
    """Two runs would read each other's settings; the second one says what to do, and nothing is sent."""
    with alone(tmp_path / "out" / "work"):
        done = livechat("run", "http://127.0.0.1:9", *_FEW)
    assert done.returncode == 2, done.stderr
    assert "another run writes into" in done.stderr.lower()
    assert "--report" in done.stderr


def test_sweep_waits_for_the_end_of_a_run(livechat: Run, tmp_path: Path) -> None:
    """What a run uses just now is not taken from under it."""
    with alone(tmp_path / "out" / "work"), Ledger(tmp_path / "out" / "work" / "ledger-main.jsonl") as ledger:
        ledger.head("http://127.0.0.1:9", "lcx-7-main-37c2")
        ledger.intend("visitor", "lcx-7-main-37c2-v1")
        done = livechat("sweep", "out")
    assert done.returncode == 2, done.stderr
    assert "goes on" in done.stderr


@pytest.mark.parametrize("state", ["intent", "done", "left", "gone"])
def test_a_ledger_is_kept_until_all_is_gone(state: str, tmp_path: Path) -> None:
    """Also what clean-up could not remove is still on the server."""
    with Ledger(tmp_path / "ledger-main.jsonl") as ledger:
        entry = ledger.intend("visitor", "lcx-7-main-37c2-v1")
        if state == "left":
            ledger.left(entry, "the server did not answer")
        elif state != "intent":
            getattr(ledger, state)(entry)
    keep_ledgers(tmp_path)
    kept = list(tmp_path.rglob("*ledger*.jsonl"))
    assert len(kept) == (0 if state == "gone" else 1)


def _title(server: Url) -> Any:
    """The setting that the tests change, as the server has it."""
    setting = server.site.settings.one({"_id": "Livechat_title"})
    assert setting is not None
    return setting["value"]


def _killed(server: Url, work: Path) -> None:
    """A work directory as a killed run leaves it: a setting is changed, and nobody restored it."""
    site = server.site
    with Ledger(work / "ledger-main.jsonl") as ledger:
        ledger.head(str(server), "lcx-7-main-37c2")
        entry = ledger.intend("setting", "Livechat_title", before=_title(server), after="Changed")
        ledger.done(entry, "Livechat_title")
    write_setting(site, "Livechat_title", "Changed")
    site.store.commit()


@pytest.mark.parametrize("what", ["out", "out/work/unfinished"])
def test_sweep_finds_what_an_earlier_run_into_the_folder_left(what: str, livechat: Run, tmp_path: Path) -> None:
    """Its ledger was put aside by a later run, and is still found by the folder."""
    work = tmp_path / "out" / "work"
    with reference_server() as server:
        title = _title(server)
        _killed(server, work)
        keep_ledgers(work)
        assert not (work / "ledger-main.jsonl").exists()
        done = livechat(
            "sweep", what, "--admin-user", server.admin_user, LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=server.admin_password
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Removed 1" in done.stdout
        assert _title(server) == title


def test_a_run_first_finishes_what_an_earlier_one_left(livechat: Run, tmp_path: Path) -> None:
    """Otherwise it would take a changed setting for the server's own."""
    with reference_server() as server:
        title = _title(server)
        _killed(server, tmp_path / "out" / "work")
        done = livechat(
            *("run", str(server), "--admin-user", server.admin_user, *_FEW),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=server.admin_password,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "earlier run" in done.stderr
        assert _title(server) == title
    assert not [
        one for path in (tmp_path / "out").rglob("*ledger*.jsonl") for one in read_ledger(path).entries if one.open
    ]
    assert not read_result(tmp_path / "out" / "result.json").left_behind


@pytest.mark.parametrize(("seed", "code"), [("7", 2), ("8", 0)])
def test_things_of_another_run_are_refused_or_told(seed: str, code: int, livechat: Run, tmp_path: Path) -> None:
    """With the same names nothing could be told apart; with others the report says that there was another run."""
    with reference_server() as server:
        name = f"{run_prefix(7, 'gw0')}-d1"
        server.site.departments.insert({"_id": "another", "name": name, "enabled": True})
        server.site.store.commit()
        done = livechat(
            *("run", str(server), "--admin-user", server.admin_user, "--seed", seed, *_FEW),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=server.admin_password,
        )
        assert server.site.departments.get("another") is not None
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "lcx-7-" in said
    assert "sweep" in said
    if code == 0:
        assert any("lcx-7-" in note for note in read_result(tmp_path / "out" / "result.json").target.notes)
