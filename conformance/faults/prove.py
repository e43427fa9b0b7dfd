"""The proof: each fault is planted into a fresh reference server, and the suite has to name what it breaks.

The run without faults comes first and must be green. It also shows which test sees what, so that each fault meets
first the tests that can see it, and only where these miss it the whole suite.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import conformance
from conformance.faults.every import every_fault
from conformance.faults.generic import generic_faults, unseen
from conformance.faults.generic_replay import AREA
from conformance.faults.model import Fault
from conformance.faults.prove_contract import Measuring
from conformance.faults.prove_plan import BY_CHANCE, Sight, is_by_chance, look
from conformance.faults.prove_pool import Pool
from conformance.faults.prove_trial import CONTROL, Seen, Trial
from conformance.faults.servers import BASE, options_of
from conformance.reference.site import Options
from conformance.report import FORMATS
from conformance.runner.progress import Reporter, Silent
from conformance.runner.run import Run, prepare, resolve
from conformance.target import Settings
from conformance.verdicts import Kill, ProofInfo, Result, Verdict

_RED = (Verdict.FAIL, Verdict.FLAKY, Verdict.ERROR, Verdict.STALE_WAIVER, Verdict.BLOCKED)
SEEDS = 20
"""With how many seeds a fault is tried that is found by chance."""
LEAST_RATE = 0.99
"""What share of the seeds has to find a fault that is found by chance."""


@dataclass(slots=True)
class Proved:
    """One fault and all that was seen of it.

    Attributes:
        fault: The fault.
        seen: What its trials brought to light, the first seed first.
    """

    fault: Fault
    seen: list[Seen] = field(default_factory=list)

    @property
    def first(self) -> Seen:
        """The trial that the kill table shows: the first that found the fault, else the first."""
        return next((one for one in self.seen if one.found), self.seen[0])

    @property
    def rate(self) -> float:
        """The share of its trials that found it, from 0 to 1."""
        return sum(one.found for one in self.seen) / len(self.seen)

    @property
    def killed(self) -> bool:
        """Whether it was found, under a requirement that it names, often enough."""
        return self.rate >= LEAST_RATE

    @property
    def why_missed(self) -> str:
        """Why it counts as missed, as a part of a sentence; empty where it was found."""
        if self.killed:
            return ""
        missed = next(one for one in self.seen if not one.found)
        if missed.failure:
            return missed.failure
        if self.rate:
            return f"found with only {sum(one.found for one in self.seen)} of {len(self.seen)} seeds"
        if missed.others:
            return f"found only under {', '.join(missed.others[:5])}, which is not what it breaks"
        return "not found by any test"

    def kill(self) -> Kill:
        """Its row in the result document."""
        shown = self.first
        return Kill(
            fault=self.fault.id,
            sentence=self.fault.sentence,
            breaks=self.fault.breaks,
            found=self.killed,
            found_by=(shown.check,) if shown.found else (),
            depth=self.fault.depth,
            kind=self.fault.kind,
            seconds=shown.seconds,
            requirement=shown.requirement,
            requests=shown.requests,
            reproduction=shown.reproduction,
            trials=len(self.seen),
            rate=round(self.rate, 4),
            missed=self.why_missed,
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof came to.

    Attributes:
        control: The result of the run without faults; its report shows the proof.
        controls: What went wrong on servers without a fault that had the options of one, a sentence each.
        proved: The faults, in the order of the catalogue.
        settings: Level, seed and the rest.
        info: When, how, and how long.
    """

    control: Result
    controls: tuple[str, ...]
    proved: tuple[Proved, ...]
    settings: Settings
    info: ProofInfo

    @property
    def seconds(self) -> float:
        """How long all of it took."""
        return self.info.duration_s

    @property
    def green(self) -> bool:
        """Whether the suite finds nothing wrong with a server that has no fault."""
        return not self.controls and is_green(self.control)

    @property
    def holds(self) -> bool:
        """Whether the run without faults is green and every fault was killed."""
        return self.green and not self.missed

    @property
    def missed(self) -> tuple[Proved, ...]:
        """The faults that were not found under a requirement that they name."""
        return tuple(one for one in self.proved if not one.killed)


def is_green(result: Result) -> bool:
    """Whether a run found nothing broken and no fault of its own."""
    return not any(result.counts.get(verdict.value) for verdict in _RED)


class ControlIsRed(Exception):
    """The suite finds fault with the server that has none, so a proof would prove nothing."""

    def __init__(self, result: Result) -> None:
        named = [f"{one.id} {one.verdict.value}" for one in result.requirements if one.verdict in _RED]
        super().__init__(
            f"the run without faults is not green ({', '.join(named[:8])}): first the suite or the reference server "
            "has to be put in order. --keep-going proves all the same."
        )


def prove(
    faults: Sequence[Fault],
    *,
    level: str = "standard",
    seed: int = 1,
    seeds: int = 1,
    workers: int = 2,
    report: str = "reports/proof",
    partial: bool = False,
    measure: bool = False,
    keep_going: bool = False,
    told: Reporter | None = None,
    seen: Callable[[Proved], None] = lambda _: None,
) -> Proof:
    """Prove faults, and write the report of the run without faults together with the proof.

    Args:
        faults: Which faults.
        level: The level of all runs.
        seed: The seed of the run without faults, and of the first trial of each fault.
        seeds: Over how many seeds a fault is proved that is found by chance.
        workers: How many processes run the suite without faults, and then make the trials, some at a time each.
        report: The folder for the report.
        partial: Whether the run without faults is limited to the requirements that the faults break.
        measure: Whether the contract's own mutation score is measured as well.
        keep_going: Whether faults are proved although the run without faults is not green.
        told: Is told how far the proof is.
        seen: Is told of each fault when its last trial is over.

    Raises:
        RunError: The run without faults cannot begin.
        ControlIsRed: The run without faults is not green.
        PoolError: A worker died.
    """
    begun = time.monotonic()
    reporter = told or Silent()
    only = _speaking_of(faults) if partial else ()
    settings = resolve({"level": level, "seed": seed, "report": report, "workers": workers, "only": only})
    run = prepare(settings, formats=FORMATS, reporter=reporter)
    result: Result | None = None
    try:
        run.judge(reporter)
        sight = look(run.workdir, faults)
        if sight.broken and not keep_going:
            result = run.finish()
            raise ControlIsRed(result)
        trying = _Trying(faults, sight, seed, seeds, seen, reporter)
        with Measuring(wanted=measure) as contract:
            _try(run, trying, workers)
            mutants, killed = contract.score()
    except BaseException:
        if result is None:
            run.held.close()
        raise
    proved = tuple(trying.proved.values())
    drawn = any(one.id.startswith(f"{AREA}.") for one in faults)
    info = ProofInfo(
        started=datetime.fromtimestamp(run.started, UTC).isoformat(timespec="seconds"),
        suite=conformance.__version__,
        contract=run.contract.hash,
        duration_s=round(time.monotonic() - begun, 1),
        level=level,
        seed=seed,
        green=not (sight.broken or trying.controls),
        drawn=len(generic_faults()) if drawn else 0,
        unnoticeable=len(unseen()) if drawn else 0,
        mutants=mutants,
        mutants_killed=killed,
    )
    result = run.finish([one.kill() for one in proved], info)
    return Proof(result, tuple(trying.controls), proved, settings, info)


def _speaking_of(faults: Iterable[Fault]) -> tuple[str, ...]:
    """What the run without faults has to judge for these faults.

    These are the requirements that they break, and the operations: a requirement that is judged by the schemas has
    no test of its own.
    """
    return tuple(dict.fromkeys(name for one in faults for name in (*one.breaks, *one.operations)))


def _try(run: Run, trying: _Trying, workers: int) -> None:
    """Make all trials."""
    folder = Path(run.settings.report).resolve() / "trials"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = dataclasses.replace(
        run.settings, url=None, admin_user=None, admin_password=None, workers=1, only=(), report=str(folder)
    )
    with Pool(folder, settings, run.info, workers) as pool:
        pool.run(trying.trials(), trying.take)
    shutil.rmtree(folder, ignore_errors=True)


class _Trying:
    """Which trials are still to be made, and what those that were made came to."""

    def __init__(
        self,
        faults: Sequence[Fault],
        sight: Sight,
        seed: int,
        seeds: int,
        seen: Callable[[Proved], None],
        reporter: Reporter,
    ) -> None:
        self._sight = sight
        self._seed = seed
        self._seeds = seeds
        self._tell = seen
        self._reporter = reporter
        self.proved = {one.id: Proved(one) for one in faults}
        self.controls: list[str] = []
        self._open: dict[str, int] = dict.fromkeys(self.proved, 0)
        self._done = 0

    def trials(self) -> list[Trial]:
        """The first trial of each fault; before them, one without it for those that need options of their own."""
        made: list[Trial] = []
        for optioned in _by_options(one.fault for one in self.proved.values()):
            tests = dict.fromkeys(name for one in optioned for name in self._sight.tests_for(one)[:60])
            made.append(Trial(f"{CONTROL}:{optioned[0].id}", self._seed, tuple(tests), rest=False))
        for name, one in self.proved.items():
            self._open[name] = 1
            made.append(Trial(name, self._seed, self._sight.tests_for(one.fault)))
        return made

    def take(self, seen: Seen) -> Iterable[Trial]:
        """Keep what was seen; ask for more seeds where the finding rests on chance."""
        if seen.fault.startswith(CONTROL):
            return self._take_control(seen)
        one = self.proved[seen.fault]
        one.seen.append(seen)
        self._open[seen.fault] -= 1
        more: list[Trial] = []
        if len(one.seen) == 1 and self._seeds > 1 and (seen.found or one.fault.depth in BY_CHANCE):
            if is_by_chance(one.fault, seen.item):
                tests = self._sight.tests_for(one.fault)
                more = [Trial(seen.fault, self._seed + step, tests, rest=False) for step in range(1, self._seeds)]
            self._open[seen.fault] += len(more)
        if not self._open[seen.fault]:
            one.seen.sort(key=lambda each: each.seed)
            self._done += 1
            self._tell(one)
            missed = sum(1 for each in self.proved.values() if each.seen and not each.killed)
            self._reporter.advance(self._done, len(self.proved), 0, f"{missed} missed" if missed else "", of="faults")
        return more

    def _take_control(self, seen: Seen) -> Iterable[Trial]:
        wrong = [*seen.others, *seen.errors, *([seen.failure] if seen.failure else [])]
        if wrong:
            options = self.proved[seen.fault.partition(":")[2]].fault.options
            self.controls.append(f"a server without a fault, with {dict(options)}, is not green: {', '.join(wrong)}")
        return ()


def _by_options(faults: Iterable[Fault]) -> list[list[Fault]]:
    """The faults that need options of their own, those with the same options together."""
    groups: dict[Options, list[Fault]] = {}
    for one in faults:
        if options_of(one) != BASE:
            groups.setdefault(options_of(one), []).append(one)
    return list(groups.values())


__all__ = ["ControlIsRed", "Proof", "Proved", "every_fault", "is_green", "prove"]
