"""The recipes for GitLab, Jenkins, plain shell and a GitHub matrix: well-formed, and their lines run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.reference.server import Url
from conformance.verdicts import read_result
from tests.recipes.conftest import ONLY, ROOT
from tests.recipes.emulate import PINNED, load, shell, steps

RECIPES = ROOT / "recipes"
_PARTS = 4


def variables(url: Url, environment: dict[str, str]) -> dict[str, str]:
    """The variables that a recipe asks for, and a selection that keeps the run short."""
    return {
        **environment,
        "LIVECHAT_URL": str(url),
        "LIVECHAT_ADMIN": url.admin_user,
        "LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": url.admin_password,
        "LIVECHAT_CONFORMANCE_ONLY": ONLY,
        "LIVECHAT_CONFORMANCE_LEVEL": "quick",
    }


def test_the_shell_recipe_is_green_and_red(machine: Path, environment: dict[str, str], clean: Url, faulty: Url) -> None:
    """It makes its own Python, installs, judges, and its exit code is that of the verdict."""
    for server, code in ((clean, 0), (faulty, 1)):
        done = shell(f'exec sh "{RECIPES / "shell.sh"}"', "sh", machine.parent, variables(server, environment))
        assert done.returncode == code, done.stdout
        assert (machine.parent / "reports" / "latest" / "junit.xml").exists()


def test_the_jenkins_recipe_is_red_with_a_fault(machine: Path, environment: dict[str, str], faulty: Url) -> None:
    """Its shell step runs as Jenkins runs it, and what the pipeline keeps afterwards is there."""
    text = (RECIPES / "Jenkinsfile").read_text(encoding="utf-8")
    (script,) = re.findall(r"sh '''(.*?)'''", text, re.DOTALL)
    done = shell(script, "sh", machine.parent, variables(faulty, environment))
    assert done.returncode == 1, done.stdout
    (junit,) = re.findall(r"junit '([^']+)'", text)
    assert (machine.parent / junit).exists()


def test_the_jenkins_recipe_is_well_formed() -> None:
    """Braces and quotes are balanced, its sections are those of a pipeline, and the password is from the store."""
    text = re.sub(r"^\s*//.*$", "", (RECIPES / "Jenkinsfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    bare = re.sub(r"'''.*?'''|'[^'\n]*'", "''", text, flags=re.DOTALL)
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert bare.count("'") % 2 == 0
    assert re.match(r"\s*pipeline \{\s*agent any\s", bare)
    for section in ("stages {", "steps {", "post {", "always {"):
        assert section in bare
    assert "LIVECHAT_CONFORMANCE_ADMIN_PASSWORD = credentials('" in text


def _gitlab() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The whole file, and its jobs with what they extend folded in."""
    document = load(RECIPES / "gitlab-ci.yml")
    jobs = {
        name: {**document[job["extends"]], **job}
        for name, job in document.items()
        if isinstance(job, dict) and "script" in job
    }
    return document, jobs


def test_the_gitlab_recipe_is_well_formed() -> None:
    """Every job has a stage that exists, a script, an image, and keeps what it made."""
    document, jobs = _gitlab()
    assert {job["stage"] for job in jobs.values()} == set(document["stages"])
    for job in jobs.values():
        assert job["image"].startswith("python:3.")
        assert job["artifacts"]["when"] == "always"
        assert all(isinstance(line, str) for line in [*job["before_script"], *job["script"]])
    assert jobs["livechat-judge"]["parallel"] == _PARTS


def test_four_parts_of_the_gitlab_recipe_join_to_the_whole(
    environment: dict[str, str], faulty: Url, clean: Url, tmp_path: Path
) -> None:
    """The parts draw from one seed, the join is the run that was not split, and it alone turns the pipeline red."""
    document, jobs = _gitlab()
    for name, server, total, code in (("faulty", faulty, _PARTS, 1), ("clean", clean, 1, 0)):
        workspace = tmp_path / name
        workspace.mkdir()
        given = {**document["variables"], **variables(server, environment), "CI_PIPELINE_ID": "4711"}
        before = _installed_once(jobs["livechat-judge"], environment)
        for part in range(1, total + 1):
            own = {**given, "CI_NODE_INDEX": str(part), "CI_NODE_TOTAL": str(total)}
            lines = [*before, *jobs["livechat-judge"]["script"]]
            done = shell("\n".join(lines), "bash", workspace, own)
            assert done.returncode == 0, done.stdout
        joined = shell("\n".join([*before, *jobs["livechat-join"]["script"]]), "bash", workspace, given)
        assert joined.returncode == code, joined.stdout
        assert (workspace / jobs["livechat-join"]["artifacts"]["reports"]["junit"]).exists()
    whole = shell(
        'livechat-conformance run "$LIVECHAT_URL" --admin-user "$LIVECHAT_ADMIN" --seed 4711 --report whole',
        "sh",
        tmp_path,
        variables(faulty, environment),
    )
    assert whole.returncode == 1, whole.stdout
    one = read_result(tmp_path / "whole" / "result.json")
    two = read_result(tmp_path / "faulty" / "reports" / "latest" / "result.json")
    assert (one.sentence, one.exit_code, one.partial, one.counts) == (
        two.sentence,
        two.exit_code,
        two.partial,
        two.counts,
    )


def _installed_once(job: dict[str, Any], environment: dict[str, str]) -> list[str]:
    """The lines before a script; nothing where an earlier recipe has installed the suite on this machine."""
    if shutil.which("livechat-conformance", path=environment["PATH"].split(":")[0]):
        assert job["before_script"] == ['pip install --quiet "$LIVECHAT_SUITE"']
        return []
    return list(job["before_script"])


def test_the_github_matrix_is_well_formed_and_does_what_gitlab_does() -> None:
    """Its keys are those of a workflow, others' actions are pinned, and its lines are those that GitLab's test runs."""
    workflow = load(RECIPES / "github-matrix.yml")
    assert {"name", "on", "jobs", "permissions", "env"} == set(workflow)
    judge, join = workflow["jobs"]["judge"], workflow["jobs"]["join"]
    assert judge["strategy"] == {"fail-fast": False, "matrix": {"part": [1, 2, 3, 4]}}
    assert join["needs"] == "judge"
    for job in (judge, join):
        assert job["runs-on"] == "ubuntu-latest"
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
        assert all(PINNED.match(step["uses"]) for step in job["steps"] if "uses" in step)
    own = [step["run"] for step in judge["steps"] if "run" in step]
    _, jobs = _gitlab()
    theirs = [*jobs["livechat-judge"]["before_script"], *jobs["livechat-judge"]["script"]]
    same = {
        "${{ matrix.part }}/4": "$CI_NODE_INDEX/$CI_NODE_TOTAL",
        "parts/${{ matrix.part }}": "parts/$CI_NODE_INDEX",
        "$GITHUB_RUN_ID": "$CI_PIPELINE_ID",
    }
    for mine, its in same.items():
        own = [line.replace(mine, its) for line in own]
    assert own == theirs


def test_the_steps_of_the_github_matrix_run(environment: dict[str, str], clean: Url, tmp_path: Path) -> None:
    """One part is judged and joined: the join says that the others are missing, and shows its summary all the same."""
    workflow = load(RECIPES / "github-matrix.yml")
    given = {**workflow["env"], **variables(clean, environment), "GITHUB_RUN_ID": "17"}
    values = {"matrix.part": "1", "secrets.ADMIN_PASSWORD": clean.admin_password}
    listed = workflow["jobs"]["judge"]["steps"]
    if _installed_once({"before_script": ['pip install --quiet "$LIVECHAT_SUITE"']}, environment) == []:
        listed = [step for step in listed if not step.get("run", "").startswith("pip install")]
    judged, _ = steps(listed, tmp_path, given, values, "bash")
    assert judged.code == 0, judged.log
    listed = [step for step in workflow["jobs"]["join"]["steps"] if not step.get("run", "").startswith("pip install")]
    joined, _ = steps(listed, tmp_path, given, values, "bash")
    assert joined.code == 4, joined.log
    assert "Only 1 of 4 shards" in joined.summary


@pytest.mark.parametrize(
    "script", [*sorted((ROOT / "scripts").glob("*.sh")), RECIPES / "shell.sh"], ids=lambda p: p.name
)
def test_every_script_can_be_parsed_by_its_shell(script: Path) -> None:
    """And says in its first line which shell that is."""
    first = script.read_text(encoding="utf-8").splitlines()[0]
    assert first in {"#!/usr/bin/env bash", "#!/usr/bin/env sh"}
    subprocess.run([first.rsplit(" ", 1)[1], "-n", script], check=True)
