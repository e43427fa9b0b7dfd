"""The envelope: what all answers have in common, whatever the operation (documentation: REST API, responses).

Every operation is called as it should be and in a few ways in which it should not, and each answer is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from conformance.contract import Contract, Operation, error_code
from conformance.contract.exchange import Exchange
from conformance.suite.helpers import at_once, in_test_mode
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.suite.levels import Budget
from conformance.suite.property.binding import contract_of
from conformance.suite.property.constraints import breaches, chosen
from conformance.suite.property.provision import provide
from conformance.suite.property.shapes import build
from conformance.suite.property.supply import Supply
from conformance.target import NOBODY, RecordingClient
from conformance.world import PreconditionFailed, Unavailable, World

_INSIDES: Final = re.compile(
    r"""
    ^\s*at\s+\S.*[(\s]\S+:\d+:\d+      # a line of a JavaScript stack
    | Traceback\ \(most\ recent
    | File\ "[^"]+",\ line\ \d+
    | node_modules | \bmeteor:// | \bpackages/[\w:-]+ | \bapp/[\w/-]+\.[jt]s
    | (?:^|[\s"'(=])(?:/[\w.@-]+){2,}\.(?:js|ts|mjs|py|rb|php|go|java|coffee)\b
    | [A-Z]:\\\\?[\w.\\]+\.(?:js|ts|py|exe|dll)
    | \w+\.(?:js|ts|py|rb|php|go|java):\d+
    """,
    re.X | re.M,
)
"""A stack, a path of a file, or the name of a module of the server."""
_STACKS: Final = frozenset({"stack", "stackTrace", "traceback", "trace"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each area of the API."""
    if "area" in metafunc.fixturenames:
        metafunc.parametrize("area", list(dict.fromkeys(each.area for each in contract_of(metafunc.config).judged)))


@pytest.fixture(scope="module")
def shared_stock(shared_world: World, contract: Contract) -> Supply:
    """Live things that all areas' items share."""
    return Supply(shared_world, contract)


@pytest.fixture
def stock(world: World, shared_stock: Supply) -> Supply:
    """The live things as one item sees them: under the gate, without those of another routing method."""
    shared_stock.under(world.gate.routing)
    return shared_stock


@pytest.mark.clause(
    "LC-REST-001", "LC-REST-002", "LC-REST-004", "LC-REST-005", "LC-REST-006", "LC-SECURITY-025",
)  # fmt: skip
def test_every_answer_has_the_envelope(
    area: str,
    world: World,
    stock: Supply,
    client: RecordingClient,
    contract: Contract,
    judge: Judge,
    budget: Budget,
) -> None:
    """Every answer is one JSON object that says its success, is not to be cached, and shows nothing of the inside."""
    for operation in contract.judged:
        if operation.area == area:
            for exchange, parsed in _answers(stock, client, contract, operation, 1 + budget.repeats):
                if parsed:
                    _judge_envelope(judge, exchange, text_allowed=operation.id == "receiveSms")
                _judge_insides(world, judge, exchange)


def _answers(
    stock: Supply, client: RecordingClient, contract: Contract, operation: Operation, most: int
) -> Iterator[tuple[Exchange, bool]]:
    """Answers to a well-formed call and to ill-formed ones, each with whether its body could be parsed at all."""
    try:
        call = provide(stock, operation.id).fit(build(contract, operation, full=False))
    except (PreconditionFailed, Unavailable):
        pass  # what the call needs cannot be made under this routing method, or here at all
    else:
        exchange = call.send(client)
        stock.noticed(call, exchange)
        yield exchange, True
    try:
        base = provide(stock, operation.id, expendable=False).fit(build(contract, operation, full=True))
    except (PreconditionFailed, Unavailable):
        return
    for breach in chosen(list(breaches(contract, operation, base)), most):
        exchange = breach.call.send(client)
        stock.noticed(breach.call, exchange)
        if is_accepted(exchange):
            stock.forget()
        yield exchange, not breach.anyhow


def _judge_envelope(judge: Judge, exchange: Exchange, *, text_allowed: bool = False) -> None:
    response, body = exchange.response, exchange.json
    if response is None:
        return  # that there is no answer at all, the clause about the operation's statuses says
    if not response.body.is_json:
        judge.that(
            "LC-REST-006",
            text_allowed and response.status == 200,
            f"{exchange.request.method} {exchange.request.path} is answered with something that is no JSON",
            exchange=exchange,
            expected="one JSON object",
            observed=(response.body.text or "")[:80],
        )
        return
    if not (
        text_allowed
        or judge.that(
            "LC-REST-006",
            isinstance(body, dict),
            "an answer is no JSON object",
            exchange=exchange,
            expected="one JSON object",
            observed=type(body).__name__,
        )
    ):
        return
    success = body.get("success") if isinstance(body, dict) else None
    if response.status == 200:
        judge.equal("LC-REST-001", success, True, "an answer with 200 does not say success true", exchange=exchange)
    if response.status in (400, 403, 429):
        judge.equal(
            "LC-REST-002", success, False, "a refusal does not say success false", exchange=exchange, pointer="/success"
        )
    _judge_headers(judge, exchange)


def _judge_headers(judge: Judge, exchange: Exchange) -> None:
    headers = exchange.response.headers if exchange.response else {}
    kind = headers.get("content-type", "")
    judge.that(
        "LC-REST-004",
        kind.partition(";")[0].strip().lower() == "application/json",
        "a JSON answer has another content type",
        exchange=exchange,
        expected="application/json",
        observed=kind,
    )
    caching = {name: headers.get(name, "").lower() for name in ("cache-control", "pragma")}
    judge.that(
        "LC-REST-005",
        "no-store" in caching["cache-control"] and "no-cache" in caching["pragma"],
        "an answer does not forbid caching",
        exchange=exchange,
        expected={"cache-control": "no-store", "pragma": "no-cache"},
        observed=caching,
    )


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a JSON value with the name of its member."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)


def _judge_insides(world: World, judge: Judge, exchange: Exchange) -> None:
    response = exchange.response
    body = response.body if response else None
    refused = response is not None and (
        response.status >= 400 or (isinstance(exchange.json, dict) and not is_accepted(exchange))
    )
    if body is None or not refused:
        return
    texts = list(_texts(exchange.json)) if body.is_json else [("", body.text or "")]
    shown = [text for name, text in texts if name in _STACKS and text]
    shown += [found[0] for _, text in texts if (found := _INSIDES.search(text))]
    if shown and in_test_mode(world):
        judge.not_reached(
            "LC-SECURITY-025", "the server was started with TEST_MODE, in which it shows stacks", exchange
        )
        return
    if not shown and response is not None and response.status >= 500:
        return  # an error that says nothing is no refusal, and shows nothing of how refusals are written
    judge.that(
        "LC-SECURITY-025",
        not shown,
        f"the refusal of {exchange.request.method} {exchange.request.path} shows the inside of the server",
        exchange=exchange,
        expected="no stack, no path, no module",
        observed=shown[0][:200] if shown else None,
    )


@pytest.mark.clause("LC-REST-002", "LC-REST-003", "LC-REST-004", "LC-REST-005", "LC-REST-006")
def test_refused_credentials_have_the_envelope(
    world: World, client: RecordingClient, contract: Contract, judge: Judge
) -> None:
    """An answer of 401 holds status error, a text under message, and no data; one of 403 says success false."""
    room = world.room()
    wrong = {"x-auth-token": "no-such-token", "x-user-id": "no-such-user"}
    calls: list[tuple[str, dict[str, str], dict[str, str], dict[str, str]]] = [
        ("listRooms", {}, {}, {}),
        ("listRooms", {}, {}, wrong),
        ("getVisitorInfo", {}, {"visitorId": room.visitor.id}, {}),
        ("getAppearance", {}, {}, wrong),
        ("getChatHistory", {"roomId": room.id, "visitorId": room.visitor.id}, {}, {}),
        *(
            (each.id, dict.fromkeys(re.findall(r"\{(\w+)\}", each.path), "none"), {}, {})
            for each in contract.judged
            if contract.requirement_for(each.id, "credentials") is not None
        ),
    ]

    def call(number: int) -> Exchange:
        operation, path, query, headers = calls[number]
        return client.send(NOBODY, operation, path=path, query=query, headers=headers)

    for exchange in at_once(len(calls), call):
        body = exchange.json if isinstance(exchange.json, dict) else {}
        more = sorted(set(body) - {"status", "message", "success", "error"})
        message = body.get("message")
        judge.that(
            "LC-REST-003",
            exchange.status == 401
            and body.get("status") == "error"
            and isinstance(message, str)
            and message != ""
            and not more,
            "an answer to wrong credentials does not hold status error, a message, and nothing else",
            exchange=exchange,
            expected={"status": "error", "message": "…"},
            observed=exchange.json,
        )
        if exchange.status == 401:
            _judge_headers(judge, exchange)
            sentence = "an answer of 401 is no JSON object"
            judge.that("LC-REST-006", isinstance(exchange.json, dict), sentence, exchange=exchange)
    if not world.has_admin:
        return
    plain = world.plain_user()
    forbidden = at_once(2, lambda number: client.send(plain, ("listRooms", "listDepartments")[number]))
    for exchange in forbidden:
        if exchange.status in (400, 403):
            success = exchange.json.get("success") if isinstance(exchange.json, dict) else None
            judge.equal("LC-REST-002", success, False, "a refusal does not say success false", exchange=exchange)
            _judge_headers(judge, exchange)


@pytest.mark.clause("LC-REST-030")
def test_a_refusal_names_its_reason(world: World, client: RecordingClient, judge: Judge) -> None:
    """A refusal names its reason by a code or a text, where the operation documents one."""
    room, closed = world.room(), world.closed_room()
    token, rid, nobody = room.token, room.id, world.new_room_id()
    message = {"_id": world.message(room).id}
    text = {"token": token, "rid": rid, "msg": "text"}
    data = [{"name": "satisfaction", "value": "5"}]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("sendMessage", {"json": {**text, "token": nobody}}),
        ("sendMessage", {"json": {**text, "rid": nobody}}),
        ("editMessage", {"path": message, "json": {**text, "token": nobody}}),
        ("deleteMessage", {"path": {"_id": nobody}, "json": {"token": token, "rid": rid}}),
        ("closeRoom", {"json": {"token": closed.token, "rid": closed.id}}),
        ("closeRoom", {"json": {"token": token, "rid": nobody}}),
        ("surveyRoom", {"json": {"token": nobody, "rid": rid, "data": data}}),
        ("openRoom", {"query": {"token": nobody}}),
        ("getHistory", {"path": {"rid": rid}}),
        ("getAgentInfo", {"path": {"rid": nobody, "token": token}}),
        ("requestTranscript", {"json": {"token": token, "rid": nobody, "email": world.new_email()}}),
        ("setCustomField", {"json": {"token": token, "key": nobody, "value": "x", "overwrite": True}}),
    ]
    for operation, how in calls:
        exchange = client.send(room.visitor, operation, **how)
        if exchange.response is None or not 400 <= exchange.response.status < 500:
            continue  # that it is refused at all, the clauses of the operation say
        judge.that(
            "LC-REST-030",
            bool(error_code(exchange.response)),
            f"{operation} refuses without a word",
            exchange=exchange,
            expected="a code or a text",
            observed=exchange.json,
        )


@pytest.mark.clause("LC-REST-031")
def test_a_validation_error_begins_with_match_error(world: World, client: RecordingClient, judge: Judge) -> None:
    """A validation error begins with Match error."""
    room = world.room()
    token, rid = room.token, room.id
    field = {"key": "lcxUndefined", "value": "x", "overwrite": True}
    calls: list[tuple[Any, str, dict[str, Any]]] = [
        (room.visitor, "sendMessage", {"json": {"rid": rid, "msg": "text"}}),
        (room.visitor, "sendMessage", {"json": {"token": token, "rid": 7, "msg": "text"}}),
        (room.visitor, "openRoom", {"query": {"token": token, "rid": rid, "lcxUnknown": "x"}}),
        (room.visitor, "closeRoom", {"json": {"token": token, "rid": rid, "lcxUnknown": "x"}}),
        (room.visitor, "setCustomFields", {"json": {"customFields": [field]}}),
        (NOBODY, "registerVisitor", {"json": {"visitor": {"token": 7}}}),
    ]
    if world.has_admin:
        calls += [
            (world.manager(), "forwardRoom", {"json": {"userId": "lcx"}}),
            (world.manager(), "getVisitorInfo", {"query": {}}),
        ]
    for who, operation, how in calls:
        exchange = client.send(who, operation, **how)
        body = exchange.json if isinstance(exchange.json, dict) else {}
        said = body.get("error") if isinstance(body.get("error"), str) else body.get("message")
        judge.that(
            "LC-REST-031",
            isinstance(said, str) and said.startswith("Match error"),
            f"{operation} does not begin its validation error with Match error",
            exchange=exchange,
            expected="Match error: …",
            observed=said if isinstance(said, str) else describe(exchange),
        )
