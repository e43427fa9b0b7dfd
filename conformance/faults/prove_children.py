"""The children of a worker: each makes one trial in a forked process of its own, several at a time.

Trials mostly wait, for a server that does not do what it should, so a processor is shared by some of them; and what
the worker has imported and collected is there in each child without being done again.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import msgspec

from conformance.faults.prove_trial import Seen, Trial

_GRACE_S = 15.0
_BLOCK = 65536


@dataclass(slots=True)
class _Child:
    trial: Trial
    process: int
    deadline: float
    folder: Path
    said: bytearray = field(default_factory=bytearray)


class Children:
    """Makes trials as they are ordered, each in a child.

    Args:
        folder: Each trial gets a folder in it, which is removed when the trial is over.
        make: Makes a trial in the child, with that folder.
        answer: Is given what was seen, in the parent, in the order in which the trials end.
    """

    def __init__(self, folder: Path, make: Callable[[Trial, Path], Seen], answer: Callable[[Seen], None]) -> None:
        self._folder = folder
        self._make = make
        self._answer = answer
        self._children: dict[int, _Child] = {}

    def serve(self, orders: int) -> None:
        """Make the trials that come as JSON lines through a file descriptor, until it is closed and all are made."""
        rest, closed = b"", False
        while not closed or self._children:
            watched = [*self._children, *([] if closed else [orders])]
            for ready in select.select(watched, [], [], self._patience())[0]:
                part = os.read(ready, _BLOCK)
                if ready != orders:
                    self._hear(ready, part)
                elif part:
                    *lines, rest = (rest + part).split(b"\n")
                    for line in lines:
                        self._fork(msgspec.json.decode(line, type=Trial))
                else:
                    closed = True
            for reader in [each for each, child in self._children.items() if child.deadline <= time.monotonic()]:
                self._end(reader, in_time=False)

    def _patience(self) -> float | None:
        deadlines = [child.deadline for child in self._children.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _fork(self, trial: Trial) -> None:
        assert threading.active_count() == 1, "a process with threads cannot be forked safely"
        reader, writer = os.pipe()
        folder = self._folder / f"trial-{reader}"
        shutil.rmtree(folder, ignore_errors=True)
        process = os.fork()
        if process == 0:
            os.close(reader)
            _in_child(trial, folder, self._make, writer)
        os.close(writer)
        self._children[reader] = _Child(trial, process, time.monotonic() + trial.limit_s + _GRACE_S, folder)

    def _hear(self, reader: int, part: bytes) -> None:
        if part:
            self._children[reader].said += part
        else:
            self._end(reader, in_time=True)

    def _end(self, reader: int, *, in_time: bool) -> None:
        """Kill what is left of a child and its group, and hand over what it saw."""
        child = self._children.pop(reader)
        os.close(reader)
        for end in (os.killpg, os.kill):  # the group, and the child itself in case it had none yet
            with contextlib.suppress(ProcessLookupError):
                end(child.process, signal.SIGKILL)
        os.waitpid(child.process, 0)
        shutil.rmtree(child.folder, ignore_errors=True)
        trial = child.trial
        try:
            seen = msgspec.json.decode(child.said, type=Seen)
        except msgspec.DecodeError:
            why = "its process ended without a word" if in_time else f"it took longer than {trial.limit_s:g} s"
            seen = Seen(trial.fault, trial.seed, failure=why)
        self._answer(seen)


def _in_child(trial: Trial, folder: Path, make: Callable[[Trial, Path], Seen], writer: int) -> NoReturn:
    """Make the trial and leave the process, whatever happens, without running what the parent has to end with."""
    try:
        os.setpgid(0, 0)
        seen = make(trial, folder)
    except BaseException as error:
        traceback.print_exc()
        seen = Seen(trial.fault, trial.seed, failure=f"{type(error).__name__}: {error}")
    with contextlib.suppress(BaseException):
        for part in _parts(msgspec.json.encode(seen)):
            os.write(writer, part)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _parts(content: bytes) -> Iterator[bytes]:
    """The content in parts that a pipe takes whole or blocks for."""
    return (content[start : start + _BLOCK] for start in range(0, len(content), _BLOCK))
