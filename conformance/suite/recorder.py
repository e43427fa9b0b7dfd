"""The recorder: keeps every exchange of a worker, and judges each by the contract's schemas as it passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from conformance.contract import Contract, Mismatch
from conformance.contract.exchange import Exchange
from conformance.suite.strangers import Strangers
from conformance.verdicts import Finding, Judgement, write_line
from conformance.verdicts.spool import shortened

_KEPT = 256 * 1024
"""Bytes of a body that are kept on the disk."""
_KINDS = {"status": "status", "media": "shape", "shape": "shape"}


@dataclass(slots=True)
class ItemRecord:
    """What one test item sent, and what the schemas said of it; ``lively`` once an answer showed a working server."""

    name: str
    exchanges: list[str] = field(default_factory=list)
    judgements: dict[tuple[str, ...], Judgement] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    lively: bool = False

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter that is summed over all items of the run."""
        self.counters[name] = self.counters.get(name, 0) + by

    @property
    def broken(self) -> Judgement | None:
        """The first clause that the schemas found broken in this item, if any."""
        return next((one for one in self.judgements.values() if one.finding is Finding.BROKEN), None)


class Recorder:
    """The sink of the recording client: one JSON Lines file a worker, one record an item.

    Args:
        contract: The contract in force.
        spool: The file that exchanges are appended to, one JSON document a line.
        worker: Whose file it is.

    Attributes:
        strangers: Hides what is other people's in all that is written down.
    """

    def __init__(self, contract: Contract, spool: Path, worker: str = "main") -> None:
        self.strangers = Strangers(worker)
        self._contract = contract
        self._file = spool.open("ab")
        self.item: ItemRecord | None = None
        self.last: Exchange | None = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the spool."""
        self._file.close()

    def exchange(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        # The beginning of a very long body is enough for the report; all of it would fill disk and memory.
        self._file.write(write_line(self.strangers.exchange(shortened(exchange, _KEPT))))
        self._file.flush()
        self.last = exchange
        if self.item is not None:
            self.item.exchanges.append(exchange.id)
            self.item.lively = self.item.lively or shows_life(exchange)

    def mismatches(self, exchange: Exchange, found: Sequence[Mismatch]) -> None:
        """Judge one exchange by what the contract says of its response: documented status, documented shape."""
        operation = self._contract.operations.get(exchange.operation or "")
        if self.item is None or operation is None or not operation.judged:
            return
        broken = {_KINDS.get(one.kind, "shape"): one for one in reversed(found) if one.where == "response"}
        for kind in ("status", "shape"):
            requirement = self._contract.requirement_for(operation.id, kind)
            if requirement is None or (kind == "shape" and ("status" in broken or exchange.response is None)):
                continue
            mismatch = broken.get(kind)
            if kind == "status" and exchange.response is None:
                judgement = Judgement(
                    requirement.id,
                    "contract:status",
                    Finding.BROKEN,
                    f"{operation.label} was not answered: {exchange.failure}",
                    operation.id,
                    expected="an answer",
                    observed=exchange.failure,
                    exchanges=(exchange.id,),
                )
            elif mismatch is None:
                judgement = Judgement(
                    requirement.id, f"contract:{kind}", Finding.HELD, operation=operation.id, exchanges=(exchange.id,)
                )
            else:
                judgement = Judgement(
                    requirement.id,
                    f"contract:{kind}",
                    Finding.BROKEN,
                    mismatch.message,
                    operation.id,
                    expected=mismatch.expected,
                    observed=mismatch.observed,
                    pointer=mismatch.pointer,
                    exchanges=(exchange.id,),
                )
            key = (requirement.id, judgement.finding.value, _place(judgement.pointer))
            self.item.judgements.setdefault(key, judgement)


def shows_life(exchange: Exchange) -> bool:
    """Whether an answer shows that a server works: a success that tells something.

    A refusal, an error or a bare ``{"success": true}`` may be all that is left of a server behind a proxy.
    """
    body = exchange.json
    return exchange.status == 200 and isinstance(body, dict) and body.get("success") is True and len(body) > 1


def _place(pointer: str | None) -> str:
    """A pointer without the numbers of array items: two items with the same fault are one finding."""
    return "/".join("*" if part.isdigit() else part for part in (pointer or "").split("/"))
