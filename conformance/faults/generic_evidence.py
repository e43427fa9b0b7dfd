"""Evidence of which generic faults no client can notice: ``python -m conformance.faults.generic_evidence``.

The suite is run against servers without a fault, and every answer is spoilt as each fault would. A fault that alters
none of the answers does nothing on this server; one whose altered answers all keep the contract breaks no promise.
What is found is written to ``generic_unseen.yaml``.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click
import yaml

from conformance.contract import Contract, load_contract
from conformance.contract.exchange import Response
from conformance.faults.generic import UNSEEN, generic_faults
from conformance.faults.generic_members import WAYS
from conformance.faults.generic_replay import AREA, alteration, kind_of_answer
from conformance.faults.servers import BASE
from conformance.reference import reference_server
from conformance.reference.site import VERSION
from conformance.runner.progress import Reporter, Silent
from conformance.runner.run import prepare, resolve
from conformance.verdicts import read_spool

NEVER: Final = "never-sent"
KEPT: Final = "contract-kept"
UNHEALTHY: Final = "not-healthy"
REASONS: Final = {
    NEVER: "The reference server never sends this: the fault does nothing, and there is nothing to notice.",
    KEPT: "The contract does not promise it: the member may be absent, or null, or of any type.",
    UNHEALTHY: "The probe does not take such a server for a healthy one: the run does not begin (exit code 3).",
}
_NOT_HEALTHY: Final = frozenset({"getConfig.status:200-500"})

Answers = dict[str, dict[Any, Response]]


def answers(level: str, told: Reporter | None = None) -> Answers:
    """All answers of a server without a fault, by operation, one of each shape; the suite asks for them."""
    found: Answers = defaultdict(dict)
    with reference_server(options=BASE) as url, tempfile.TemporaryDirectory() as folder:
        settings = resolve({"level": level, "seed": 1, "report": folder, "url": str(url)})
        run = prepare(settings.for_embedded(str(url), url.admin_user, url.admin_password), formats=(), reporter=told)
        try:
            run.judge(told or Silent())
            for exchange in read_spool(run.workdir.spools()):
                response = exchange.response
                if exchange.operation and response is not None and not response.body.cut:
                    found[exchange.operation].setdefault(kind_of_answer(response), response)
        finally:
            run.held.close()
    return found


def judged(contract: Contract, seen: Answers) -> Iterator[tuple[str, str]]:
    """Each generic fault that no client could notice, as (id without the area, reason)."""
    for name in generic_faults():
        short = name.removeprefix(f"{AREA}.")
        operation, what = short.split(".", 1)
        if short in _NOT_HEALTHY:
            yield short, UNHEALTHY
            continue
        given = seen.get(operation, {}).values()
        alter = alteration(what)
        if alter is None:
            continue
        altered = [(old, new) for old in given for new in (alter(old),) if new is not None]
        if not altered:
            yield short, NEVER
        elif all(not contract.check_response(operation, new) for _, new in altered):
            yield short, KEPT


def document(found: Iterable[tuple[str, str]]) -> str:
    """The list as YAML: by reason, by operation."""
    groups: dict[str, dict[str, list[str]]] = {reason: {} for reason in REASONS}
    for short, reason in found:
        operation, what = short.split(".", 1)
        groups[reason].setdefault(operation, []).append(what)
    for faults in groups.values():
        for operation, names in faults.items():
            faults[operation] = _gathered(names)
    listed = {name: {"reason": REASONS[name], "faults": faults} for name, faults in groups.items()}
    head = (
        "# Generic faults that no client could notice, each with the reason. Written by\n"
        "# python -m conformance.faults.generic_evidence, from the answers of servers without a fault.\n"
    )
    return head + yaml.safe_dump(listed, sort_keys=False, width=110, default_flow_style=None)


def _gathered(names: list[str]) -> list[str]:
    """The names, with ``any:`` where all ways to spoil a member stand among them."""
    everyway = {where for name in names for where in (name.partition(":")[2],) if _all_ways(where) <= set(names)}
    short = (f"any:{where}" if where in everyway else name for name in names for where in (name.partition(":")[2],))
    return list(dict.fromkeys(short))


def _all_ways(where: str) -> set[str]:
    return {f"{way}:{where}" for way in WAYS}


def main(level: str = "standard") -> None:
    """Gather the evidence and write the list."""
    found = list(judged(load_contract(VERSION), answers(level)))
    UNSEEN.write_text(document(found), encoding="utf-8")
    click.echo(f"{len(found)} of {len(generic_faults())} generic faults cannot be noticed: {UNSEEN}")


if __name__ == "__main__":
    main(*sys.argv[1:])
