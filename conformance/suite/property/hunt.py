"""The hunt: generated calls of one operation are sent and judged by what they mean; findings are made small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from conformance.contract import Contract, Operation, Requirement, error_code
from conformance.contract.exchange import Exchange, Request
from conformance.suite.judge import Judge, describe
from conformance.suite.property.answers import is_absent, is_accepted, is_bare, is_refusal, refused_as_ill_formed
from conformance.suite.property.call import Call, Live
from conformance.suite.property.constraints import looked_at
from conformance.suite.property.minimise import smallest_call
from conformance.suite.property.provision import MAY_REFUSE_BARELY, provide
from conformance.suite.property.shapes import build
from conformance.suite.property.supply import Supply
from conformance.suite.recorder import ItemRecord
from conformance.target import RecordingClient

_TRIES: Final = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an answer: a key that stays the same when the call gets smaller, and a sentence."""

    key: str
    sentence: str
    expected: str
    pointer: str | None = None


@dataclass(slots=True)
class Hunt:
    """One operation's hunt.

    Attributes:
        operation: The operation.
        supply: Live values.
        client: Sends the calls.
        contract: The contract in force.
        judge: Is told what held and what was found.
        record: Keeps the counters.
        found: Keys of findings that were dealt with already.
        sent: Outlines of the well-formed calls that were sent.
    """

    operation: Operation
    supply: Supply
    client: RecordingClient
    contract: Contract
    judge: Judge
    record: ItemRecord
    found: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)

    def well_formed(self, drawn: Call, clause: Requirement) -> None:
        """Send a generated well-formed call with live values, and judge that it is not refused as ill-formed."""
        live = provide(self.supply, self.operation.id, expendable=False)
        shape = live.outline(drawn)
        if shape in self.sent:
            return  # drawn differently, but the same call as an earlier one once the live values are in
        self.sent.add(shape)
        call = provide(self.supply, self.operation.id).fit(drawn)
        exchange = call.send(self.client)
        self.supply.noticed(call, exchange)
        if self.contract.check_request(exchange.request, self.operation):
            self.record.count(f"positive|{self.operation.id}|ill-formed after all")
            return
        self.record.count(f"positive|{self.operation.id}|sent")
        if is_absent(self.contract, self.operation, exchange):
            self.judge.unsupported(clause.id, f"{self.operation.label} answered {describe(exchange)}", exchange)
            return
        if is_accepted(exchange):
            self.record.count(f"positive|{self.operation.id}|accepted")
        fault = self._refused_without_reason(exchange)
        if fault is None:
            self.judge.that(clause.id, True, "", exchange=exchange)
        else:
            self._finding(clause, fault, drawn, exchange, self._refused_without_reason, expendable=True)

    def ill_formed(self, drawn: Call, clause: Requirement) -> None:
        """Send a generated ill-formed call, live values where it is well-formed, and judge that it is not accepted."""
        call = self._ill_formed_with(provide(self.supply, self.operation.id, expendable=False), drawn)
        exchange = call.send(self.client)
        self.supply.noticed(call, exchange)
        if is_accepted(exchange) and self.operation.effects != "read":
            # Whatever the accepted call has done, it did to things that other calls share.
            self.supply.forget()
        if not self._breaks_the_contract(exchange):
            self.record.count(f"negative|{self.operation.id}|well-formed after all")
            return
        self.record.count(f"negative|{self.operation.id}|sent")
        fault = self._accepted_all_the_same(exchange)
        if fault is None:
            self.record.count(f"negative|{self.operation.id}|refused")
            if is_refusal(exchange):
                self.judge.that(clause.id, True, "", exchange=exchange)
            return
        self._finding(clause, fault, drawn, exchange, self._accepted_all_the_same, expendable=False)

    def _ill_formed_with(self, live: Live, drawn: Call) -> Call:
        """An ill-formed call with live values, in which as little is wrong as possible.

        Of a call that lacks its token *and* has a key that nobody knows, a server that lets unknown keys pass refuses
        every one for the token; so what is required is put in, as long as the call stays ill-formed.
        """
        call = live.fit(drawn, only_texts=True)
        whole = live.fit(build(self.contract, self.operation, full=False))
        better = call.copy()
        for name, value in whole.query.items():
            if not any(given == name or given.startswith(f"{name}[") for given, _ in call.pairs):
                better.query.setdefault(name, value)
        if isinstance(better.body, dict) and isinstance(whole.body, dict):
            better.body = {**whole.body, **better.body}
        return better if self._is_ill_formed(better.request(self.operation)) else call

    # oracles

    def _refused_without_reason(self, exchange: Exchange) -> Fault | None:
        """A well-formed call about existing things may be refused for a documented reason, but not for its form."""
        if self.contract.check_request(exchange.request, self.operation):
            return None
        if is_accepted(exchange) or exchange.response is None or not 400 <= exchange.response.status < 500:
            return None  # a success, or something that the clause about statuses judges
        label, answer = self.operation.label, describe(exchange)
        if refused_as_ill_formed(exchange):
            return Fault(
                "ill-formed", f"{label} refused a well-formed request as ill-formed: {answer}", "200 with success true"
            )
        if exchange.response.status in (401, 403):
            return Fault("credentials", f"{label} refused good credentials: {answer}", "200 with success true")
        if is_bare(exchange):
            if self.operation.id in MAY_REFUSE_BARELY:
                return None
            return Fault("bare", f"{label} refused a well-formed request without a word", "200 with success true")
        code = error_code(exchange.response)
        if code is None or any(code == known or _alike(code, known) for known in self.operation.error_codes):
            return None
        return Fault(
            f"code {code[:60]}", f"{label} refused a well-formed request with {code[:80]}", "200 with success true"
        )

    def _breaks_the_contract(self, exchange: Exchange) -> bool:
        """Whether what went over the wire is ill-formed in a way that real servers do not let pass."""
        return self._is_ill_formed(exchange.request)

    def _is_ill_formed(self, request: Request) -> bool:
        faults = self.contract.check_request(request, self.operation)
        return any(not each.tolerated and looked_at(self.operation, each.pointer) for each in faults)

    def _accepted_all_the_same(self, exchange: Exchange) -> Fault | None:
        if not is_accepted(exchange) or not self._breaks_the_contract(exchange):
            return None
        faults = self.contract.check_request(exchange.request, self.operation)
        first = next(each for each in faults if not each.tolerated and looked_at(self.operation, each.pointer))
        place = "/".join("*" if part.isdigit() else part for part in first.pointer.split("/"))
        return Fault(
            f"{place} {first.kind}",
            f"{self.operation.label} accepted an ill-formed request: {first.message}",
            "a refusal",
            f"request{first.pointer}",
        )

    # findings

    def _finding(
        self,
        clause: Requirement,
        fault: Fault,
        drawn: Call,
        exchange: Exchange,
        oracle: Callable[[Exchange], Fault | None],
        *,
        expendable: bool,
    ) -> None:
        if fault.key in self.found:
            return
        self.found.add(fault.key)

        def once_more(call: Call) -> tuple[Exchange, tuple[str, ...], Fault | None]:
            # Everything that the call speaks of is made afresh, so that the steps show all of it.
            supply = self.supply.afresh()
            live = provide(supply, self.operation.id, expendable=True)
            fitted = live.fit(call) if expendable else self._ill_formed_with(live, call)
            sent = fitted.send(self.client)
            supply.noticed(fitted, sent)
            return sent, (*live.setup, sent.id), oracle(sent)

        last = once_more(drawn)
        if last[2] is None or last[2].key != fault.key:
            self.judge.found(
                clause.id,
                f"{fault.sentence}; when it was tried again it answered {describe(last[0])}",
                exchange,
                expected=fault.expected,
                observed=describe(exchange),
                pointer=fault.pointer,
                steps=(exchange.id, *last[1]),
                flaky=True,
            )
            return

        def same(call: Call) -> bool:
            seen = once_more(call)[2]
            return seen is not None and seen.key == fault.key

        small = smallest_call(drawn, same, most=_TRIES)
        sent, steps, seen = once_more(small)
        shown = seen or fault
        self.judge.found(
            clause.id,
            shown.sentence,
            sent,
            expected=shown.expected,
            observed=describe(sent),
            pointer=shown.pointer,
            steps=steps,
        )


def _alike(code: str, documented: str) -> bool:
    """Whether a code is one that is documented with a gap: ``Invalid value for … field``."""
    before, gap, after = documented.partition("…")
    return bool(gap) and code.startswith(before) and code.endswith(after)
