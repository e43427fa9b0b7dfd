"""Every requirement has a check, and the table of both is the current one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_requirement_has_a_check_and_stands_in_the_table() -> None:
    """No clause is without a check, no check is without a clause, and the committed table says so."""
    command = [sys.executable, str(ROOT / "scripts" / "requirements_table.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
