"""Processes: which one this is, and whether another one still is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """What tells this process from all others, also from a later one with its number."""
    return {"pid": os.getpid(), "start": _started(os.getpid())}


def _started(pid: int) -> str:
    """When a process was started, as the kernel counts it; empty where it has ended or that cannot be seen."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    # A killed process stays in the table until its parent asks for it, and holds nothing any more.
    return "" if fields[0] in {"Z", "X"} else fields[19]


def alive(process: Any) -> bool:
    """Whether a process that ``this_process`` told of still is; what tells of none is none."""
    try:
        pid = int(process["pid"])
        os.kill(pid, 0)
        return bool(process["start"] == _started(pid))
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError, KeyError, TypeError, ValueError):
        return False
