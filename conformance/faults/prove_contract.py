"""The contract's own mutation score, measured beside the proof: a check is no tighter than the schema that it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

_PATIENCE_S = 900.0


class Measuring:
    """Loosens the contract in one place at a time, in a process of its own; use it as a context manager.

    Only the contract's examples are evidence, no recordings, so that the score is the same everywhere.

    Args:
        wanted: Whether it is measured at all.
    """

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._wanted:
            environment = {name: value for name, value in os.environ.items() if name != "LIVECHAT_RECORDINGS"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "conformance", "spec", "mutate", "--json", "--workers", "1"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()
            self._process.communicate()

    def score(self) -> tuple[int, int]:
        """How many mutants there were, and how many of them were noticed; zeros where nothing was measured."""
        if self._process is None:
            return 0, 0
        try:
            said, _ = self._process.communicate(timeout=_PATIENCE_S)
            document = json.loads(said)
            return int(document["mutants"]), int(document["killed"])
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return 0, 0
