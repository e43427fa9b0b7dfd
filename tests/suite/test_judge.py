"""The judge: soft checks under the ids of requirements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.suite.judge import Judge, UnboundClause, describe, is_accepted, is_refused
from conformance.verdicts import Finding
from conformance.world import PreconditionFailed

CLAUSE, OTHER = "LC-ROOM-005", "LC-ROOM-006"


def exchange(
    status: int = 200, json: Any = None, *, text: str | None = None, media: str = "application/json"
) -> Exchange:
    """An exchange of openRoom with this answer."""
    body = Body(json=json, is_json=text is None, text=text, size=1)
    return Exchange(
        "main-1",
        "openRoom",
        "visitor A",
        Request("GET", "/api/v1/livechat/room"),
        Response(status, {"content-type": media}, body),
    )


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The real contract."""
    return load_contract("3.2.0")


@pytest.fixture
def judge(contract: Contract) -> Judge:
    """A judge of a test that is bound to two clauses."""
    return Judge(contract, "rooms::test", (CLAUSE, OTHER))


def test_what_was_not_answered_never_held(judge: Judge) -> None:
    """A clause that seems to be kept by a request without an answer is not reached."""
    lost = replace(exchange(), response=None, failure="the connection was closed")
    assert not judge.that(CLAUSE, True, "never said", exchange=lost)
    (found,) = judge.judgements
    assert found.finding is Finding.NOT_REACHED
    assert "the connection was closed" in found.sentence


def test_only_the_documented_refusal_is_one() -> None:
    """No answer, an error and a bare page are no refusal."""
    assert is_refused(exchange(400, {"success": False, "error": "no"}))
    assert not is_refused(exchange(500, {"success": False, "error": "no"}))
    assert not is_refused(exchange(400, text="no", media="text/plain"))
    assert not is_refused(replace(exchange(), response=None))


def test_a_clause_that_held_says_nothing(judge: Judge) -> None:
    """A held clause is one judgement without sentence, expected or observed value."""
    assert judge.equal(CLAUSE, 1, 1, "they differ", exchange=exchange())
    (found,) = judge.judgements
    assert (found.finding, found.sentence, found.expected, found.exchanges) == (Finding.HELD, "", None, ("main-1",))


def test_a_broken_clause_never_stops_the_test(judge: Judge) -> None:
    """A broken clause is kept with what was expected and observed, and the test goes on."""
    assert not judge.equal(CLAUSE, "a", "b", "they differ", exchange=exchange(), pointer="/room")
    (found,) = judge.judgements
    assert (found.finding, found.expected, found.observed, found.pointer) == (Finding.BROKEN, "b", "a", "/room")


@pytest.mark.parametrize(("observed", "expected"), [(1, True), (0, False), ({"a": 1}, {"a": True}), ([1], [True])])
def test_types_of_json_are_told_apart(judge: Judge, observed: Any, expected: Any) -> None:
    """A number is no boolean, however Python compares them, at any depth."""
    assert not judge.equal(CLAUSE, observed, expected, "they differ")


def test_only_bound_clauses_may_be_judged(judge: Judge) -> None:
    """Judging a clause that the test is not bound to is a fault of the suite."""
    with pytest.raises(UnboundClause, match="LC-VISITOR-005"):
        judge.that("LC-VISITOR-005", True, "")


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (exchange(200, {"success": True}), True),
        (exchange(200, {"status": "success"}), True),
        (exchange(200, {"success": False}), False),
        (exchange(200, {}), False),
        (exchange(201, {"success": True}), False),
        (exchange(400, {"success": True}), False),
        (exchange(200, text="<Response></Response>", media="text/xml"), True),
        (exchange(200, text="<html>", media="text/html"), False),
        (Exchange("x", None, "nobody", Request("GET", "/"), failure="refused"), False),
    ],
)
def test_what_counts_as_accepted(answer: Exchange, accepted: bool) -> None:
    """Success is 200 with a success envelope, or with a body of another type that is no web page."""
    assert is_accepted(answer) is accepted


def test_a_refusal_needs_status_and_code(judge: Judge) -> None:
    """A refusal has the status, the code, and no success envelope."""
    wrong_code = exchange(400, {"success": False, "error": "invalid-room", "errorType": "Meteor.Error"})
    assert judge.refused(CLAUSE, wrong_code, code="invalid-room")
    assert not judge.refused(OTHER, wrong_code, code="invalid-token")
    assert not judge.refused(OTHER, exchange(400, {"success": True}), code=None)
    assert not judge.refused(OTHER, exchange(200, {"success": False}), code=None)


def test_a_missing_value_blocks_and_names_its_owner(judge: Judge, contract: Contract) -> None:
    """A missing value is owned by the clause about shape, or by the one about acceptance after a refusal."""
    shape, accepts = (contract.requirement_for("openRoom", kind) for kind in ("shape", "accepts"))
    assert shape is not None
    assert accepts is not None
    with pytest.raises(PreconditionFailed) as accepted:
        judge.pick(exchange(200, {"success": True}), "room", "_id")
    assert accepted.value.requirement_id == shape.id
    with pytest.raises(PreconditionFailed) as refused:
        judge.pick(exchange(500, {"success": False}), "room", "_id")
    assert refused.value.requirement_id == accepts.id


def test_a_value_is_picked_from_lists_and_objects(judge: Judge) -> None:
    """A path goes through objects and lists."""
    assert judge.pick(exchange(200, {"rooms": [{"_id": "a"}, {"_id": "b"}]}), "rooms", 1, "_id") == "b"


def test_unjudged_clauses_are_closed_alike(judge: Judge) -> None:
    """At the end every bound clause that was never judged gets one finding; judged ones keep theirs."""
    judge.that(CLAUSE, True, "")
    judge.close(Finding.BLOCKED, "it could not begin", "LC-ROOM-001")
    findings = {one.requirement: (one.finding, one.blocked_by) for one in judge.judgements}
    assert findings == {CLAUSE: (Finding.HELD, None), OTHER: (Finding.BLOCKED, "LC-ROOM-001")}


def test_the_same_finding_is_kept_once(judge: Judge) -> None:
    """Judging the same thing many times makes one judgement a finding."""
    for number in range(50):
        judge.that(CLAUSE, number % 2 == 0, "odd")
    assert [one.finding for one in judge.judgements] == [Finding.HELD, Finding.BROKEN]


def test_an_answer_is_described_in_a_few_words() -> None:
    """Status and code, or why there was no answer."""
    assert describe(exchange(400, {"success": False, "error": "invalid-token"})) == "400 invalid-token"
    assert describe(exchange(200, {"success": True})) == "200 with success true"
    assert describe(exchange(502, text="<html>", media="text/html; charset=utf-8")) == "502 (text/html)"
    assert (
        describe(Exchange("x", None, "nobody", Request("GET", "/"), failure="Connection refused."))
        == "Connection refused."
    )
