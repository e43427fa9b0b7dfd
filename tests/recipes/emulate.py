"""A small stand-in for the machines of a CI: runs the steps of an action or a job in order, in the shell they ask for.

It knows what our files use and refuses everything else, so that a recipe can never pass because it was not understood.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PINNED = re.compile(r"^[\w.-]+/[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})$")
"""How an action of others is named: with a version, never with a branch."""

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_STEP_S = 240


class NotUnderstood(Exception):
    """A recipe uses something that this stand-in does not know."""


@dataclass
class Ran:
    """What became of a run.

    Attributes:
        code: The exit code of the whole: that of the first step that failed, or 0.
        log: All that the steps wrote, both streams.
        outputs: The outputs of the action, as its caller sees them.
        summary: The job summary.
        steps: The exit code of each step that ran, by its name.
    """

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    steps: dict[str, int] = field(default_factory=dict)


def load(path: Path) -> dict[str, Any]:
    """A YAML file; ``on`` of GitHub, which YAML 1.1 reads as a truth value, keeps its name."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return {("on" if key is True else str(key)): value for key, value in document.items()}


def filled(text: object, values: Mapping[str, str]) -> str:
    """A text with its ``${{ ... }}`` replaced.

    Raises:
        NotUnderstood: An expression is more than the name of a value that is there.
    """

    def one(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise NotUnderstood(f"${{{{ {found[1]} }}}} is nothing that this run knows")
        return values[found[1]]

    return _EXPRESSION.sub(one, str(text))


def shell(script: str, how: str, cwd: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub (``bash``), Jenkins or GitLab (``sh``) does: it ends at the first command that fails."""
    command = {
        "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        "sh": ["sh", "-e", "-c", script],
    }[how]
    return subprocess.run(
        command,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_STEP_S,
        check=False,
    )


def steps(
    listed: list[dict[str, Any]],
    cwd: Path,
    environment: Mapping[str, str],
    values: Mapping[str, str],
    how: str,
    done: Collection[str] = (),
) -> tuple[Ran, dict[str, str]]:
    """Run the steps of a job or of a composite action.

    Args:
        listed: The steps as they stand in the file.
        cwd: The workspace.
        environment: Of every step.
        values: What expressions may name, for example ``inputs.url`` or ``matrix.part``.
        how: The shell where a step names none; an action must name one, which is said by an empty text.
        done: Names of steps whose work is there already, because they ran on this machine before.

    Returns:
        What became of it, and the values with the outputs of the steps.
    """
    ran, known = Ran(), dict(values)
    summary, variables = cwd / "step-summary.md", cwd / "step-env.txt"
    for number, step in enumerate(listed):
        name = str(step.get("name", step.get("id", step.get("uses", f"step {number}"))))
        if "uses" in step:
            assert PINNED.match(step["uses"]), f"{step['uses']} is not pinned to a version"
            continue
        if unknown := set(step) - {"name", "id", "if", "shell", "run", "env"}:
            raise NotUnderstood(f"{name}: {', '.join(sorted(unknown))}")
        if step.get("if", "success()") not in {"success()", "always()"}:
            raise NotUnderstood(f"{name}: if: {step['if']}")
        if name in done or (ran.code and step.get("if") != "always()"):
            continue
        output = cwd / f"step-output-{number}.txt"
        output.touch()
        variables.touch()
        exported = dict(line.split("=", 1) for line in variables.read_text().splitlines())
        ended = shell(
            filled(step["run"], known),
            step.get("shell", how),
            cwd,
            {
                **environment,
                **exported,
                **{key: filled(value, known) for key, value in (step.get("env") or {}).items()},
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": os.fspath(output),
                "GITHUB_STEP_SUMMARY": os.fspath(summary),
                "GITHUB_ENV": os.fspath(variables),
            },
        )
        ran.log += ended.stdout
        ran.steps[name] = ended.returncode
        ran.code = ran.code or ended.returncode
        if "id" in step:
            for line in output.read_text(encoding="utf-8").splitlines():
                key, _, value = line.partition("=")
                known[f"steps.{step['id']}.outputs.{key}"] = value
    ran.summary = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return ran, known


def composite(
    path: Path, inputs: Mapping[str, str], cwd: Path, environment: Mapping[str, str], done: Collection[str] = ()
) -> Ran:
    """Run a composite action with these inputs, as a workflow that uses it does."""
    action = load(path)
    assert action["runs"]["using"] == "composite"
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, f"the action has no input {unknown}"
    values = {
        f"inputs.{name}": str(inputs.get(name, declared.get("default", "")))
        for name, declared in action["inputs"].items()
    }
    own = {**environment, "GITHUB_ACTION_PATH": os.fspath(path.parent)}
    ran, known = steps(action["runs"]["steps"], cwd, own, values, "", done)
    ran.outputs = {name: filled(output["value"], known) for name, output in action["outputs"].items()}
    return ran
