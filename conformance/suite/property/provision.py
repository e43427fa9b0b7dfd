"""The matching live values for each operation: what makes a well-formed call succeed on any server of the contract.

Values that belong together come together (the token *and* the room of one visitor, the agent who is online), for
drawn one by one they never match. Whatever a call could touch is ours: ids, tokens, telephone numbers and e-mail
addresses are always put in, because a foreign one, however unlikely to be drawn, would touch somebody else's chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from conformance.suite.property import provision_staff, provision_visitor
from conformance.suite.property.call import Live
from conformance.suite.property.supply import AUTO, MANUAL, Supply
from conformance.suite.property.wishes import PROVIDERS, Provider

ROUTING: Final[Mapping[str, str]] = MappingProxyType(
    {"takeInquiry": MANUAL, "getNextAgent": AUTO, "transferRoom": AUTO}
)
"""Operations that succeed under one routing method only."""
MAY_REFUSE_BARELY: Final = frozenset({"getVideoCall", "transferRoom"})
"""Operations that answer 400 with nothing but ``success: false`` for reasons that no schema shows."""


def providers() -> Mapping[str, Provider]:
    """The table: ``operationId`` to provider."""
    return MappingProxyType(PROVIDERS)


def provide(supply: Supply, operation_id: str, *, expendable: bool = True) -> Live:
    """The live values for one call of an operation.

    Args:
        supply: The shared things of this worker.
        operation_id: A judged operation.
        expendable: Whether the call is expected to succeed; calls that will be refused get shared things.

    Raises:
        Unavailable: The world cannot make what is needed here.
        PreconditionFailed: A call that makes it was not answered as it should.
    """
    sink = getattr(supply.world.client.sink, "item", None)
    before = len(sink.exchanges) if sink is not None else 0
    live = PROVIDERS[operation_id](supply, expendable)
    setup = tuple(sink.exchanges[before:]) if sink is not None else ()
    return Live(live.who, live.values, live.always, setup) if setup else live


_ALL: Final = (provision_staff, provision_visitor)
"""The modules that fill the table when they are imported."""
