"""Helpers about visitors: registering with exactly these fields, and reading back what is stored."""

from __future__ import annotations

from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.target import NOBODY, RecordingClient
from conformance.world import PreconditionFailed

_READ: Final = "LC-VISITOR-036"
"""The clause that a visitor is read by his token."""


def register(client: RecordingClient, token: str, **fields: Any) -> Exchange:
    """Register a visitor with exactly these fields."""
    return client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token, **fields}})


def visitor_in(judge: Judge, exchange: Exchange) -> dict[str, Any]:
    """The ``visitor`` of an answer; the test is blocked where there is none."""
    found = judge.pick(exchange, "visitor")
    if not isinstance(found, dict):
        raise judge.missing(exchange, "/visitor")
    return found


def read(client: RecordingClient, token: str) -> Exchange:
    """The visitor with a token, as anybody reads him."""
    return client.send(NOBODY, "getVisitor", path={"token": token})


def stored(client: RecordingClient, token: str) -> dict[str, Any]:
    """The visitor with a token; empty where nobody has it, which is answered with success as well.

    Raises:
        PreconditionFailed: The read itself failed, so nobody knows what is stored.
    """
    exchange = read(client, token)
    if not is_accepted(exchange):
        sentence = f"reading the visitor answered {describe(exchange)}, so nobody knows what is stored"
        raise PreconditionFailed(_READ, exchange, sentence)
    found = exchange.json.get("visitor") if isinstance(exchange.json, dict) else None
    return found if isinstance(found, dict) else {}


def addresses(visitor: dict[str, Any]) -> list[Any]:
    """The addresses of a visitor's e-mail entries."""
    entries = visitor.get("visitorEmails")
    return [each.get("address") for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def numbers(visitor: dict[str, Any]) -> list[Any]:
    """The numbers of a visitor's phone entries."""
    entries = visitor.get("phone")
    return [each.get("phoneNumber") for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
