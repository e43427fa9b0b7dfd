"""Comparing answers: whether a reproduction shows its fault.

It does where its last answer is wrong in the way that was recorded, and where a server without the fault answers the
same requests otherwise: not only by chance, as tokens, ids, times and durations differ from one time to the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from conformance.contract import error_code
from conformance.contract.exchange import Response
from conformance.faults.prove_again import Played
from conformance.report.care import MASK
from conformance.report.script import RUN, Plan
from conformance.verdicts.flow import ids_in, is_time, text_of_body
from conformance.verdicts.forms import FORMS, PREFIX

_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])", re.ASCII)
"""What a login gives; scripts print ``MASK`` in its place, so both compare alike."""
_SHOUTED: Final = FORMS["upper"].prefix or PREFIX
_WHERE: Final = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?")
_FAR_S: Final = 600.0
_HEADERS: Final = (
    *("content-type", "retry-after", "location", "allow", "x-ratelimit-limit", "x-ratelimit-remaining"),
    "cache-control",
)
"""Those that are compared."""
_ABSENT: Final = "<absent>"


class Likeness(StrEnum):
    """How like the recorded answer the last answer of a reproduction is."""

    SAME = "the same value"
    PLACE = "another wrong value at the same place"
    ANSWER = "the same status, and an answer that a server without the fault does not give"
    NONE = "not shown"


def plain(value: Any, known: Mapping[str, str]) -> Any:
    """A value without what differs from run to run: ids, names, times and addresses.

    Args:
        value: Of an answer.
        known: Value to placeholder.
    """
    if isinstance(value, str):
        text = _TOKEN.sub(MASK, _WHERE.sub("<url>", value))
        for one in ids_in(text):
            text = text.replace(one, known.get(one, "<time>" if is_time(one) else "<id>"))
        return _SHOUTED.sub("<RUN>", PREFIX.sub("<run>", text))
    if isinstance(value, list):
        return [plain(each, known) for each in value]
    if isinstance(value, dict):
        return {str(plain(key, known)): plain(each, known) for key, each in value.items()}
    return value


def at(value: Any, pointer: str) -> list[Any]:
    """What stands at a pointer; ``*`` is every item of a list."""
    found = [value]
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        following: list[Any] = []
        for each in found:
            if isinstance(each, list) and part == "*":
                following += each
            elif isinstance(each, list) and key.lstrip("-").isdigit() and -len(each) <= int(key) < len(each):
                following.append(each[int(key)])
            elif isinstance(each, dict) and key in each:
                following.append(each[key])
        found = following
    return found or [_ABSENT]


def whole(answer: Response, known: Mapping[str, str]) -> dict[str, Any]:
    """An answer as it is compared as a whole."""
    reset = answer.headers.get("x-ratelimit-reset")
    return {
        "status": answer.status,
        "headers": {name: plain(answer.headers[name], known) for name in _HEADERS if name in answer.headers},
        "digits of reset": None if reset is None else len(reset),
        "body": plain(answer.body.json if answer.body.is_json else answer.body.text, known),
    }


def likeness(recorded: Response, pointer: str | None, made: Plan, shown: Played, control: Played | None) -> Likeness:
    """How like the recorded answer the last answer is, given what the server without the fault answers.

    Args:
        recorded: The answer that was judged.
        pointer: Where in it the wrong value stood, if it was a value.
        made: The plan that was played.
        shown: What came of playing it with the fault.
        control: What came of playing it without; ``None`` where it could not be played to its end.
    """
    told = [each.exchange.response for each in made.steps if each.exchange.response is not None]
    names = {value: name for value, name in made.known.items() if not is_time(value)}
    then, now = names | _numbered(told, names, shown.patient), _known(shown)
    if shown.answer.status != recorded.status or error_code(shown.answer) != error_code(recorded):
        return Likeness.NONE
    clean = whole(control.answer, _known(control)) if control is not None else None
    if clean is not None and _canonical(clean) == _canonical(whole(shown.answer, now)):
        return Likeness.NONE
    if pointer is None or not pointer.startswith("/"):
        return Likeness.SAME
    before = plain(at(recorded.body.json, pointer), then)
    after = plain(at(shown.answer.body.json, pointer), now)
    without = plain(at(control.answer.body.json, pointer), _known(control)) if control is not None else [_ABSENT]
    if control is not None and control.answer.status == shown.answer.status and after == without:
        return Likeness.ANSWER
    return Likeness.SAME if before == after else Likeness.PLACE


def differences(one: Any, other: Any, at: str = "") -> set[str]:
    """The pointers at which two JSON values differ; lists of different lengths differ as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = one.keys() | other.keys()
        return {
            each for key in keys for each in differences(one.get(key, _ABSENT), other.get(key, _ABSENT), f"{at}/{key}")
        }
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return {each for place, (mine, theirs) in pairs for each in differences(mine, theirs, f"{at}/{place}")}
    return set() if one == other else {at}


def shows_by_chance(shown: Played, control: Played, again: Played, pointer: str | None) -> bool:
    """Whether the last answers differ only where two of a server without the fault differ as well: as durations do."""
    mine, theirs, others = (whole(one.answer, _known(one)) for one in (shown, control, again))
    noise = differences(theirs, others)
    if pointer is not None and pointer.startswith("/"):
        return any(each.startswith(f"/body{pointer}") for each in noise)
    return not differences(mine, theirs) - noise


def _known(played: Played) -> dict[str, str]:
    """What the ids of a played sequence are called: by their variables, else by the order in which they appeared."""
    bound = {value: "{{" + name + "}}" for name, value in played.values.items() if name != RUN}
    # A time is told by the request at which it was, for two of an answer may be the same or a millisecond apart.
    names = {value: name for value, name in bound.items() if not is_time(value)}
    return names | _numbered(played.answers, names, played.patient)


def _numbered(answers: Iterable[Response], names: Mapping[str, str], patient: bool) -> dict[str, str]:
    """Numbers for ids without a name: so it shows whether two answers speak of one thing or of two.

    A time is told by the answer that said it first where there was time between the requests, and where it is far off.
    """
    ids: dict[str, str] = {}
    times: dict[str, str] = {}
    for place, answer in enumerate(answers, 1):
        for one in ids_in(text_of_body(answer.body)):
            if one in names or one.startswith("{{"):
                continue
            if not is_time(one):
                ids.setdefault(one, f"<id {len(ids) + 1}>")
            elif _is_far(one, answer):
                times.setdefault(one, "<another time>")
            elif patient:
                times.setdefault(one, f"<time of {place}>")
    return ids | times


def _is_far(time: str, answer: Response) -> bool:
    """Whether a time is further from the moment of its answer than any conversation takes."""
    try:
        moment = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        return abs((moment - parsedate_to_datetime(answer.headers.get("date", ""))).total_seconds()) > _FAR_S
    except (TypeError, ValueError):
        return False


def first_difference(made: Plan, shown: Played, controls: Sequence[Played], start: int) -> int | None:
    """The first request from ``start`` on that the server with the fault answers otherwise than the one without it.

    Only answers with the status that was recorded count: another one shows something else than what was found. What
    the server without the fault answers differently from one time to the other shows nothing.
    """
    known = [_known(one) for one in (shown, *controls)]
    for number in range(start, min(len(one.answers) for one in (shown, *controls))):
        recorded = made.steps[number].exchange.response
        if recorded is None or recorded.status != shown.answers[number].status:
            continue
        plays = zip((shown, *controls), known, strict=True)
        mine, usual, *others = (whole(one.answers[number], names) for one, names in plays)
        if differences(mine, usual).difference(*(differences(usual, each) for each in others)):
            return number
    return None


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
