"""The tally: one pass over all exchanges that counts what each operation was asked and what it answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.verdicts.latency import bucket_of, from_buckets
from conformance.verdicts.result import OperationResult
from conformance.verdicts.subject import ContractLike
from conformance.verdicts.words import Verdict


@dataclass(slots=True)
class _Count:
    requests: int = 0
    accepted: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    buckets: dict[int, int] = field(default_factory=dict)
    slowest: float = 0.0


class Tally:
    """Counts requests, answers and latencies by operation; sums do not depend on the order of the exchanges.

    Args:
        contract: Says which answers are documented.
    """

    def __init__(self, contract: ContractLike) -> None:
        self._contract = contract
        self._counts: dict[str, _Count] = {}
        self.requests = 0

    def add(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.requests += 1
        operation = self._contract.operations.get(exchange.operation or "")
        if operation is None:
            return
        count = self._counts.setdefault(operation.id, _Count())
        count.requests += 1
        status = str(exchange.status) if exchange.status is not None else "none"
        count.statuses[status] = count.statuses.get(status, 0) + 1
        if exchange.response is not None:
            bucket = bucket_of(exchange.response.elapsed_ms)
            count.buckets[bucket] = count.buckets.get(bucket, 0) + 1
            count.slowest = max(count.slowest, exchange.response.elapsed_ms)
        if (
            is_accepted(exchange)
            and exchange.response
            and not self._contract.check_response(operation, exchange.response)
        ):
            count.accepted += 1

    def operations(self) -> tuple[OperationResult, ...]:
        """Give all operations in the order of the contract; their verdicts are decided later."""
        return tuple(self._operation(name) for name in self._contract.operations)

    def _operation(self, name: str) -> OperationResult:
        operation = self._contract.operations[name]
        count = self._counts.get(name, _Count())
        return OperationResult(
            id=operation.id,
            method=operation.method,
            path=operation.path,
            verdict=Verdict.NOT_REACHED,
            area=operation.area,
            summary=operation.summary or "",
            judged=operation.judged,
            line=operation.line or 0,
            documented=tuple(sorted(str(status) for status in operation.responses)),
            requests=count.requests,
            accepted=count.accepted,
            statuses=dict(sorted(count.statuses.items())),
            unseen=_unseen(operation, count.statuses),
            latency=from_buckets(count.buckets, count.slowest),
        )


def _unseen(operation: Any, statuses: Mapping[str, int]) -> dict[str, str]:
    """The documented statuses that were never seen, each with the contract's reason, or none."""
    rare: Mapping[str, str] = getattr(operation, "rare", {})
    documented = sorted(str(status) for status in operation.responses)
    return {
        status: rare.get(status, "")
        for status in documented
        if not any(seen == status or f"{seen[0]}XX" == status for seen in statuses)
    }


PARTIAL: Final = "The run judges only a part of the contract."


def with_reasons(
    operations: Iterable[OperationResult], absent: Mapping[str, str], *, partial: bool
) -> tuple[OperationResult, ...]:
    """Give the reasons that lie in the run for documented statuses that were never seen.

    Args:
        operations: As counted.
        absent: Operation to why the target does not have it.
        partial: Whether the run judges less than the whole contract.
    """
    return tuple(
        replace(
            each,
            unseen={
                status: why or absent.get(each.id, "") or (PARTIAL if partial else "")
                for status, why in each.unseen.items()
            },
        )
        for each in operations
    )


def is_accepted(exchange: Exchange) -> bool:
    """Say whether an answer looks like a success: a status of 2xx, and no JSON that says otherwise."""
    if exchange.status is None or not 200 <= exchange.status < 300:
        return False
    body = exchange.json
    return not (isinstance(body, dict) and (body.get("success") is False or body.get("status") == "error"))
