"""Generated calls: schemathesis draws well-formed and ill-formed requests from the contract; live values come in later.

Only its public interface is used: ``schemathesis.openapi.from_dict``, ``Config.from_dict``, ``schema[path][method]``,
``APIOperation.as_strategy`` and the documented members of ``Case``. Drawing sends nothing: all requests of one
operation are drawn before the first is sent, so what a server answers never changes what is drawn, and a seed gives the
same requests on every server and with any number of workers.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from conformance.contract import Contract, Operation
from conformance.suite.property.call import FORM, JSON, Call, form_of
from conformance.suite.property.constraints import looked_at
from conformance.target import ABSENT

_CONFIG: Final = {"cache": {"enabled": False}, "generation": {"database": "none", "allow-x00": False}}
_FORM_DEPTH: Final = 2
_UNDRAWN: Final = ("security", "responses", "callbacks", "servers")


class Generator:
    """Draws requests of the operations of one contract.

    Args:
        contract: The contract in force.
        seed: The run's seed; each operation gets one of its own that depends on it and on the operation alone.
    """

    def __init__(self, contract: Contract, seed: int) -> None:
        self._contract = contract
        self._seed = seed
        self._schemas: dict[str, Any] = {}

    def positive(self, operation: Operation, number: int) -> list[Call]:
        """Well-formed calls, at most so many; fewer where the operation has no more to vary."""
        return self._draw(operation, GenerationMode.POSITIVE, number)

    def negative(self, operation: Operation, number: int) -> list[Call]:
        """Calls of which most are ill-formed; the contract's own check says which, once they are on the wire."""
        if not can_be_ill_formed(operation):
            return []
        return self._draw(operation, GenerationMode.NEGATIVE, number)

    def _draw(self, operation: Operation, mode: GenerationMode, number: int) -> list[Call]:
        if number <= 0:
            return []
        if not operation.body and not operation.parameters_in("query"):
            # All of the path is live values: there is one such call.
            return [Call(operation.id, path={each.name: "any" for each in operation.parameters})]
        drawn: list[Call] = []
        strategy = self._subject(operation).as_strategy(generation_mode=mode)

        @seeded(seed_of(self._seed, operation.id, mode.value))
        @settings(
            max_examples=number,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def collect(case: schemathesis.Case[Any]) -> None:
            drawn.append(call_of(operation, case))

        try:
            collect()
        except Unsatisfiable:
            return drawn
        return list(_distinct(drawn))

    def _subject(self, operation: Operation) -> Any:
        if operation.id not in self._schemas:
            config = schemathesis.Config.from_dict(_CONFIG)
            schema = schemathesis.openapi.from_dict(drawn_document(self._contract, operation), config=config)
            self._schemas[operation.id] = schema[operation.path][operation.method]
        return self._schemas[operation.id]


def seed_of(seed: int, *names: str) -> int:
    """A seed that depends on the run's seed and on names, and on nothing else."""
    return int.from_bytes(hashlib.sha256(":".join([str(seed), *names]).encode()).digest()[:8])


def drawn_document(contract: Contract, operation: Operation) -> dict[str, Any]:
    """The part of the contract from which requests of one operation are drawn: its parameters and its body.

    Credentials are not drawn: the personas bring them. Answers are judged elsewhere.
    """
    item = contract.document["paths"][operation.path]
    method = operation.method.lower()
    raw = {key: value for key, value in item[method].items() if key not in _UNDRAWN}
    shared = {key: value for key, value in item.items() if key == "parameters"}
    components = contract.document.get("components", {})
    return {
        "openapi": contract.document["openapi"],
        "info": {"title": "drawn", "version": "1"},
        "paths": {operation.path: {**shared, method: {**raw, "responses": {"200": {"description": "any"}}}}},
        "components": {key: components[key] for key in ("schemas", "parameters", "examples") if key in components},
    }


def call_of(operation: Operation, case: schemathesis.Case[Any]) -> Call:
    """A drawn case as a call of ours."""
    call = Call(operation.id, path=dict(case.path_parameters or {}))
    declared = {each.name for each in operation.parameters_in("query")}
    of_json = {each.name for each in operation.parameters_in("query") if each.is_json}
    for name, value in dict(case.query or {}).items():
        known = str(name).removesuffix("[]") in declared
        call.query[str(name) if known else plain_key(str(name))] = _read(value) if str(name) in of_json else value
    call.pairs = [pair for name in [*call.query] if name not in of_json for pair in _brackets(name, call.query)]
    body: Any = case.body
    if isinstance(body, bytes):
        call.content, call.media = body, case.media_type or JSON
    elif body is None or isinstance(body, dict | list | str | bool | int | float):
        call.body, call.media = finite(body), case.media_type or JSON
        if call.media == FORM:
            call.body = _form(call.body)
        if call.media == FORM and not isinstance(body, dict):
            call.content = str(body)
        elif call.media not in (JSON, FORM):
            call.media = JSON
    else:
        call.body = ABSENT
    return call


def _read(value: Any) -> Any:
    """The object that the text of a JSON parameter holds, so that live values can be put into it; else the text."""
    try:
        held = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return finite(held) if isinstance(held, dict) else value


def can_be_ill_formed(operation: Operation) -> bool:
    """Whether an operation takes anything that can be ill-formed and that servers look at."""
    if "x-tolerated" in operation.raw and not looked_at(operation, "/"):
        return False
    return bool(operation.body) or any(not each.tolerated for each in operation.parameters_in("query"))


def plain_key(name: str) -> str:
    """A key that nobody knows, without what parsers of queries and forms make of brackets, dots and names of their own.

    An empty key, one in odd brackets, or ``constructor`` is dropped or folded by such parsers: then it is not there.
    """
    return "lcx" + re.sub(r"[^0-9A-Za-z]", "", name)


def _form(value: Any, depth: int = 0) -> Any:
    """A form's members with keys that arrive as they were sent."""
    if isinstance(value, dict):
        if depth > _FORM_DEPTH:
            return "deep"
        return {
            key if re.fullmatch(r"_?[A-Za-z]+[0-9]*", key) else plain_key(key): _form(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return "deep" if depth > _FORM_DEPTH else [_form(each, depth + 1) for each in value[:10]]
    return value


def _brackets(name: str, query: dict[str, Any]) -> list[tuple[str, str]]:
    """The pairs of an object in a query, in brackets as this API reads them; it is taken out of the query."""
    value = _form(query[name]) if isinstance(query[name], dict) else query[name]
    if not isinstance(value, dict):
        query[name] = finite(value)
        return []
    del query[name]
    return [(key, text) for key, text in form_of({name: value}).items()]


def finite(value: Any) -> Any:
    """A value without the numbers that JSON does not have, and without half characters."""
    if isinstance(value, float):
        return value if math.isfinite(value) else 0
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [finite(each) for each in value]
    if isinstance(value, dict):
        return {finite(key): finite(each) for key, each in value.items()}
    return value


def _distinct(calls: list[Call]) -> Iterator[Call]:
    seen: set[str] = set()
    for call in calls:
        shown = repr((call.path, call.query, call.pairs, call.body, call.content, call.media))
        if shown not in seen:
            seen.add(shown)
            yield call
