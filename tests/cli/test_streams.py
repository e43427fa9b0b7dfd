"""Standard streams that are closed or full: a sentence and the right exit code, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.report import write_reports
from tests.chaos.child import environment
from tests.report.sample import sample

NOBODY = "http://127.0.0.1:9"
SENTENCE = "Error: The standard output cannot be written to: No space left on device."


def shell(folder: Path, arguments: str, streams: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Call the command line through a shell, which opens and closes its streams."""
    return subprocess.run(
        ["bash", "-c", f"{sys.executable} -m conformance {arguments} {streams}"],
        cwd=folder,
        env=environment(folder, **given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(f"run {NOBODY} -q", 3), (f"run {NOBODY} -q --json", 3), ("--version", 2), ("--help", 2), ("run --help", 2)],
)
def test_a_full_output_is_said_and_changes_no_verdict(
    tmp_path: Path, arguments: str, code: int, unbuffered: str
) -> None:
    """One sentence; the code of a run is its own."""
    done = shell(tmp_path, arguments, ">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (code, SENTENCE)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_closed_input_is_nobody_to_ask(tmp_path: Path, command: str) -> None:
    """Where the standard input is closed, no password is asked for, and the command goes on."""
    reached = shell(tmp_path, f"{command} {NOBODY}", "<&-")
    assert reached.returncode == 3, reached.stderr
    asked = shell(tmp_path, f"{command} {NOBODY} --admin-user admin", "<&-")
    assert asked.returncode == 2
    assert "has no password" in asked.stderr
    assert "Traceback" not in reached.stderr + asked.stderr


def test_a_waiver_needs_somebody_to_ask(tmp_path: Path) -> None:
    """``waive`` says so where the standard input is closed, and writes nothing."""
    write_reports(sample("failing"), tmp_path / "failing", ("json",))
    done = shell(tmp_path, "waive failing", "<&-")
    assert done.returncode == 2
    assert "A waiver needs a reason" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "waivers.toml").exists()
