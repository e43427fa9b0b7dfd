"""The process that runs the tests: started, watched, and ended in time whatever happens inside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conformance.runner.progress import Reporter, spell
from conformance.suite.workdir import Workdir
from conformance.target import Settings
from conformance.verdicts import Finding, ItemOutcome

_POLL_S = 0.1
_CLEAN_UP_S = 20.0
_FRUGAL = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}
"""Lets the C library give memory back after a very long answer, instead of keeping some for each thread."""
_SUITE = Path(__file__).resolve().parent.parent / "suite"


@dataclass(slots=True)
class Ending:
    """How the tests ended.

    Attributes:
        code: pytest's exit status; negative where a signal ended it.
        reasons: Sentences that say what cut the run short; empty for a whole run.
        interrupted: Whether the user ended it.
    """

    code: int
    reasons: list[str]
    interrupted: bool = False


def arguments(settings: Settings, workdir: Workdir) -> list[str]:
    """The command line of the process that runs the tests."""
    command = [sys.executable, "-m", "pytest", "-c", str(_SUITE / "pytest.ini"), "--rootdir", str(_SUITE)]
    command += ["-p", "conformance.plugin", "-p", "xdist.plugin", "-p", "no:cacheprovider"]
    command += ["-q", "--tb=short", "--color=no", "--no-header"]
    command += ["--livechat-workdir", str(workdir.path), str(_SUITE)]
    if settings.workers > 1:
        # Small chunks in order: all workers go through the phases of the suite together and seldom wait at the gate.
        command += ["-n", str(settings.workers), "--dist", "load", "--maxschedchunk", "2"]
    return command


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process that runs tests: the secrets, and nothing of the user's own pytest.

    His plug-ins and options have no place in a run: they could change what it finds.
    """
    environment = {**os.environ, **settings.secrets_env(), "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment |= {name: value for name, value in _FRUGAL.items() if name not in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_SUITE.parent.parent), os.environ.get("PYTHONPATH"))))
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    return environment


def run_tests(settings: Settings, workdir: Workdir, reporter: Reporter, deadline: float | None) -> Ending:
    """Run the suite over a prepared work directory until it ends, its time is up, or the user ends it.

    Args:
        settings: The settings of the run; its secrets travel in the environment of the process.
        workdir: The work directory.
        reporter: Is told how far the run is.
        deadline: Seconds since the epoch, or ``None``.
    """
    environment = environment_of(settings)
    watcher = _Watcher(workdir, reporter)
    with (workdir.path / "pytest.log").open("wb") as log:
        process = subprocess.Popen(
            arguments(settings, workdir),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=workdir.path,
            start_new_session=True,
        )
        ending = Ending(0, [])
        try:
            while process.poll() is None:
                time.sleep(_POLL_S)
                watcher.look()
                if settings.fail_fast and watcher.broken:
                    ending.reasons.append("it stopped at the first failed clause, as --fail-fast asks")
                    _end(process)
                elif deadline is not None and time.time() > deadline + 2.0:
                    ending.reasons.append(f"the time given by --max-time ({settings.max_time:g} s) was over")
                    _end(process)
        except KeyboardInterrupt:
            ending.interrupted = True
            ending.reasons.append("it was interrupted")
            reporter.say("Interrupted: removing what the run made. A second interrupt leaves that to `sweep`.")
            _end(process)
        watcher.look()
        ending.code = process.wait()
    return ending


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the tests to stop, give them time to clean up, then make them."""
    for number, patience in ((signal.SIGINT, _CLEAN_UP_S), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number) if number is signal.SIGKILL else process.send_signal(number)
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            pass
        except KeyboardInterrupt:
            continue
        break
    # Workers of a killed controller would go on: the whole group belongs to this run.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


class _Watcher:
    """Reads new outcomes as they are appended, and tells the reporter."""

    def __init__(self, workdir: Workdir, reporter: Reporter) -> None:
        self._path = workdir.path / "outcomes.jsonl"
        self._workdir = workdir
        self._reporter = reporter
        self._offset = 0
        self._done = 0
        self._red = {one.id for one in workdir.contract().requirements.values() if one.level == "MUST"}
        self._found: set[str] = set()

    @property
    def broken(self) -> int:
        """How many MUST clauses were found broken so far."""
        return len(self._found)

    def look(self) -> None:
        """Read what is new."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._offset += len(line)
                    self._take(line)
        self._reporter.advance(self._done, len(self._workdir.plan()), self.broken, self._waiting())

    def _waiting(self) -> str:
        """What is waited for just now, in words; empty where nothing is."""
        waits = self._workdir.waits()
        longest = max(waits, key=lambda each: each.until, default=None)
        if longest is None or longest.until <= time.time():
            return ""
        # Workers wait at the same time.
        total = max(each.total_s for each in waits)
        return f"{longest.reason}: waiting {longest.until - time.time():.0f} s, {spell(total)} altogether so far"

    def _take(self, line: bytes) -> None:
        outcome = msgspec.json.decode(line, type=ItemOutcome)
        self._done += 1
        self._found |= {
            one.requirement
            for one in outcome.judgements
            if one.finding is Finding.BROKEN and one.requirement in self._red
        }
