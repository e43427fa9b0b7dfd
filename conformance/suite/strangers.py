"""Strangers: what belongs to other people than the run never stands in what it writes down.

A visitor's token opens his chat, so a report with the tokens of real customers would give their chats away. Checks see
every answer as it came; only what is written to the disk has placeholders instead, such as
``{{token of somebody else main-1}}``. Equal values have equal placeholders within one worker, and different ones
different: a reader can still tell who is who, and a script can still take a value out of an earlier answer.

Ours is what carries the prefix of a run, the token of a visitor who does, and whatever this worker has sent itself,
however wrong it was.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from conformance.contract.exchange import Body, Exchange, Request
from conformance.verdicts import Judgement
from conformance.verdicts.flow import texts_of
from conformance.world.names import owns

_KINDS: Final = {
    "token": "token",
    "address": "e-mail address",
    "email": "e-mail address",
    "phoneNumber": "telephone number",
}
"""Members of answers whose texts belong to somebody, and what they are."""
_MEMBER: Final = re.compile(rf'(\\*"({"|".join(_KINDS)})\\*"\s*:\s*\\*")((?:[^"\\]|\\[^"])+)')
"""Such a member in a text: JSON that was cut, or that stands inside of JSON."""
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORD: Final = re.compile(r"[^\s\"'`,;()\[\]{}<>=]+")
_WEBHOOK: Final = re.compile(r"(?i)webhook")
_TELLING: Final = 8
"""Characters from which on a value is replaced wherever it stands alone; a shorter one may be anybody's word."""
_MOST: Final = 20_000
"""Values that get a number of their own: a server may send new ones without end."""


class Strangers:
    """Tells what is ours from what is not, and hides the latter; safe for use by several threads.

    Args:
        worker: Stands in the placeholders, since each worker counts for itself.
    """

    def __init__(self, worker: str = "main") -> None:
        self._worker = worker
        self._hidden: dict[str, str] = {}
        self._ours: set[int] = set()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange as it may be written down."""
        # What was sent before anybody else was seen with it is ours, an echo of it in this very answer included.
        self._ours.update(_mark(text) for text in _sent(exchange.request) if not owns(text))
        request = self._request(exchange.request) if self._hidden else exchange.request
        response = exchange.response
        if response is not None:
            response = replace(response, body=_body(response.body, self._answer, self._members))
        return replace(exchange, request=request, response=response)

    def judgement(self, judgement: Judgement) -> Judgement:
        """A judgement whose sentence and values may be written down."""
        return replace(
            judgement,
            sentence=self.words(judgement.sentence),
            expected=_each_text(self._answer(judgement.expected), self.words),
            observed=_each_text(self._answer(judgement.observed), self.words),
        )

    def words(self, text: str) -> str:
        """A text of ours in which no value stands that was seen to be somebody else's."""
        return _WORD.sub(self._word, self._members(text)) if self._hidden else text

    def _word(self, found: re.Match[str]) -> str:
        word = found[0].rstrip(".:!?")
        return self._alone(word) + found[0][len(word) :]

    def _request(self, request: Request) -> Request:
        """A request that repeats what an answer said before, as one does that gives a setting its old value back."""
        return replace(
            request,
            path="/".join(self._hidden_part(part) for part in request.path.split("/")),
            query=tuple((name, self._alone(value)) for name, value in request.query),
            body=_body(request.body, lambda value: _each_text(value, self._alone), self._quoted)
            if request.body
            else None,
        )

    def _hidden_part(self, part: str) -> str:
        plain = unquote(part)
        put = self._alone(plain)
        return part if put == plain else put

    def _quoted(self, text: str) -> str:
        return _QUOTED.sub(lambda found: f'"{self._alone(found[1])}"', text)

    def _answer(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._members(value) if _is_like_json(value) else self._alone(value)
        if isinstance(value, list):
            return [self._answer(each) for each in value]
        if isinstance(value, dict):
            if isinstance(value.get("token"), str) and _is_about_us(value):
                self._ours.add(_mark(value["token"]))
            made = {key: self._member(key, each) for key, each in value.items()}
            name, content = value.get("_id"), value.get("value")
            if isinstance(name, str) and isinstance(content, str) and _WEBHOOK.search(name):
                made["value"] = self._stranger("webhook", content)
            return made
        return value

    def _member(self, key: str, value: Any) -> Any:
        kind = _KINDS.get(key)
        return self._stranger(kind, value) if kind and isinstance(value, str) else self._answer(value)

    def _members(self, text: str) -> str:
        return _MEMBER.sub(lambda found: found[1] + self._escaped(found[2], found[3]), text)

    def _escaped(self, key: str, written: str) -> str:
        try:
            value = str(json.loads(f'"{written}"'))
        except ValueError:
            value = written
        put = self._stranger(_KINDS[key], value)
        return written if put == value else put

    def _alone(self, text: str) -> str:
        """A text that is replaced where all of it was seen to be somebody else's."""
        return self._hidden.get(text, text) if len(text) >= _TELLING else text

    def _stranger(self, kind: str, value: str) -> str:
        """The value itself where it is ours, else its placeholder."""
        known = self._hidden.get(value)
        if known or not value or value.startswith("{{") or (kind == "e-mail address" and "@" not in value):
            return known or value
        if owns(value) or _mark(value) in self._ours:
            return value
        name = f"webhook at {_host(value)}" if kind == "webhook" else f"{kind} of somebody else"
        with self._lock:
            if len(self._hidden) >= _MOST:
                return "{{" + name + "}}"
            self._counts[kind] += 1
            return self._hidden.setdefault(value, f"{{{{{name} {self._worker}-{self._counts[kind]}}}}}")


def _mark(text: str) -> int:
    """What is remembered of a text that we sent, however long it was.

    Servers may trim what they are sent, and write addresses in small letters: it is ours still.
    """
    return hash(text.strip().casefold())


def _is_about_us(thing: dict[str, Any]) -> bool:
    """Whether a visitor or a message is of one of ours: who wrote us a text message got his token from the server."""
    sender = thing.get("u")
    return owns(thing.get("username")) or (isinstance(sender, dict) and owns(sender.get("username")))


def _is_like_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _body(body: Body, put: Callable[[Any], Any], put_text: Callable[[str], str]) -> Body:
    if body.text is not None:
        return replace(body, text=put_text(body.text))
    return replace(body, json=put(body.json)) if body.is_json else body


def _host(address: str) -> str:
    """The part of an address that says whose it is; what comes behind it is the secret."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    return re.sub(r"[^a-z0-9.:-]", "", host) or "an unknown host"


def _sent(request: Request) -> Iterator[str]:
    """All values of a request that an answer may echo."""
    yield from map(unquote, request.path.split("/"))
    for _, value in request.query:
        yield value
    body = request.body
    if body is None:
        return
    for text in texts_of(body.json) if body.text is None else [body.text]:
        yield text
        if _is_like_json(text):
            yield from _QUOTED.findall(text)
        elif body.text is not None:
            yield from (value for _, value in parse_qsl(text))


def _each_text(value: Any, put: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return put(value)
    if isinstance(value, list):
        return [_each_text(each, put) for each in value]
    if isinstance(value, dict):
        return {key: _each_text(each, put) for key, each in value.items()}
    return value
