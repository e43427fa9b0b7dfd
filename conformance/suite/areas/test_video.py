"""Video calls (docs: Livechat, video.call). Recorded servers answer well-formed calls with a bare 400."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import moment, server_clock
from conformance.suite.judge import Judge, describe
from conformance.target import RecordingClient
from conformance.world import World

QUERY_FORM = "/api/v1/livechat/video.call"
"""The path of the form that the documentation prints, with the token in the query."""


def call_of(exchange: Exchange) -> dict[str, Any]:
    """The video call of a successful answer; empty where there is none."""
    call = exchange.json.get("videoCall") if exchange.status == 200 and isinstance(exchange.json, dict) else None
    return call if isinstance(call, dict) else {}


def comes_from_the_api(exchange: Exchange) -> bool:
    """Whether an answer is one of the operation, a success or a refusal, and not the page of an unknown route."""
    return exchange.status in {200, 400} and isinstance(exchange.json, dict) and "success" in exchange.json


@pytest.mark.clause("LC-VIDEO-005")
def test_an_unknown_token_calls_nobody(world: World, client: RecordingClient, judge: Judge) -> None:
    """A video call with a token that no visitor has is refused with invalid-token."""
    visitor = world.visitor()
    unknown = f"{world.prefix}-nobody"
    for query in (None, {"rid": world.new_room_id()}):
        refused = client.send(visitor, "getVideoCall", path={"token": unknown}, query=query)
        judge.refused("LC-VIDEO-005", refused, code="invalid-token")


@pytest.mark.clause("LC-VIDEO-006")
def test_a_video_call_says_where_it_takes_place(world: World, client: RecordingClient, judge: Judge) -> None:
    """The video call names its provider jitsi, a domain, a room and a time at which it ends."""
    room = world.room()
    answer = client.send(room.visitor, "getVideoCall", path={"token": room.token}, query={"rid": room.id})
    call = call_of(answer)
    if not call:
        sentence = f"the target gives no video call: it answered {describe(answer)}"
        judge.unsupported("LC-VIDEO-006", sentence, answer)
        return
    provider = call.get("provider")
    judge.equal("LC-VIDEO-006", provider, "jitsi", "the provider of a video call is not jitsi", exchange=answer)
    for key in ("domain", "room", "rid"):
        value = call.get(key)
        held = isinstance(value, str) and value != ""
        sentence = f"a video call does not name its {key}"
        judge.that("LC-VIDEO-006", held, sentence, exchange=answer, observed=value, pointer=f"/videoCall/{key}")
    ends, clock = moment(call.get("timeout")), server_clock(answer)
    held = ends is not None and (clock is None or ends > clock)
    sentence = "a video call does not say when it ends, or ended before it began"
    judge.that("LC-VIDEO-006", held, sentence, exchange=answer, observed=call.get("timeout"))


@pytest.mark.clause("LC-VIDEO-007")
def test_the_token_of_a_video_call_stands_in_the_path(world: World, client: RecordingClient, judge: Judge) -> None:
    """A video call is asked for with the token in the path; the query form is either served or not routed."""
    room = world.room()
    by_path = client.send(room.visitor, "getVideoCall", path={"token": room.token}, query={"rid": room.id})
    sentence = f"a video call with the token in the path is not served: it answered {describe(by_path)}"
    if not judge.that("LC-VIDEO-007", comes_from_the_api(by_path), sentence, exchange=by_path):
        return
    by_query = client.request(room.visitor, "GET", QUERY_FORM, query={"token": room.token})
    if comes_from_the_api(by_query) and by_query.status == by_path.status:
        judge.way("LC-VIDEO-007", "documentation", by_query)
    elif by_query.status in {404, 405} or (by_query.status == 200 and not isinstance(by_query.json, dict)):
        judge.way("LC-VIDEO-007", "server", by_query)
    else:
        sentence = f"the query form of a video call is neither served nor unknown: it answered {describe(by_query)}"
        judge.that("LC-VIDEO-007", False, sentence, exchange=by_query)
