"""Routing: methods that a path does not have, paths that are no operation, slashes, HEAD and OPTIONS."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from conformance.contract import Contract
from conformance.contract.exchange import Exchange
from conformance.suite import visitors
from conformance.suite.hostile import SMUGGLED, stand
from conformance.suite.judge import Judge, describe
from conformance.target import ABSENT, NOBODY, RecordingClient
from conformance.world import Unavailable, World

_API: Final = "/api/v1/livechat"
_PREFLIGHT: Final = {
    "origin": "https://shop.example.com",
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
}
_WRONG: Final = (
    ("DELETE", "config"), ("POST", "config"), ("GET", "visitor"), ("GET", "message"), ("GET", "room.close"),
    ("DELETE", "room"), ("POST", "rooms"), ("PUT", "department"), ("POST", "department/lcx"), ("GET", "room.survey"),
    ("GET", "page.visited"), ("GET", "offline.message"), ("GET", "custom.field"), ("POST", "custom-fields"),
    ("POST", "appearance"), ("POST", "visitors.info"), ("GET", "sms-incoming/twilio"), ("GET", "room.transfer"),
)  # fmt: skip
"""Methods that every recorded server refuses on these paths."""


def is_success(exchange: Exchange) -> bool:
    """Whether an answer is a success of the API."""
    return isinstance(exchange.json, dict) and exchange.json.get("success") is True


def allowed(exchange: Exchange) -> set[str]:
    """The methods that an answer names in Allow."""
    said = exchange.response.headers.get("allow", "") if exchange.response else ""
    return {each.strip().upper() for each in said.split(",") if each.strip()}


def methods(contract: Contract, path: str) -> set[str]:
    """The methods that the contract knows on a path."""
    return {each for each in ("GET", "POST", "PUT", "DELETE") if contract.match(each, path)}


def _judge_wrong(judge: Judge, contract: Contract, exchange: Exchange) -> None:
    method, path = exchange.request.method, exchange.request.path
    judge.that(
        "LC-REST-007",
        exchange.status == 405 and not is_success(exchange),
        f"{method} {path}, which the path does not have, is not refused with 405",
        exchange=exchange,
        expected=405,
        observed=describe(exchange),
    )
    named, known = allowed(exchange), methods(contract, path)
    if exchange.status != 405:
        return  # it is not refused as it should be, so there is no refusal that could name anything
    judge.that(
        "LC-REST-008",
        known <= named and method not in named,
        f"the refusal of {method} {path} does not name the methods of the path in Allow",
        exchange=exchange,
        expected=sorted(known),
        observed=sorted(named),
    )


@pytest.mark.clause("LC-REST-007", "LC-REST-008")
def test_a_wrong_method_is_refused(world: World, client: RecordingClient, contract: Contract, judge: Judge) -> None:
    """A method that a known path does not have is refused with 405, and Allow names those that it has."""
    for method, name in _WRONG:
        exchange = client.request(NOBODY, method, f"{_API}/{name}", json=ABSENT if method == "GET" else {})
        _judge_wrong(judge, contract, exchange)


@pytest.mark.clause("LC-REST-007", "LC-REST-008")
def test_no_path_has_patch(world: World, client: RecordingClient, contract: Contract, judge: Judge) -> None:
    """No path of the API has the method PATCH."""
    for path in sorted({operation.path for operation in contract.judged}):
        exchange = client.request(NOBODY, "PATCH", re.sub(r"\{\w+\}", "agent", path), json={})
        _judge_wrong(judge, contract, exchange)


@pytest.mark.clause("LC-REST-009")
def test_a_wrong_method_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A refusal with 405 changes nothing, whatever the body says."""
    target = stand(world)
    room, message, token = target.room, target.message, world.new_token()
    before = target.state()
    ids = {"token": room.token, "rid": room.id}
    text = {**ids, "msg": SMUGGLED}
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", f"visitor/{room.token}", {"visitor": {"token": room.token, "name": SMUGGLED}}),
        ("PATCH", f"visitor/{room.token}", {"visitor": {"token": room.token, "name": SMUGGLED}}),
        ("PUT", "visitor", {"visitor": {"token": token, "name": token}}),
        ("PATCH", f"message/{message.id}", text),
        ("POST", f"message/{message.id}", text),
        ("PUT", "message", text),
        ("PUT", "room.close", ids),
        ("DELETE", "room", ids),
    )
    for method, name, body in calls:
        exchange = client.request(room.visitor, method, f"{_API}/{name}", json=body)
        judge.that(
            "LC-REST-009",
            not is_success(exchange),
            "a method that the path does not have was carried out",
            exchange=exchange,
            expected=405,
            observed=describe(exchange),
        )
    judge.equal("LC-REST-009", target.state(), before, "a method that the path does not have changed something")
    judge.equal(
        "LC-REST-009",
        visitors.stored(client, token).get("token"),
        None,
        "a method that the path does not have registered a visitor",
        pointer="/visitor",
    )


@pytest.mark.clause("LC-REST-010", "LC-REST-011")
def test_unknown_paths_are_no_operations(world: World, client: RecordingClient, judge: Judge) -> None:
    """A path that is no operation is not answered with a success of the API, nor is one in another case."""
    visitor, token = world.visitor(), world.new_token()
    body = {"visitor": {"token": token, "name": token}}
    unknown = (
        ("GET", f"{_API}/no.such.call"),
        ("GET", "/api/v1/nosuch"),
        ("GET", f"{_API}/config/{visitor.token}"),
        ("GET", f"{_API}/visitor/{visitor.token}/more"),
        ("GET", f"{_API}/visitors.pagesVisited?roomId={visitor.token}"),
        ("GET", f"{_API}/video.call?token={visitor.token}"),
        ("GET", "/api/v2/livechat/config"),
        ("GET", "/livechat-api/v1/config"),
        ("POST", f"{_API}/visitorx"),
    )
    for method, path in unknown:
        exchange = client.request(visitor, method, path, json=body if method == "POST" else ABSENT)
        _judge_unknown(judge, "LC-REST-010", exchange)
    otherwise = (
        ("GET", "/API/V1/LIVECHAT/CONFIG"),
        ("GET", f"{_API}/Config"),
        ("GET", f"{_API}/VISITOR/{visitor.token}"),
        ("GET", f"/api/v1/Livechat/visitor/{visitor.token}"),
        ("POST", f"{_API}/Visitor"),
    )
    for method, path in otherwise:
        exchange = client.request(visitor, method, path, json=body if method == "POST" else ABSENT)
        _judge_unknown(judge, "LC-REST-011", exchange)
    judge.equal(
        "LC-REST-011",
        visitors.stored(client, token).get("token"),
        None,
        "a path that is no operation registered a visitor",
        pointer="/visitor",
    )


def _judge_unknown(judge: Judge, clause: str, exchange: Exchange) -> None:
    judge.that(
        clause,
        not is_success(exchange) and exchange.response is not None,
        f"{exchange.request.method} {exchange.request.path}, which is no operation, is answered with a success",
        exchange=exchange,
        expected="no success of the API",
        observed=describe(exchange),
    )


@pytest.mark.clause("LC-REST-012")
def test_a_slash_at_the_end_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A slash at the end of a path changes nothing."""
    config = client.request(NOBODY, "GET", f"{_API}/config/")
    judge.accepted("LC-REST-012", config)
    shown = config.json.get("config") if isinstance(config.json, dict) else None
    judge.that(
        "LC-REST-012",
        isinstance(shown, dict) and "enabled" in shown,
        "with a slash at the end the configuration is not answered",
        exchange=config,
        expected="config",
        observed=describe(config),
    )
    if not world.has_admin:
        return
    for name, member in (("department", "departments"), ("rooms", "rooms")):
        exchange = client.request(world.admin, "GET", f"{_API}/{name}/", query={"count": 1})
        judge.accepted("LC-REST-012", exchange)
        listed = exchange.json.get(member) if isinstance(exchange.json, dict) else None
        judge.that(
            "LC-REST-012",
            isinstance(listed, list),
            "with a slash at the end the list is not answered",
            exchange=exchange,
            expected=member,
            observed=describe(exchange),
        )


@pytest.mark.exclusive
@pytest.mark.clause("LC-REST-032")
def test_a_preflight_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """Without a switch in the settings a cross-origin preflight is refused with 405."""

    def preflight() -> Exchange:
        return client.request(NOBODY, "OPTIONS", f"{_API}/config", headers=_PREFLIGHT)

    try:
        with world.setting("API_Enable_CORS", False):
            exchange = world.eventually(preflight, until=lambda seen: seen.status == 405, deadline_s=3)
    except Unavailable:
        exchange = preflight()
        if exchange.response and "access-control-allow-origin" in exchange.response.headers:
            raise Unavailable("cross-origin calls are switched on, and nobody may switch them off") from None
    judge.refused("LC-REST-032", exchange, status=405)


@pytest.mark.clause("LC-REST-033")
def test_head_has_no_effect_and_no_body(world: World, client: RecordingClient, judge: Judge) -> None:
    """HEAD of an operation that GET serves is answered without effect and without a body."""
    visitor, rid = world.visitor(), world.new_room_id()
    for name, query in (
        ("config", {"token": visitor.token}),
        ("room", {"token": visitor.token, "rid": rid}),
        (f"visitor/{visitor.token}", {}),
    ):
        exchange = client.request(visitor, "HEAD", f"{_API}/{name}", query=query)
        judge.that(
            "LC-REST-033",
            exchange.response is not None and exchange.response.body.size == 0 and (exchange.status or 500) < 500,
            f"HEAD {name} is not answered, or with a body",
            exchange=exchange,
            expected="an answer without a body",
            observed=describe(exchange),
        )
    config = client.send(visitor, "getConfig", query={"token": visitor.token})
    shown = config.json.get("config") if isinstance(config.json, dict) else None
    room = shown.get("room") if isinstance(shown, dict) else None
    judge.equal(
        "LC-REST-033",
        room.get("_id") if isinstance(room, dict) else None,
        None,
        "HEAD opened a room",
        exchange=config,
        pointer="/config/room",
    )
