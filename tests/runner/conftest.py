"""What tests of whole runs share: the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def livechat(tmp_path: Path) -> Run:
    """Call ``livechat-conformance`` in an empty folder; options of the environment are given by name."""

    def call(*arguments: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVECHAT_CONFORMANCE")}
        inherited["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        return subprocess.run(
            [sys.executable, "-m", "conformance", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**inherited, **environment},
            timeout=timeout,
            check=False,
        )

    return call
