"""Generic faults on recorded answers: what a fault makes of an answer, and which tests saw one that it breaks."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from conformance.contract import Contract
from conformance.contract.exchange import Body, Exchange, Response
from conformance.contract.spoil import shape
from conformance.faults.generic_members import WAYS, spoilt
from conformance.faults.model import Fault

AREA: Final = "generic"
"""What the id of a generic fault begins with."""
_ENOUGH: Final = 4

Alter = Callable[[Response], Response | None]


def alteration(what: str) -> Alter | None:
    """What a fault makes of an answer, where that is all it does; ``None`` for faults of another kind.

    Args:
        what: What the fault does and where, the last part of its id: ``drop:/room/_id``, ``status:200-201``.

    Returns:
        A function that gives the altered answer, and ``None`` for one that the fault does not touch.
    """
    kind, _, where = what.partition(":")
    if kind in WAYS:
        steps, way = tuple(where[1:].split("/")), WAYS[kind]

        def spoil(response: Response) -> Response | None:
            body = response.body
            if response.status != 200 or not body.is_json:
                return None
            new = spoilt(body.json, steps, way)
            return None if new is body.json else dataclasses.replace(response, body=Body(new, True, size=body.size))

        return spoil
    if kind == "status":
        status, other = map(int, where.split("-"))

        def restate(response: Response) -> Response | None:
            html = "html" in response.headers.get("content-type", "")
            if response.status != status or html:
                return None
            body = Body() if other == 204 else response.body
            return dataclasses.replace(response, status=other, body=body)

        return restate
    return None


def kind_of_answer(response: Response) -> object:
    """Something that is equal for answers between which no schema of the contract is likely to tell."""
    return response.status, response.body.is_json, shape(response.body.json)


def shown(
    contract: Contract,
    exchanges: Iterable[tuple[Exchange, str]],
    seconds: Mapping[str, float],
    faults: Collection[Fault],
) -> dict[str, tuple[str, ...]]:
    """Which tests were shown an answer that would break the contract if the fault had altered it, the quickest first.

    Args:
        contract: In force for the server.
        exchanges: What was recorded on a server without a fault, each with the name of its test.
        seconds: How long each test takes.
        faults: Only the generic ones among them that alter answers and do nothing else are looked at.

    Returns:
        Ids of faults, each with a few tests; a fault that no recorded answer shows is not among them.
    """
    asked = {name for one in faults if one.id.startswith(f"{AREA}.") for name in one.operations}
    answers: dict[str, dict[object, tuple[Response, str]]] = defaultdict(dict)
    for exchange, test in sorted(exchanges, key=lambda each: seconds.get(each[1], 0.0)):
        response = exchange.response
        if exchange.operation in asked and response is not None and not response.body.cut:
            answers[str(exchange.operation)].setdefault(kind_of_answer(response), (response, test))
    found: dict[str, tuple[str, ...]] = {}
    for fault in faults:
        if not fault.id.startswith(f"{AREA}."):
            continue
        _, operation, what = fault.id.split(".", 2)
        alter = alteration(what)
        tests = _tests(contract, operation, alter, answers[operation].values()) if alter else ()
        if tests:
            found[fault.id] = tests
    return found


def _tests(
    contract: Contract, operation: str, alter: Alter, answers: Iterable[tuple[Response, str]]
) -> tuple[str, ...]:
    tests: dict[str, None] = {}
    for response, test in answers:
        if test in tests:
            continue
        altered = alter(response)
        if altered is not None and contract.check_response(contract.operations[operation], altered):
            tests[test] = None
            if len(tests) == _ENOUGH:
                break
    return tuple(tests)
