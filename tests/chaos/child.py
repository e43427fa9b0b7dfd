"""The main job in a process of its own, with its memory, its connections and its time written down."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_AUDIT = """
import json, os, sys

_LOG = os.environ.get("CHAOS_CONNECTIONS")


def _seen(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        place = arguments[:2] if event == "socket.getaddrinfo" else arguments[1]
        with open(_LOG, "a", encoding="utf-8") as file:
            file.write(json.dumps([event, repr(place)]) + "\\n")


if _LOG:
    sys.addaudithook(_seen)
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a run ended.

    Attributes:
        code: Its exit code.
        said: What it said, on both streams.
        first: The first line of its standard output.
        seconds: How long it took.
        memory_mb: The most that the process and all its descendants held, in MB.
        places: Where any of its processes connected to, as ``host:port``, and names that were looked up.
        folder: Where it ran.
    """

    code: int
    said: str
    first: str
    seconds: float
    memory_mb: float
    places: frozenset[str]
    folder: Path


def environment(folder: Path, **given: str) -> dict[str, str]:
    """The environment of a child: nothing of the user's own settings, and a log of its connections."""
    hook = folder / "audit"
    hook.mkdir(parents=True, exist_ok=True)
    (hook / "sitecustomize.py").write_text(_AUDIT, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVECHAT_CONFORMANCE")}
    path = os.pathsep.join([str(hook), *(part for part in sys.path if part)])
    return {**inherited, "PYTHONPATH": path, "CHAOS_CONNECTIONS": str(folder / "connections.jsonl"), **given}


def start(folder: Path, *arguments: str, **given: str) -> subprocess.Popen[str]:
    """Start the command line in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=folder,
        env=environment(folder, **given),
        start_new_session=True,
    )


def call(folder: Path, *arguments: str, bound_s: float = 240.0, **given: str) -> Done:
    """Run the command line to its end; a run that does not end is killed, and fails the test.

    Raises:
        AssertionError: It did not end within ``bound_s``.
    """
    began = time.monotonic()
    process = start(folder, *arguments, **given)
    memory = Memory(process.pid)
    try:
        out, err = process.communicate(timeout=bound_s)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)
        out, err = process.communicate()
        raise AssertionError(f"it did not end within {bound_s:g} s: {out[-1500:]}{err[-1500:]}") from None
    finally:
        peak = memory.stop()
    first = next(iter(out.splitlines()), "")
    return Done(process.returncode, out + err, first, time.monotonic() - began, peak, places(folder), folder)


def places(folder: Path) -> frozenset[str]:
    """Where the processes of a folder connected to, each as Python writes the address."""
    log = folder / "connections.jsonl"
    if not log.exists():
        return frozenset()
    return frozenset(json.loads(line)[1] for line in log.read_text(encoding="utf-8").splitlines())


class Memory:
    """Watches the memory of a process and its descendants: what all held at one time, and what one held at most."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.15):
            seen = [_memory_of(pid) for pid in descendants(self._root)]
            self._peak = max(self._peak, sum(now for now, _ in seen), *(most for _, most in seen))

    def stop(self) -> float:
        """Watch no longer; the peak in MB."""
        self._over.set()
        self._thread.join(5)
        return self._peak / 1024


def _memory_of(pid: int) -> tuple[int, int]:
    """What a process holds, and what it held at most, in KB, as the kernel counts it."""
    found = {"VmRSS": 0, "VmHWM": 0}
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0])
    return found["VmRSS"], found["VmHWM"]


def descendants(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                text = (path / "stat").read_text(encoding="ascii", errors="replace")
                parents.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(path.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def kill_tree(root: int) -> None:
    """Kill a process and all that descend from it, without warning."""
    for pid in descendants(root):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
