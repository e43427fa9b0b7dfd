"""The operations of the server, a module for each area; importing this package declares them all."""

import importlib
import pkgutil

from conformance.reference.routing import OPERATIONS

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["OPERATIONS"]
