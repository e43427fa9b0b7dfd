"""Making a reproduction small: requests are dropped, then members of their bodies, as long as it shows the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.faults.model import Fault
from conformance.faults.prove_again import play
from conformance.faults.prove_compare import Likeness, likeness, shows_by_chance
from conformance.report.script import PREPARING, Plan, plan
from conformance.verdicts.flow import ids_in, texts_of

_TRIES: Final = 90
_TRIES_WITH_PAUSES: Final = 4
"""Where the test waited, playing takes as long."""
_TIMES: Final = 10
"""How often a sequence is played whose requests have to meet."""
_ORDER: Final = (Likeness.SAME, Likeness.PLACE, Likeness.ANSWER)


@dataclass(slots=True)
class Shortener:
    """Makes one reproduction small.

    Attributes:
        fault: The fault that it shows.
        recorded: The answer that was judged.
        pointer: Where in it the wrong value stood.
        secrets: What the scripts may ask for, by the names of placeholders.
        patient: Whether sequences are played slowly, so that times tell when something was done.
        plays: How often a sequence has to show it, one play after the other. More than once where luck decides, as
            with a list that is sorted by what the server draws by chance.
        tried: How many sequences were played.
    """

    fault: Fault
    recorded: Response
    pointer: str | None
    secrets: Mapping[str, str]
    patient: bool = False
    plays: int = 1
    tried: int = 0

    def judge(self, exchanges: Sequence[Exchange]) -> Likeness:
        """How like the recorded answer the last answer of a sequence is."""
        self.tried += 1
        made = plan(exchanges)
        if set(made.asked) - set(self.secrets):
            return Likeness.NONE
        if any(each.together for each in made.steps):
            likes = (self._once(made) for _ in range(_TIMES))
            return next((like for like in likes if like is not Likeness.NONE), Likeness.NONE)
        worst = Likeness.SAME
        for _ in range(self.plays):
            worst = max(worst, self._once(made), key=_rank)
            if worst is Likeness.NONE:
                break
        return worst

    def _once(self, made: Plan) -> Likeness:
        shown = play(made, self.fault, self.secrets, patient=self.patient)
        if shown is None:
            return Likeness.NONE
        control = play(made, self.fault, self.secrets, faulty=False, patient=self.patient)
        like = likeness(self.recorded, self.pointer, made, shown, control)
        if like is Likeness.NONE or control is None or any(each.together for each in made.steps):
            return like
        # What a server without the fault answers differently from one time to the other shows nothing.
        again = play(made, self.fault, self.secrets, faulty=False, patient=self.patient)
        chance = again is None or shows_by_chance(shown, control, again, self.pointer)
        return Likeness.NONE if chance else like

    def shorten(self, exchanges: Sequence[Exchange]) -> tuple[list[Exchange], Likeness]:
        """The smallest sequence that was found to show the same, and how like the recorded answer its answer is."""
        start = list(exchanges)
        like = self.judge(start)
        if like is Likeness.NONE:
            return start, like

        most = _TRIES_WITH_PAUSES if any(each.pause_s for each in plan(start).steps) else _TRIES

        def same(part: Sequence[Exchange]) -> bool:
            return self.tried < most and _ORDER.index(like) >= _rank(self.judge(part))

        best = _fewer(_by_admin(start, same), same)
        simpler = _simpler(best, same)
        if simpler != best:
            best = _fewer(simpler, same)
        return best, like


def _rank(like: Likeness) -> int:
    return _ORDER.index(like) if like in _ORDER else len(_ORDER)


def _fewer(exchanges: list[Exchange], same: Callable[[Sequence[Exchange]], bool]) -> list[Exchange]:
    """The sequence without requests that do not matter; the last one stays. Accounts go with all that is theirs."""
    best = exchanges
    for user in dict.fromkeys(each.request.headers.get("x-user-id", "") for each in best):
        without = [each for each in best[:-1] if user not in (each.request.headers.get("x-user-id"), _made(each))]
        if user and len(without) < len(best) - 1 and same([*without, best[-1]]):
            best = [*without, best[-1]]
    size = max(1, len(best) // 3)
    while size:
        place = 0
        while place < len(best) - 1:
            shorter = best[:place] + best[min(place + size, len(best) - 1) :]
            if same(shorter):
                best = shorter
            else:
                place += size
        size //= 2
    return best


def _made(exchange: Exchange) -> str:
    """Whose account an exchange is about: the id that its answer gives."""
    body = exchange.json if exchange.operation in PREPARING and isinstance(exchange.json, dict) else {}
    for inner in (body.get("user"), body.get("data")):
        if isinstance(inner, dict):
            found = inner.get("_id") or inner.get("userId")
            if isinstance(found, str):
                return found
    return ""


def _by_admin(exchanges: list[Exchange], same: Callable[[Sequence[Exchange]], bool]) -> list[Exchange]:
    """The sequence with all that staff asked for asked by the administrator, for whom no account has to be made."""
    admin = next((each for each in exchanges if each.operation == "login" and each.persona == "admin"), None)
    data = admin.json.get("data") if admin is not None and isinstance(admin.json, dict) else None
    if not isinstance(data, dict):
        return exchanges
    mine = {"x-auth-token": str(data.get("authToken")), "x-user-id": str(data.get("userId"))}
    tried = [
        replace(each, request=replace(each.request, headers={**each.request.headers, **mine}), persona="admin")
        if each.request.headers.get("x-auth-token", "").startswith("{{auth:") and each.operation not in PREPARING
        else each
        for each in exchanges
    ]
    return tried if tried != exchanges and same(tried) else exchanges


def _simpler(exchanges: list[Exchange], same: Callable[[Sequence[Exchange]], bool]) -> list[Exchange]:
    """The sequence whose requests say no more than is needed; what names something that has to be made goes first."""
    best = exchanges
    for linked in (True, False):
        for number, each in enumerate(exchanges):
            if each.operation in PREPARING:
                continue
            again = True
            while again:
                again = False
                for smaller in _less_said(best[number].request, linked):
                    tried = _with(best, number, replace(best[number], request=smaller))
                    if same(tried):
                        best, again = tried, True
                        break
    return best


def _less_said(request: Request, linked: bool) -> Iterator[Request]:
    body = request.body
    if body is not None and body.is_json and not body.cut:
        for value in _less(body.json, linked):
            yield replace(request, body=Body(value, is_json=True))
    for place, (_, value) in enumerate(request.query):
        if bool(ids_in(value)) == linked:
            yield replace(request, query=request.query[:place] + request.query[place + 1 :])


def _with(exchanges: list[Exchange], number: int, exchange: Exchange) -> list[Exchange]:
    return [*exchanges[:number], exchange, *exchanges[number + 1 :]]


def _less(value: Any, linked: bool) -> Iterator[Any]:
    """The same object without one member, at any depth; the same list without one item.

    Args:
        value: A JSON value.
        linked: Whether to take away what names something by its id, or all else.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            if bool(ids_in("\n".join(texts_of(inner)))) == linked:
                yield {name: each for name, each in value.items() if name != key}
        for key, inner in value.items():
            for less in _less(inner, linked):
                yield {**value, key: less}
    elif isinstance(value, list) and len(value) <= 20:
        for place, inner in enumerate(value):
            if bool(ids_in("\n".join(texts_of(inner)))) == linked:
                yield value[:place] + value[place + 1 :]


def measured(made: Plan) -> tuple[int, int]:
    """How many requests of a plan show the finding, and how many only set the stage."""
    return made.shown, len(made.steps) - made.shown
