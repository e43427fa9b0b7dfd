"""Playing a script's plan in memory: against the reference server with a fault, and against the one without it.

A reproduction shows a fault where its last answer is wrong in the way that was recorded, and where the same requests
are answered otherwise by a server without the fault.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from conformance.contract import error_code
from conformance.contract.exchange import Body, Request, Response
from conformance.faults.model import Fault
from conformance.faults.servers import bare, options_of
from conformance.reference.app import Application
from conformance.reference.seam import plant
from conformance.reference.seeds import open_site
from conformance.report.pick import pick
from conformance.report.reproduce import address_of, content_of, sent_headers
from conformance.report.script import RUN, Plan, Step, groups_of, sending_order, variable_of
from conformance.target.bodies import read_json
from conformance.verdicts.flow import ids_in, is_time, text_of_body, text_of_request
from conformance.verdicts.forms import FORMS, PREFIX, formed, split

NAME: Final = "lcx-0-again-0000"
"""What the names of a plan that is played here begin with."""
_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9_][A-Za-z0-9 :._-]*)\}\}")
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])", re.ASCII)
"""What a login gives."""
_SHOUTED: Final = FORMS["upper"].prefix or PREFIX
_WHERE: Final = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?")
_SECONDS: Final = 12.0
_PAUSE_S: Final = 0.003
"""Between requests of which one names a time: over a network no two things happen in the same millisecond."""
_FAR_S: Final = 600.0
_KEPT: Final = (
    *("content-type", "retry-after", "location", "allow", "x-ratelimit-limit", "x-ratelimit-remaining"),
    "cache-control",
)
"""Headers that are compared."""
_ABSENT: Final = "<absent>"


class Likeness(StrEnum):
    """How like the recorded answer the last answer of a reproduction is."""

    SAME = "the same value"
    PLACE = "another wrong value at the same place"
    ANSWER = "the same status, and an answer that a server without the fault does not give"
    NONE = "not shown"


@dataclass(frozen=True, slots=True)
class Played:
    """What came of playing a plan.

    Attributes:
        answers: The last one decides.
        values: Which value each variable got.
        patient: Whether there was time between the requests: then the same time is the same moment.
    """

    answers: tuple[Response, ...]
    values: Mapping[str, str]
    patient: bool = False

    @property
    def answer(self) -> Response:
        """The last answer."""
        return self.answers[-1]


def play(
    made: Plan,
    fault: Fault,
    secrets: Mapping[str, str],
    *,
    faulty: bool = True,
    part: bool = False,
    patient: bool = False,
) -> Played | None:
    """Play a plan against a fresh server in memory; ``None`` where an answer does not have what later requests need.

    Args:
        made: The plan.
        fault: The fault.
        secrets: Values of the placeholders that the plan asks for, by name.
        faulty: Whether the server has the fault, or only its options.
        part: Whether the beginning counts where the plan cannot be played to its end.
        patient: Whether to leave some time between the requests.
    """
    site = open_site(options_of(fault))
    plant(site.overrides, (fault if faulty else bare(fault),))
    try:
        limit = _SECONDS + sum(each.pause_s for each in made.steps)
        return asyncio.run(asyncio.wait_for(_play(made, Application(site), dict(secrets), part, patient), limit))
    except (LookupError, TypeError, ValueError, TimeoutError, RuntimeError, ConnectionError):
        return None
    finally:
        site.close()


async def _play(made: Plan, app: Application, secrets: dict[str, str], part: bool, patient: bool) -> Played | None:
    values = {variable_of(name): value for name, value in secrets.items()}
    values[RUN] = NAME
    told = any(is_time(each) for step in made.steps for each in ids_in(text_of_request(step.exchange.request)))
    for name in made.made:
        values[variable_of(name)] = "Lc1!again-and-again"
    answers: list[Response] = []
    for group in groups_of(made.steps):
        await asyncio.sleep(max(group[0].pause_s, _PAUSE_S if told or patient else 0.0))
        fresh = await _ask_all(app, group, values)
        answers += fresh
        for step, answer in zip(group, fresh, strict=True):
            for binding in step.bindings:
                try:
                    found = pick(answer.body.json, filled(binding.path, values))
                except (LookupError, TypeError, ValueError, StopIteration):
                    found = None
                if not isinstance(found, str):
                    return Played(tuple(answers), values, patient) if part else None
                values[binding.variable] = found
    return Played(tuple(answers), values, patient)


async def _ask_all(app: Application, group: Sequence[Step], values: Mapping[str, str]) -> list[Response]:
    """Ask at the same time, in the order in which it was sent; the answers have the order of the group."""
    asked = {place: asyncio.ensure_future(_ask(app, group[place].request, values)) for place in sending_order(group)}
    await asyncio.gather(*asked.values())
    return [asked[place].result() for place in range(len(group))]


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the values of its variables."""

    def value(found: re.Match[str]) -> str:
        name, form = split(found[1])
        known = values.get(variable_of(name))
        return found[0] if known is None else formed(known, form)

    return _PLACEHOLDER.sub(value, text)


async def _ask(app: Application, request: Request, values: Mapping[str, str]) -> Response:
    """One request, as the scripts send it, without a socket."""
    # All of these values may stand in an address as they are, except for times.
    target = filled(address_of(request), {name: quote(value, safe=":") for name, value in values.items()})
    content = content_of(request)
    body = filled(content, values).encode("utf-8", "replace") if content is not None else b""
    parts = urlsplit("//x" + target if target.startswith("/") else target)
    headers = {name: filled(value, values) for name, value in sent_headers(request).items()}
    headers |= {"host": "127.0.0.1", "content-length": str(len(body))} if body or request.method == "POST" else {}
    path = target.partition("?")[0]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": parts.query.encode("ascii", "replace"),
        "headers": [(name.encode("latin-1"), value.encode("utf-8", "replace")) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }
    status, answered, chunks = 0, {}, []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(3600)
        return waiting.pop()

    async def send(message: Any) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status = message["status"]
            answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    answered.setdefault("date", formatdate(usegmt=True))
    return response_of(status, answered, b"".join(chunks))


def response_of(status: int, headers: Mapping[str, str], content: bytes) -> Response:
    """An answer as it is compared."""
    text = content.decode("utf-8", "replace")
    is_json, value = read_json(text)
    return Response(status, dict(headers), Body(value if is_json else None, is_json, None if is_json else text))


# comparing answers


def plain(value: Any, known: Mapping[str, str]) -> Any:
    """A value without what differs from run to run: ids, names, times and addresses.

    Args:
        value: Of an answer.
        known: Value to placeholder.
    """
    if isinstance(value, str):
        text = _TOKEN.sub("<token>", _WHERE.sub("<url>", value))
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


def whole(answer: Response, known: Mapping[str, str]) -> Any:
    """An answer as it is compared as a whole."""
    said = plain(answer.body.json if answer.body.is_json else answer.body.text, known)
    headers = {name: plain(answer.headers[name], known) for name in _KEPT if name in answer.headers}
    reset = answer.headers.get("x-ratelimit-reset")
    return answer.status, headers, None if reset is None else len(reset), said


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
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return {each for place, (mine, theirs) in pairs for each in differences(mine, theirs, f"{at}/{place}")}
    return set() if one == other else {at}


def shows_by_chance(shown: Played, control: Played, again: Played, pointer: str | None) -> bool:
    """Whether the last answers differ only where two of a server without the fault differ as well: as durations do."""
    mine, theirs, others = (whole(one.answer, _known(one)) for one in (shown, control, again))
    noise = differences(theirs, others)
    if pointer is not None and pointer.startswith("/"):
        return any(each.startswith(f"/3{pointer}") for each in noise)
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
