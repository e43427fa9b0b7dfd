"""The sampler: a pytest plug-in that looks at the main thread a few hundred times a second and says where it is.

It costs next to nothing, so that the shares are those of a run without it; nothing in the suite knows of it. Give
pytest ``-p benchmarks.sampler`` and the environment variable ``LIVECHAT_BENCH_SAMPLES``: a folder, into which each
process writes the counts of its samples.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

SAMPLES = "LIVECHAT_BENCH_SAMPLES"
_EVERY_S: Final = 0.003
_PLACES: Final = (
    # The first place that a frame is in counts; frames are looked at from the innermost outwards.
    ("sending and waiting for the answer", ("/httpcore/", "/httpx/", "/h11/", "/anyio/", "target/transport.py")),
    ("waiting for the server's own work", ("world/eventually.py",)),
    ("waiting at the gate", ("world/gate.py", "/execnet/")),
    (
        "recording",
        ("suite/recorder.py", "verdicts/spool.py", "target/redact.py", "target/bodies.py", "world/ledger.py"),
    ),
    ("validating", ("conformance/contract/",)),
    (
        "generating",
        (
            "/hypothesis/",
            "/schemathesis/",
            "property/generate.py",
            "property/conversation.py",
            "property/constraints.py",
            "property/shapes.py",
            "property/call.py",
        ),
    ),
    ("judging", ("suite/judge.py", "conformance/suite/", "conformance/world/", "conformance/target/")),
    ("starting and collecting", ("/_pytest/", "/pluggy/", "importlib", "/xdist/")),
)
OTHER: Final = "other"


def place_of(files: list[str]) -> str:
    """Where a stack is, by its files from the innermost frame outwards."""
    for file in files:
        for name, parts in _PLACES:
            if any(part in file for part in parts):
                return name
    return OTHER


class Sampler:
    """Looks at the main thread whenever a timer rings; a signal also shows what a thread could not: calls into C."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def begin(self) -> None:
        """Look from now on."""
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)

    def end(self) -> None:
        """Stop looking."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def _look(self, number: int, frame: FrameType | None) -> None:
        files = []
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
        self.counts[place_of(files)] += 1


_SAMPLER: Final = pytest.StashKey[Sampler]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin, where a folder was named."""
    if SAMPLES in os.environ:
        session.config.stash[_SAMPLER] = Sampler()
        session.config.stash[_SAMPLER].begin()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what was seen; the controller of several workers only waits, so it keeps its own to itself."""
    sampler = session.config.stash.get(_SAMPLER, None)
    if sampler is None:
        return
    sampler.end()
    if getattr(session.config.option, "numprocesses", None) and not hasattr(session.config, "workerinput"):
        return
    path = Path(os.environ[SAMPLES]) / f"samples-{os.getpid()}.json"
    path.write_text(json.dumps(sampler.counts), encoding="utf-8")


def shares(folder: Path) -> dict[str, float]:
    """The share of each place over all processes, the largest first; they add up to 1."""
    counts: Counter[str] = Counter()
    for path in folder.glob("samples-*.json"):
        counts.update(json.loads(path.read_text(encoding="utf-8")))
    return {name: count / counts.total() for name, count in counts.most_common()}
