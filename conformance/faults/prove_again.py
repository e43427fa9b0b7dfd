"""Playing a script's plan in memory: against the reference server with a fault, and against the one without it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

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
from conformance.verdicts.flow import ids_in, is_time, text_of_request
from conformance.verdicts.forms import formed, split

NAME: Final = "lcx-0-again-0000"
"""What the names of a plan that is played here begin with."""
_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9_][A-Za-z0-9 :._-]*)\}\}")
_SECONDS: Final = 12.0
_PAUSE_S: Final = 0.003
"""Between requests of which one names a time: over a network no two things happen in the same millisecond."""


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
    target = filled(address_of(request), {name: quote(value, safe="") for name, value in values.items()})
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
