"""The GitHub action: its steps, in order, against servers with and without a fault."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.reference.server import Url
from tests.recipes.conftest import ONLY, ROOT
from tests.recipes.emulate import PINNED, Ran, composite, load

ACTION = ROOT / "action.yml"
Runner = Callable[..., tuple[Ran, Path]]


@pytest.fixture(scope="module")
def runner(machine: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Runs the action against a server, each time in an empty workspace; what is installed stays installed."""

    def run(server: Url | None, **inputs: str) -> tuple[Ran, Path]:
        workspace = tmp_path_factory.mktemp("workspace")
        given = {"level": "quick", "arguments": f"--only {ONLY} --seed 1", **inputs}
        if server is not None:
            given |= {"url": str(server), "admin-user": server.admin_user, "admin-password": server.admin_password}
        there = {"Install"} if (machine / "bin" / "livechat-conformance").exists() else set()
        return composite(ACTION, given, workspace, environment, done=there), workspace

    return run


def test_a_gate_is_green_then_red_then_green_then_red(
    runner: Runner, clean: Url, faulty: Url, machine: Path, tmp_path: Path
) -> None:
    """Green on a clean server, red with a fault, green again with a waiver, and red when the waiver goes stale."""
    first, workspace = runner(clean)
    assert first.code == 0, first.log
    assert list(first.steps)[-2:] == ["Judge", "Gate"]
    assert first.outputs["exit-code"] == "0"
    assert first.outputs["verdict"].startswith("Conformant to the Livechat contract")
    assert first.outputs["verdict"] in first.summary
    assert "::error" not in first.log
    written = {path.name for path in (workspace / "reports" / "latest").iterdir()}
    assert {"index.html", "result.json", "junit.xml", "summary.md", "results.sarif", "badge.svg"} <= written

    second, workspace = runner(faulty)
    assert second.code == 1, second.log
    assert second.steps == {"Judge": 0, "Gate": 1}
    assert second.outputs["verdict"].startswith("Not conformant")
    assert f"::error title=Livechat conformance::{second.outputs['verdict']}" in second.log
    assert "::error title=LC-CONFIG-008 (fail)::" in second.log
    assert "LC-CONFIG-008" in second.summary

    waivers = tmp_path / "waivers.toml"
    subprocess.run(
        [
            machine / "bin" / "livechat-conformance",
            "waive",
            "reports/latest",
            "--reason",
            "mended next week",
            "--out",
            waivers,
        ],
        cwd=workspace,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    third, _ = runner(faulty, waivers=str(waivers))
    assert third.code == 0, third.log
    assert "waived" in third.summary

    fourth, _ = runner(clean, waivers=str(waivers))
    assert fourth.code == 1, fourth.log
    assert "stale waiver" in fourth.outputs["verdict"]
    assert "::error title=LC-CONFIG-008 (stale waiver)::" in fourth.log


def test_without_inputs_the_embedded_server_is_judged(runner: Runner) -> None:
    """The action works before anything was configured, also with a secret that is not set."""
    done, workspace = runner(None, report="out", **{"admin-password": "left over"})
    assert done.code == 0, done.log
    assert (workspace / "out" / "index.html").exists()


def test_a_run_that_cannot_begin_is_said_and_red(runner: Runner) -> None:
    """Exit codes 2 and 3 pass through the gate, and the summary is not empty."""
    wrong, _ = runner(None, arguments="--only nothing-of-that-name")
    assert wrong.code == 2, wrong.log
    assert wrong.outputs["verdict"] == "The run could not begin (exit code 2); its log says why."
    assert wrong.outputs["verdict"] in wrong.summary
    nobody, _ = runner(None, url="http://127.0.0.1:9")
    assert nobody.code == 3, nobody.log
    assert nobody.outputs["exit-code"] == "3"


def test_what_a_server_says_is_no_command_to_the_ci(runner: Runner, faulty: Url) -> None:
    """While the log of the run is written, GitHub is told to obey nothing in it."""
    done, _ = runner(faulty)
    lines = done.log.splitlines()
    (begin,) = (number for number, line in enumerate(lines) if line.startswith("::stop-commands::"))
    end = lines.index(f"::{lines[begin].removeprefix('::stop-commands::')}::")
    assert any(line.startswith("Not conformant") for line in lines[begin:end])
    assert not any(line.startswith("::") for line in lines[begin + 1 : end])


def test_every_action_of_others_is_pinned_and_every_input_is_used() -> None:
    """No branch of somebody else is run, and no input is only for show."""
    action, text = load(ACTION), ACTION.read_text(encoding="utf-8")
    for step in action["runs"]["steps"]:
        assert "uses" not in step or PINNED.match(step["uses"])
        assert "uses" in step or step["shell"] == "bash"
    for name, declared in action["inputs"].items():
        assert declared["description"].endswith((".", ")."))
        assert text.count(f"inputs.{name}") >= 1, name
    for declared in action["outputs"].values():
        assert declared["description"]


def test_no_input_is_written_into_a_script() -> None:
    """An input is a value of the environment, never a part of the program text: nobody can inject a command."""
    for step in load(ACTION)["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
