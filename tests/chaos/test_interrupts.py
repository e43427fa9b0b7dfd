"""Whole runs, and runs that end by Ctrl-C and ``kill -9`` at random moments: nothing of theirs is ever touched.

``LIVECHAT_CHAOS_ALL`` takes 10,000 objects of every kind, 20 moments of each kind at levels by chance, and whole runs
at every level, all with four workers; otherwise there are few. ``LIVECHAT_CHAOS_MOMENTS`` takes some of the moments,
for example ``5-9``.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.server import Url
from conformance.verdicts import read_result
from tests.chaos import child, foreign

_ALL = bool(os.environ.get("LIVECHAT_CHAOS_ALL"))
_FIRST, _LAST = map(int, os.environ.get("LIVECHAT_CHAOS_MOMENTS", "0-19" if _ALL else "0-0").split("-"))
_LEVELS = ("quick", "standard", "deep") if _ALL else ("quick",)
_WORKERS = (4,) if _ALL else (1, 2)
_OBJECTS = 10_000 if _ALL else 60
_LATEST = 1_500 if _ALL else 120
"""The last line of the ledgers at which a run is ended; a whole one writes more than 4,000."""
_SELECTED = () if _ALL else ("--only", "config,visitors,rooms,departments,triggers,custom_fields,users")


def _run(url: Url, folder: Path, level: str, workers: int) -> subprocess.Popen[str]:
    return child.start(
        folder,
        *("run", str(url), "--admin-user", url.admin_user, "--level", level, *_SELECTED, "-q"),
        *("--report", "out", "--format", "json", "--workers", str(workers), "--seed", "3"),
        LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
    )


def _wait_for(folder: Path, lines: int) -> None:
    """Wait until the ledgers of the workers hold some lines: then the run is in the middle of its work."""
    end = time.monotonic() + 600
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


def _untouched(before: dict[tuple[str, str], bytes], url: Url) -> list[tuple[tuple[str, str], bytes]]:
    """All that was there is still there, byte for byte; returns what is there besides."""
    after = foreign.picture(url)
    gone = [key for key in before if key not in after]
    changed = [(key, before[key], after[key]) for key in before if key in after and before[key] != after[key]]
    assert not gone
    assert not changed, changed[0]
    return [(key, after[key]) for key in after if key not in before]


@pytest.fixture(scope="module")
def shop() -> Iterator[Url]:
    """A server that others use; every test finds it as it was at first, for that is what each of them is about."""
    with reference_server() as url:
        foreign.fill(url, _OBJECTS)
        yield url


@pytest.fixture(scope="module")
def before(shop: Url) -> dict[tuple[str, str], bytes]:
    """What was on that server at first."""
    return foreign.picture(shop)


@pytest.fixture
def url(shop: Url) -> Url:
    """The same, with nobody logged in."""
    shop.site.sessions.remove_all({})
    shop.site.store.commit()
    return shop


def _logins(url: Url) -> int:
    """How often the administrator is logged in."""
    admin = url.site.users.one({"username": url.admin_user})
    assert admin is not None
    return len(url.site.sessions.find({"userId": admin["_id"]}))


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("level", _LEVELS)
def test_a_whole_run_touches_nothing(
    level: str, url: Url, before: dict[tuple[str, str], bytes], tmp_path: Path
) -> None:
    """On a server that others use: all of theirs is byte-identical after a run, all of ours is gone, nobody is in."""
    done = child.call(
        tmp_path,
        *("run", str(url), "--admin-user", url.admin_user, "--level", level, "-q", "--report", "out"),
        *("--format", "json", "--workers", str(max(_WORKERS)), "--seed", "5"),
        *_SELECTED,
        bound_s=2900,
        LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
    )
    assert done.code in {0, 4}, done.said
    assert not foreign.ours(url)
    assert not foreign.visitors_of_ours(url)
    assert _logins(url) == 0
    assert not read_result(tmp_path / "out" / "result.json").left_behind
    assert not _untouched(before, url)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("moment", range(_FIRST, _LAST + 1))
@pytest.mark.parametrize("way", ["interrupt", "kill"])
def test_an_ended_run_leaves_nothing_and_touches_nothing(
    way: str, moment: int, url: Url, before: dict[tuple[str, str], bytes], tmp_path: Path
) -> None:
    """Whenever it ends: what was there is byte-identical, and nothing of the run is left after a sweep."""
    chance = random.Random(f"{way}{moment}")
    process = _run(url, tmp_path, chance.choice(_LEVELS), chance.choice(_WORKERS))
    try:
        _wait_for(tmp_path, chance.randint(3, _LATEST))
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
        # A worker that was too slow to clean up is killed in the end, and cannot log out: then that is named.
        left = [one for one in read_result(tmp_path / "out" / "result.json").left_behind if one.kind == "login"]
        assert _logins(url) == 0 or left
    swept = _sweep(url, tmp_path, "out")
    assert "Traceback" not in swept.said
    named = "visited outside of a room" in swept.said
    assert swept.code == (1 if named else 0), swept.said
    # What was killed could not log out, and nobody else can: then it is said.
    assert _logins(url) == 0 or "Still logged in as" in swept.said
    assert not foreign.ours(url)
    assert not foreign.visitors_of_ours(url)
    more = _untouched(before, url)
    assert not more or (named and all(b'"t":"livechat_navigation_history"' in one for _, one in more)), more[0]


@pytest.mark.timeout(600)
def test_a_lost_ledger_is_made_up_for_by_the_prefix(tmp_path: Path) -> None:
    """After ``kill -9`` and the loss of the ledger the server's lists tell what was ours, and what only looks so."""
    with reference_server() as url:
        foreign.fill(url, 40)
        before = {key: value for key, value in foreign.picture(url).items() if key[0] != "settings"}
        process = _run(url, tmp_path, "quick", 1)
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
