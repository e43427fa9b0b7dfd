"""The hunt: a fault in the server is found, under the right clause, once, and small; a right server is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.envelope import Answer
from conformance.suite.property.generate import Generator
from conformance.verdicts.outcome import Finding
from tests.suite.property.conftest import Planted, Stage, broken

_ILL_FORMED = {
    "message": "Match error: Expected string",
    "sanitizedError": {
        "isClientSafe": True,
        "error": 400,
        "reason": "Match failed",
        "message": "Match failed [400]",
        "errorType": "Meteor.Error",
    },
    "errorType": "Match.Error",
    "success": False,
}


def _hunt(built: Stage, operation: str, number: int = 25) -> Any:
    judge = built.judge()
    hunt = built.hunt(operation, judge)
    generator = Generator(built.contract, 11)
    for kind, calls, send in (
        ("accepts", generator.positive(hunt.operation, number), hunt.well_formed),
        ("refuses", generator.negative(hunt.operation, number), hunt.ill_formed),
    ):
        clause = built.contract.requirement_for(operation, kind)
        for call in calls if clause else ():
            assert clause is not None
            send(call, clause)
    return judge


def test_a_server_that_keeps_the_contract_is_left_in_peace(stage: Callable[..., Stage]) -> None:
    """No finding, and most of the well-formed calls behind a visitor's token are accepted."""
    built = stage()
    for operation in ("sendMessage", "closeRoom", "registerVisitor", "listRooms", "createDepartment"):
        assert broken(_hunt(built, operation)) == {}, operation
        sent = built.record.counters[f"positive|{operation}|sent"]
        accepted = built.record.counters[f"positive|{operation}|accepted"]
        assert accepted >= 0.6 * sent, operation


def test_refusing_some_well_formed_text_is_found_and_made_small(stage: Callable[..., Stage]) -> None:
    """A server that refuses one letter does so in a message of that letter alone."""

    def send(real: Any, site: Any, operation: str | None, call: Any, answer: Answer) -> Answer:
        text = call.body.get("msg", "") if operation == "sendMessage" and isinstance(call.body, dict) else ""
        return (
            Answer(400, dict(_ILL_FORMED))
            if isinstance(text, str) and len(text) > 3
            else real(site, operation, call, answer)
        )

    built = stage(Planted(wrap={"http.answer": send}))
    found = broken(_hunt(built, "sendMessage"))
    assert set(found) == {"LC-MESSAGE-001"}
    finding = found["LC-MESSAGE-001"]
    assert "refused a well-formed request as ill-formed" in finding.sentence
    assert len(finding.steps) <= 4
    assert finding.steps[-1] == finding.exchanges[-1]


def test_accepting_an_unknown_key_is_found_once(stage: Callable[..., Stage]) -> None:
    """A server that looks at nothing accepts ill-formed calls; each kind of them is one finding."""

    def lax(site: Any, call: Any, pattern: Any) -> Any:
        return {"rid": "", "token": "", **call.body} if isinstance(call.body, dict) else {"rid": "", "token": ""}

    built = stage(Planted(replace={"validate.body": lax}))
    judge = _hunt(built, "closeRoom", 100)
    found = [each for each in judge.judgements if each.finding is Finding.BROKEN]
    assert {each.requirement for each in found} == {"LC-ROOM-036"}
    assert len({each.pointer for each in found}) == len(found)


def test_what_shows_only_once_is_flaky(stage: Callable[..., Stage]) -> None:
    """A refusal that does not come again is said to be flaky, not broken."""
    times = []

    def once(real: Any, site: Any, operation: str | None, call: Any, answer: Answer) -> Answer:
        if operation == "sendMessage" and answer.status == 200:
            times.append(1)
            if len(times) == 3:
                return Answer(400, dict(_ILL_FORMED))
        result: Answer = real(site, operation, call, answer)
        return result

    built = stage(Planted(wrap={"http.answer": once}))
    judge = _hunt(built, "sendMessage", 8)
    assert broken(judge) == {}
    assert set(broken(judge, Finding.FLAKY)) == {"LC-MESSAGE-001"}


def test_a_server_error_is_judged_by_the_recorder(stage: Callable[..., Stage]) -> None:
    """A 500 for a generated call breaks the clause about statuses, without anybody asking for it."""

    def fail(real: Any, site: Any, operation: str | None, call: Any, answer: Answer) -> Answer:
        if operation == "visitPage":
            return Answer(500, {"success": False, "error": "Internal error occured"})
        result: Answer = real(site, operation, call, answer)
        return result

    built = stage(Planted(wrap={"http.answer": fail}))
    _hunt(built, "visitPage", 3)
    clause = built.contract.requirement_for("visitPage", "status")
    assert clause is not None
    assert clause.id in {one.requirement for one in built.record.judgements.values() if one.finding is Finding.BROKEN}
