"""What a trial's finding rests on: the exchanges that show it, and all that they need on a fresh server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from conformance.faults.model import Fault
from conformance.faults.prove_scripts import Witness, reproduced
from conformance.faults.prove_trial import Seen
from conformance.suite.session import Session, clauses_of
from conformance.verdicts import ItemOutcome, Judgement, read_spool
from conformance.verdicts.flow import Flow, in_order

_AFTER = 12
_RANDOM = ("fuzz::", "model::")


def bound_first(items: Mapping[str, pytest.Item], fault: Fault) -> list[str]:
    """The tests that are bound to a clause that a fault breaks, the random ones last."""
    bound = [name for clause in fault.breaks for name, one in items.items() if clause in clauses_of(one)]
    return sorted(bound, key=lambda name: name.startswith(_RANDOM))


def shown_again(seen: Seen, judgement: Judgement, outcome: ItemOutcome, own: Session, fault: Fault) -> Seen:
    """Run the reproductions of a finding against fresh servers, and add what came of it to what was seen."""
    exchanges = in_order(read_spool(own.workdir.spools()))
    flow = Flow(exchanges, {name: each.effects for name, each in own.contract.operations.items()})
    by_id = {one.id: one for one in exchanges}
    steps = judgement.steps or judgement.exchanges
    witness = Witness(
        judgement.pointer,
        tuple(by_id[name] for name in flow.trail(steps, own=outcome.exchanges)),
        tuple(by_id[name] for name in flow.trail(steps, own=outcome.exchanges, whole=True)),
        tuple(by_id[name] for name in _afterwards(flow, outcome, steps[-1])),
    )
    secrets = {"password:admin": own.settings.admin_password or ""}
    told = reproduced(fault, witness, secrets, judgement.requirement, judgement.check)
    return dataclasses.replace(seen, reproduced=told)


def _afterwards(flow: Flow, outcome: ItemOutcome, last: str) -> tuple[str, ...]:
    """All that the test sent up to some requests after the deciding one, and all that its answers speak of."""
    if last not in outcome.exchanges:
        return ()
    end = outcome.exchanges.index(last) + 1 + _AFTER
    own = outcome.exchanges[:end]
    return flow.trail(own[-1:], own=own, whole=True)
