"""Servers that misbehave on purpose: the reference server with one fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.faults.model import Fault
from conformance.reference import Url, reference_server
from conformance.reference.site import Options

BASE = Options(working_video_call=True)
"""The options of a server under proof, those of the embedded target; a fault may ask for others."""


def options_of(fault: Fault) -> Options:
    """The options of the server that a fault is planted into."""
    return dataclasses.replace(BASE, **fault.options)


@contextmanager
def faulty_server(fault: Fault) -> Iterator[Url]:
    """Run a fresh reference server with one fault for the length of a block.

    Raises:
        SeamError: The fault names a behaviour that does not exist.
        TypeError: The fault asks for an option that the reference server does not have.
    """
    with reference_server(options=options_of(fault), faults=(fault,)) as url:
        yield url


def bare(fault: Fault) -> Fault:
    """A fault without what it does: the server has its options, and keeps the contract."""
    return dataclasses.replace(fault, breaks=(), replace={}, wrap={})
