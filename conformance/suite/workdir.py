"""The work directory of a run: what the processes of one run share, and what is left when one of them dies.

``settings.json`` (without secrets; those travel in the environment), ``target.json``, ``plan-<worker>.json``,
``exchanges-<worker>.jsonl``, ``ledger-<worker>.jsonl``, ``outcomes.jsonl`` and the ``gate``.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conformance.contract import Contract, load_contract
from conformance.target import Settings, TargetInfo
from conformance.verdicts.outcome import ItemOutcome
from conformance.world import read_ledger


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
        path.mkdir(parents=True, exist_ok=True)
        for pattern in ("plan-*.json", "waiting-*.json", "paced", "exchanges-*.jsonl", "outcomes.jsonl"):
            for stale in path.glob(pattern):
                stale.unlink(missing_ok=True)
        shutil.rmtree(path / "gate", ignore_errors=True)
        _keep_ledgers(path)
        (path / "settings.json").write_text(settings.to_json(), encoding="utf-8")
        (path / "target.json").write_bytes(msgspec.json.encode(info))
        (path / "deadline.json").write_bytes(msgspec.json.encode(deadline))
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


def _keep_ledgers(path: Path) -> None:
    """Move the ledgers of an earlier run out of the way: after a kill they are all that `sweep` has."""
    for ledger in sorted(path.glob("ledger-*.jsonl")):
        if any(entry.state in {"intent", "done"} for entry in read_ledger(ledger).entries):
            kept = path / "unfinished" / f"{int(ledger.stat().st_mtime)}-{ledger.name}"
            kept.parent.mkdir(exist_ok=True)
            ledger.replace(kept)
        else:
            ledger.unlink()
