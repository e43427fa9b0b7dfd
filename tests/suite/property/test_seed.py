"""A seed reproduces a run: two runs on two fresh servers send the same requests in the same order."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import conformance
from conformance.contract import load_contract
from conformance.contract.exchange import Exchange
from conformance.verdicts import read_spool
from conformance.verdicts.flow import ids_in, text_of_request

_OPERATIONS = ("sendMessage", "getVisitor", "createDepartment")
_RANDOM = ("accepts::", "refuses::", "fuzz::", "model::")


def _shape(exchange: Exchange) -> tuple[str, str, str]:
    """A request without what a server gives: method, operation, and all texts with ids and times taken out."""
    text = text_of_request(exchange.request)
    for one in ids_in(text):
        text = text.replace(one, "<id>")
    return exchange.request.method, exchange.operation or "", text


def _sent(folder: Path, seed: int, only: list[str], level: str) -> list[tuple[str, str, str]]:
    """What the random tests of a run sent; a request that is repeated while it waits for something counts once.

    That agents are online is said again every few seconds, by the clock and not by the seed: that does not count.
    """
    conformance.run(only=only, report=str(folder), seed=seed, level=level, workers=1)
    exchanges = read_spool(sorted((folder / "work").glob("exchanges-*.jsonl")))
    drawn = (one for one in exchanges if one.item.startswith(_RANDOM) and one.operation != "setUserStatus")
    shapes = [_shape(one) for one in drawn]
    return [shape for shape, _ in itertools.groupby(shapes)]


def _clauses(*operations: str) -> list[str]:
    contract = load_contract("3.2.0")
    found = (contract.requirement_for(name, kind) for name in operations for kind in ("accepts", "refuses"))
    return [clause.id for clause in found if clause is not None]


@pytest.mark.timeout(280)
def test_a_seed_sends_the_same_requests_to_a_fresh_server(tmp_path: Path) -> None:
    """Request for request, in the same order; another seed sends others."""
    only = _clauses(*_OPERATIONS)
    first = _sent(tmp_path / "first", 11, only, "quick")
    assert _sent(tmp_path / "second", 11, only, "quick") == first
    assert len(first) > 100
    assert _sent(tmp_path / "other", 12, only, "quick") != first


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_seed_repeats_the_whole_property_phase(tmp_path: Path) -> None:
    """All operations and the model, at level standard."""
    contract = load_contract("3.2.0")
    only = [*_clauses(*contract.operations), "LC-LIFE-030"]
    first = _sent(tmp_path / "first", 11, only, "standard")
    assert _sent(tmp_path / "second", 11, only, "standard") == first
