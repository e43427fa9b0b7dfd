"""Throughput: requests a second of the property phase, beside ``st run`` and beside raw httpx, in one run.

All three are measured against the same kind of fresh reference server on the loopback interface, one after another. A
rate counts the requests that arrive at the server from the first to the last of them, so that no tool is charged for
its start; the whole time is shown as well. A second pass with a sampler shows where the time of the phase goes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks import sampler
from benchmarks.servers import Ground, ground
from benchmarks.tools import ROOT, Schemathesis, write_specs
from conformance.contract.exchange import Exchange
from conformance.runner.child import arguments, environment_of
from conformance.runner.run import prepare, resolve
from conformance.verdicts import read_spool

LEAST_RATIO: Final = 2.5
_LIMIT_S: Final = 600.0
_HIDDEN: Final = re.compile(r"\{\{[^}]*\}\}")


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """How fast one contender was.

    Attributes:
        name: Who.
        requests: Requests that arrived at the server.
        seconds: From the first to the last of them.
        whole: Seconds from the start of the process to its end.
        cpu: Processor seconds of the contender, without the server.
    """

    name: str
    requests: int
    seconds: float
    whole: float
    cpu: float

    @property
    def per_second(self) -> float:
        """Requests a second, from the first to the last."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """What the benchmark found.

    Attributes:
        rates: The contenders.
        ratio: The property phase to ``st run``.
        shares: Where the time of the property phase goes.
        level: The level of the property phase.
    """

    rates: tuple[Rate, ...]
    ratio: float
    shares: dict[str, float]
    level: str


def timed(name: str, place: Ground, work: Callable[[], None]) -> Rate:
    """Measure one contender against a server that nobody else uses."""
    place.counter.reset()
    before = os.times()
    started = time.monotonic()
    work()
    whole = time.monotonic() - started
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Rate(name, place.counter.count, place.counter.seconds, whole, cpu)


def property_phase(
    place: Ground, level: str, seed: int, workers: int, folder: Path, samples: Path | None = None
) -> list[Path]:
    """Run the items of the property phase the way ``run`` runs them, and return the spools of what was sent.

    Raises:
        SystemExit: The tests did not run to their end.
    """
    settings = resolve(
        {
            "url": place.url,
            "admin_user": place.admin_user,
            "admin_password": place.admin_password,
            "level": level,
            "seed": seed,
            "workers": workers,
            "report": str(folder),
        }
    )
    run = prepare(settings, formats=())
    place.counter.reset()
    command = _only_property(arguments(run.settings, run.workdir))
    environment = environment_of(run.settings)
    if samples is not None:
        command += ["-p", "benchmarks.sampler"]
        environment |= {sampler.SAMPLES: str(samples)}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment["PYTHONPATH"]])
    with (folder / "pytest.log").open("wb") as log:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, timeout=_LIMIT_S, check=False
        )
    run.held.close()
    if ended.returncode:
        tail = (folder / "pytest.log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"The property phase ended with status {ended.returncode}:\n{tail}")
    return run.workdir.spools()


def _only_property(command: Sequence[str]) -> list[str]:
    """The command of a run, with the folder of the property tests in the place of the whole suite."""
    suite = str(ROOT / "conformance" / "suite")
    made = list(command)
    at = max(number for number, each in enumerate(made) if Path(each) == Path(suite))
    made[at] = str(Path(suite) / "property")
    return made


def replay(url: str, admin: dict[str, str], exchanges: Iterable[Exchange]) -> None:
    """Send requests again over one kept connection of httpx, without looking at the answers."""
    prepared = [as_sent(one, admin) for one in exchanges]
    with httpx.Client(base_url=url, timeout=30) as client:
        for method, target, headers, content in prepared:
            client.request(method, target, headers=headers, content=content)


def _replay_apart(place: Ground, exchanges: list[Exchange]) -> None:
    """Replay in a process of its own: in this one the server has its thread."""
    admin = {"X-Auth-Token": place.auth_token, "X-User-Id": place.user_id}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(replay, place.url, admin, exchanges).result(timeout=_LIMIT_S)


def as_sent(exchange: Exchange, admin: dict[str, str]) -> tuple[str, str, dict[str, str], bytes | None]:
    """A recorded request as method, target, headers and content; the administrator's credentials stand for all."""
    request = exchange.request
    headers = {name: value for name, value in request.headers.items() if not _HIDDEN.search(value)}
    if "x-auth-token" in request.headers:
        headers |= {name.lower(): value for name, value in admin.items()}
    target = request.path + ("?" + urlencode(request.query, errors="replace") if request.query else "")
    body = request.body
    content = None
    if body is not None:
        content = msgspec.json.encode(body.json) if body.text is None else body.text.encode("utf-8", "replace")
    return request.method, target, headers, content


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="livechat-bench-") as name:
        yield Path(name)


def bench(options: argparse.Namespace) -> Figures:
    """Run the benchmark."""
    with _folder() as folder:
        with ground() as place:
            spools: list[Path] = []
            ours = timed(
                f"property phase ({options.level}, {options.workers} workers)",
                place,
                lambda: spools.extend(
                    property_phase(place, options.level, options.seed, options.workers, folder / "ours")
                ),
            )
            exchanges = list(read_spool(spools))
            raw = timed("raw httpx, the same requests again", place, lambda: _replay_apart(place, exchanges))
        with ground() as place:
            st = timed(
                f"st run (defaults, {options.workers} workers)", place, lambda: _st(place, options, folder / "st")
            )
        shares: dict[str, float] = {}
        if not options.no_profile:
            samples = folder / "samples"
            samples.mkdir()
            with ground() as place:
                property_phase(place, options.level, options.seed, 1, folder / "profiled", samples)
            shares = sampler.shares(samples)
    return Figures((ours, st, raw), ours.per_second / st.per_second, shares, options.level)


def _st(place: Ground, options: argparse.Namespace, folder: Path) -> None:
    folder.mkdir()
    spec, _ = write_specs(folder)
    settings = folder / "schemathesis.toml"
    settings.write_text("[cache]\nenabled = false\n", encoding="utf-8")
    command = [*Schemathesis(False, spec).command(place, settings, options.seed), "--workers", str(options.workers)]
    with (folder / "output.txt").open("wb") as output:
        subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=_LIMIT_S,
            check=False,
        )


def show(figures: Figures, console: Console) -> None:
    """Print the rates and the shares."""
    table = Table("who", "requests", "seconds", "requests a second", "to st run", "whole process", "of the processor")
    for one in figures.rates:
        ratio = one.per_second / figures.rates[1].per_second
        table.add_row(
            one.name,
            str(one.requests),
            f"{one.seconds:.1f}",
            f"{one.per_second:.0f}",
            f"{ratio:.2f}",
            f"{one.whole:.1f} s",
            f"{one.cpu:.1f} s",
        )
    console.print(table)
    if figures.shares:
        profile = Table("where the time of the property phase goes (one worker)", "share")
        for name, share in figures.shares.items():
            profile.add_row(name, f"{share:.1%}")
        console.print(profile)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    made.add_argument("--level", default="standard", choices=["quick", "standard", "deep"])
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--workers", type=int, default=2)
    made.add_argument("--no-profile", action="store_true", help="leave out where the time goes")
    made.add_argument("--json", type=Path, help="write everything to this file")
    return made


def verdict(figures: Figures) -> list[str]:
    """What falls short of the bar; empty where nothing does."""
    if figures.ratio >= LEAST_RATIO:
        return []
    return [f"the property phase has {figures.ratio:.2f} times the rate of st run, not {LEAST_RATIO:g}"]


def document(figures: Figures) -> dict[str, Any]:
    """The figures as plain data."""
    built: dict[str, Any] = json.loads(msgspec.json.encode(figures))
    return built


def main(arguments_given: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether the bar is kept: 0 if so, else 1."""
    options = parser().parse_args(arguments_given)
    console = Console(width=max(120, Console().width))
    figures = bench(options)
    show(figures, console)
    if options.json:
        options.json.write_text(json.dumps(document(figures), indent=1) + "\n", encoding="utf-8")
    short = verdict(figures)
    said = [f"Short of the bar: {one}." for one in short] or [f"PASS: {figures.ratio:.2f} times the rate of st run."]
    for sentence in said:
        console.print(sentence, markup=False, highlight=False)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
