"""A contract of a few clauses and short ways to write outcomes, for the tests of the verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.verdicts import (
    DeclaredItem,
    Finding,
    ItemOutcome,
    Judgement,
    Result,
    RunInfo,
    Suite,
    Target,
    Waiver,
    build_result,
    write_line,
)


@dataclass(frozen=True)
class Op:
    """An operation."""

    id: str
    method: str = "GET"
    path: str = "/api/v1/livechat/room"
    area: str = "rooms"
    summary: str = ""
    judged: bool = True
    optional: str | None = None
    line: int = 7
    responses: Mapping[str, object] = field(default_factory=lambda: {"200": {}, "400": {}})


@dataclass(frozen=True)
class Req:
    """A requirement."""

    id: str
    level: str = "MUST"
    operations: tuple[str, ...] = ("openRoom",)
    kind: str = "scenario"
    confidence: str = "confirmed"
    profile: str = "visitor"
    clause: str = "A room opens."
    source: str = "docs"
    since: str | None = None
    until: str | None = None
    ways: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    line: int = 3


@dataclass(frozen=True)
class Contract:
    """A contract; a response with a member ``bad`` breaks it."""

    requirements: Mapping[str, Req]
    operations: Mapping[str, Op]
    version: str = "3.2"
    hash: str = "abc"
    overlays: tuple[str, ...] = ()

    def applies(self, requirement: Req, version: str | None) -> bool:
        """Whether the target is as new as the requirement."""
        return requirement.since is None or (version or "") >= requirement.since

    def check_response(self, operation: Op, response: Response) -> Sequence[object]:
        """What the response breaks."""
        return ["bad"] if isinstance(response.body.json, dict) and "bad" in response.body.json else []


def contract(*requirements: Req, operations: Iterable[Op] = ()) -> Contract:
    """Give a contract; operations that requirements name are made."""
    named = {name: Op(name) for each in requirements for name in each.operations}
    return Contract({each.id: each for each in requirements}, named | {each.id: each for each in operations})


def exchange(
    name: str, operation: str | None = "openRoom", status: int | None = 200, body: Any = None, **more: Any
) -> Exchange:
    """Give an exchange; without a status nothing came back."""
    content = {"success": True} if body is None else body
    response = (
        Response(status, {}, Body(json=content, is_json=True, size=20), more.pop("elapsed_ms", 12.0))
        if status
        else None
    )
    return Exchange(
        name, operation, more.pop("persona", "visitor A"), Request("GET", "/api/v1/livechat/room"), response, **more
    )


def outcome(item: str, *judgements: Judgement, requirements: Sequence[str] = (), **more: Any) -> ItemOutcome:
    """Give an outcome; it is bound to what it judges, and to more where that is said."""
    bound = tuple(dict.fromkeys([*requirements, *(each.requirement for each in judgements)]))
    return ItemOutcome(item, more.pop("kind", "area"), more.pop("title", "A test."), bound, judgements, **more)


def held(requirement: str, check: str = "rooms::test_open", **more: Any) -> Judgement:
    """Give a judgement that held."""
    return Judgement(requirement, check, Finding.HELD, **more)


def broken(
    requirement: str, check: str = "rooms::test_open", sentence: str = "It was closed.", **more: Any
) -> Judgement:
    """Give a judgement that was broken."""
    return Judgement(requirement, check, Finding.BROKEN, sentence, **more)


def spool(folder: Path, *exchanges: Exchange, worker: str = "gw0") -> Path:
    """Write a worker's spool."""
    path = folder / f"exchanges-{worker}.jsonl"
    path.write_bytes(b"".join(map(write_line, exchanges)))
    return path


def run(**more: Any) -> RunInfo:
    """Give what a run knows of itself."""
    base: dict[str, Any] = {
        "target": Target("http://127.0.0.1:3000", "Rocket.Chat", "3.2.0"),
        "suite": Suite("0.1.0"),
        "profile": "visitor",
        "level": "standard",
        "seed": 1,
        "started": "2026-11-22T10:00:00+00:00",
    }
    return RunInfo(**(base | more))


def judge(
    tmp_path: Path,
    the_contract: Contract,
    *outcomes: ItemOutcome,
    exchanges: Sequence[Exchange] | None = None,
    declared: Sequence[DeclaredItem] = (),
    waivers: Sequence[Waiver] = (),
    **more: Any,
) -> Result:
    """Fold a run; unless exchanges are given, every operation was accepted once."""
    sent = exchanges
    if sent is None:
        sent = [exchange(f"gw0-{number}", name) for number, name in enumerate(the_contract.operations)]
    path = spool(tmp_path, *sent)
    return build_result(run(**more), the_contract, outcomes, [path], declared=declared, waivers=waivers)
