"""Judges kept exchanges: answers by the contract, and the contract's judgement of requests by the recorder's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.contract.check import is_success
from conformance.contract.contract import Contract, load_contract
from conformance.contract.defects import Defect, read_corrections, read_defects
from conformance.contract.errors import VALIDATION, is_validation_failure
from conformance.contract.model import Mismatch, Operation
from conformance.contract.problems import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from conformance.contract.recorded import Recorded

_HOSTILE = "shape"
"""The class of cases whose ill-formed requests a schema must refuse."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One mismatch, the exchange that shows it, and the known defect that explains it, if one does."""

    recorded: Recorded
    mismatch: Mismatch
    defect: Defect | None = None

    def __str__(self) -> str:
        """``FILE:LINE operation requirement pointer message``; what is absent is a dash."""
        one = self.mismatch
        words = (one.operation or "-", one.requirement or "-", one.pointer.replace(" ", "%20") or "-", one.message)
        return f"{self.recorded.file}:{self.recorded.line} {' '.join(words)}".replace("\n", " ")


@dataclass(slots=True)
class Tally:
    """What was looked at: exchanges, those that belong to no operation of the contract, those per server version."""

    exchanges: int = 0
    unknown: int = 0
    versions: dict[str, int] = field(default_factory=dict)


class Audit:
    """Judges kept exchanges, each by the contract for its own server version.

    Args:
        spec: The folder of the contract, or ``None`` for the usual one.
        version: The server version for exchanges that do not say theirs.
        mode: ``auto`` or ``documented``, as in :func:`~conformance.contract.load_contract`.

    Raises:
        ContractError: The contract, the known defects or the corrections are broken.
    """

    def __init__(self, spec: Path | None = None, version: str | None = None, mode: str = "auto") -> None:
        self._spec = spec
        self._mode = mode
        self._version = version
        folder = self.contract(version).folder
        self.defects = read_defects(folder / "known-defects.yaml")
        self._corrections = read_corrections(folder / "recording-corrections.yaml")
        self.tally = Tally()

    def contract(self, version: str | None) -> Contract:
        """Return the contract for a server version."""
        return load_contract(version, self._spec, self._mode)

    def judge(self, exchanges: Iterable[Recorded]) -> Iterator[Found]:
        """Yield every mismatch, in the order of the exchanges.

        Raises:
            ContractError: An exchange says a server version that is none.
        """
        for recorded in exchanges:
            version = recorded.version or self._version
            try:
                contract = self.contract(version)
            except ContractError as error:
                if error.rule != "server-version":
                    raise
                raise ContractError("server-version", error.problem.sentence, recorded.file, recorded.line) from None
            self.tally.exchanges += 1
            self.tally.versions[contract.server_version] = self.tally.versions.get(contract.server_version, 0) + 1
            operation = contract.operation_of(recorded.exchange)
            if operation is None:
                self.tally.unknown += 1
                continue
            for mismatch in self._judge(contract, operation, recorded):
                defect = self._defect(mismatch, recorded, version)
                if defect or not mismatch.tolerated:
                    yield Found(recorded, mismatch, defect)
                if defect and mismatch.kind == "accepted":
                    break  # what a success looks like that should have been a refusal is nobody's business

    def _defect(self, mismatch: Mismatch, recorded: Recorded, version: str | None) -> Defect | None:
        for one in self.defects:
            if one.explains(mismatch, recorded.exchange, version, recorded.case):
                return one
        return None

    def valid(self, recorded: Recorded) -> bool | None:
        """Return the recorder's flag, corrected.

        The flag was set before the request was sent. Where the server answered a request flagged as well-formed with a
        validation error, the answer is the better witness; what only a reader can see is in the list of corrections.
        """
        for one in self._corrections:
            if recorded.case in one.cases and one.versions.hold(recorded.version):
                return one.valid
        response = recorded.exchange.response
        if recorded.valid and response is not None and is_validation_failure(response):
            body = response.body.json
            if any(str(body.get(key, "")).startswith(VALIDATION) for key in ("error", "message")):
                return False
        return recorded.valid

    def _judge(self, contract: Contract, operation: Operation, recorded: Recorded) -> Iterator[Mismatch]:
        exchange = recorded.exchange
        response = exchange.response
        faults = contract.check_request(exchange.request, operation)
        if operation.judged and response is not None and is_success(response) and faults:
            accepted = contract.accepted(operation, exchange.request, response.status)
            if accepted:
                yield accepted
                if not accepted.tolerated:
                    return  # the contract has no shape for this success
        elif faults and not any(fault.tolerated for fault in faults) and self.valid(recorded):
            message = f"the contract refuses a request that is recorded as well-formed: {faults[0].message}"
            yield replace(faults[0], message=message)
        elif not faults and operation.judged and recorded.kind == _HOSTILE and self.valid(recorded) is False:
            requirement = contract.requirement_for(operation.id, "refuses")
            yield Mismatch(
                "request",
                "accepted",
                operation.id,
                requirement.id if requirement else "",
                "",
                "the request is accepted by the contract although it is recorded as ill-formed",
                "a refusal",
                "accepted",
            )
        if response is None:
            return
        for mismatch in contract.check_response(operation, response):
            # A supporting operation is described as far as a run needs it; its other statuses are not judged.
            if operation.judged or mismatch.kind != "status":
                yield mismatch
