"""Three ways to show a finding again: curl lines, a Python script, and the seed with the item's name.

Secrets were replaced by named placeholders when the exchange was captured, for example ``{{auth:agent}}``. Here they
become environment variables with telling names, listed with what they stand for: once those are set, the lines run.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from conformance.contract.exchange import Exchange, Request

_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9][A-Za-z0-9 :._-]*)\}\}")
_SKIPPED: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "date", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A secret that the reader has to supply: the variable, and what it stands for."""

    variable: str
    name: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How to show one finding again.

    Attributes:
        curl: Shell lines, one command for each exchange.
        python: A complete script that needs nothing but httpx.
        replay: The command that runs the same item again with the same seed.
        placeholders: What has to be set first.
        cut: Whether a body was too long to be kept, so that the lines do not send all of it.
    """

    curl: str
    python: str
    replay: str
    placeholders: tuple[Placeholder, ...]
    cut: bool = False


def reproduce(exchanges: Sequence[Exchange], url: str, *, seed: int, item: str, requirement: str) -> Reproduction:
    """Write the three reproductions of a sequence of exchanges against the target at ``url``."""
    names = sorted({name for each in exchanges for name in _names(each.request)})
    placeholders = tuple(Placeholder(variable_of(name), name) for name in names)
    cut = any(each.request.body is not None and each.request.body.cut for each in exchanges)
    replay = f"livechat-conformance run {shlex.quote(url)} --only {shlex.quote(requirement)} --seed {seed}"
    if item:
        replay += f"  # item {item}".replace("\n", " ")
    return Reproduction(
        curl="\n\n".join(curl_line(each, url) for each in exchanges),
        python=python_script(exchanges, url),
        replay=replay,
        placeholders=placeholders,
        cut=cut,
    )


def variable_of(name: str) -> str:
    """Give the environment variable of a placeholder: ``auth:agent`` is ``AUTH_AGENT``."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "SECRET"


def curl_line(exchange: Exchange, url: str) -> str:
    """Write one exchange as a curl command for a POSIX shell."""
    request = exchange.request
    parts = [f"curl -sS -i -X {_shell(request.method)} {_shell(_address(request, url))}"]
    parts.extend(f"-H {_shell(f'{name}: {value}')}" for name, value in _headers(request).items())
    content = _content(request)
    if content is not None:
        parts.append(f"--data-binary {_shell(content)}")
    return " \\\n  ".join(parts)


def python_script(exchanges: Iterable[Exchange], url: str) -> str:
    """Write exchanges as a Python script with httpx."""
    lines = ["import os", "", "import httpx", "", f"with httpx.Client(base_url={_python(url.rstrip('/'))}) as client:"]
    for exchange in exchanges:
        request = exchange.request
        arguments = [_python(request.method), _python(_address(request, ""))]
        headers = _headers(request)
        if headers:
            inner = ", ".join(f"{name!r}: {_python(value)}" for name, value in headers.items())
            arguments.append(f"headers={{{inner}}}")
        content = _content(request)
        if content is not None:
            arguments.append(f"content={_python(content)}")
        lines.append("    response = client.request(")
        lines.extend(f"        {argument}," for argument in arguments)
        lines.append("    )")
        lines.append("    print(response.status_code, response.text[:2000])")
    return "\n".join(lines) + "\n"


def _address(request: Request, url: str) -> str:
    address = url.rstrip("/") + request.path
    if request.query:
        pairs = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in request.query)
        address += "?" + pairs
    return address


def _encoded(text: str) -> str:
    """Percent-encode all but placeholders, which become values of the reader's own."""
    pieces = _PLACEHOLDER.split(text)
    return "".join(f"{{{{{piece}}}}}" if number % 2 else quote(piece, safe="~") for number, piece in enumerate(pieces))


def _headers(request: Request) -> Mapping[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() not in _SKIPPED}


def _content(request: Request) -> str | None:
    if request.body is None:
        return None
    if request.body.is_json and request.body.text is None:
        return json.dumps(request.body.json, ensure_ascii=False, separators=(",", ":"))
    return request.body.text or ""


def _names(request: Request) -> list[str]:
    parts = [request.path, *request.headers.values(), *(text for pair in request.query for text in pair)]
    return _PLACEHOLDER.findall("\n".join([*parts, _content(request) or ""]))


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
    """Write a Python expression for a text; placeholders are read from the environment."""
    pieces = _PLACEHOLDER.split(str(text))
    parts = [
        f'os.environ["{variable_of(piece)}"]' if number % 2 else ascii(piece)
        for number, piece in enumerate(pieces)
        if piece
    ]
    return " + ".join(parts) or "''"
