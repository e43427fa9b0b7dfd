"""Conversations: the model agrees with a right server, and a fault is found under its clause, shortly told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.suite.property.conversation import conversations, tour
from conformance.suite.property.model import State, Step
from conformance.suite.property.retell import tell_tour
from conformance.suite.property.transitions import (
    AUTO,
    BY_NAME,
    MANUAL,
    MORE_CLAUSES,
    TRANSITIONS,
    absent,
    under,
)
from tests.suite.property.conftest import Planted, Stage, broken

_CONTRACT = load_contract("3.2.0")


@pytest.mark.parametrize("routing", [AUTO, MANUAL])
def test_the_tour_meets_every_transition(routing: str) -> None:
    """One conversation meets all that the model knows under a routing method."""
    assert {each.transition for each in tour(routing)} == {each.name for each in under(routing)}


def test_a_tour_leaves_out_what_the_contract_says_nothing_of() -> None:
    """For another version some transitions have no clause; the tour does not wait for them."""
    without = frozenset({"a visitor opens a room", "a visitor transfers to no department"})
    assert not {each.transition for each in tour(AUTO, without)} & without


def test_every_clause_of_the_model_is_in_the_contract() -> None:
    """Names, clauses and operations of the table are known, and no name is given twice."""
    assert len(BY_NAME) == len(TRANSITIONS)
    for each in TRANSITIONS:
        assert each.operation in _CONTRACT.operations, each.name
        for clause in (each.clause, each.after):
            assert not clause or clause in _CONTRACT.requirements, (each.name, clause)
    assert set(MORE_CLAUSES) <= set(_CONTRACT.requirements)
    assert absent(_CONTRACT) == frozenset()


def test_a_seed_gives_the_same_conversations() -> None:
    """They are drawn from the model alone."""
    assert conversations(AUTO, 5, 3, 20) == conversations(AUTO, 5, 3, 20)
    assert conversations(AUTO, 5, 3, 20) != conversations(AUTO, 6, 3, 20)


def test_the_model_predicts_only_what_it_can_know() -> None:
    """A room that one of two agents serves is not forwarded to `the same agent`: nobody can say who that is."""
    state = State(AUTO)
    state.apply(BY_NAME["a visitor opens a room"], Step(1, "a visitor opens a room", 0))
    assert not list(state.steps(BY_NAME["a manager forwards to the same agent"]))
    state.learn(1, agent=0, department=0)
    assert [each.target for each in state.steps(BY_NAME["a manager forwards to the same agent"])] == [0]


@pytest.mark.parametrize("routing", [AUTO, MANUAL])
def test_a_server_that_keeps_the_contract_agrees_with_the_model(stage: Callable[..., Stage], routing: str) -> None:
    """The tour and some random conversations show no deviation."""
    built = stage(routing=routing)
    for steps in (tour(routing), *conversations(routing, 21, 4, 30)):
        player = built.player()
        player.play(steps)
        assert [(each.check, each.transition) for each in player.deviations] == []
        assert player.held


def _told(built: Stage) -> Any:
    judge = built.judge()
    tell_tour(built.player, judge)
    return judge


def _nothing(site: Any, room: Any) -> None:
    """Refuses no room."""


def test_a_closed_room_that_takes_messages_is_found_and_shortly_told(stage: Callable[..., Stage]) -> None:
    """Three calls show it: open, close, write; the visitor has to be registered before."""
    built = stage(Planted(replace={"rooms.require_open": _nothing}))
    found = broken(_told(built))
    assert "LC-MESSAGE-017" in found
    assert len(found["LC-MESSAGE-017"].steps) <= 6
    assert "closed room" in found["LC-MESSAGE-017"].sentence


def test_a_foreign_room_that_is_written_to_is_found(stage: Callable[..., Stage]) -> None:
    """Whose room it is matters to no call: isolation is broken in each of them."""
    built = stage(Planted(replace={"rooms.belongs_to": lambda site, room, token: True}))
    found = broken(_told(built))
    assert {"LC-ISOLATION-002", "LC-ISOLATION-008", "LC-ISOLATION-018"} & set(found)


def test_a_message_that_is_not_stored_is_found_by_reading_back(stage: Callable[..., Stage]) -> None:
    """The answer is right; only the history shows it."""
    built = stage(Planted(replace={"messages.store": lambda site, message: message}))
    found = broken(_told(built))
    assert "LC-MESSAGE-009" in found
    assert len(found["LC-MESSAGE-009"].steps) <= 8


def test_an_edit_that_is_not_stored_is_found_by_reading_back(stage: Callable[..., Stage]) -> None:
    """The history shows the old text after an edit that was answered with success."""

    def edit(real: Any, site: Any, operation: str | None, call: Any, answer: Any) -> Any:
        if operation == "getHistory" and isinstance(answer.body, dict):
            for message in answer.body.get("messages", []):
                if "editedAt" in message:
                    message["msg"] = "as it was"
        return real(site, operation, call, answer)

    built = stage(Planted(wrap={"http.answer": edit}))
    assert "LC-MESSAGE-036" in broken(_told(built))
