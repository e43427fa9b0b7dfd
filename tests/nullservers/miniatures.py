"""Miniatures: Livechat servers of a few lines that look healthy and are not; the docstring says how each misbehaves."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.contract import Contract, load_contract
from tests.nullservers.conftest import Asked, Said, Server

_INFO = {"version": "3.2.0", "success": True}
_CONFIG = "/api/v1/livechat/config"


@cache
def contract() -> Contract:
    """The contract, read once."""
    return load_contract("3.2.0")


def documented(asked: Asked) -> Any:
    """The first documented example of the success of whatever operation is asked for, or ``None``."""
    found = contract().match(asked.method, asked.path)
    examples = found[0].examples("response", "200") if found else ()
    return next((one.value for one in examples if one.media == "application/json"), None)


def healthy(rest: Callable[[Asked], Said | Iterator[bytes] | None]) -> Server:
    """A server that passes for a healthy one; all but its version and the widget's configuration is ``rest``."""

    def server(asked: Asked) -> Said | Iterator[bytes] | None:
        if asked.path == "/api/info":
            return Said(200, _INFO)
        return Said(200, documented(asked)) if asked.path == _CONFIG and asked.method == "GET" else rest(asked)

    return server


def parrot(asked: Asked) -> Said:
    """Answers every operation with its documented example, whatever was asked."""
    example = documented(asked)
    return Said(404, {"success": False}) if example is None else Said(200, example)


def yes(asked: Asked) -> Said:
    """Says yes to everything, and nothing else."""
    return Said(200, {"success": True})


def no(asked: Asked) -> Said:
    """Refuses everything, in the documented way."""
    return Said(400, {"success": False, "error": "Match error: Missing key 'token'"})


def nowhere(asked: Asked) -> Said:
    """Knows no path but those of the probe."""
    return Said(404, {"success": False, "error": "API endpoint does not exist."})


def doorkeeper(asked: Asked) -> Said:
    """Wants everybody to log in, visitors too."""
    return Said(401, {"status": "error", "message": "You must be logged in to do this."})


def faint(asked: Asked) -> Said:
    """Breaks down at everything that is not a question for its version."""
    return Said(500, {"success": False, "error": "Internal server error"})


def brochure(asked: Asked) -> Said:
    """Shows its web page in place of every answer."""
    return Said(200, b"<!DOCTYPE html><title>Livechat</title>", {"Content-Type": "text/html; charset=utf-8"})


def echo(asked: Asked) -> Said:
    """Says back what it was told, with success."""
    told = asked.json
    return Said(200, {**(told if isinstance(told, dict) else {}), **asked.query, "success": True})


def shy(asked: Asked) -> None:
    """Hangs up on everything after the probe."""


def deaf(asked: Asked) -> Said:
    """Takes a minute for every answer after the probe."""
    time.sleep(60)
    return Said(200, {"success": True})


def flood(asked: Asked) -> Iterator[bytes]:
    """Never ends an answer that it began."""
    return itertools.chain([b'{"success":true,"a":['], itertools.repeat(b"1," * 32768))


def amnesiac() -> Server:
    """Registers every visitor and has forgotten him at once; all else is as documented."""

    def server(asked: Asked) -> Said:
        if asked.method == "GET" and "/visitor/" in asked.path:
            return Said(200, {"success": True})
        return parrot(asked)

    return server


def absent_minded() -> Server:
    """Gives out whatever visitor was registered last, whoever asks."""
    last: dict[str, Any] = {}

    def server(asked: Asked) -> Said:
        said = parrot(asked)
        if asked.method == "POST" and asked.path.endswith("/livechat/visitor") and isinstance(asked.json, dict):
            given = asked.json.get("visitor")
            last.update({**said.body["visitor"], **(given if isinstance(given, dict) else {})})
        return Said(200, {"visitor": dict(last), "success": True}) if last and "/visitor" in asked.path else said

    return server


def in_love_with_200(asked: Asked) -> Said:
    """Answers 200 to what does not even parse, and to paths that do not exist."""
    return Said(200, documented(asked) or {"success": True})


@dataclass(frozen=True, slots=True)
class Miniature:
    """A server, what the first line says of it, and the requirements that it is a caricature of breaking."""

    server: Server
    cause: str
    breaks: tuple[str, ...]


MINIATURES: dict[str, Miniature] = {
    "parrot": Miniature(healthy(parrot), "had the status 200", ("LC-VISITOR-005", "LC-VISITOR-010", "LC-VISITOR-040")),
    "yes": Miniature(healthy(yes), "had the status 200", ("LC-VISITOR-002", "LC-VISITOR-004")),
    "no": Miniature(healthy(no), "had the status 400", ("LC-VISITOR-001",)),
    "nowhere": Miniature(healthy(nowhere), "had the status 404", ("LC-VISITOR-001", "LC-VISITOR-003")),
    "doorkeeper": Miniature(healthy(doorkeeper), "had the status 401", ("LC-VISITOR-001", "LC-VISITOR-003")),
    "faint": Miniature(healthy(faint), "had the status 500", ("LC-VISITOR-001", "LC-VISITOR-003")),
    "brochure": Miniature(healthy(brochure), "had the status 200", ("LC-VISITOR-001", "LC-VISITOR-002")),
    "echo": Miniature(healthy(echo), "MUST requirements broken", ("LC-VISITOR-007", "LC-VISITOR-010")),
    "shy": Miniature(healthy(shy), "not one of", ("LC-VISITOR-001", "LC-VISITOR-003")),
    "deaf": Miniature(healthy(deaf), "not one of", ("LC-VISITOR-001",)),
    "flood": Miniature(healthy(flood), "had the status 200", ("LC-VISITOR-002",)),
    "amnesiac": Miniature(healthy(amnesiac()), "had the status 200", ("LC-VISITOR-042",)),
    "absent-minded": Miniature(
        healthy(absent_minded()), "had the status 200", ("LC-VISITOR-040", "LC-VISITOR-041", "LC-ISOLATION-024")
    ),
    "in love with 200": Miniature(healthy(in_love_with_200), "had the status 200", ("LC-REST-013", "LC-REST-018")),
}
"""All of them, by name."""
