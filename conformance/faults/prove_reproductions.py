"""The reproductions of the catalogue: each fault is found, and what the report would say shows it again."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from conformance.faults.model import Depth, Fault
from conformance.faults.prove_plan import area_of
from conformance.faults.prove_pool import Pool
from conformance.faults.prove_scripts import Reproduced
from conformance.faults.prove_trial import Seen, Trial
from conformance.faults.servers import BASE
from conformance.reference import reference_server
from conformance.runner.run import prepare, resolve

_TRIALS: Final = 4
"""How often a fault is looked for whose requests have to meet: which of them are recorded as having met is luck."""


def sample(faults: Iterable[Fault], count: int, seed: int) -> list[Fault]:
    """Some faults, spread over depths and areas: each depth gives one in turn, each time from another area."""
    shuffled = list(faults)
    random.Random(seed).shuffle(shuffled)
    waiting: dict[Depth, list[Fault]] = {}
    for one in shuffled:
        waiting.setdefault(one.depth, []).append(one)
    met: Counter[str] = Counter()
    chosen: list[Fault] = []
    while len(chosen) < count and any(waiting.values()):
        for depth in sorted(waiting):
            if waiting[depth] and len(chosen) < count:
                one = min(waiting[depth], key=lambda each: met[area_of(each)])
                waiting[depth].remove(one)
                met[area_of(one)] += 1
                chosen.append(one)
    return chosen


def reproduce_all(
    faults: Sequence[Fault],
    folder: Path,
    *,
    level: str = "standard",
    seed: int = 1,
    workers: int = 2,
    found_by: Mapping[str, str] | None = None,
    told: Callable[[Reproduced], None] = lambda _: None,
) -> list[Reproduced]:
    """Find each fault in a fresh server, write its reproductions, and run them against further fresh servers.

    Args:
        faults: Which faults.
        folder: A folder of its own for what the workers keep.
        level: The level of the suite.
        seed: The seed of everything random.
        workers: How many processes.
        found_by: Fault to the test that finds it, where that is known; else those come first that are bound to what
            the fault breaks.
        told: Is told of each fault as it is done.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made: dict[str, Reproduced] = {}
    tries: Counter[str] = Counter()

    def seen(one: Seen) -> Iterable[Trial]:
        kept = one.reproduced or Reproduced(one.fault, why=one.failure or "it was not found")
        tries[one.fault] += 1
        if not kept.shown and tries[one.fault] < _TRIALS and races.get(one.fault):
            return (replace(races[one.fault], seed=seed + tries[one.fault]),)
        made[one.fault] = kept
        told(kept)
        return ()

    with reference_server(options=BASE) as url:
        settings = resolve(
            {
                "url": str(url),
                "admin_user": url.admin_user,
                "admin_password": url.admin_password,
                "level": level,
                "seed": seed,
                "workers": 1,
                "report": str(folder / "control"),
            }
        )
        run = prepare(settings, formats=())
        info = run.info
        run.held.close()
    known = found_by or {}
    trials = [
        Trial(one.id, seed, (known[one.id],) if known.get(one.id) else (), limit_s=120.0, reproduce=True)
        for one in faults
    ]
    races = {trial.fault: trial for trial, one in zip(trials, faults, strict=True) if one.depth is Depth.RACE}
    with Pool(folder, settings, info, workers) as pool:
        pool.run(trials, seen)
    return [made[one.id] for one in faults]
