"""Ctrl-C and ``kill -9`` at random moments: ``sweep`` leaves nothing of ours, and nothing of theirs is touched.

``LIVECHAT_CHAOS_ALL`` takes 20 moments of each kind and 10,000 objects; otherwise there are few.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.server import Url
from tests.chaos import child, foreign

_ALL = bool(os.environ.get("LIVECHAT_CHAOS_ALL"))
_MOMENTS = 20 if _ALL else 2
_OBJECTS = 10_000 if _ALL else 60
_AREAS = "config,visitors,rooms,departments,triggers,custom_fields,users"


def _run(url: Url, folder: Path, workers: int) -> subprocess.Popen[str]:
    return child.start(
        folder,
        *("run", str(url), "--admin-user", url.admin_user, "--level", "quick", "--only", _AREAS, "-q"),
        *("--report", "out", "--format", "json", "--workers", str(workers), "--seed", "3"),
        LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
    )


def _wait_for(folder: Path, lines: int) -> None:
    """Wait until the ledgers of the workers hold some lines: then the run is in the middle of its work."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        ledgers = [path for path in (folder / "out" / "work").glob("ledger-*.jsonl") if path.stem != "ledger-stage"]
        if sum(path.read_bytes().count(b"\n") for path in ledgers) >= lines:
            return
        time.sleep(0.02)
    raise AssertionError("the run wrote nothing into its ledger")


def _sweep(url: Url, folder: Path, what: str) -> child.Done:
    return child.call(
        folder,
        *("sweep", what, "--admin-user", url.admin_user),
        LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
    )


def _untouched(before: dict[tuple[str, str], bytes], url: Url) -> None:
    """All that was there is still there, byte for byte."""
    after = foreign.picture(url)
    gone = [key for key in before if key not in after]
    changed = [(key, before[key], after[key]) for key in before if key in after and before[key] != after[key]]
    assert not gone
    assert not changed, changed[0]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("moment", range(_MOMENTS))
@pytest.mark.parametrize("way", ["interrupt", "kill"])
def test_an_ended_run_leaves_nothing_and_touches_nothing(way: str, moment: int, tmp_path: Path) -> None:
    """Whenever it ends: what was there is byte-identical, and nothing of the run is left after a sweep."""
    chance = random.Random(f"{way}{moment}")
    with reference_server() as url:
        foreign.fill(url, _OBJECTS)
        before = foreign.picture(url)
        process = _run(url, tmp_path, chance.choice((1, 2)))
        try:
            _wait_for(tmp_path, chance.randint(3, 120))
            time.sleep(chance.random())
            if way == "interrupt":
                process.send_signal(signal.SIGINT)
            else:
                child.kill_tree(process.pid)
            out, err = process.communicate(timeout=180)
        finally:
            child.kill_tree(process.pid)
        assert "Traceback" not in out + err
        if way == "interrupt":
            assert process.returncode in {1, 4}, out + err
            assert not foreign.ours(url)
        swept = _sweep(url, tmp_path, "out")
        assert swept.code == 0, swept.said
        assert "Traceback" not in swept.said
        assert not foreign.ours(url)
        assert not foreign.visitors_of_ours(url)
        _untouched(before, url)


@pytest.mark.timeout(600)
def test_a_lost_ledger_is_made_up_for_by_the_prefix(tmp_path: Path) -> None:
    """After ``kill -9`` and the loss of the ledger the server's lists tell what was ours, and what only looks so."""
    with reference_server() as url:
        foreign.fill(url, 40)
        before = {key: value for key, value in foreign.picture(url).items() if key[0] != "settings"}
        process = _run(url, tmp_path, 1)
        try:
            _wait_for(tmp_path, 60)
        finally:
            child.kill_tree(process.pid)
            process.communicate(timeout=30)
        assert foreign.ours(url)
        swept = _sweep(url, tmp_path, str(url))
        assert swept.code in {0, 1}, swept.said
        assert not foreign.ours(url)
        _untouched(before, url)
