"""Three ways to show a finding again: a curl script, a Python script, and the seed with the item's name.

A script needs nothing but the address of a server and the secrets that it asks for in environment variables. It makes
what the finding speaks of itself, under names of its own, and takes ids out of earlier answers. Secrets were replaced
by named placeholders when the exchange was captured, for example ``{{auth:agent}}``; where an earlier answer of the
script does not give them, they become environment variables with telling names.
"""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from conformance.contract.exchange import Exchange, Request
from conformance.report import care, pick
from conformance.report.script import RUN, Plan, Step, escaped_json, groups_of, plan, sending_order, variable_of
from conformance.verdicts.forms import FORMS

_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9_][A-Za-z0-9 :._-]*)\}\}")
_SKIPPED: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "date", "transfer-encoding"}
)
PATIENCE_S: Final = 10
"""Seconds that a script waits for an answer where none came when it was recorded."""
_PICK: Final = inspect.getsource(pick.pick).replace(": Any", "").replace(": str", "").replace(" -> Any", "")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A secret that the reader has to supply: the variable, and what it stands for."""

    variable: str
    name: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How to show one finding again.

    Attributes:
        curl: A bash script; besides curl it needs python3 where it takes an id out of an answer.
        python: A complete script that needs nothing but httpx.
        replay: The command that runs the same item again with the same seed.
        placeholders: What has to be set first.
        cut: Whether a body was too long to be kept, so that the lines do not send all of it.
        requests: How many requests show the finding.
        preparing: How many requests come before them that only set the stage.
    """

    curl: str
    python: str
    replay: str
    placeholders: tuple[Placeholder, ...]
    cut: bool = False
    requests: int = 1
    preparing: int = 0


def reproduce(exchanges: Sequence[Exchange], url: str, *, seed: int, item: str, requirement: str) -> Reproduction:
    """Write the three reproductions of a sequence of exchanges against the target at ``url``; the last one decides."""
    made = plan(exchanges)
    cut = any(each.request.body is not None and each.request.body.cut for each in exchanges)
    replay = f"livechat-conformance run {shlex.quote(url)} --only {shlex.quote(requirement)} --seed {seed}"
    if item:
        replay += f"  # item {item}".replace("\n", " ")
    return Reproduction(
        curl=curl_script(made, url),
        python=python_script(made, url),
        replay=replay,
        placeholders=tuple(sorted((Placeholder(variable_of(name), name) for name in made.asked), key=_by_variable)),
        cut=cut,
        requests=made.shown,
        preparing=len(made.steps) - made.shown,
    )


def _by_variable(placeholder: Placeholder) -> str:
    return placeholder.variable


# curl


def curl_script(made: Plan, url: str) -> str:
    """Write a plan as a script for bash."""
    warning = care.warning(made)
    lines = [f"URL=${{URL:-{_shell(url.rstrip('/'))}}}", *(care.CURL_REFUSAL if warning else ())]
    lines += [f': "${{{variable_of(name)}:?set it: {_meaning(name)}}}"' for name in made.asked]
    if made.named:
        lines += care.CURL_NAMES
    for name in made.made:
        lines.append(f"{variable_of(name)}=${{{variable_of(name)}:-Lc1!${{RANDOM}}${{RANDOM}}${{RANDOM}}}}")
    for variable in [RUN, *map(variable_of, (*made.asked, *made.made))]:
        lines += _curl_forms(made, variable)
    lines += care.CURL_ASK
    if any(each.bindings for each in made.steps):
        program = "\n".join(line for line in _PICK.splitlines() if '"""' not in line)
        body = 'sys.stdin.buffer.read().decode().partition("\\r\\n\\r\\n")[2]'
        program = f"import json, sys\n{program}\nprint(pick(json.loads({body}), sys.argv[1]))"
        lines.append(f'pick() {{ printf \'%s\' "$answer" | python3 -c {shlex.quote(program)} "$1"; }}')
    changed = care.changed_settings(made)
    lines += _curl_putting_back(changed)
    for number, group in enumerate(groups_of(made.steps), 1):
        lines.append("")
        lines += [
            f"kept_{place}=$(keep {_curl_setting(request)})"
            for place, request in enumerate(changed.values(), 1)
            if any(step.request is request for step in group)
        ]
        if len(group) > 1:
            lines += _curl_together(made, group, number)
            continue
        (step,) = group
        lines.append(f"# {number}. {_title(step)}")
        lines += [f"sleep {step.pause_s:g}"] * bool(step.pause_s)
        patience = [] if step.exchange.response is not None else [f"-m {PATIENCE_S}"]
        lines.append("ask " + " \\\n  ".join([*patience, *_curl_arguments(step.request, "$URL")]))
        lines += _curl_bindings(made, step)
    return "\n".join([*warning, "set -eu", *lines]) + "\n"


def _curl_putting_back(changed: Mapping[str, Request]) -> list[str]:
    """Functions that read settings before they are changed, and give them back their values when the script ends."""
    if not changed:
        return []
    numbered = reversed(list(enumerate(changed.values(), 1)))
    backwards = [
        f'  [ -z "${{kept_{place}-}}" ] || put_back {_curl_setting(request, f"${{kept_{place}}}")}'
        for place, request in numbered
    ]
    return [*care.CURL_KEEP.splitlines(), "restore() {", *backwards, "}", "trap restore EXIT"]


def _curl_setting(request: Request, body: str = "") -> str:
    """The path of a setting, the body to send if there is one, and the headers of the request that changes it."""
    parts = [_shell(request.path), *([f'"{body}"'] if body else []), *_curl_headers(sent_headers(request))]
    return " \\\n    ".join(parts)


def _curl_bindings(made: Plan, step: Step) -> list[str]:
    lines: list[str] = []
    for each in step.bindings:
        lines += [f"{each.variable}=$(pick {_shell(each.path)})", *_curl_forms(made, each.variable)]
    return lines


def _curl_forms(made: Plan, variable: str) -> list[str]:
    """A value in the other forms in which requests name it."""
    forms = [form for name, form in made.forms if name == variable]
    return [f"{variable_of(f'{variable}.{form}')}=$({FORMS[form].bash.format(variable)})" for form in forms]


def _curl_together(made: Plan, group: Sequence[Step], number: int) -> list[str]:
    lines = [f"# {number}. at the same time: {', '.join(_title(step) for step in group)}", "answers=$(mktemp -d)"]
    sent = [
        " \\\n  ".join([f'-sS -i -g --path-as-is -o "$answers/{place}"', *_curl_arguments(step.request, "$URL")])
        for place, step in ((place + 1, group[place]) for place in sending_order(group))
    ]
    lines.append("curl --parallel --parallel-immediate " + " \\\n  --next ".join(sent))
    for place, step in enumerate(group, 1):
        lines.append(f'answer=$(cat "$answers/{place}"); show')
        lines += _curl_bindings(made, step)
    return lines


def curl_line(exchange: Exchange, url: str) -> str:
    """Write one exchange, as it was recorded, as a curl command for a POSIX shell."""
    return "curl -sS -i " + " \\\n  ".join(_curl_arguments(exchange.request, url))


def _curl_arguments(request: Request, url: str) -> list[str]:
    address = _shell(address_of(request, ""))
    place = f'"$URL"{address}' if url == "$URL" else _shell(address_of(request, url))
    method = "--head" if request.method == "HEAD" else f"-X {_shell(request.method)}"
    headers = sent_headers(request)
    parts = [f"{method} {place}", *_curl_headers(headers)]
    content = content_of(request)
    if content is not None:
        if "content-type" not in headers:
            parts.append("-H content-type:")
        parts.append(f"--data-binary {_shell(content)}")
    return parts


def _curl_headers(headers: Mapping[str, str]) -> list[str]:
    return [f"-H {_shell(f'{name}: {value}' if value else f'{name};')}" for name, value in headers.items()]


# Python


def python_script(made: Plan, url: str) -> str:
    """Write a plan as a Python script with httpx."""
    picks = any(each.bindings for each in made.steps)
    together = any(each.together for each in made.steps)
    pauses = any(each.pause_s for each in made.steps)
    warning, changed = care.warning(made), care.changed_settings(made)
    modules = ["os", "re"] + ["json"] * picks + ["time"] * (made.named or pauses) + ["secrets"] * bool(made.made)
    modules += ["sys"] * bool(made.named or warning) + ["atexit"] * bool(changed)
    lines = [*warning, *(f"import {name}" for name in sorted(modules))]
    lines += ["from concurrent.futures import ThreadPoolExecutor"] * together
    lines += ["", "import httpx", ""]
    lines += [f'URL = os.environ.get("URL", {url.rstrip("/")!a})', *(care.PYTHON_REFUSAL if warning else ())]
    lines += [f'{variable_of(name)} = os.environ["{variable_of(name)}"]  # {_meaning(name)}' for name in made.asked]
    if made.named:
        lines += care.PYTHON_NAMES
    for name in made.made:
        lines.append(f'{variable_of(name)} = os.environ.get("{variable_of(name)}") or "Lc1!" + secrets.token_hex(14)')
    for variable in [RUN, *map(variable_of, (*made.asked, *made.made))]:
        lines += _python_forms(made, variable)
    lines += ["", "", *care.PYTHON_ASK.splitlines()]
    if changed:
        lines += ["", "", *care.PYTHON_KEEP.splitlines()]
    if picks:
        lines += ["", "", *_PICK.splitlines()]
    lines += ["", ""]
    for number, group in enumerate(groups_of(made.steps), 1):
        lines += [
            f"keep({_python(request.path)}, headers={_python_headers(request)})"
            for request in changed.values()
            if any(step.request is request for step in group)
        ]
        if len(group) > 1:
            lines.append(f"# {number}. at the same time: {', '.join(_title(step) for step in group)}")
            lines.append(f"with ThreadPoolExecutor({len(group)}) as pool:")
            lines.append("    sent = [")
            order = sending_order(group)
            lines += [
                f"        pool.submit(ask, {', '.join(_python_arguments(group[each].request))})," for each in order
            ]
            places = ", ".join(str(order.index(place)) for place in range(len(group)))
            lines += ["    ]", f"answers = [sent[place].result() for place in ({places})]"]
            for place, step in enumerate(group):
                lines += _python_bindings(made, step, f"answers[{place}]")
            continue
        (step,) = group
        lines.append(f"# {number}. {_title(step)}")
        lines += [f"time.sleep({step.pause_s:g})"] * bool(step.pause_s)
        lines.append("answer = ask(")
        patience = [] if step.exchange.response is not None else [f"timeout={PATIENCE_S}"]
        lines += [f"    {argument}," for argument in [*_python_arguments(step.request), *patience]]
        lines.append(")")
        lines += _python_bindings(made, step, "answer")
    return "\n".join(lines) + "\n"


def _python_bindings(made: Plan, step: Step, answer: str) -> list[str]:
    lines: list[str] = []
    for each in step.bindings:
        lines.append(f"{each.variable} = pick({answer}.json(), {_python(each.path)})")
        lines += _python_forms(made, each.variable)
    return lines


def _python_forms(made: Plan, variable: str) -> list[str]:
    """A value in the other forms in which requests name it."""
    forms = [form for name, form in made.forms if name == variable]
    return [f"{variable_of(f'{variable}.{form}')} = {FORMS[form].python.format(variable)}" for form in forms]


def _python_arguments(request: Request) -> list[str]:
    arguments = [_python(request.method), _python(address_of(request, ""))]
    if sent_headers(request):
        arguments.append(f"headers={_python_headers(request)}")
    content = content_of(request)
    if content is not None:
        arguments.append(f"content={_in_bytes(_python(content))}")
    return arguments


def _python_headers(request: Request) -> str:
    return "{" + ", ".join(f"{name!r}: {_python(value)}" for name, value in sent_headers(request).items()) + "}"


def _in_bytes(expression: str) -> str:
    return f"({expression}).encode()" if " + " in expression else f"{expression}.encode()"


# both


def _title(step: Step) -> str:
    exchange = step.exchange
    what = exchange.operation or f"{exchange.request.method} {exchange.request.path}"[:60]
    said = f"{what} as {exchange.persona or 'nobody'}"
    return "".join(character if character.isprintable() else " " for character in said)


def _meaning(name: str) -> str:
    kind, _, whose = name.partition(":")
    words = {"password": "the password", "auth": "the token", "2fa": "the code of the second factor"}
    said = f"{words.get(kind, kind)} of {whose}" if whose else name
    return re.sub(r"[^A-Za-z0-9 ]", " ", said)


def address_of(request: Request, url: str = "") -> str:
    """The address of a request as a script sends it; placeholders stand in it unencoded."""
    address = url.rstrip("/") + request.path
    if request.query:
        pairs = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in request.query)
        address += ("&" if "?" in address else "?") + pairs
    return address


def _encoded(text: str) -> str:
    """Percent-encode all but placeholders, which become values of the reader's own."""
    pieces = _PLACEHOLDER.split(text)
    return "".join(
        f"{{{{{piece}}}}}" if number % 2 else quote(piece, safe="~", errors="replace")
        for number, piece in enumerate(pieces)
    )


def sent_headers(request: Request) -> Mapping[str, str]:
    """The headers that a script sends: without those that its client makes itself."""
    return {name: value for name, value in request.headers.items() if name.lower() not in _SKIPPED}


def content_of(request: Request) -> str | None:
    """The body that a script sends, as text."""
    if request.body is None:
        return None
    if request.body.is_json and request.body.text is None:
        escaped = escaped_json(request.body)
        return escaped or json.dumps(request.body.json, ensure_ascii=False, separators=(",", ":"))
    return request.body.text or ""


def _shell(text: str) -> str:
    """Quote a text for a POSIX shell; placeholders become variables in double quotes between the quoted parts."""
    pieces = _PLACEHOLDER.split(text)
    quoted = [
        f'"${{{variable_of(piece)}}}"' if number % 2 else _quote(piece) for number, piece in enumerate(pieces) if piece
    ]
    return "".join(quoted) or "''"


def _quote(text: str) -> str:
    """Quote for a POSIX shell; control characters in the ``$'…'`` form, since they would not survive a copy."""
    if all(character.isprintable() or character == "\n" for character in text):
        return shlex.quote(text)
    escaped = "".join(_ansi_c(character) for character in text)
    return f"$'{escaped}'"


def _ansi_c(character: str) -> str:
    if character in "\\'":
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def _python(text: Any) -> str:
    """Write a Python expression for a text; placeholders become variables."""
    pieces = _PLACEHOLDER.split(str(text))
    parts = [variable_of(piece) if number % 2 else ascii(piece) for number, piece in enumerate(pieces) if piece]
    return " + ".join(parts) or "''"


__all__ = [
    "PATIENCE_S",
    "Placeholder",
    "Reproduction",
    "address_of",
    "content_of",
    "curl_line",
    "reproduce",
    "sent_headers",
    "variable_of",
]
