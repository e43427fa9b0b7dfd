"""Requests and responses are judged, and what is wrong is said at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.contract import Body, Contract, Exchange, Request, Response, load_contract

if TYPE_CHECKING:
    from conformance.contract import Mismatch

_JSON = {"content-type": "application/json"}
_ROOM = {"_id": "r1", "ts": "2020-04-20T13:05:06.563Z"}


def _body(value: Any) -> Body:
    return Body(json=value, is_json=True, size=1)


def _say(value: Any, headers: dict[str, str] | None = None) -> Request:
    return Request("POST", "/api/v1/livechat/message", headers=_JSON if headers is None else headers, body=_body(value))


def _answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(status, {**_JSON, **(headers or {})}, _body(value))


def _points(mismatches: list[Mismatch]) -> list[tuple[str, str]]:
    return [(one.kind, one.pointer) for one in mismatches]


def _ask(path: str, *query: tuple[str, str], method: str = "GET") -> Request:
    return Request(method, path, query)


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ([("token", "t")], []),
        ([("token", "t"), ("department", "d")], []),
        ([], [("query", "?token")]),
        ([("token", "")], [("query", "?token")]),
        ([("token", "a"), ("token", "b")], [("query", "?token")]),
        ([("token[$ne]", "1")], [("query", "?token")]),
        ([("token", "t"), ("x", "1")], [("query", "?x")]),
    ],
)
def test_a_strict_query_is_judged(small: Contract, query: list[tuple[str, str]], points: list[tuple[str, str]]) -> None:
    """Missing, empty, repeated, bracketed and unknown keys are refused, each at its name."""
    assert _points(small.check_request(_ask("/api/v1/livechat/room", *query), "openRoom")) == points


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ([("agents[]", "a")], []),
        ([("agents[]", "a"), ("agents[]", "b")], []),
        ([("agents", "a"), ("agents", "b")], []),
        ([("agents", "a")], [("query", "?agents")]),
        ([("tags", "a")], []),
        ([("count", "5")], []),
        ([("count", "abc")], [("query", "?count")]),
        ([("count", "-1")], [("query", "?count")]),
        ([("open", "true")], []),
        ([("open", "yes")], [("query", "?open")]),
        ([("sort", '{"ts":-1}')], []),
        ([("sort", "")], []),
        ([("sort", "{ts")], [("query", "?sort")]),
        ([("sort", '{"ts":2}')], [("query", "?sort/ts")]),
        ([("unknown", "1")], []),
    ],
)
def test_texts_of_a_query_are_read_as_the_schema_wants(
    small: Contract, query: list[tuple[str, str]], points: list[tuple[str, str]]
) -> None:
    """Numbers, truth values, JSON and arrays with and without brackets."""
    assert _points(small.check_request(_ask("/api/v1/livechat/rooms", *query), "listRooms")) == points


def test_what_real_servers_let_pass_is_marked(small: Contract) -> None:
    """The request is ill-formed all the same, but a success for it is no mismatch."""
    request = _ask("/api/v1/livechat/rooms", ("count", "abc"))
    assert [one.tolerated for one in small.check_request(request, "listRooms")] == [True]
    answer = _answer({"rooms": []}, headers={"x-total": "0"})
    assert small.check(Exchange("1", "listRooms", "manager", request, answer)) == []
    short = _answer({}, headers={"x-total": "0"})
    assert _points(small.check(Exchange("2", "listRooms", "manager", request, short))) == [("shape", "/rooms")]
    said = _say({"token": "t", "rid": "r", "msg": 5})
    assert small.check(Exchange("3", "sendMessage", "visitor A", said, _answer({}))) == []
    assert [one.tolerated for one in small.check_request(said, "sendMessage")] == [True]
    missing = _say({"token": "t", "rid": "r"})
    assert [one.tolerated for one in small.check_request(missing, "sendMessage")] == [True]
    foreign = _say({"token": "t", "rid": 5, "msg": "x"})
    assert [one.tolerated for one in small.check_request(foreign, "sendMessage")] == [False]


@pytest.mark.parametrize(
    ("value", "points"),
    [
        ({"token": "t", "rid": "r", "msg": "x"}, []),
        ({"token": "t", "rid": "r"}, [("body", "/msg")]),
        ({"token": None, "rid": "r", "msg": "x"}, [("body", "/token")]),
        ({"token": {"$ne": None}, "rid": "r", "msg": "x"}, [("body", "/token")]),
        ({"token": "t", "rid": "r", "msg": "x", "a": 1, "b": 2}, [("body", "/a"), ("body", "/b")]),
        ({"token": "t", "rid": "r", "msg": "x", "agent": {}}, [("body", "/agent/agentId")]),
        ([], [("body", "")]),
        ("text", [("body", "")]),
        ({"token": "t", "rid": "r", "msg": "\ud800"}, []),
    ],
)
def test_a_json_body_is_judged(small: Contract, value: Any, points: list[tuple[str, str]]) -> None:
    """Each fault is found at its own pointer; a lone surrogate is text, too."""
    assert _points(small.check_request(_say(value), "sendMessage")) == points


@pytest.mark.parametrize(
    ("headers", "body", "message"),
    [
        (_JSON, None, "the request has no body"),
        (_JSON, Body(text="", size=0), "the request has no body"),
        (_JSON, Body(text="{", size=1), "the body is not JSON"),
        ({}, _body({"token": "t", "rid": "r", "msg": "x"}), None),
        ({"content-type": "application/vnd.api+json"}, _body({"token": "t", "rid": "r", "msg": "x"}), None),
        ({"content-type": "application/json; charset=utf-8"}, _body({"token": "t", "rid": "r", "msg": "x"}), None),
        ({"content-type": "application/json; charset=klingon"}, _body({}), "the charset klingon is not supported"),
        ({"content-type": "text/plain"}, _body({"token": "t", "rid": "r", "msg": "x"}), "msg is missing"),
        ({"content-type": "application/x-www-form-urlencoded"}, Body(text="token=t&rid=r&msg=x", size=9), None),
        ({"content-type": "application/x-www-form-urlencoded"}, Body(text="token=t&rid=r", size=9), "msg is missing"),
        (_JSON, Body(text="{", size=10**6, cut=True), None),
    ],
)
def test_the_content_type_decides_how_a_body_is_read(
    small: Contract, headers: dict[str, str], body: Body | None, message: str | None
) -> None:
    """JSON with and without its name, forms, and types that leave the body empty."""
    request = Request("POST", "/api/v1/livechat/message", headers=headers, body=body)
    found = [one.message for one in small.check_request(request, "sendMessage")]
    assert found[:1] == ([message] if message else [])


def test_a_delete_is_judged_by_its_body_and_path(small: Contract) -> None:
    """The body of DELETE counts; a malformed percent code is refused."""
    good = Request("DELETE", "/api/v1/livechat/message/m1", headers=_JSON, body=_body({"token": "t", "rid": "r"}))
    assert small.check_request(good, "deleteMessage") == []
    bare = Request("DELETE", "/api/v1/livechat/message/m1")
    assert _points(small.check_request(bare, "deleteMessage")) == [("body", "")]
    hanging = Request("DELETE", "/api/v1/livechat/message/%zz", headers=_JSON, body=_body({"token": "t", "rid": "r"}))
    assert "percent code" in small.check_request(hanging, "deleteMessage")[0].message
    other = Request("DELETE", "/api/v1/livechat/room")
    assert "does not address" in small.check_request(other, "deleteMessage")[0].message


def test_a_response_is_judged_by_status_media_type_and_shape(small: Contract) -> None:
    """What is not documented, not of its type, not JSON, or not of its shape is said by kind and requirement."""
    good = _answer({"room": _ROOM, "success": True, "more": 1})
    assert small.check_response("openRoom", good) == []
    status = small.check_response("openRoom", _answer({}, 500))
    assert [(one.kind, one.requirement, one.observed) for one in status] == [("status", "LC-ROOM-003", "500")]
    html = Response(200, {"content-type": "text/html; charset=utf-8"}, Body(text="<p>", size=3))
    media = small.check_response("openRoom", html)
    assert [(one.kind, one.expected, one.observed) for one in media] == [("media", "application/json", "text/html")]
    liar = Response(200, _JSON, Body(text="<p>", size=3))
    assert _points(small.check_response("openRoom", liar)) == [("media", "")]
    shape = small.check_response("openRoom", _answer({"room": {"_id": "", "ts": "today", "open": False}}))
    assert _points(shape) == [
        ("shape", "/room/_id"),
        ("shape", "/room/open"),
        ("shape", "/room/ts"),
        ("shape", "/success"),
    ]
    assert {one.requirement for one in shape} == {"LC-ROOM-002"}
    assert shape[2].schema_pointer == "/components/schemas/Room/properties/ts/format"
    cut = Response(200, _JSON, Body(json={}, is_json=True, size=10**6, cut=True))
    assert small.check_response("openRoom", cut) == []


def test_required_headers_are_judged(small: Contract) -> None:
    """A missing header and an ill-typed one are mismatches at ``@name``."""
    assert _points(small.check_response("listRooms", _answer({"rooms": []}))) == [("header", "@x-total")]
    wrong = _answer({"rooms": []}, headers={"x-total": "many"})
    assert _points(small.check_response("listRooms", wrong)) == [("header", "@x-total")]
    assert small.check_response("listRooms", _answer({"rooms": []}, headers={"x-total": "3"})) == []


def test_a_range_of_statuses_and_text_bodies_are_known(small: Contract) -> None:
    """4XX documents every 4xx; a text body is judged by its pattern."""
    assert small.check_response("deleteMessage", _answer({"success": False}, 418)) == []
    page = {"content-type": "text/html"}
    good = Response(400, page, Body(text="<pre>Bad Request</pre>", size=9))
    assert small.check_response("sendMessage", good) == []
    bad = Response(400, page, Body(text="<pre>Oops</pre>", size=9))
    assert _points(small.check_response("sendMessage", bad)) == [("shape", "")]


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"error": "other", "errorType": "Meteor.Error", "success": False}, "/error"),
        ({"message": "Oops", "errorType": "Match.Error", "success": False}, "/message"),
        ({"message": "Match error: x", "errorType": "Match.Error", "success": True}, "/success"),
    ],
)
def test_of_alternatives_the_nearest_one_explains(small: Contract, value: Any, pointer: str) -> None:
    """The message speaks of the alternative that was meant, not of ``anyOf``."""
    assert [one.pointer for one in small.check_response("openRoom", _answer(value, 400))] == [pointer]


def test_a_success_for_a_refused_request_is_a_mismatch(small: Contract) -> None:
    """Then the shape of that success is not looked at; a refusal of the same request is in order."""
    request = _ask("/api/v1/livechat/room", ("token[$ne]", "x"))
    found = small.check(Exchange("1", "openRoom", "nobody", request, _answer({"success": True})))
    assert [(one.where, one.kind, one.requirement, one.pointer) for one in found] == [
        ("request", "accepted", "LC-ROOM-004", "?token")
    ]
    refusal = _answer({"message": "Match error: x", "errorType": "Match.Error", "success": False}, 400)
    assert small.check(Exchange("2", "openRoom", "nobody", request, refusal)) == []
    assert small.check(Exchange("3", None, "nobody", request, refusal)) == []
    assert small.check(Exchange("4", None, "nobody", _ask("/nowhere"), refusal)) == []
    assert small.check(Exchange("5", "openRoom", "nobody", request, None, "timed out")) == []


def test_requirements_are_found_by_kind_and_version(small: Contract) -> None:
    """A requirement has a range of versions, half-open."""
    found = small.requirement_for("openRoom", "status")
    assert found is not None
    assert found.id == "LC-ROOM-003"
    assert small.requirement_for("openRoom", "permission") is None
    disputed = next(one for one in small.requirements.values() if one.confidence == "disputed")
    assert [small.applies(disputed, version) for version in ("2.4.14", "3.0.0", "3.4.9", "3.5.0")] == [
        False,
        True,
        True,
        False,
    ]


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    value=_ANY,
    status=st.integers(100, 599),
    query=st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=3),
)
def test_no_exchange_breaks_the_checker(value: Any, status: int, query: list[tuple[str, str]]) -> None:
    """Whatever was sent and answered, the checker judges it, and says something wherever it refuses."""
    contract = load_contract()
    for operation in contract.operations.values():
        request = Request(operation.method, operation.path, tuple(query), _JSON, _body(value))
        for one in contract.check(Exchange("1", operation.id, "nobody", request, _answer(value, status))):
            assert one.message
            assert one.operation == operation.id
