"""The pool: one long-lived worker process a core, each of which makes one trial after another."""

from __future__ import annotations

import subprocess
import sys
import threading
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


class PoolError(Exception):
    """The workers cannot work; the message is one sentence that names the log."""


class Pool:
    """Worker processes that make trials; use it as a context manager.

    Args:
        folder: A folder of its own for the work directories and logs of the workers.
        settings: The settings of the trials: level, and what is left out.
        info: What the probe found on the server without faults; which tests are collected depends on it.
        workers: How many processes.
    """

    def __init__(self, folder: Path, settings: Settings, info: TargetInfo, workers: int) -> None:
        load_contract(info.version, mode=settings.contract)
        self._folder = folder
        self._settings = settings
        self._info = info
        self._count = workers
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

    def run(self, trials: Iterable[Trial], seen: Callable[[Seen], Iterable[Trial]]) -> None:
        """Make trials until there are none left.

        Args:
            trials: The first trials.
            seen: Is told of each trial as it ends, one at a time; the trials that it returns are made as well.

        Raises:
            PoolError: A worker died.
        """
        work = _Work(trials, seen)
        threads = [
            threading.Thread(target=self._drive, args=(number, work), daemon=True) for number in range(self._count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # in slices, so that an interrupt is heard
        if work.error:
            raise PoolError(work.error)

    def _drive(self, number: int, work: _Work) -> None:
        process = self._processes[number]
        try:
            while (trial := work.next()) is not None:
                work.done(self._ask(process, trial))
        except (OSError, msgspec.DecodeError, EOFError):
            log = self._folder / f"worker-{number}" / "worker.log"
            work.fail(f"worker {number} of the proof ended too early; {log} says why")
        except Exception as error:
            work.fail(f"{type(error).__name__}: {error}")

    def _ask(self, process: subprocess.Popen[bytes], trial: Trial) -> Seen:
        """Let a worker make a trial; its very first line only says that it is ready."""
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(trial) + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if line.startswith(b'{"ready"'):
            line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return msgspec.json.decode(line, type=Seen)


class _Work:
    """The trials that are waiting and under way, shared by the threads that drive the workers."""

    def __init__(self, trials: Iterable[Trial], seen: Callable[[Seen], Iterable[Trial]]) -> None:
        self._waiting = deque(trials)
        self._seen = seen
        self._under_way = 0
        self._changed = threading.Condition()
        self.error = ""

    def next(self) -> Trial | None:
        """The next trial; ``None`` when there is none and none can come any more."""
        with self._changed:
            while not self._waiting and self._under_way and not self.error:
                self._changed.wait()
            if not self._waiting or self.error:
                return None
            self._under_way += 1
            return self._waiting.popleft()

    def done(self, seen: Seen) -> None:
        """Hand over what a trial brought to light."""
        with self._changed:
            self._waiting.extend(self._seen(seen))
            self._under_way -= 1
            self._changed.notify_all()

    def fail(self, sentence: str) -> None:
        """Let everybody stop."""
        with self._changed:
            self.error = self.error or sentence
            self._under_way -= 1
            self._changed.notify_all()
