"""A reference server of its own for each test, and worlds on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.reference import reference_server
from conformance.target import RecordingClient, Settings, TargetInfo, probe
from conformance.world import Gate, Ledger, World


@pytest.fixture
def server() -> Iterator[Any]:
    """The URL of a fresh reference server."""
    with reference_server() as url:
        yield url


@pytest.fixture
def settings(server: Any) -> Settings:
    """Settings with the administrator of that server."""
    return Settings(url=str(server), admin_user=server.admin_user, admin_password=server.admin_password, seed=7)


@pytest.fixture
def info(settings: Settings) -> TargetInfo:
    """What the probe finds."""
    return probe(settings)


@pytest.fixture
def make_world(settings: Settings, info: TargetInfo, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds on the server; all share one gate."""
    contract = load_contract()
    with contextlib.ExitStack() as stack:

        def make(worker: str = "gw0", given: Settings | None = None, seen: TargetInfo | None = None) -> World:
            chosen, found = given or settings, seen or info
            client = stack.enter_context(RecordingClient(chosen, contract, worker=worker))
            ledger = stack.enter_context(Ledger(tmp_path / f"ledger-{worker}.jsonl"))
            gate = Gate(tmp_path / "gate", client, found, wait_s=20)
            return World(client, found, contract, ledger, chosen, gate, seed=chosen.seed, worker=worker)

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world with an administrator."""
    return make_world()


@pytest.fixture
def visitor_world(make_world: Callable[..., World], server: Any) -> World:
    """A world without credentials."""
    given = Settings(url=str(server), seed=8)
    return make_world("anon", given, probe(given))
