"""The pool: one long-lived worker process a core, each of which has several trials under way at a time."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from conformance.contract import load_contract
from conformance.faults.prove_trial import Seen, Trial
from conformance.runner.child import environment_of
from conformance.suite.workdir import Workdir
from conformance.target import Settings, TargetInfo

AT_ONCE = 4
"""How many trials share a process: they mostly wait, for a server that does not do what it should."""


class PoolError(Exception):
    """The workers cannot work; the message is one sentence that names the log."""


class Pool:
    """Worker processes that make trials; use it as a context manager.

    Args:
        folder: A folder of its own for the work directories and logs of the workers.
        settings: The settings of the trials: level, and what is left out.
        info: What the probe found on the server without faults; which tests are collected depends on it.
        workers: How many processes.
        at_once: How many trials each of them has under way.
    """

    def __init__(
        self, folder: Path, settings: Settings, info: TargetInfo, workers: int, at_once: int = AT_ONCE
    ) -> None:
        load_contract(info.version, mode=settings.contract)
        self._folder = folder
        self._settings = settings
        self._info = info
        self._count = workers
        self._at_once = at_once
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Pool:
        for number in range(self._count):
            workdir = Workdir.create(self._folder / f"worker-{number}", self._settings, self._info, None)
            with (workdir.path / "worker.log").open("wb") as log:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "conformance.faults.prove_worker", str(workdir.path)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=log,
                        env=environment_of(self._settings),
                        start_new_session=True,
                    )
                )
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def run(self, trials: Iterable[Trial], seen: Callable[[Seen], Iterable[Trial]]) -> None:
        """Make trials until there are none left.

        Args:
            trials: The first trials.
            seen: Is told of each trial as it ends; the trials that it returns are made as well.

        Raises:
            PoolError: A worker died.
        """
        waiting = deque(trials)
        busy = dict.fromkeys(range(self._count), 0)
        rests = dict.fromkeys(busy, b"")
        while waiting or any(busy.values()):
            while waiting and min(busy.values()) < self._at_once:
                number = min(busy, key=lambda each: busy[each])
                self._order(number, waiting.popleft())
                busy[number] += 1
            for number in self._heard():
                part = os.read(self._answers(number), 65536)
                if not part:
                    raise self._died(number)
                *lines, rests[number] = (rests[number] + part).split(b"\n")
                for line in lines:
                    if line.startswith(b'{"ready"'):
                        continue
                    busy[number] -= 1
                    waiting.extend(seen(msgspec.json.decode(line, type=Seen)))

    def _order(self, number: int, trial: Trial) -> None:
        orders = self._processes[number].stdin
        assert orders is not None
        try:
            orders.write(msgspec.json.encode(trial) + b"\n")
            orders.flush()
        except OSError:
            raise self._died(number) from None

    def _answers(self, number: int) -> int:
        answers = self._processes[number].stdout
        assert answers is not None
        return answers.fileno()

    def _heard(self) -> list[int]:
        """The workers that say something, as soon as one does."""
        ready = select.select([self._answers(number) for number in range(self._count)], [], [])[0]
        return [number for number in range(self._count) if self._answers(number) in ready]

    def _died(self, number: int) -> PoolError:
        log = self._folder / f"worker-{number}" / "worker.log"
        return PoolError(f"worker {number} of the proof ended too early; {log} says why")
