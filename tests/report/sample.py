"""Sample results for the tests of the report: a realistic run with 46 operations and every clause of the contract.

They are folded by ``build_result`` like any run, from outcomes and a spool, so that they hold what a real result holds.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.verdicts import (
    DeclaredItem,
    Finding,
    ItemOutcome,
    Judgement,
    Kill,
    LeftBehind,
    Result,
    RunInfo,
    Suite,
    Target,
    Waiver,
    build_result,
    write_line,
)
from tests.report.sample_contract import Requirement, contract

HOSTILE = (
    "</script><script>document.title='owned'</script>"
    '<img src=x onerror="document.title=\'owned\'"> \u202ereversed\u202c \x1b[31mred\x1b[0m \x00 {{7*7}} & "quoted" '
    "data:text/html,<script>1</script> ]]> --> 'x'"
)


class Author:
    """Writes the outcomes and exchanges of a run, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.exchanges: list[Exchange] = []
        self.outcomes: list[ItemOutcome] = []

    def send(self, name: str | None, persona: str, item: str, status: int = 200, body: Any = None) -> str:
        """Record one exchange and give its id."""
        operation = contract().operations[name or "openRoom"]
        write = operation.method in ("POST", "PUT")
        sent = {"token": "{{visitor:A:token}}", "rid": self._id(), "msg": "Good morning, my parcel has not come."}
        answer = body if body is not None else self._answer(status)
        exchange = Exchange(
            id=f"gw0-{len(self.exchanges):06d}",
            operation=name,
            persona=persona,
            request=Request(
                method=operation.method,
                path=operation.path.replace("{token}", "vtok-a")
                .replace("{_id}", "k3J9dQ")
                .replace("{", "")
                .replace("}", ""),
                query=() if write else (("token", "{{visitor:A:token}}"),),
                headers={
                    "accept": "*/*",
                    "user-agent": "livechat-conformance",
                    **(
                        {"x-auth-token": f"{{{{auth:{persona}}}}}", "x-user-id": "aobEdbYhXfu5hkeqG"}
                        if persona == "agent"
                        else {}
                    ),
                    **({"content-type": "application/json"} if write else {}),
                },
                body=Body(json=sent, is_json=True, size=92) if write else None,
            ),
            response=Response(
                status,
                {
                    "content-type": "application/json",
                    "date": "Sun, 22 Nov 2026 13:03:53 GMT",
                    "x-ratelimit-limit": "10",
                },
                Body(json=answer, is_json=True, size=len(str(answer))),
                elapsed_ms=self.random.lognormvariate(2.6, 0.7),
            ),
            started=1_795_000_000.0 + len(self.exchanges) * 0.02,
            item=item,
        )
        self.exchanges.append(exchange)
        return exchange.id

    def item(
        self, name: str, kind: str, title: str, bound: Sequence[str], judgements: Sequence[Judgement], **more: Any
    ) -> None:
        """Record the outcome of one item."""
        seconds = round(self.random.uniform(0.02, 0.4), 3)
        self.outcomes.append(ItemOutcome(name, kind, title, tuple(bound), tuple(judgements), seconds, **more))

    def _id(self) -> str:
        return "".join(self.random.choices("23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz", k=17))

    def _answer(self, status: int) -> Any:
        if status == 401:
            return {"status": "error", "message": "You must be logged in to do this."}
        if status >= 400:
            return {"success": False, "error": "The token is not known. [invalid-token]", "errorType": "invalid-token"}
        return {
            "room": {
                "_id": self._id(),
                "msgs": 1,
                "t": "l",
                "ts": "2026-11-22T13:03:53.137Z",
                "v": {"_id": self._id(), "username": "guest-87", "token": "{{visitor:A:token}}", "status": "online"},
                "open": True,
                "servedBy": {"_id": self._id(), "username": "agent1"},
            },
            "newRoom": True,
            "success": True,
        }


def _judge_everything(author: Author, broken: Mapping[str, int]) -> None:
    """One item for each clause; ``broken`` says which are broken and how often."""
    for requirement in contract().requirements.values():
        name = f"{requirement.id.split('-')[1].lower()}::test_{requirement.id.lower().replace('-', '_')}"
        operation = requirement.operations[0] if requirement.operations else "getConfig"
        persona = "agent" if contract().operations[operation].area in ("users", "departments") else "visitor A"
        sent = [author.send(operation, persona, name, 401 if requirement.kind == "credentials" else 200)]
        check = name if requirement.kind == "scenario" else f"contract:{requirement.kind}"
        judgements = [Judgement(requirement.id, check, Finding.HELD, operation=operation, exchanges=tuple(sent))]
        if requirement.confidence == "disputed":
            judgements = [replace(judgements[0], way="server")]
        for number in range(broken.get(requirement.id, 0)):
            sent.append(author.send(operation, persona, name, 500 if number % 3 == 2 else 200))
            judgements.append(_broken(requirement, check, operation, sent[-1], number))
        author.item(name, "area", requirement.clause, [requirement.id], judgements, exchanges=tuple(sent))


def _broken(requirement: Requirement, check: str, operation: str, exchange: str, number: int) -> Judgement:
    ways: list[tuple[str, Any, Any, str]] = [
        ("The answer lacks the member that the contract asks for.", "a boolean", "absent", "/newRoom"),
        (
            "The stored room is not the one that was opened.",
            {"_id": "k3J9dQ", "open": True, "t": "l", "v": {"status": "online"}},
            {"_id": "k3J9dQ", "open": False, "t": "l", "v": {"status": "offline"}},
            "/room/open",
        ),
        ("A status of 5xx is never documented.", "200, 400 or 429", 500, ""),
    ]
    sentence, expected, observed, pointer = ways[number % 3]
    return Judgement(
        requirement.id, check, Finding.BROKEN, sentence, operation, expected, observed, pointer or None, (exchange,)
    )


def _scenarios(author: Author, failing: bool) -> None:
    steps = [
        ("registerVisitor", "visitor A"),
        ("openRoom", "visitor A"),
        ("sendMessage", "visitor A"),
        ("takeInquiry", "agent"),
        ("getHistory", "visitor A"),
        ("forwardRoom", "agent"),
        ("takeInquiry", "second agent"),
        ("closeRoom", "visitor A"),
        ("surveyRoom", "visitor A"),
        ("requestTranscript", "visitor A"),
        ("getChatHistory", "manager"),
    ]
    bound = [each for each in contract().requirements if each.startswith("LC-LIFE")][:4] or ["LC-ROOM-001"]
    for number, routing in enumerate(("Auto_Selection", "Manual_Selection", "after a transfer", "with two visitors")):
        name = f"lifecycle::test_a_conversation_keeps_every_invariant[{routing}]"
        sent = [author.send(operation, persona, name) for operation, persona in steps]
        judgements = [
            Judgement(
                each, "lifecycle::test_a_conversation_keeps_every_invariant", Finding.HELD, exchanges=tuple(sent[-1:])
            )
            for each in bound
        ]
        if failing and number == 1:
            judgements[0] = Judgement(
                bound[0],
                "lifecycle::test_a_conversation_keeps_every_invariant",
                Finding.BROKEN,
                "After the visitor closed the room, the history still accepts a message.",
                "closeRoom",
                {"success": False, "error": "room-closed"},
                {"success": True, "message": {"msg": "still here"}},
                "/success",
                tuple(sent[:8]),
                steps=(*sent[:3], sent[7]),
            )
        author.item(
            name,
            "scenario",
            "A conversation keeps every invariant between its calls.",
            bound,
            judgements,
            exchanges=tuple(sent),
        )


def _counters(author: Author) -> dict[str, int]:
    rules = (
        "body/token|required",
        "body/token|type",
        "body/rid|required",
        "body/msg|type",
        "query|additionalProperties",
    )
    return {
        f"constraint|{operation}|{rule}|{side}": author.random.choice([0, 3, 12, 41]) if side == "broken" else 60
        for operation in contract().operations
        for rule in rules
        for side in ("kept", "broken")
    } | {"generated": 4120}


def _proof() -> tuple[Kill, ...]:
    return tuple(
        Kill(
            fault=f"{operation}-accepts-anything",
            sentence=f"{operation} accepts a request without its credential.",
            breaks=(next(iter(contract().requirements)),),
            found=number != 5,
            found_by=("contract:refuses",) if number != 5 else (),
            depth="quick" if number % 2 else "standard",
            kind="validation",
            seconds=0.4,
        )
        for number, operation in enumerate(list(contract().operations)[:12])
    )


def _clauses(level: str) -> list[str]:
    """Ids of one level that are not disputed, so that what is broken here does not hang on a clause's change."""
    return [
        each.id
        for each in contract().requirements.values()
        if each.level == level and each.confidence != "disputed" and not each.id.startswith("LC-LIFE")
    ]


@cache
def sample(kind: str = "failing") -> Result:
    """Give a sample: ``passing``, ``failing`` (mixed and hostile) or ``many`` (200 failures, 20,000 exchanges)."""
    author = Author(7)
    identifiers, should = _clauses("MUST"), _clauses("SHOULD")
    broken: dict[str, int] = {}
    if kind == "failing":
        broken = {identifiers[index]: count for index, count in ((7, 2), (31, 3), (58, 1), (90, 4), (171, 2), (300, 1))}
        broken[should[5]] = 1
    if kind == "many":
        broken = dict.fromkeys(identifiers[::2][:200], 3)
    _judge_everything(author, broken)
    _scenarios(author, failing=kind != "passing")
    declared: list[DeclaredItem] = []
    if kind == "failing":
        _weaken(author, identifiers)
        declared = [DeclaredItem("rooms::test_never_started", (identifiers[60],), "area", "A room is opened once.")]
    if kind == "many":
        for number in range(20_000 - len(author.exchanges)):
            author.send(list(contract().operations)[number % 46], "visitor A", "property::test_requests")
    author.item(
        "property::test_requests",
        "property",
        "Requests of every kind.",
        identifiers[:1],
        [],
        counters=_counters(author),
    )
    waivers = (
        [Waiver(identifiers[58], "Known since 3.2; the fix is under way.", "https://example.test/issues/41")]
        if broken
        else []
    )
    if kind == "failing":
        waivers.append(Waiver(identifiers[59], "It was broken once."))
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "exchanges-gw0.jsonl"
        spool.write_bytes(b"".join(map(write_line, author.exchanges)))
        return build_result(_run(kind), contract(), author.outcomes, [spool], declared=declared, waivers=waivers)


def _weaken(author: Author, identifiers: list[str]) -> None:
    """What a real run has besides failures: hostile answers, blocked clauses, a fault of our own, long texts."""
    name = "security::test_hostile_content"
    sent = author.send(
        "getVisitor", "visitor B", name, 200, {"visitor": {"name": HOSTILE, "long": "x" * 9000}, HOSTILE: HOSTILE}
    )
    said = Judgement(
        identifiers[20],
        name,
        Finding.BROKEN,
        f"The name came back as {HOSTILE}",
        "getVisitor",
        "Ada",
        HOSTILE,
        "/visitor/name",
        (sent,),
    )
    author.item(name, "area", HOSTILE, [identifiers[20]], [said], exchanges=(sent,))
    blocked = Judgement(
        identifiers[21], "x::blocked", Finding.BLOCKED, "No room could be opened.", blocked_by=identifiers[7]
    )
    author.outcomes = [
        each
        for each in author.outcomes
        if not set(each.requirements) & {identifiers[21], identifiers[22], identifiers[23]}
    ]
    author.item("x::blocked", "area", "A blocked test.", [identifiers[21]], [blocked])
    author.item(
        "x::error", "area", "A test with a fault.", [identifiers[22]], [], error="Traceback\nValueError: our own fault"
    )
    missed = Judgement(identifiers[23], "x::missed", Finding.NOT_REACHED, "The limiter never answered 429.")
    author.item("x::missed", "area", "A test that saw nothing.", [identifiers[23]], [missed])


def _run(kind: str) -> RunInfo:
    return RunInfo(
        target=Target(
            "https://chat.example.test",
            "Rocket.Chat",
            "3.2.0",
            routing="Auto_Selection",
            limiter="10 calls in 60 s",
        ),
        suite=Suite("0.1.0", "3.11.9", {"schemathesis": "4.32.5", "hypothesis": "6.170.15", "jsonschema-rs": "0.60.3"}),
        profile="manager",
        level="standard",
        seed=20261122,
        started="2026-11-22T13:03:50+00:00",
        duration_s=47.31,
        absent={"video-call": "The target says that video calls are switched off."},
        settings={
            "url": "https://chat.example.test",
            "admin_user": "admin",
            "admin_password": "{{secret}}",
            "workers": 2,
        },
        endings=("The time budget of 60 s was used up.",) if kind == "failing" else (),
        left_behind=(LeftBehind("department", "k3J9dQ", "DELETE answered 500"),) if kind == "failing" else (),
        proof=_proof(),
    )
