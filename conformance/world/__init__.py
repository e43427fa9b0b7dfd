"""What tests stand on: builders, the ledger, the gate, clean-up and sweep."""

from __future__ import annotations

from conformance.world.errors import PreconditionFailed, Unavailable
from conformance.world.eventually import eventually
from conformance.world.gate import Gate
from conformance.world.ledger import Ledger, LedgerContent, read_ledger
from conformance.world.names import Names, owns, run_prefix
from conformance.world.preparation import prepare
from conformance.world.sweep import SweepReport, sweep_ledgers, sweep_server
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
    "SweepReport",
    "Trigger",
    "Unavailable",
    "Visitor",
    "World",
    "eventually",
    "owns",
    "prepare",
    "read_ledger",
    "run_prefix",
    "sweep_ledgers",
    "sweep_server",
]
