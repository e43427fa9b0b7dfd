"""The model: random conversations of several visitors and agents, each answer predicted, and each state read back."""

from __future__ import annotations

import pytest

from conformance.contract import Contract
from conformance.suite.judge import Judge
from conformance.suite.levels import Budget
from conformance.suite.property.binding import contract_of
from conformance.suite.property.conversation import conversations
from conformance.suite.property.generate import seed_of
from conformance.suite.property.model import State, Step
from conformance.suite.property.play import Player
from conformance.suite.property.retell import retell, tell_tour
from conformance.suite.property.supply import AUTO, MANUAL, Supply
from conformance.suite.property.transitions import BY_HAND_CLAUSES, MORE_CLAUSES, absent, under
from conformance.suite.recorder import ItemRecord
from conformance.target import RecordingClient, Settings
from conformance.verdicts import Finding

_CHUNKS = 3
"""Items that the random conversations of one routing method are divided into, so that workers can share them."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A tour and some shares of random conversations for each routing method, bound to all that they can judge."""
    contract = contract_of(metafunc.config)
    parameters = []
    for routing in (AUTO, MANUAL):
        marks = (pytest.mark.clause(*_clauses(contract, routing)), pytest.mark.routing(routing))
        parameters += [
            pytest.param(routing, share, id=f"{routing}-{share.replace(' ', '-')}", marks=marks)
            for share in ("tour", *(f"random {number}" for number in range(1, _CHUNKS + 1)))
        ]
    metafunc.parametrize(("routing", "share"), parameters)


def _clauses(contract: Contract, routing: str) -> list[str]:
    rows = [each for each in under(routing) if each.name not in absent(contract)]
    accepts = [contract.requirement_for(each.operation, "accepts") for each in rows if not each.clause]
    named = [each.clause for each in rows] + [each.after for each in rows] + [clause.id for clause in accepts if clause]
    known = [
        each
        for each in (*named, *MORE_CLAUSES, *(BY_HAND_CLAUSES if routing == MANUAL else ()))
        if each in contract.requirements
    ]
    return sorted({each for each in known if contract.applies(contract.requirements[each])})


@pytest.mark.kind("model")
def test_conversations(
    routing: str,
    share: str,
    supply: Supply,
    client: RecordingClient,
    contract: Contract,
    judge: Judge,
    record: ItemRecord,
    budget: Budget,
    settings: Settings,
) -> None:
    """Every answer of a conversation is the one that the contract promises, and what is read back agrees with it."""
    without = absent(contract)

    def new_player() -> Player:
        state = State(routing, without=without)
        return Player(supply=supply, client=client, contract=contract, state=state)

    if share == "tour":
        players = tell_tour(new_player, judge)
    else:
        players = []
        for steps in _random(routing, share, budget, settings.seed, without):
            player = new_player()
            player.play(steps)
            players.append(player)
            retell(player, steps, judge)
    for player in players:
        for name, times in player.reached.items():
            record.count(f"transition|{name}", times)
        for clause, exchange in player.held.items():
            judge.that(clause, True, "", exchange=exchange)
    if not supply.world.has_admin:  # without staff of our own most of a conversation cannot happen
        judge.close(Finding.NOT_APPLICABLE, "without admin credentials a conversation does not come to it")


def _random(routing: str, share: str, budget: Budget, seed: int, without: frozenset[str]) -> list[list[Step]]:
    number = int(share.rpartition(" ")[2])
    most = budget.conversations // 2
    mine = len(range(number - 1, most, _CHUNKS))
    return conversations(routing, seed_of(seed, "conversations", routing, share), mine, budget.steps, without)
