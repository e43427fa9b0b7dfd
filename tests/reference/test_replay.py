"""The reference server answers as a real server of version 3.2.0 did."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.site import Options
from tests.reference.replay import Report, read_reasons, replay
from tests.reference.replay_corpus import read_recordings

SHARE = 0.97
"""How many of the recorded exchanges must be answered equally."""


@pytest.fixture(scope="module")
def report() -> Report:
    """The replay of every recording of 3.2.0 against a fresh reference server."""
    if not (root := os.environ.get("LIVECHAT_RECORDINGS")):
        pytest.skip("LIVECHAT_RECORDINGS is not set: no recordings of a real server at hand")
    folder = Path(root) / "3.2.0"
    if not folder.is_dir():
        pytest.skip(f"no recordings of 3.2.0 in {root}")
    with reference_server(options=Options(working_video_call=False)) as url:
        return replay(str(url), url.admin_user, url.admin_password, read_recordings(folder))


def test_recorded_exchanges_are_answered_equally(report: Report) -> None:
    """Status, error code, keys and types of at least 97 % of the recorded exchanges are the recorded ones."""
    assert report.share >= SHARE, report.table()


def test_every_difference_has_a_reason(report: Report) -> None:
    """An answer that differs from the recorded one is listed with the reason why."""
    reasons = read_reasons()
    unlisted = {number: found for number, found in report.different.items() if number not in reasons}
    assert not unlisted


def test_no_reason_is_stale(report: Report) -> None:
    """A listed difference that is gone must leave the list."""
    replayed = {one.recording.number for one in report.outcomes}
    assert not {number for number in read_reasons() if number in replayed and number not in report.different}


def test_both_lifecycles_are_whole(report: Report) -> None:
    """Every step of both lifecycles is replayed and equal, or is listed."""
    steps = [one for one in report.outcomes if one.recording.area.startswith("lifecycle")]
    assert not [one.recording.number for one in steps if one.differences and one.recording.number not in read_reasons()]
    if steps:
        assert {one.recording.area for one in steps} == {"lifecycle-manual", "lifecycle-auto"}
