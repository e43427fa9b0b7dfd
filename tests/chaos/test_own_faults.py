"""Faults of our own and of the machine: a sentence, the right exit code, and what was done is kept."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.suite.workdir import Workdir
from conformance.verdicts import Verdict, read_result
from tests.chaos import child, foreign

_FEW = "LC-CONFIG-007,LC-CONFIG-008,LC-VISITOR-002,LC-VISITOR-003"
_BROKEN_CHECK = """
if "conformance.plugin" in sys.orig_argv and os.environ.get("CHAOS_BREAK"):
    from conformance.suite.judge import Judge

    def _fault(*given, **named):
        raise ZeroDivisionError("a fault of the suite")

    Judge.equal = Judge.that = Judge.accepted = _fault
"""
_SMALL_FILES = 60_000


def test_an_exception_in_a_check_is_an_error_and_never_a_pass(tmp_path: Path) -> None:
    """A fault of the suite gives verdict error and exit code 4; the user sees no traceback."""
    child.environment(tmp_path)
    hook = tmp_path / "audit" / "sitecustomize.py"
    faulty = hook.read_text(encoding="utf-8") + _BROKEN_CHECK
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "sitecustomize.py").write_text(faulty, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "faulty"), *(part for part in sys.path if part)])
    done = child.call(
        tmp_path,
        *("run", "--only", _FEW, "--level", "quick", "--report", "out", "--format", "json"),
        PYTHONPATH=path,
        CHAOS_BREAK="1",
    )
    assert done.code == 4, done.said
    assert "Traceback" not in done.said
    result = read_result(tmp_path / "out" / "result.json")
    assert result.counts[Verdict.ERROR.value]


def test_a_report_folder_that_is_a_file_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """The folder cannot be made: exit 2, a sentence, and no connection at all."""
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    done = child.call(tmp_path, "run", "http://127.0.0.1:9", "--report", "out")
    assert done.code == 2, done.said
    assert "--report" in done.said
    assert "Traceback" not in done.said
    assert not done.places


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL_FILES, _SMALL_FILES))


@pytest.mark.timeout(300)
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """No file can grow any more: a sentence and an exit code that is no success, and nothing is left on the server."""
    with reference_server() as url:
        process = subprocess.run(
            [
                *(sys.executable, "-m", "conformance", "run", str(url), "--admin-user", url.admin_user),
                *("--only", _FEW, "--level", "quick", "--report", "out", "-q"),
            ],
            cwd=tmp_path,
            env=child.environment(tmp_path, LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password),
            capture_output=True,
            text=True,
            preexec_fn=_small_files,
            timeout=240,
            check=False,
        )
        said = process.stdout + process.stderr
        assert "Traceback" not in said, said[-3000:]
        assert process.returncode in {1, 2, 4}, said
        assert said.strip()


@pytest.mark.timeout(300)
def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    """``| head -1``: no traceback, and the report is written."""
    command = f"{sys.executable} -m conformance run --only LC-CONFIG-007 --level quick --report out 2>err | head -c 1"
    subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=child.environment(tmp_path),
        capture_output=True,
        timeout=240,
        check=True,
    )
    assert "Traceback" not in (tmp_path / "err").read_text(encoding="utf-8")
    assert read_result(tmp_path / "out" / "result.json").exit_code == 0


@pytest.mark.timeout(400)
def test_a_killed_worker_costs_a_test_and_not_the_run(tmp_path: Path) -> None:
    """One of two workers is killed: the run ends by itself, is not taken for a whole one, and keeps what was done."""
    with reference_server() as url:
        process = child.start(
            tmp_path,
            *("run", str(url), "--admin-user", url.admin_user, "--only", "config", "--level", "quick", "-q"),
            *("--workers", "2", "--report", "out", "--format", "json"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
        )
        try:
            outcomes = tmp_path / "out" / "work" / "outcomes.jsonl"
            end = time.monotonic() + 120
            while time.monotonic() < end and not (outcomes.exists() and outcomes.stat().st_size):
                time.sleep(0.05)
            workers = [pid for pid in child.descendants(process.pid) if _is_worker(pid)]
            assert workers
            os.kill(workers[0], signal.SIGKILL)
            out, err = process.communicate(timeout=240)
        finally:
            child.kill_tree(process.pid)
        assert "Traceback" not in out + err
        assert process.returncode == 4, out + err
        result = read_result(tmp_path / "out" / "result.json")
        assert result.counts[Verdict.PASS.value]


def _is_worker(pid: int) -> bool:
    try:
        return b"sys.stdin.readline" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.timeout(300)
def test_no_connection_leaves_for_anything_but_the_target(tmp_path: Path) -> None:
    """A run of the embedded server talks to one port of this machine, and looks no name up."""
    done = child.call(tmp_path, "run", "--only", _FEW, "--level", "quick", "--report", "out")
    assert done.code == 0, done.said
    assert len(done.places) == 1
    assert next(iter(done.places)).startswith("('127.0.0.1', ")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_tests_that_nobody_waits_for_end_and_clean_up(workers: str, tmp_path: Path) -> None:
    """Only the process that the user started is killed: those below it do not go on for hours, and clean up."""
    with reference_server() as url:
        process = child.start(
            tmp_path,
            *("run", str(url), "--admin-user", url.admin_user, "--only", "rooms,visitors", "--level", "quick", "-q"),
            *("--workers", workers, "--report", "out", "--format", "json"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
        )
        below: list[int] = []
        try:
            outcomes = tmp_path / "out" / "work" / "outcomes.jsonl"
            end = time.monotonic() + 120
            while time.monotonic() < end and not (outcomes.exists() and outcomes.stat().st_size):
                time.sleep(0.05)
            below = [pid for pid in child.descendants(process.pid) if pid != process.pid]
            process.kill()
            process.communicate(timeout=30)
            end = time.monotonic() + 120
            while time.monotonic() < end and any(_is_there(pid) for pid in below):
                time.sleep(0.2)
            assert not any(_is_there(pid) for pid in below)
        finally:
            for pid in below:
                child.kill_tree(pid)
        assert not foreign.ours(url)
        assert not foreign.visitors_of_ours(url)
        assert len(outcomes.read_bytes().splitlines()) < len(Workdir(tmp_path / "out" / "work").plan())


def _is_there(pid: int) -> bool:
    """Whether a process still runs: nobody may be left to ask how it ended."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False
