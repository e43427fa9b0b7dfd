"""Processes of a benchmark: a tool is started, watched while it runs, and ended in time, with all that it started."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    Attributes:
        seconds: How long it ran.
        cpu: Processor seconds, of it and of all that it waited for.
        code: Its exit status; negative where a signal ended it.
        stopped: Whether ``enough`` ended it.
        late: Whether the time limit ended it.
    """

    seconds: float
    cpu: float
    code: int
    stopped: bool
    late: bool


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limit_s: float,
    enough: Callable[[], bool] = lambda: False,
    patience_s: float = 20.0,
) -> Ended:
    """Run a command in a process group of its own; its output goes to ``output.txt`` in its folder.

    Args:
        command: The command line.
        folder: The working directory.
        environment: Variables beside those of this process.
        limit_s: Seconds after which it is ended.
        enough: Is asked a few times a second; once it says yes, the process is asked to end.
        patience_s: Seconds that it gets to end when it is asked to.
    """
    before = _children_cpu()
    started = time.monotonic()
    stopped = late = False
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            while process.poll() is None and not stopped and not late:
                time.sleep(_POLL_S)
                stopped = enough()
                late = time.monotonic() - started > limit_s
            for number, patience in ((signal.SIGINT, patience_s), (signal.SIGTERM, 3.0)):
                if process.poll() is None:
                    process.send_signal(number)
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(patience)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
    return Ended(time.monotonic() - started, _children_cpu() - before, code, stopped, late)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Tail:
    """Reads the whole lines that a growing file got since the last look.

    Args:
        path: The file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def lines(self) -> list[bytes]:
        """What is new."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.splitlines()
