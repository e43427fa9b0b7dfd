"""The documents: their commands run, their links lead somewhere, their examples are true."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from conformance.cli import COMMANDS
from conformance.contract import load_contract
from conformance.faults.model import Fault
from conformance.reference import reference_server
from conformance.target.options import OPTIONS
from conformance.verdicts import Verdict, read_result
from conformance.verdicts.words import ExitCode

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md"), ROOT / "reports" / "README.md"}
)
SCREEN = 30
"""How many lines of a document a reader sees before he scrolls."""
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return [text for name, text in _FENCE.findall(path.read_text(encoding="utf-8")) if name == language]


def commands() -> Iterator[tuple[str, str]]:
    """Every command of the documents that starts the suite."""
    for path in DOCUMENTS:
        for block in blocks(path, "console"):
            for line in block.splitlines():
                for part in line.removeprefix("$ ").split(" && "):
                    if line.startswith("$ ") and part.startswith("livechat-conformance"):
                        yield path.name, part


@pytest.mark.parametrize(("document", "command"), sorted(set(commands())))
def test_every_command_of_a_document_is_one(document: str, command: str) -> None:
    """A command that a document shows has options that exist: its own ``--help`` is asked with them."""
    words = shlex.split(command)[1:]
    done = _run([*words, "--help"])
    assert done.returncode == 0, f"{document}: {command}\n{done.stderr}"
    known = _run([words[0], "--help"]).stdout
    for word in words[1:]:
        if word.startswith("--"):
            assert word.split("=")[0] in known, f"{document}: {command} has no option {word}"


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_is_dead(path: Path) -> None:
    """A link to a file of the repository leads to a file."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_readme_names_every_command_and_only_real_numbers() -> None:
    """The numbers of the README are those of the contract, and each command has a place in it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    contract = load_contract(None)
    assert f"{len(contract.judged)} documented operations, {len(contract.requirements)} requirements" in text
    for option in ("level", "profile", "only", "skip", "seed", "workers", "max-time", "read-only", "disposable"):
        assert any(each.name == option for each in OPTIONS)
        assert f"--{option}" in text
    for name in COMMANDS:
        assert f"livechat-conformance {name}" in text or name == "report"


def test_the_first_screen_shows_what_it_is_the_command_its_output_and_the_report() -> None:
    """One sentence, one command, what it really said, and a picture; nothing of it is made up or stale."""
    first = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:SCREEN])
    assert "whether that server keeps the" in " ".join(first.split())
    assert "$ pip install . && livechat-conformance run\n" in first
    said = read_result(ROOT / "reports" / "samples" / "conformant" / "result.json")
    assert f"\n{said.sentence}\n" in first, "python scripts/samples.py remakes what the README shows"
    assert f"\n{said.requests} requests, {said.duration_s:.1f} s, seed {said.seed}. Report: " in first
    (picture,) = re.findall(r"^!\[[^]]{20,}\]\(([^)]+\.png)\)$", first, re.MULTILINE)
    assert (ROOT / picture).stat().st_size > 20_000


@pytest.mark.parametrize(
    "path", [*DOCUMENTS, *sorted(ROOT.glob("recipes/*")), ROOT / "action.yml"], ids=lambda p: p.name
)
def test_no_document_promises_a_publication(path: Path) -> None:
    """What is typed in a document works on a clean checkout: nothing is installed by its name alone."""
    for line in path.read_text(encoding="utf-8").splitlines():
        typed = line.lstrip(" -").removeprefix("$ ").removeprefix("run: ")
        assert not re.match(r"(python -m )?pip install (--quiet )?livechat-conformance", typed), f"{path.name}: {line}"


def test_every_link_to_a_heading_leads_to_one() -> None:
    """A link with a fragment names a heading of the document that it leads to."""
    for path in DOCUMENTS:
        for target, fragment in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", path.read_text(encoding="utf-8")):
            there = (path.parent / target) if target else path
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            known = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
            assert fragment in known, f"{path.name} links to {target}#{fragment}"


def test_the_guide_to_the_report_names_every_verdict() -> None:
    """A reader finds each word of the report explained."""
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    for verdict in Verdict:
        assert f"| {verdict.value} |" in text, verdict


def test_the_exit_codes_of_the_readme_are_those_of_the_program() -> None:
    """Each code has a line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d) \|", text, re.MULTILINE)] == sorted(ExitCode)


def test_the_example_in_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python example of the README runs as it stands."""
    monkeypatch.chdir(tmp_path)
    (example,) = blocks(ROOT / "README.md", "python")
    said: list[str] = []
    exec(compile(example, "README.md", "exec"), {"print": said.append})
    assert said
    assert said[0]


def test_the_waiver_of_the_readme_can_be_read(tmp_path: Path) -> None:
    """The waiver that the README shows is a waiver."""
    from conformance.verdicts import load_waivers

    (text,) = blocks(ROOT / "README.md", "toml")
    path = tmp_path / "waivers.toml"
    path.write_text(text, encoding="utf-8")
    (waiver,) = load_waivers(path)
    assert waiver.requirement == "LC-ROOM-042"


def test_the_walk_of_contributing_is_true(tmp_path: Path) -> None:
    """The clause, the check and the fault of CONTRIBUTING work together: clean passes, the fault is found."""
    (clause,) = blocks(ROOT / "CONTRIBUTING.md", "yaml")
    check, fault = blocks(ROOT / "CONTRIBUTING.md", "python")
    (entry,) = yaml.safe_load(clause)
    assert set(entry) == {"id", "level", "clause", "operations", "profile", "source", "confidence", "kind"}
    names: dict[str, object] = {}
    exec(compile(fault, "CONTRIBUTING.md", "exec"), names)
    planted = names["FAULT"]
    assert isinstance(planted, Fault)
    # The clause of the walk is not part of the contract: an existing one of the same operations lends its id.
    stand_in = "LC-VISITOR-039"
    folder = tmp_path / "areas"
    folder.mkdir()
    (folder / "test_example.py").write_text(check.replace(entry["id"], stand_in), encoding="utf-8")
    for faults, expected in (((), 0), ((planted,), 1)):
        with reference_server(faults=faults) as url:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "-p", "no:cacheprovider", "-q",
                 "-o", "addopts=", "--livechat-target", str(url), "--livechat-report", str(tmp_path / "out"),
                 str(folder)],
                capture_output=True,
                text=True,
                cwd=tmp_path,
                env={
                    **os.environ,
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                    "LIVECHAT_CONFORMANCE_ADMIN_USER": url.admin_user,
                    "LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": url.admin_password,
                    "LIVECHAT_CONFORMANCE_ONLY": stand_in,
                },
                timeout=120,
                check=False,
            )  # fmt: skip
        failed = stand_in in done.stdout and "changed the visitor's name" in done.stdout
        assert failed is bool(expected), done.stdout + done.stderr
