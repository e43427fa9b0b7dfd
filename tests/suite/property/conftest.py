"""A stage for the property-based parts: a reference server, perhaps with a fault in it, a world and a record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.reference import reference_server
from conformance.suite.judge import Judge
from conformance.suite.property.hunt import Hunt
from conformance.suite.property.model import State
from conformance.suite.property.play import Player
from conformance.suite.property.supply import Supply
from conformance.suite.recorder import ItemRecord, Recorder
from conformance.target import RecordingClient, Settings, probe
from conformance.verdicts.outcome import Finding, Judgement
from conformance.world import Gate, Ledger, World


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault for one test: behaviours of the reference server that are replaced or wrapped."""

    replace: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    wrap: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Stage:
    """What the property-based parts need, on one server."""

    contract: Contract
    client: RecordingClient
    world: World
    supply: Supply
    recorder: Recorder
    routing: str

    @property
    def record(self) -> ItemRecord:
        """The record of the running item."""
        assert self.recorder.item is not None
        return self.recorder.item

    def judge(self) -> Judge:
        """A judge that may judge everything."""
        return Judge(self.contract, "test", tuple(self.contract.requirements))

    def hunt(self, operation: str, judge: Judge) -> Hunt:
        """A hunt of one operation."""
        subject = self.contract.operations[operation]
        return Hunt(subject, self.supply, self.client, self.contract, judge, self.record)

    def player(self) -> Player:
        """A player of one conversation."""
        return Player(supply=self.supply, client=self.client, contract=self.contract, state=State(self.routing))


def broken(judge: Judge, finding: Finding = Finding.BROKEN) -> dict[str, Judgement]:
    """The judgements of one finding by the requirement."""
    return {each.requirement: each for each in judge.judgements if each.finding is finding}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Sets a stage: ``stage(fault, routing=...)``."""
    with contextlib.ExitStack() as stack:

        def build(*faults: Planted, routing: str = "Auto_Selection") -> Stage:
            url = stack.enter_context(reference_server(routing=routing, faults=faults))
            settings = Settings(
                url=str(url), admin_user=url.admin_user, admin_password=url.admin_password, seed=5, disposable=True
            )
            contract = load_contract("3.2.0")
            recorder = stack.enter_context(Recorder(contract, tmp_path / "spool.jsonl"))
            recorder.item = ItemRecord("test")
            client = stack.enter_context(RecordingClient(settings, contract, recorder))
            info = probe(settings)
            ledger = stack.enter_context(Ledger(tmp_path / "ledger.jsonl"))
            world = World(
                client, info, contract, ledger, settings, Gate(tmp_path / "gate", client, info), seed=5, worker="gw0"
            )
            world.set_for_run("Livechat_validate_offline_email", False)
            stack.enter_context(world.gate.shared(routing))
            supply = Supply(world, contract)
            supply.under(routing)
            return Stage(contract, client, world, supply, recorder, routing)

        yield build
