"""What tests stand on: builders, the ledger, the gate, clean-up and sweep."""

from __future__ import annotations

from conformance.world.errors import PreconditionFailed, Unavailable
from conformance.world.eventually import eventually
from conformance.world.gate import Gate
from conformance.world.ledger import Ledger, LedgerContent, read_ledger
from conformance.world.names import Names, owns, run_prefix
from conformance.world.things import CustomField, Department, Home, LeftBehind, Message, Room, Trigger, Visitor
from conformance.world.visitors import HOME
from conformance.world.world import World

__all__ = [
    "HOME",
    "CustomField",
    "Department",
    "Gate",
    "Home",
    "Ledger",
    "LedgerContent",
    "LeftBehind",
    "Message",
    "Names",
    "PreconditionFailed",
    "Room",
    "Trigger",
    "Unavailable",
    "Visitor",
    "World",
    "eventually",
    "owns",
    "read_ledger",
    "run_prefix",
]
