"""The work directory of a run: what the processes of one run share, and what is left when one of them dies.

``settings.json`` (without secrets; those travel in the environment), ``target.json``, ``runner.json`` (the process that
waits for the tests), and for each worker ``plan-*.json``, ``exchanges-*.jsonl`` and ``ledger-*.jsonl``; the
``outcomes.jsonl`` of all, and the ``gate``.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conformance.contract import Contract, load_contract
from conformance.target import Settings, TargetInfo
from conformance.verdicts.outcome import ItemOutcome
from conformance.world import LedgerContent, read_ledger
from conformance.world.processes import alive, this_process
from conformance.world.sweep import UNFINISHED


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait for the target's rate limiter.

    Attributes:
        total_s: Seconds that the worker has waited in the run, this wait included.
        until: When it ends, in seconds since the epoch.
        reason: What is waited for.
    """

    total_s: float
    until: float
    reason: str


class Workdir:
    """One run's work directory.

    Args:
        path: An existing folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, settings: Settings, info: TargetInfo, deadline: float | None) -> Workdir:
        """Make a fresh work directory; what an earlier run left there is removed, but no ledger with open entries."""
        # A ledger holds the values of settings that are to be restored: for nobody else's eyes.
        path.mkdir(0o700, parents=True, exist_ok=True)
        with suppress(OSError):
            path.chmod(0o700)
        for pattern in ("plan-*.json", "waiting-*.json", "gone-*.json", "paced", "exchanges-*.jsonl", "outcomes.jsonl"):
            for stale in path.glob(pattern):
                stale.unlink(missing_ok=True)
        shutil.rmtree(path / "gate", ignore_errors=True)
        keep_ledgers(path)
        (path / "settings.json").write_text(settings.to_json(), encoding="utf-8")
        (path / "target.json").write_bytes(msgspec.json.encode(info))
        (path / "deadline.json").write_bytes(msgspec.json.encode(deadline))
        (path / "runner.json").write_bytes(msgspec.json.encode(this_process()))
        return cls(path)

    def settings(self) -> Settings:
        """The settings of the run, secrets from the environment included."""
        return Settings.from_json((self.path / "settings.json").read_text(encoding="utf-8"), os.environ)

    def target(self) -> TargetInfo:
        """What the probe found."""
        return msgspec.json.decode((self.path / "target.json").read_bytes(), type=TargetInfo)

    def deadline(self) -> float | None:
        """When the run must end, in seconds since the epoch; ``None`` without a bound."""
        return msgspec.json.decode((self.path / "deadline.json").read_bytes(), type=float | None)

    def orphaned(self) -> bool:
        """Whether the process of the run has ended, so that nobody waits for these tests any more."""
        runner = self.path / "runner.json"
        return runner.exists() and not alive(msgspec.json.decode(runner.read_bytes()))

    def contract(self) -> Contract:
        """The contract in force for this target."""
        settings = self.settings()
        return load_contract(self.target().version, mode=settings.contract)

    def spool(self, worker: str) -> Path:
        """Where a worker keeps its exchanges."""
        return self.path / f"exchanges-{worker}.jsonl"

    def spools(self) -> list[Path]:
        """The exchanges of all workers."""
        return sorted(self.path.glob("exchanges-*.jsonl"))

    def ledger(self, worker: str) -> Path:
        """Where a worker writes down what it makes."""
        return self.path / f"ledger-{worker}.jsonl"

    def ledgers(self) -> list[Path]:
        """The ledgers of all workers."""
        return sorted(self.path.glob("ledger-*.jsonl"))

    def unfinished(self) -> dict[Path, LedgerContent]:
        """The ledgers of earlier runs into this folder that did not remove all that they made."""
        kept = sorted((self.path / UNFINISHED).glob("*ledger-*.jsonl"))
        return {path: content for path in kept if (content := read_ledger(path)).waiting}

    def write_plan(
        self, worker: str, plan: Mapping[str, tuple[str, ...]], elsewhere: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Write down which items a worker collected, and which belong to other shards, so that all can be named."""
        path = self.path / f"plan-{worker}.json"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode({"here": dict(plan), "elsewhere": dict(elsewhere)}))
        fresh.replace(path)

    def plan(self) -> dict[str, tuple[str, ...]]:
        """The items of the run and the requirements that each is bound to; every worker collects the same."""
        return self._plan("here")

    def elsewhere(self) -> dict[str, tuple[str, ...]]:
        """The items that belong to other shards of a split run, and their requirements."""
        return self._plan("elsewhere")

    def _plan(self, part: str) -> dict[str, tuple[str, ...]]:
        merged: dict[str, tuple[str, ...]] = {}
        for path in sorted(self.path.glob("plan-*.json")):
            merged |= msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, tuple[str, ...]]])[part]
        return merged

    def pace(self) -> None:
        """Write down that the target has a rate limiter that stays on: the workers mix their tests."""
        (self.path / "paced").touch()

    @property
    def paced(self) -> bool:
        """Whether the target has a rate limiter which stays on."""
        return (self.path / "paced").exists()

    def tell_wait(self, worker: str, before_s: float, seconds: float, reason: str) -> None:
        """Write down that a worker waits for the target: how long altogether, until when, and why."""
        with suppress(OSError):
            wait = Wait(before_s + seconds, time.time() + seconds, reason)
            (self.path / f"waiting-{worker}.json").write_bytes(msgspec.json.encode(wait))

    def waits(self) -> list[Wait]:
        """The latest wait of each worker that ever had to wait for the target."""
        found = []
        for path in sorted(self.path.glob("waiting-*.json")):
            with suppress(OSError, msgspec.DecodeError):
                found.append(msgspec.json.decode(path.read_bytes(), type=Wait))
        return found

    def tell_gone(self, worker: str, unanswered: Sequence[str]) -> None:
        """Write down that a worker found the target gone, and by which exchanges."""
        (self.path / f"gone-{worker}.json").write_bytes(msgspec.json.encode(list(unanswered)))

    def gone(self) -> frozenset[str]:
        """The exchanges by which workers found that the target has stopped answering; empty where none did."""
        found = (msgspec.json.decode(path.read_bytes(), type=list[str]) for path in self.path.glob("gone-*.json"))
        return frozenset(itertools.chain.from_iterable(found))

    def add_outcome(self, encoded: str) -> None:
        """Append one outcome, as it stands in the report of its item."""
        with (self.path / "outcomes.jsonl").open("a", encoding="utf-8") as file:
            file.write(encoded + "\n")

    def outcomes(self) -> Iterator[ItemOutcome]:
        """All outcomes so far. A last line that was cut by a crash is left out."""
        path = self.path / "outcomes.jsonl"
        if not path.exists():
            return
        for line in path.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=ItemOutcome)
            except msgspec.DecodeError:
                continue


class Occupied(Exception):
    """A run writes into this work directory just now."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only one who writes into a work directory; it ends with the process, however that ends.

    Raises:
        Occupied: Another run does.
        OSError: The folder cannot be written to.
    """
    path.mkdir(parents=True, exist_ok=True)
    with (path / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Occupied from None
        except OSError:
            pass  # some network disks know no locks
        yield


def keep_ledgers(path: Path) -> None:
    """Move the ledgers of an earlier run out of the way: where it did not remove all, they are all that tells of it."""
    kept = path / UNFINISHED
    for ledger in [*path.glob("ledger-*.jsonl"), *kept.glob("*ledger-*.jsonl")]:
        if not read_ledger(ledger).waiting:
            ledger.unlink()
        elif ledger.parent == path:
            kept.mkdir(exist_ok=True)
            ledger.replace(kept / f"{ledger.stat().st_mtime_ns}-{ledger.name}")
