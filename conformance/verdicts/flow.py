"""The flow of values between exchanges: which answer gave the ids that a later request names, and what came before it.

A recorded request names things that exist no more: ids that the server gave, names that the run gave. To show a
finding again, the requests that made these things have to be sent first. They are found by their values alone: an id
is made by the first answer that says it, a name by the first request that carries it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from conformance.contract.exchange import Body, Exchange, Request
from conformance.verdicts.forms import PREFIX, split

_NAME: Final = re.compile(PREFIX.pattern + r"-[a-z]+[0-9]+", re.ASCII)
_ID: Final = re.compile(
    r"\{\{[A-Za-z0-9][A-Za-z0-9 :._-]*\}\}"  # a secret that was replaced when it was captured
    # Nothing joined to it by a hyphen or an underscore: a login's token may hold seventeen such letters between two.
    r"|(?<![A-Za-z0-9_-])[23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz]{17}(?![A-Za-z0-9_-])"
    r"|(?<![A-Za-z0-9_-])[0-9a-f]{24}(?![A-Za-z0-9_-])"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z",
    re.ASCII,
)
_STATUS: Final = "setUserStatus"
_SETTINGS: Final = frozenset({"setSetting", "updatePermissions"})
_CHOSEN: Final = ("servedBy", "agent", "room", "config")
"""Members of answers through which the agent is found whom the server chose, although no request names him."""
_BY_NEED: Final = frozenset({"login", "logout", "createUser"})
"""What a test writes without being about it: it belongs to a trail only where something needs it."""
_MOST_CANDIDATES: Final = 60
"""Steps of the own test that are taken; a longer test (a random one) names its steps itself."""


def texts_of(value: Any) -> Iterator[str]:
    """All texts inside a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from texts_of(each)


def text_of_body(body: Body | None) -> str:
    """All texts of a body, a line each."""
    if body is None:
        return ""
    return "\n".join(texts_of(body.json)) if body.is_json and body.text is None else body.text or ""


def text_of_request(request: Request) -> str:
    """All texts of a request in which ids and names may stand."""
    parts = [request.path, *request.headers.values(), *(text for pair in request.query for text in pair)]
    return "\n".join([*parts, text_of_body(request.body)])


def ids_in(text: str) -> list[str]:
    """The ids that a server may have given, the placeholders of secrets included, each once, in order."""
    return list(dict.fromkeys(map(_whole, _ID.findall(text))))


def _whole(found: str) -> str:
    """An id; a placeholder without its form, for what a request needs is the value that the form is made of."""
    return "{{" + split(found[2:-2])[0] + "}}" if found.startswith("{{") else found


def is_time(text: str) -> bool:
    """Whether one of these is a time. Two things may have the same time by chance, but never the same id."""
    return text[4:5] == "-"


def names_in(text: str) -> list[str]:
    """The names that a run has given, each once, in order."""
    return list(dict.fromkeys(_NAME.findall(text)))


def pointers_of(value: Any, wanted: Collection[str], at: str = "") -> Iterator[tuple[str, str]]:
    """The texts inside a JSON value that are among those wanted, as pairs of pointer and text."""
    if isinstance(value, str):
        if value in wanted:
            yield at, value
        elif value[:1] in "{[" and any(one in value for one in wanted):
            try:
                yield from pointers_of(
                    json.loads(value), wanted, f"{at}/@"
                )  # an answer of method.call is JSON in a text
            except (ValueError, RecursionError):
                return
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from pointers_of(each, wanted, f"{at}/{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from pointers_of(each, wanted, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")


@dataclass(slots=True)
class Flow:
    """Exchanges in the order in which they were sent, and what each value comes from.

    Attributes:
        exchanges: In order.
        effects: Operation to what it does to the server, as the contract says it.
        givers: Id to the number of the exchange whose answer said it first.
        tellers: Time to the numbers of all exchanges whose answers said it, in order.
        namers: Name to the number of the exchange whose request carried it first and was not refused.
    """

    exchanges: Sequence[Exchange]
    effects: Mapping[str, str]
    givers: dict[str, int] = field(default_factory=dict)
    tellers: dict[str, list[int]] = field(default_factory=dict)
    namers: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        asked: set[str] = set()
        for number, exchange in enumerate(self.exchanges):
            self.numbers[exchange.id] = number
            sent = text_of_request(exchange.request)
            asked.update(ids_in(sent))
            fine = exchange.status is not None and exchange.status < 400
            if fine and self.writes(exchange):
                for name in names_in(sent):
                    self.namers.setdefault(name, number)
            if exchange.response is not None and exchange.response.body.is_json:
                for id in ids_in(text_of_body(exchange.response.body)):
                    if is_time(id):
                        self.tellers.setdefault(id, []).append(number)
                    elif id not in asked:
                        self.givers.setdefault(id, number)

    def writes(self, exchange: Exchange) -> bool:
        """Whether an exchange may have changed something."""
        if exchange.operation is None:
            return exchange.request.method not in ("GET", "HEAD", "OPTIONS")
        if exchange.operation == "openRoom" and exchange.status == 200:
            # A request for a room that is open gives that room, and changes nothing.
            room = exchange.json.get("room") if isinstance(exchange.json, dict) else None
            asked = dict(exchange.request.query).get("rid")
            return not isinstance(room, dict) or asked is None or room.get("_id") != asked
        return self.effects.get(exchange.operation, "changes") != "read"

    def trail(self, steps: Sequence[str], *, own: Sequence[str] = (), whole: bool = False) -> tuple[str, ...]:
        """All that has to be sent, in order, so that the last of ``steps`` shows again on a server that knows nothing.

        Args:
            steps: Ids of exchanges; the last one decides.
            own: Ids of all exchanges of the test; what it wrote before the deciding one belongs to the trail.
            whole: Whether what the test only read belongs to it, too, and all that the answers speak of.
        """
        known = [self.numbers[name] for name in steps if name in self.numbers]
        if not known:
            return tuple(steps)
        last = known[-1]
        known = [each for each in known if each == last or self.writes(self.exchanges[each])]
        before = [self.numbers[name] for name in own if name in self.numbers and self.numbers[name] < last]
        if whole:
            known += before
        elif len(steps) < 2:
            known += [each for each in before if self._is_about(self.exchanges[each])][-_MOST_CANDIDATES:]
        known += self._beside(last, own)
        needed: set[int] = set()
        waiting = list(dict.fromkeys(known))
        waiting += self._settings_before(last)
        while waiting:
            number = waiting.pop()
            if number in needed:
                continue
            needed.add(number)
            waiting += self._needs(number, last, whole)
        ordered = [*sorted(needed - {last}), last]
        return tuple(self.exchanges[number].id for number in ordered)

    def _beside(self, last: int, own: Sequence[str]) -> list[int]:
        """What the test sent while the deciding exchange was under way."""
        deciding = self.exchanges[last]
        if deciding.response is None:
            return []
        end = deciding.started + deciding.response.elapsed_ms / 1000
        later = (self.numbers[name] for name in own if self.numbers.get(name, -1) > last)
        return [number for number in later if self.exchanges[number].started < end]

    def _is_about(self, exchange: Exchange) -> bool:
        return self.writes(exchange) and exchange.operation not in _BY_NEED

    def _needs(self, number: int, last: int, whole: bool) -> Iterator[int]:
        exchange = self.exchanges[number]
        sent = text_of_request(exchange.request)
        values = ids_in(sent)
        if whole and exchange.response is not None:
            values += ids_in(text_of_body(exchange.response.body))
        values += _chosen_agents(exchange.json)
        for id in values:
            giver = self._giver_of(id, number)
            if giver is not None:
                yield giver
        for name in names_in(sent):
            namer = self.namers.get(name)
            if namer is not None and namer < number:
                yield namer
        if exchange.operation in ("createUser", "login"):
            yield from self._life_of(exchange, number, last)

    def _giver_of(self, value: str, number: int) -> int | None:
        """The exchange from which request ``number`` has a value: the first that gave an id, the latest for a time."""
        if is_time(value):
            return max((each for each in self.tellers.get(value, ()) if each < number), default=None)
        giver = self.givers.get(value)
        return giver if giver is not None and giver < number else None

    def _life_of(self, exchange: Exchange, number: int, last: int) -> Iterator[int]:
        """What makes an account an agent who is online: his role, his login, and the latest status before the end."""
        names = set(names_in(text_of_body(exchange.request.body)))
        latest: int | None = None
        for later in range(number + 1, last):
            each = self.exchanges[later]
            if each.operation in ("registerUser", "login") and names & set(names_in(text_of_request(each.request))):
                if each.status == 200:
                    yield later
            elif each.operation == _STATUS and each.status == 200:
                user = each.request.headers.get("x-user-id", "")
                if self.givers.get(user) == number:
                    latest = later if latest is None else latest
        if latest is not None:
            yield latest

    def _settings_before(self, last: int) -> list[int]:
        """The latest change of each setting of the whole server."""
        latest: dict[str, int] = {}
        for number in range(last):
            each = self.exchanges[number]
            if each.operation == "setSetting" and each.status == 200:
                latest[each.request.path] = number
        return list(latest.values())


def told_apart(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Exchanges in which the tokens of two accounts never have the same placeholder, as ``{{auth:agent}}`` may.

    The first account keeps the placeholder; those of further ones get a number, wherever account and token go together.
    """
    made = list(exchanges)
    owners: dict[str, list[str]] = {}
    for each in made:
        token, user = _login_of(each)
        if token and user not in owners.setdefault(token, []):
            owners[token].append(user)
    for number, each in enumerate(made):
        token, user = _login_of(each)
        place = owners.get(token, []).index(user) if token else 0
        if place and each.response is not None:
            body = replace(each.response.body, json=_renamed(each.response.body.json, token, _numbered(token, place)))
            made[number] = each = replace(each, response=replace(each.response, body=body))
        given, whose = each.request.headers.get("x-auth-token", ""), each.request.headers.get("x-user-id", "")
        if whose in owners.get(given, [])[1:]:
            headers = {**each.request.headers, "x-auth-token": _numbered(given, owners[given].index(whose))}
            made[number] = replace(each, request=replace(each.request, headers=headers))
    return made


def _login_of(exchange: Exchange) -> tuple[str, str]:
    """The placeholder of the token that a login gave, and whose it is; empty for all else."""
    data = exchange.json.get("data") if exchange.operation == "login" and isinstance(exchange.json, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("authToken"), str):
        return "", ""
    return data["authToken"], str(data.get("userId"))


def _numbered(token: str, place: int) -> str:
    return f"{token[:-2]} {place + 1}}}}}"


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(each, old, new) for key, each in value.items()}
    return new if value == old else value


def _chosen_agents(answer: Any) -> list[str]:
    """The ids of the agents to whom an answer says the server gave a chat."""
    found: list[str] = []
    if isinstance(answer, dict):
        for key in _CHOSEN:
            inner = answer.get(key)
            if key in ("room", "config"):
                found += _chosen_agents(inner)
            elif isinstance(inner, dict) and isinstance(inner.get("_id"), str):
                found.append(inner["_id"])
    return found


def in_order(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Exchanges of several workers in the order in which they were sent."""
    return sorted(exchanges, key=lambda each: (each.started, each.id))


def settings_changed(exchanges: Iterable[Exchange]) -> bool:
    """Whether some of them change what concerns the whole server."""
    return any(each.operation in _SETTINGS for each in exchanges)
