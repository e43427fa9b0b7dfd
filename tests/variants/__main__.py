"""Serve a variant until the process is stopped: ``python -m tests.variants NAME [PORT]``."""

from __future__ import annotations

import sys
import threading

from tests.variants.catalogue import VARIANTS
from tests.variants.variant import serve


def main(arguments: list[str]) -> int:
    """Serve the variant that is named; returns 2 for an unknown one."""
    if not arguments or arguments[0] not in VARIANTS:
        print("Name one of:", *VARIANTS)  # noqa: T201
        return 2
    with serve(VARIANTS[arguments[0]], int(arguments[1]) if len(arguments) > 1 else 0) as url:
        print(url, flush=True)  # noqa: T201
        threading.Event().wait()
    return 0


sys.exit(main(sys.argv[1:]))
