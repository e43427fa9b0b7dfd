"""Detection: how many seeded faults the suite finds, beside other tools, in one run on the same machine.

Each fault is planted into a fresh reference server, one at a time. A tool has found it when it reports at least one
failure (operation and check) that it reported in none of its runs against the correct server; the suite has to name a
clause that the fault breaks. No tool is told which fault there is. A run ends once its tool has found the fault; a tool
that finds nothing runs to its own end, or to the time limit. Everything happens on the loopback interface.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.servers import ground
from benchmarks.tools import Order, Tool, contenders
from benchmarks.trials import CLASSES, CONTROL, Failure, Known, Row, Trial, choose, plain, row
from conformance.contract import load_contract
from conformance.faults.catalogue import catalogue
from conformance.faults.every import every_fault
from conformance.faults.generic import to_prove
from conformance.faults.model import Fault
from conformance.reference.site import VERSION

TOOLS: Final = ("suite", "st", "st-tuned", "specmatic")
FAULTS: Final = 42
LEAST_FAULTS: Final = 40


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of a benchmark, and what ``--resume`` goes on from."""

    seed: int
    level: str
    limit_s: float
    faults: tuple[str, ...]
    tools: dict[str, str]
    absent: dict[str, str]
    trials: tuple[Trial, ...]
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """One trial to be made, as it travels to a process."""

    tool: Tool
    fault: str
    seed: int
    known: Known | None
    limit_s: float


def attempt(task: Task) -> Trial:
    """Start a server, run a tool against it, and say what came of it; runs in a process of its own."""
    fault = every_fault()[task.fault] if task.fault else None
    folder = Path(tempfile.mkdtemp(prefix="livechat-bench-"))
    try:
        with ground(fault) as place:
            report, ended = task.tool.judge(Order(place, folder, task.seed, task.known, fault, task.limit_s))
            requests = place.counter.count
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    new = (task.known or Known()).new(report.failures)
    found = bool(fault) and (report.named if report.named is not None else bool(new))
    return Trial(
        task.tool.name,
        task.fault,
        fault.depth.value if fault else "",
        task.seed,
        bool(found),
        len(report.failures),
        new,
        requests,
        round(ended.seconds, 2),
        round(ended.cpu, 2),
        (report.steps or 1) if found else 0,
        ended.stopped,
        f"ended after {task.limit_s:g} s" if ended.late else report.note,
    )


def measure(
    tools: Sequence[Tool],
    faults: Sequence[Fault],
    options: argparse.Namespace,
    kept: Iterable[Trial],
    told: Console,
    save: Any,
) -> list[Trial]:
    """Make all trials that are not there yet: first the control runs, then the faults.

    Args:
        tools: The contenders.
        faults: The faults.
        options: ``seed``, ``controls``, ``limit``, ``jobs``, ``max_time``.
        kept: Trials of an earlier run.
        told: Gets a line for each trial.
        save: Is called with all trials after each one.
    """
    ends = None if options.max_time is None else time.monotonic() + options.max_time
    trials = list(kept)
    done = {(one.tool, one.fault, one.seed) for one in trials}
    control = [
        Task(tool, CONTROL, options.seed + number, None, options.limit)
        for number in range(options.controls)
        for tool in tools
    ]
    for stage in ("control", "faults"):
        tasks = control
        if stage == "faults":
            known = known_by(trials)
            tasks = [
                Task(tool, fault.id, options.seed, known.get(tool.name, Known()), options.limit)
                for fault in faults
                for tool in tools
            ]
        tasks = [one for one in tasks if (one.tool.name, one.fault, one.seed) not in done]
        _make(tasks, options.jobs, ends, trials, told, save)
        if ends is not None and time.monotonic() > ends:
            break
    return trials


def _make(tasks: Sequence[Task], jobs: int, ends: float | None, trials: list[Trial], told: Console, save: Any) -> None:
    waiting = iter(tasks)

    def more(number: int) -> set[Future[Trial]]:
        if ends is not None and time.monotonic() >= ends:
            return set()
        return {pool.submit(attempt, task) for task in islice(waiting, number)}

    with ProcessPoolExecutor(jobs) as pool:
        under_way = more(jobs)
        while under_way:
            future = next(as_completed(under_way))
            under_way.discard(future)
            trial = future.result()
            trials.append(trial)
            save(trials)
            told.print(line_of(trial), markup=False, highlight=False)
            under_way |= more(1)


def line_of(trial: Trial) -> str:
    """One trial as a line."""
    what = "found" if trial.found else "not found" if trial.fault else f"{trial.failures} false alarms"
    note = f" ({trial.note})" if trial.note else ""
    return (
        f"{trial.tool:24} {trial.fault or 'no fault':48} {what}, {trial.requests} requests, {trial.seconds:.1f} s{note}"
    )


def known_by(trials: Iterable[Trial]) -> dict[str, Known]:
    """What each tool says of the correct server, over all of its control runs."""
    known: dict[str, Known] = {}
    for one in trials:
        if one.fault == CONTROL:
            known.setdefault(one.tool, Known()).failures.update(one.new)
    return known


def names_of(faults: Iterable[Fault]) -> dict[str, frozenset[str]]:
    """Fault to what its operations are called by the tools: ids, and method with path."""
    operations = load_contract(VERSION).operations
    return {
        one.id: frozenset(name for each in one.operations for name in (each, operations[each].label)) for one in faults
    }


def rows_of(document: Document) -> list[Row]:
    """The lines of the table; tools without a control run have none."""
    faults = [every_fault()[name] for name in document.faults]
    judged = {one.tool for one in document.trials if one.fault == CONTROL}
    return [row(name, document.trials, names_of(faults)) for name in document.tools if name in judged]


def cells(one: Row) -> list[str]:
    """A line of the table as texts."""
    return [
        one.tool,
        *(f"{found} of {of}" for found, of in (one.found.get(depth.value, (0, 0)) for depth in CLASSES)),
        f"{one.total[0]} of {one.total[1]}",
        str(one.strictly),
        plain(one.false_alarms),
        plain(one.requests),
        f"{plain(one.seconds)} ({plain(one.cpu)})",
        plain(one.found_requests),
        plain(one.found_seconds),
        f"{plain(one.steps)} (max {plain(one.worst_steps)})" if one.steps is not None else "–",
    ]


HEADS: Final = (
    "tool",
    "shallow",
    "live room",
    "relation",
    "found",
    "there",
    "false alarms",
    "requests",
    "seconds (cpu)",
    "to find",
    "seconds",
    "reproduction",
)
MEANING: Final = (
    "there: found by a failure on an operation where the fault shows. requests, seconds (cpu): of a whole run against "
    "the correct server. to find, seconds: requests and seconds until a fault was found. reproduction: requests that "
    "the tool's own reproduction sends. All are medians."
)


def show(document: Document, console: Console) -> None:
    """Print the table, and what the figures mean."""
    table = Table(*HEADS, title=f"{len(document.faults)} seeded faults, seed {document.seed}")
    for one in rows_of(document):
        table.add_row(*cells(one))
    console.print(table)
    for name, said in document.tools.items():
        console.print(f"{name}: {said}", markup=False, highlight=False)
    for name, why in document.absent.items():
        console.print(f"{name} was not run: {why}.", markup=False, highlight=False)
    missed = [one.fault for one in document.trials if one.fault and one.tool.startswith("this") and not one.found]
    if missed:
        console.print(f"Missed by the suite: {', '.join(missed)}", markup=False, highlight=False)
    late = sum(one.note.startswith("ended after") for one in document.trials)
    console.print(
        f"{document.jobs} trials at once; a run is ended after {document.limit_s:g} s ({late} were). {MEANING}",
        markup=False,
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    made.add_argument("--faults", type=int, default=FAULTS, help=f"how many faults (default {FAULTS})")
    made.add_argument("--tools", default=",".join(TOOLS), help=f"which of {', '.join(TOOLS)}, with commas")
    made.add_argument("--seed", type=int, default=1, help="chooses the faults, and is the seed of the tools")
    made.add_argument("--level", default="quick", choices=["quick", "standard", "deep"], help="the level of the suite")
    made.add_argument("--only", default="", help="these faults, with commas, instead of a choice by chance")
    made.add_argument("--controls", type=int, default=2, help="runs of each tool against the correct server")
    made.add_argument("--limit", type=float, default=180.0, help="seconds after which a run is ended")
    made.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at once")
    made.add_argument("--specmatic", type=Path, help="specmatic.jar, or the folder where npm installed it")
    made.add_argument("--json", type=Path, help="write everything to this file")
    made.add_argument(
        "--resume", type=Path, nargs="+", default=[], help="keep the trials that these files have already"
    )
    made.add_argument(
        "--max-time", type=float, help="begin no trial after this many seconds; --resume goes on, 0 only shows"
    )
    made.add_argument("--list", action="store_true", help="print the chosen faults and end")
    return made


def chosen(options: argparse.Namespace) -> list[Fault]:
    """The faults of a benchmark.

    Raises:
        SystemExit: A name is unknown, or there are not so many faults.
    """
    known = every_fault()
    if options.only:
        names = [one.strip() for one in options.only.split(",")]
        unknown = [one for one in names if one not in known]
        if unknown:
            raise SystemExit(f"There is no fault called {', '.join(unknown)}.")
        return [known[one] for one in names]
    try:
        return choose(catalogue().values(), to_prove().values(), options.faults, options.seed)
    except ValueError as error:
        raise SystemExit(f"The faults cannot be chosen: {error}.") from None


def kept_trials(paths: Iterable[Path], options: argparse.Namespace) -> tuple[Trial, ...]:
    """The trials of earlier runs with the same seed and limit; files that are not there yet count as empty.

    Raises:
        SystemExit: A file belongs to another benchmark.
    """
    kept: dict[tuple[str, str, int], Trial] = {}
    for path in paths:
        if not path.exists():
            continue
        document = msgspec.json.decode(path.read_bytes(), type=Document)
        if (document.seed, document.limit_s) != (options.seed, options.limit):
            raise SystemExit(f"{path} is of another benchmark: its seed or its limit differs.")
        kept |= {(one.tool, one.fault, one.seed): one for one in document.trials}
    return tuple(kept.values())


def bench(options: argparse.Namespace, console: Console) -> Document:
    """Run the benchmark."""
    faults = chosen(options)
    names = [one.strip() for one in options.tools.split(",") if one.strip()]
    if unknown := set(names) - set(TOOLS):
        raise SystemExit(f"There is no tool called {', '.join(sorted(unknown))}; there are {', '.join(TOOLS)}.")
    folder = Path(tempfile.mkdtemp(prefix="livechat-bench-spec-"))
    try:
        tools = contenders(names, options.level, folder, options.specmatic)
        absent = {tool.name: why for tool in tools if (why := tool.absent())}
        ready = [tool for tool in tools if tool.name not in absent]

        def document(trials: Iterable[Trial]) -> Document:
            return Document(
                options.seed,
                options.level,
                options.limit,
                tuple(one.id for one in faults),
                {tool.name: tool.said for tool in ready},
                absent,
                tuple(trials),
                options.jobs,
            )

        def save(trials: Iterable[Trial]) -> None:
            if options.json:
                fresh = options.json.with_suffix(".new")
                fresh.write_bytes(msgspec.json.format(msgspec.json.encode(document(trials)), indent=1))
                fresh.replace(options.json)

        trials = measure(ready, faults, options, kept_trials(options.resume, options), console, save)
        save(trials)
        return document(trials)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verdict(document: Document) -> list[str]:
    """What falls short of the bar, one sentence each; empty where nothing does."""
    short = []
    for one in rows_of(document):
        if not one.tool.startswith("this suite"):
            continue
        if one.total[1] < len(document.faults):
            short.append(f"{one.tool} was tried on only {one.total[1]} of {len(document.faults)} faults")
        if one.total[0] < one.total[1]:
            short.append(f"{one.tool} found {one.total[0]} of {one.total[1]} faults")
        if one.false_alarms:
            short.append(f"{one.tool} reported {plain(one.false_alarms)} false alarms")
        if one.steps is not None and one.steps > 3:
            short.append(f"the median reproduction of {one.tool} has {plain(one.steps)} requests, not 3 at most")
    return short


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether the suite keeps its bar: 0 if so, else 1."""
    options = parser().parse_args(arguments)
    console = Console(width=max(140, Console().width))
    if options.list:
        for one in chosen(options):
            console.print(f"{one.depth.value:24} {one.id:48} {one.sentence}", markup=False, highlight=False)
        return 0
    document = bench(options, console)
    show(document, console)
    short = verdict(document)
    for sentence in short:
        console.print(f"Short of the bar: {sentence}.", markup=False, highlight=False)
    if not short and any(name.startswith("this suite") for name in document.tools):
        console.print("PASS: the suite found every fault, without a false alarm.", markup=False, highlight=False)
    return 1 if short else 0


def figures(document: Document) -> Mapping[str, Any]:
    """The document as plain data, with the lines of the table."""
    plain_rows = [dict(zip(HEADS, cells(one), strict=True)) for one in rows_of(document)]
    built: dict[str, Any] = json.loads(msgspec.json.encode(document))
    return {"table": plain_rows, **built}


__all__ = ["Document", "Failure", "bench", "choose", "figures", "main", "rows_of", "show"]


if __name__ == "__main__":
    sys.exit(main())
