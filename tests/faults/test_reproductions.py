"""Reproductions are run: curl lines by bash, scripts by Python, on fresh servers; each shows its fault again."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import which
from statistics import median

import pytest

from conformance.faults.catalogue import catalogue
from conformance.faults.prove_plan import area_of
from conformance.faults.prove_reproductions import reproduce_all, sample
from conformance.faults.prove_scripts import Reproduced
from conformance.report.script import PREPARING

pytestmark = pytest.mark.skipif(which("bash") is None or which("curl") is None, reason="bash and curl are needed")

SEED = 20
COUNT = 40
BATCH = 100


def _missed(made: list[Reproduced]) -> list[str]:
    return [f"{one.fault}: {one.why}" for one in made if not one.shown]


def _beside_the_point(made: list[Reproduced]) -> list[str]:
    """Reproductions that end with a request that only sets the stage: such an answer shows nothing but luck."""
    return [one.fault for one in made if one.sent and one.sent[-1] != one.operation and one.sent[-1] in PREPARING]


@pytest.mark.timeout(900)
def test_the_reproductions_of_a_sample_of_faults_show_them_again(tmp_path: Path) -> None:
    """Some of each depth and of many areas, drawn by a fixed seed: about a minute on two free cores."""
    chosen = sample(catalogue().values(), COUNT, SEED)
    made = reproduce_all(chosen, tmp_path / "work", workers=os.cpu_count() or 1)
    assert _missed(made) == []
    assert _beside_the_point(made) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_reproductions_of_every_fault_show_it_again(tmp_path: Path) -> None:
    """The whole catalogue; half of the reproductions need no more than three requests."""
    faults = list(catalogue().values())
    made: list[Reproduced] = []
    for start in range(0, len(faults), BATCH):
        made += reproduce_all(faults[start : start + BATCH], tmp_path / "work", workers=os.cpu_count() or 1)
    assert _missed(made) == []
    assert _beside_the_point(made) == []
    assert median(one.requests for one in made) <= 3


def test_a_sample_is_spread_over_depths_and_areas() -> None:
    """Every depth is met, none much more often than another, and no area fills it."""
    chosen = sample(catalogue().values(), COUNT, SEED)
    depths = [one.depth for one in chosen]
    assert len(chosen) == len({one.id for one in chosen}) == COUNT
    assert {depths.count(depth) for depth in set(depths)} <= {COUNT // 5}
    assert len({area_of(one) for one in chosen}) >= 20
    assert sample(catalogue().values(), COUNT, SEED) == chosen
    assert sample(catalogue().values(), COUNT, SEED + 1) != chosen
