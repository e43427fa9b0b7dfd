"""Retelling: a conversation in which something was found is told again with fewer steps, while the same is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from conformance.suite.judge import Judge
from conformance.suite.property.conversation import tour
from conformance.suite.property.minimise import smallest_list
from conformance.suite.property.model import State, Step
from conformance.suite.property.play import Deviation, Player

_TRIES: Final = 40
_ROUNDS: Final = 6
_MOST: Final = 4
"""Findings of one conversation that are told again; further ones are told as they were found."""


def tell_tour(new_player: Callable[[], Player], judge: Judge) -> list[Player]:
    """Play the tour, and again without the transitions in which something was found, so that no finding hides another.

    After a deviation nothing more is said of its room: what would come next in it is met in the next round.

    Args:
        new_player: Makes a player who has played nothing.
        judge: Is told of the findings.

    Returns:
        The players, one a round; on a server that agrees with the model it is one.
    """
    players: list[Player] = []
    found: set[str] = set()
    while len(players) < _ROUNDS:
        player = new_player()
        steps = tour(player.state.routing, player.state.without | found)
        player.play(steps)
        players.append(player)
        retell(player, steps, judge)
        fresh = {each.transition for each in player.deviations} - found
        if not fresh:
            break
        found |= fresh
    return players


def retell(player: Player, steps: Sequence[Step], judge: Judge) -> None:
    """Judge each kind of deviation of a conversation once, with the shortest conversation that shows it.

    Args:
        player: Has played the conversation.
        steps: What it played.
        judge: Is told.
    """
    seen: set[tuple[str, str]] = set()
    for deviation in player.deviations:
        if deviation.key in seen:
            continue
        seen.add(deviation.key)
        if len(seen) > _MOST or _known(judge, deviation):
            _tell(judge, deviation, (deviation.exchange.id,))
            continue
        _tell_shortest(player, steps, deviation, judge)


def _known(judge: Judge, deviation: Deviation) -> bool:
    """Whether an earlier conversation of the item has shown the same already."""
    return any(one.requirement == deviation.check.clause and one.steps for one in judge.judgements)


def _tell_shortest(player: Player, steps: Sequence[Step], deviation: Deviation, judge: Judge) -> None:
    def again(part: Sequence[Step]) -> tuple[Player, Deviation | None, tuple[str, ...]]:
        state = State(player.state.routing, without=player.state.without)
        fresh = Player(supply=player.supply, client=player.client, contract=player.contract, state=state)
        sent = _mark(player)
        fresh.play(part)
        found = next((each for each in fresh.deviations if each.key == deviation.key), None)
        return fresh, found, _since(player, sent)

    _, found, _ = again(steps)
    if found is None:
        check = deviation.check
        judge.found(
            check.clause,
            f"{check.sentence}; when the conversation was repeated it did not show again",
            deviation.exchange,
            expected=check.expected,
            observed=check.observed,
            pointer=check.pointer,
            flaky=True,
        )
        return
    short = smallest_list(steps, lambda part: again(part)[1] is not None, most=_TRIES)
    _, found, exchanges = again(short)
    shown = found or deviation
    ending = exchanges.index(shown.exchange.id) + 1 if shown.exchange.id in exchanges else len(exchanges)
    _tell(judge, shown, exchanges[:ending])


def _tell(judge: Judge, deviation: Deviation, steps: tuple[str, ...]) -> None:
    check = deviation.check
    judge.found(
        check.clause,
        f"{deviation.transition}: {check.sentence}"
        if not check.sentence.startswith(deviation.transition)
        else check.sentence,
        deviation.exchange,
        expected=check.expected,
        observed=check.observed,
        pointer=check.pointer or None,
        steps=steps,
    )


def _mark(player: Player) -> int:
    item = getattr(player.client.sink, "item", None)
    return len(item.exchanges) if item is not None else 0


def _since(player: Player, mark: int) -> tuple[str, ...]:
    item = getattr(player.client.sink, "item", None)
    return tuple(item.exchanges[mark:]) if item is not None else ()
