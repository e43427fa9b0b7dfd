"""The main job as a user types it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

import conformance
from conformance.reference import reference_server
from conformance.verdicts import Verdict, read_result
from tests.runner.conftest import Run

_FEW = "LC-CONFIG-007,LC-CONFIG-008,LC-CONFIG-014,LC-CONFIG-015,LC-CONFIG-016,LC-CONFIG-028"


def test_without_a_url_the_embedded_server_is_judged(livechat: Run, tmp_path: Path) -> None:
    """One command judges the embedded server, says the verdict first, and leaves the reports."""
    done = livechat("run", "--only", _FEW, "--report", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Conformant to the Livechat contract")
    assert "Traceback" not in done.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"index.html", "result.json", "junit.xml", "summary.md", "results.sarif", "badge.svg"} <= written
    result = read_result(tmp_path / "out" / "result.json")
    judged = {one.id: one.verdict for one in result.requirements if one.verdict is not Verdict.NOT_APPLICABLE}
    assert judged == dict.fromkeys(_FEW.split(","), Verdict.PASS)
    assert result.settings["admin-password"] == "{{password:admin}}"


def test_the_password_comes_from_the_environment_and_goes_nowhere(livechat: Run, tmp_path: Path) -> None:
    """A server of one's own is judged with credentials that stand in no output file."""
    with reference_server() as url:
        done = livechat(
            *("run", str(url), "--admin-user", url.admin_user, "--only", _FEW, "--report", "out", "--format", "json"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for path in (tmp_path / "out").rglob("*"):
            if path.is_file():
                assert url.admin_password.encode() not in path.read_bytes(), path


def test_one_and_two_workers_say_the_same(livechat: Run, tmp_path: Path) -> None:
    """The verdict of every requirement is the same with one worker and with two."""
    verdicts = []
    for workers in ("1", "2"):
        done = livechat("run", "--only", "config,triggers", "--seed", "5", "--workers", workers, "--report", workers)
        assert done.returncode in {0, 4}, done.stdout + done.stderr
        result = read_result(tmp_path / workers / "result.json")
        verdicts.append({one.id: one.verdict for one in result.requirements})
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "http://127.0.0.1:9/chat"], 2, "goes beyond the server's root"),
        (["run", "127.0.0.1:3000"], 2, "http"),
        (["run", "--level", "standart"], 2, "Did you mean"),
        (["run", "--levle", "quick"], 2, "No such option"),
        (["run", "--only", "closeroom"], 2, "did you mean closeRoom"),
        (["run", "--only", "video", "--skip", "video"], 2, "stands in both"),
        (["run", "--only", "getVideoCall", "--skip", "video"], 5, "nothing to judge"),
        (["run", "--read-only", "--disposable"], 2, "contradict"),
        (["run", "--waivers", "nowhere.toml"], 2, "nowhere.toml"),
        (["run", "--config", "nowhere.toml"], 2, "nowhere.toml"),
        (["run", "--app", "nowhere:app"], 2, "nowhere:app"),
        (["run", "http://127.0.0.1:9", "--admin-user", "root"], 2, "has no password"),
    ],
)
def test_a_mistake_is_met_with_a_sentence(livechat: Run, arguments: list[str], code: int, words: str) -> None:
    """A mistake of the user ends with the right exit code and a sentence, never with a traceback."""
    done = livechat(*arguments)
    said = done.stdout + done.stderr
    assert words in said
    assert done.returncode == code, said
    assert "Traceback" not in said


def test_an_unreachable_target_is_said_and_reported(livechat: Run, tmp_path: Path) -> None:
    """Nobody listens: exit 3, the cause in the first line, and a report in which nothing was run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = livechat("run", f"http://127.0.0.1:{port}", "--report", "out")
    assert done.returncode == 3
    assert "refused" in done.stdout.splitlines()[0].lower()
    result = read_result(tmp_path / "out" / "result.json")
    assert result.exit_code == 3
    assert not any(one.verdict is Verdict.PASS for one in result.requirements)


def test_wrong_credentials_are_said(livechat: Run) -> None:
    """A refused administrator ends the run before anything is judged."""
    with reference_server() as url:
        done = livechat("run", str(url), "--admin-user", "admin", LIVECHAT_CONFORMANCE_ADMIN_PASSWORD="wrong")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "background", [False, True], ids=["by a person", "in a job that a shell put in the background"]
)
def test_an_interrupt_cleans_up_and_reports(tmp_path: Path, background: bool) -> None:
    """Ctrl-C in the middle of a run removes what it made, and leaves a report that says what was not run."""
    deaf = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    started = [sys.executable, "-c", deaf] if background else []
    with (
        reference_server() as url,
        subprocess.Popen(
            [
                *started,
                sys.executable,
                "-m",
                "conformance",
                "run",
                str(url),
                "--admin-user",
                url.admin_user,
                "--report",
                "out",
            ],
            cwd=tmp_path,
            env={**_environment(), "LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": url.admin_password},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        outcomes = tmp_path / "out" / "work" / "outcomes.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (outcomes.exists() and outcomes.stat().st_size):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 4, said
        assert "Traceback" not in said
        left = [each["name"] for each in url.site.departments.find({}) if "lcx-" in each["name"]]
    result = read_result(tmp_path / "out" / "result.json")
    assert result.not_run
    assert left == []


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": ":".join(path for path in sys.path if path)}


def test_max_time_bounds_the_run(livechat: Run, tmp_path: Path) -> None:
    """When the time is over the rest is not run, and the run is incomplete."""
    done = livechat("run", "--max-time", "4s", "--report", "out", "--seed", "1")
    assert done.returncode == 4, done.stdout + done.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert result.endings or result.not_run


def test_the_function_gives_the_result(tmp_path: Path) -> None:
    """``conformance.run`` returns the result document that the command writes."""
    result = conformance.run(only=_FEW.split(","), report=str(tmp_path), seed=3)
    assert result.exit_code == 0
    assert read_result(tmp_path / "result.json") == result


async def _constant(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = json.dumps({"version": "3.2.0", "success": True}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def test_an_app_is_judged_like_a_server(tmp_path: Path) -> None:
    """An ASGI app object is served on loopback; one that answers the same to everything never passes."""
    result = conformance.run(app=_constant, only=["config"], report=str(tmp_path), seed=3)
    assert result.exit_code != 0
    assert result.requests > 1


@pytest.mark.parametrize(("only", "code"), [("LC-CONFIG-008", 0), ("LC-CONFIG-008,LC-INQUIRY-015", 4)])
def test_credentials_that_allow_too_little_are_said(livechat: Run, tmp_path: Path, only: str, code: int) -> None:
    """The visitor's profile is judged, and the run says why no more; what was asked for by name cannot be left out."""
    with reference_server() as url:
        account = {"user": url.admin_user, "password": url.admin_password}
        login = httpx.post(f"{url}/api/v1/login", json=account).json()["data"]
        headers = {"x-auth-token": login["authToken"], "x-user-id": login["userId"]}
        user = {"name": "Plain", "email": "plain@b.test", "username": "plain", "password": "pw-of-plain"}
        assert httpx.post(f"{url}/api/v1/users.create", headers=headers, json=user).status_code == 200
        done = livechat(
            *("run", str(url), "--admin-user", "plain", "--only", only, "--report", "out", "--format", "json"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD="pw-of-plain",
        )
    assert done.returncode == code, done.stdout + done.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert result.profile == "visitor"
    assert any(each.startswith("credentials were given, but their user may not") for each in result.partial)
    assert any(each.startswith("LC-INQUIRY-015 could not be judged") for each in result.endings) == (code == 4)
    reasons = {one.id: one.reason for one in result.requirements}
    assert "may not make agents" in reasons["LC-INQUIRY-015"] or code == 0
