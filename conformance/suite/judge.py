"""The judge: soft checks of a test, each under the id of the requirement that it belongs to.

A broken clause never stops a test, so one run shows all that is wrong. A test that cannot go on because a call
failed that another requirement owns is *blocked* by that requirement; it raises ``PreconditionFailed`` for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.contract import Contract, error_code
from conformance.contract.exchange import Exchange
from conformance.verdicts.outcome import Finding, Judgement
from conformance.world import PreconditionFailed


class UnboundClause(Exception):
    """A test judged a requirement that it is not bound to: a fault of the suite."""


class Judge:
    """Collects the judgements of one test item.

    Args:
        contract: The contract in force.
        check: The stable name of the test, ``module::function``.
        requirements: Ids that the test is bound to by ``@clause``; judging another one raises ``UnboundClause``.
        last: Gives the latest exchange, which a judgement shows where the test names none.
    """

    def __init__(
        self,
        contract: Contract,
        check: str,
        requirements: tuple[str, ...],
        last: Callable[[], Exchange | None] = lambda: None,
    ) -> None:
        self._contract = contract
        self._check = check
        self._bound = frozenset(requirements)
        self._judgements: dict[tuple[str, Finding, str], Judgement] = {}
        self._last = last

    @property
    def last(self) -> Exchange | None:
        """The latest exchange of the item."""
        return self._last()

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """What was judged so far, the first judgement of each kind, in order."""
        return tuple(self._judgements.values())

    def that(
        self,
        requirement: str,
        held: bool,
        sentence: str,
        *,
        exchange: Exchange | None = None,
        expected: Any = None,
        observed: Any = None,
        pointer: str | None = None,
    ) -> bool:
        """Judge one clause; returns whether it held. ``sentence`` says what was seen where it did not.

        What was not answered at all shows nothing: the clause is *not reached* then, and never held.
        """
        exchange = exchange or self.last
        if held and exchange is not None and exchange.response is None:
            self.not_reached(requirement, f"{self._label(exchange)} was not answered: {exchange.failure}", exchange)
            return False
        self._add(
            Judgement(
                requirement=requirement,
                check=self._check,
                finding=Finding.HELD if held else Finding.BROKEN,
                sentence="" if held else sentence,
                operation=exchange.operation if exchange else None,
                expected=None if held else expected,
                observed=None if held else observed,
                pointer=None if held else pointer,
                exchanges=(exchange.id,) if exchange else (),
            )
        )
        return held

    def equal(
        self,
        requirement: str,
        observed: Any,
        expected: Any,
        sentence: str,
        *,
        exchange: Exchange | None = None,
        pointer: str | None = None,
    ) -> bool:
        """Judge that a value is the expected one, of the same JSON type (``1`` is not ``true``)."""
        same = _same(observed, expected)
        return self.that(
            requirement, same, sentence, exchange=exchange, expected=expected, observed=observed, pointer=pointer
        )

    def accepted(self, requirement: str, exchange: Exchange, sentence: str = "") -> bool:
        """Judge that a request was answered with the documented success: 200, and ``success`` true where it is JSON."""
        held = is_accepted(exchange)
        said = sentence or f"{self._label(exchange)} was not accepted: it answered {describe(exchange)}"
        return self.that(
            requirement, held, said, exchange=exchange, expected="200 with success true", observed=describe(exchange)
        )

    def refused(
        self,
        requirement: str,
        exchange: Exchange,
        *,
        code: str | tuple[str, ...] | None = None,
        status: int | tuple[int, ...] = 400,
        sentence: str = "",
    ) -> bool:
        """Judge that a request was refused: the status, no success envelope, and the error code where one is given."""
        statuses = (status,) if isinstance(status, int) else status
        codes = (code,) if isinstance(code, str) else code
        found = error_code(exchange.response) if exchange.response else None
        held = (
            exchange.status in statuses
            and not (isinstance(exchange.json, dict) and exchange.json.get("success") is True)
            and (codes is None or found in codes)
        )
        expected = " or ".join(str(one) for one in statuses) + (f" with code {' or '.join(codes)}" if codes else "")
        said = (
            sentence or f"{self._label(exchange)} should be refused with {expected}, but answered {describe(exchange)}"
        )
        return self.that(requirement, held, said, exchange=exchange, expected=expected, observed=describe(exchange))

    def found(
        self,
        requirement: str,
        sentence: str,
        exchange: Exchange,
        *,
        expected: Any = None,
        observed: Any = None,
        pointer: str | None = None,
        steps: tuple[str, ...] = (),
        flaky: bool = False,
        check: str | None = None,
    ) -> None:
        """Say what a random test found broken, with the smallest sequence of exchanges that shows it.

        Args:
            requirement: The clause.
            sentence: What was seen.
            exchange: The exchange that decided.
            expected: What the clause asks for.
            observed: What came.
            pointer: Where in the answer, or in the request, it stood.
            steps: Ids of the exchanges that show it again, in order; the last one decides.
            flaky: Whether it did not show again when it was tried once more.
            check: The name of the check, where it is not that of the test.
        """
        self._add(
            Judgement(
                requirement=requirement,
                check=check or self._check,
                finding=Finding.FLAKY if flaky else Finding.BROKEN,
                sentence=sentence,
                operation=exchange.operation,
                expected=expected,
                observed=observed,
                pointer=pointer,
                exchanges=(exchange.id,),
                steps=steps,
            )
        )

    def way(self, requirement: str, way: str, exchange: Exchange) -> None:
        """Say which of the accepted ways of a disputed clause was seen."""
        self._add(
            Judgement(
                requirement=requirement,
                check=self._check,
                finding=Finding.HELD,
                operation=exchange.operation,
                exchanges=(exchange.id,),
                way=way,
            )
        )

    def unsupported(self, requirement: str, sentence: str, exchange: Exchange | None = None) -> None:
        """Say that an optional feature is absent, by declaration or by an allowed answer."""
        self._other(requirement, Finding.UNSUPPORTED, sentence, exchange)

    def not_reached(self, requirement: str, sentence: str, exchange: Exchange | None = None) -> None:
        """Say that the situation that the clause speaks of could not be brought about."""
        self._other(requirement, Finding.NOT_REACHED, sentence, exchange)

    def pick(self, exchange: Exchange, *path: str | int) -> Any:
        """A value inside a JSON answer that the test needs in order to go on.

        Raises:
            PreconditionFailed: Where it is missing. The clause about the shape of that operation owns the failure;
                the recorder has already judged it.
        """
        value: Any = exchange.json
        for step in path:
            if isinstance(value, dict) and step in value:
                value = value[str(step)]
            elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
                value = value[step]
            else:
                raise self.missing(exchange, "/" + "/".join(map(str, path)))
        return value

    def missing(self, exchange: Exchange, what: str) -> PreconditionFailed:
        """The exception for an answer that lacks what the test stands on."""
        kind = "shape" if is_accepted(exchange) else "accepts"
        owner = self._contract.requirement_for(exchange.operation, kind) if exchange.operation else None
        sentence = f"{self._label(exchange)} answered {describe(exchange)}, without {what}"
        return PreconditionFailed(owner.id if owner else "", exchange, sentence)

    def close(self, finding: Finding, sentence: str, blocked_by: str | None = None) -> None:
        """Give each bound requirement that was never judged the same finding, at the end of the item."""
        last = self.last
        judged = {one.requirement for one in self._judgements.values()}
        for requirement in sorted(self._bound - judged):
            self._add(
                Judgement(
                    requirement=requirement,
                    check=self._check,
                    finding=finding,
                    sentence=sentence,
                    blocked_by=blocked_by,
                    exchanges=(last.id,) if last else (),
                )
            )

    def _other(self, requirement: str, finding: Finding, sentence: str, exchange: Exchange | None) -> None:
        exchange = exchange or self.last
        self._add(
            Judgement(
                requirement=requirement,
                check=self._check,
                finding=finding,
                sentence=sentence,
                operation=exchange.operation if exchange else None,
                exchanges=(exchange.id,) if exchange else (),
            )
        )

    def _add(self, judgement: Judgement) -> None:
        if judgement.requirement not in self._bound:
            raise UnboundClause(f"{self._check} judged {judgement.requirement}, but is not bound to it by @clause")
        key = (judgement.requirement, judgement.finding, judgement.sentence)
        known = self._judgements.get(key)
        if known is None:
            self._judgements[key] = judgement
        elif judgement.way and not known.way:
            self._judgements[key] = replace(known, way=judgement.way)

    def _label(self, exchange: Exchange) -> str:
        operation = self._contract.operations.get(exchange.operation or "")
        return operation.label if operation else f"{exchange.request.method} {exchange.request.path}"


def is_accepted(exchange: Exchange) -> bool:
    """Whether an answer is a success: 200, and ``success`` true where the body is a JSON object with that member."""
    if exchange.status != 200:
        return False
    body = exchange.json
    if isinstance(body, dict):
        return body.get("success") is True or body.get("status") == "success"
    content_type = (exchange.response.headers.get("content-type", "") if exchange.response else "").lower()
    return not exchange.response.body.is_json and "html" not in content_type if exchange.response else False


def is_refused(exchange: Exchange) -> bool:
    """Whether an answer is the documented refusal: 400, and ``success`` false in a JSON object."""
    return exchange.status == 400 and isinstance(exchange.json, dict) and exchange.json.get("success") is False


def describe(exchange: Exchange) -> str:
    """An answer in a few words: status and code, or why there was none."""
    if exchange.response is None:
        return exchange.failure or "nothing"
    code = error_code(exchange.response)
    if code:
        return f"{exchange.response.status} {code}"
    if isinstance(exchange.json, dict) and "success" in exchange.json:
        return f"{exchange.response.status} with success {str(exchange.json['success']).lower()}"
    media = exchange.response.headers.get("content-type", "no content type").split(";")[0]
    return f"{exchange.response.status} ({media})"


def _same(observed: Any, expected: Any) -> bool:
    if isinstance(observed, bool) or isinstance(expected, bool):
        return observed is expected
    if isinstance(observed, list) and isinstance(expected, list):
        return len(observed) == len(expected) and all(map(_same, observed, expected))
    if isinstance(observed, dict) and isinstance(expected, dict):
        return observed.keys() == expected.keys() and all(_same(observed[key], expected[key]) for key in expected)
    return bool(observed == expected)
