"""The plan of a script: requests in which all that was made anew has become a variable, and where each comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Final

from conformance.contract.exchange import Body, Exchange, Request
from conformance.verdicts.flow import ids_in, is_time, pointers_of, text_of_body, text_of_request, told_apart
from conformance.verdicts.forms import FORMS, PREFIX, prefixes, split

RUN: Final = "RUN"
"""The variable that the names of all that a script makes begin with."""
PREPARING: Final = frozenset({"login", "createUser", "registerUser", "setUserStatus"})
"""Operations that give a caller his account; a script sends them before what it shows."""
_STAGE: Final = frozenset({"createDepartment", "getSetting", "setSetting", "listPermissions", "updatePermissions"})
"""Operations that set the stage, where the last request does not name what they made."""

_SHORTEST_PAUSE_S: Final = 0.9
_LONGEST_PAUSE_S: Final = 70.0
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Binding:
    """A value of an answer that later requests name.

    Attributes:
        variable: Its name in the script.
        path: Where it stands, as ``pick`` takes it; values of other variables stand in it as placeholders.
        value: What it was when it was recorded.
    """

    variable: str
    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a script.

    Attributes:
        exchange: As it was recorded.
        request: The request with placeholders for all that is made anew: ``{{ROOM_ID}}``.
        bindings: What is taken out of its answer.
        preparing: Whether it only sets the stage: accounts, agents who are online, their department, settings.
        together: Whether it is sent at the same time as the step before it.
        pause_s: How long the test waited before it.
    """

    exchange: Exchange
    request: Request
    bindings: tuple[Binding, ...] = ()
    preparing: bool = False
    together: bool = False
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole script.

    Attributes:
        steps: In order; the last one shows the finding.
        made: Placeholders of passwords that the script makes up itself.
        asked: Placeholders that the reader has to supply.
        named: Whether the script gives names.
        forms: Which values are needed in which forms: pairs of variable and form.
        known: Recorded value to placeholder, for comparing answers.
    """

    steps: tuple[Step, ...]
    made: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    named: bool = False
    forms: tuple[tuple[str, str], ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> int:
        """How many requests show the finding, without those that only set the stage."""
        return sum(not each.preparing for each in self.steps)


def plan(exchanges: Sequence[Exchange]) -> Plan:
    """Plan a script that sends these requests again, to a server that knows nothing of them."""
    sequence = told_apart(exchanges)
    taken: dict[str, str] = {}
    found: list[list[Binding]] = []
    wanted = _used_later(sequence)
    told_last = _tellers(sequence)
    for number, exchange in enumerate(sequence):
        fresh = _given(
            exchange, {each for each in wanted[number] - set(taken) if told_last.get(each, number) == number}
        )
        bindings: list[Binding] = []
        for value, pointer in fresh.items():
            variable = _variable(value, pointer, taken.values())
            bindings.append(Binding(variable, _path(exchange.json, pointer, taken), value))
            taken[value] = "{{" + variable + "}}"
        found.append(bindings)
    last = len(sequence) - 1
    steps = tuple(
        Step(
            exchange,
            request_with(exchange.request, taken),
            tuple(found[number]),
            number != last and _sets_the_stage(exchange, sequence[last]),
            number > 0 and _overlap(sequence[number - 1], exchange),
            _pause(sequence[number - 1], exchange) if number else 0.0,
        )
        for number, exchange in enumerate(sequence)
    )
    used = [split(name) for each in steps for name in placeholders_in(text_of_request(each.request))]
    names = {name for name, _ in used}
    bound = {each.variable for bindings in found for each in bindings} | {RUN}
    made = {
        name
        for each in steps
        if each.exchange.operation == "createUser"
        for name in placeholders_in(text_of_body(each.request.body))
        if name.startswith("password:")
    }
    return Plan(
        steps,
        tuple(sorted(made)),
        tuple(sorted(names - bound - made)),
        RUN in names,
        tuple(sorted({(variable_of(name), form) for name, form in used if form})),
        taken,
    )


_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9][A-Za-z0-9 :._-]*)\}\}")


def placeholders_in(text: str) -> list[str]:
    """The names of the placeholders in a text."""
    return _PLACEHOLDER.findall(text)


def request_with(request: Request, values: Mapping[str, str]) -> Request:
    """A request in which values became placeholders, wherever they stand alone, and so did the run's prefix."""
    put = _Put(values)
    body = request.body
    if body is not None:
        whole = body.is_json and body.text is None
        escaped = escaped_json(body) if whole else None
        if escaped is not None:
            body = replace(body, json=None, is_json=False, text=put.text(escaped))
        else:
            body = replace(body, json=put.json(body.json)) if whole else _with_text(body, put)
    return replace(
        request,
        path=put.text(request.path),
        query=tuple((put.text(name), put.text(value)) for name, value in request.query),
        headers={name: put.text(value) for name, value in request.headers.items()},
        body=body,
    )


def escaped_json(body: Body) -> str | None:
    """A JSON body as it was sent, where its letters were escaped; ``None`` where they stood in it as they are.

    Which of the two it was is told by its size: some servers read the one right and the other wrong.
    """
    raw = json.dumps(body.json, ensure_ascii=False, separators=(",", ":"))
    escaped = json.dumps(body.json, separators=(",", ":"))
    if any("\ud800" <= character <= "\udfff" for character in raw):
        return escaped
    nearer = body.size and abs(len(escaped) - body.size) < abs(len(raw.encode()) - body.size)
    return escaped if nearer else None


def _with_text(body: Body, put: _Put) -> Body:
    return replace(body, text=put.text(body.text or ""))


class _Put:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._prefixes = prefixes(RUN)
        parts = [_alone(value) for value in sorted(values, key=len, reverse=True)]
        self._pattern = re.compile("|".join([*parts, *(each.pattern for each in self._prefixes.values())]), re.ASCII)

    def text(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._put(found[0]), text)

    def _put(self, found: str) -> str:
        value = self._values.get(found)
        if value is None and found.startswith("{{"):
            name, form = split(found[2:-2])
            return self._values["{{" + name + "}}"][:-2] + f".{form}}}}}"
        if value is None:
            name = next(name for name, pattern in self._prefixes.items() if pattern.fullmatch(found))
            return "{{" + name + "}}"
        return value

    def json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(each) for each in value]
        if isinstance(value, dict):
            return {self.text(key): self.json(each) for key, each in value.items()}
        return value


def _alone(value: str) -> str:
    if value.startswith("{{"):
        return rf"{re.escape(value[:-2])}(?:\.(?:{'|'.join(FORMS)}))?\}}\}}"
    return rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])"


def _used_later(sequence: Sequence[Exchange]) -> list[set[str]]:
    """For each exchange the ids that only later requests name: those that its answer may have given."""
    later: list[set[str]] = [set() for _ in sequence]
    after: set[str] = set()
    for number in range(len(sequence) - 1, -1, -1):
        later[number] = set(after)
        after |= set(ids_in(text_of_request(sequence[number].request)))
    before: set[str] = set()
    for number, exchange in enumerate(sequence):
        before |= set(ids_in(text_of_request(exchange.request)))
        later[number] -= {each for each in before if not each.startswith("{{")}
    return later


def _tellers(sequence: Sequence[Exchange]) -> dict[str, int]:
    """For each time that a request names, the latest exchange before it whose answer said it."""
    told: dict[str, int] = {}
    fixed: dict[str, int] = {}
    for number, exchange in enumerate(sequence):
        for each in ids_in(text_of_request(exchange.request)):
            if is_time(each) and each in told:
                fixed.setdefault(each, told[each])
        if exchange.response is not None:
            told |= {each: number for each in ids_in(text_of_body(exchange.response.body)) if is_time(each)}
    return fixed


def _given(exchange: Exchange, wanted: set[str]) -> dict[str, str]:
    """The wanted values that an answer gives, each with the shortest pointer to it."""
    found: dict[str, str] = {}
    body = exchange.response.body if exchange.response is not None else None
    if body is None or not body.is_json or not wanted:
        return found
    for pointer, value in pointers_of(body.json, wanted):
        known = found.get(value)
        if known is None or _rank(value, pointer) < _rank(value, known):
            found[value] = pointer
    return found


def _rank(value: str, pointer: str) -> tuple[int, bool]:
    """The shortest pointer is the best; of the times of a thing that of its making, which is what requests ask for."""
    return pointer.count("/"), is_time(value) and not pointer.endswith("/ts")


def _path(answer: Any, pointer: str, taken: Mapping[str, str]) -> str:
    """A pointer whose places in lists became conditions where an item says something that the script knows."""
    made, value = "", answer
    for part in pointer.split("/")[1:]:
        if part == "@":
            return pointer
        if isinstance(value, list):
            item = value[int(part)]
            made += f"/{_condition(item, value, taken) or part}"
            value = item
        else:
            made += f"/{part}"
            value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return made


def _condition(item: Any, items: list[Any], taken: Mapping[str, str]) -> str:
    """What tells an item of a list from all the others, by a value that the script knows; empty where nothing does."""
    for key, value in item.items() if isinstance(item, dict) else ():
        if isinstance(value, str) and "/" not in value and (value in taken or PREFIX.match(value)):
            alike = sum(isinstance(each, dict) and each.get(key) == value for each in items)
            if is_time(value) or alike != 1:
                continue
            put = taken.get(value) or PREFIX.sub("{{" + RUN + "}}", value)
            return f"[{key}={put}]"
    return ""


def _variable(value: str, pointer: str, taken: Iterable[str]) -> str:
    """A telling name: ``{{auth:agent}}`` is ``AUTH_AGENT``, ``/room/_id`` is ``ROOM_ID``."""
    if value.startswith("{{"):
        base = variable_of(value[2:-2])
    else:
        words = [part for part in pointer.split("/") if part and not part.isdigit() and part != "@"][-2:]
        base = variable_of(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", "_".join(words))) or "VALUE"
    name, number, known = base, 1, set(taken)
    while "{{" + name + "}}" in known or name == RUN or (number == 1 and len(base) < 2):
        number += 1
        name = f"{base}_{number}"
    return name


def variable_of(name: str) -> str:
    """Give the environment variable of a placeholder: ``auth:agent`` is ``AUTH_AGENT``."""
    made = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "SECRET"
    return f"_{made}" if made[0].isdigit() else made


def _sets_the_stage(exchange: Exchange, last: Exchange) -> bool:
    """Whether a request only makes what every conversation stands on, and is nothing that the last one speaks of."""
    if exchange.operation in PREPARING:
        return True
    if exchange.operation not in _STAGE or last.operation in _STAGE:
        return False
    body = exchange.response.body if exchange.response is not None else None
    made = set(ids_in(text_of_body(body))) if exchange.operation == "createDepartment" else set()
    return not made & {each for each in ids_in(text_of_request(last.request)) if not each.startswith("{{")}


def _overlap(first: Exchange, second: Exchange) -> bool:
    """Whether two exchanges were under way at the same time."""
    if not first.started or not second.started or first.response is None:
        return False
    return second.started < first.started + first.response.elapsed_ms / 1000 - 0.0005


def _pause(first: Exchange, second: Exchange) -> float:
    """Seconds that a test waited after it was told that it asks too often; no other waiting is part of a finding."""
    if not first.item or first.item != second.item or first.response is None or first.status != _TOO_MANY:
        return 0.0
    waited = second.started - first.started - first.response.elapsed_ms / 1000
    return float(ceil(waited)) if _SHORTEST_PAUSE_S <= waited <= _LONGEST_PAUSE_S else 0.0


def sending_order(group: Sequence[Step]) -> list[int]:
    """The places of steps that meet, in the order in which they were sent; the deciding one may have been the first."""
    return sorted(range(len(group)), key=lambda place: group[place].exchange.started)


def groups_of(steps: Iterable[Step]) -> list[list[Step]]:
    """The steps in order, those together that were under way at the same time."""
    groups: list[list[Step]] = []
    for step in steps:
        if step.together and groups:
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups
