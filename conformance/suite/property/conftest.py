"""Fixtures of the property-based tests."""

from __future__ import annotations

import pytest

from conformance.contract import Contract
from conformance.suite.property.supply import Supply
from conformance.suite.session import Session
from conformance.target import Settings
from conformance.world import World


@pytest.fixture(scope="session")
def shared_supply(shared_world: World, contract: Contract) -> Supply:
    """The worker's supply of live things."""
    return Supply(shared_world, contract)


@pytest.fixture
def supply(world: World, shared_supply: Supply) -> Supply:
    """The supply as one test sees it: under the gate, and forgetting what another routing method made."""
    shared_supply.under(world.gate.routing)
    return shared_supply


@pytest.fixture(scope="session")
def settings(session: Session) -> Settings:
    """The settings of the run."""
    return session.settings
