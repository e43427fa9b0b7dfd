"""Judges any server against the Rocket.Chat Livechat REST contract, clause by clause, with evidence.

The public surface is small: ``run`` judges a server and returns the result, ``reference_server`` starts the embedded
reference server, and the pytest plug-in does the same as ``run`` for people who live in pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.reference import reference_server
    from conformance.runner.run import run

__all__ = ["__version__", "reference_server", "run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load the public names when they are first used, so that importing the package costs nothing."""
    if name == "run":
        from conformance.runner.run import run

        return run
    if name == "reference_server":
        from conformance.reference import reference_server

        return reference_server
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
