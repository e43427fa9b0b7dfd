"""The Dockerfile: small, without root, without build tools; its lines are read here, and those that install are run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, lines that go on joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        assert word.isupper(), line
        if word == "FROM":
            found.append([])
        found[-1].append((word, " ".join(rest.split())))
    return found


def test_it_has_two_stages_on_the_same_pinned_base() -> None:
    """The base has a version, so that an image built later is the same; both stages have the same Python."""
    build, last = stages()
    bases = [stage[0][1].split(" ")[0] for stage in (build, last)]
    assert bases[0] == bases[1]
    assert re.fullmatch(r"python:3\.1[1-4]-slim-[a-z]+", bases[0])
    assert build[0][1].endswith(" AS build")


def test_no_build_tool_is_left_in_the_last_stage() -> None:
    """Nothing is installed there, pip goes, and only the finished environment is copied."""
    _, last = stages()
    commands = [rest for word, rest in last if word == "RUN"]
    assert any(re.search(r"pip uninstall .*\bpip\b", each) for each in commands)
    assert not any(re.search(r"\b(apt-get|apk|pip install|gcc)\b", each) for each in commands)
    assert [rest for word, rest in last if word in {"COPY", "ADD"}] == ["--from=build /opt/livechat /opt/livechat"]


def test_the_suite_is_not_run_as_root_and_may_write_its_report() -> None:
    """The user is a number, so that a cluster can see that it is not root; the volume is his before it is declared."""
    _, last = stages()
    order = [word for word, _ in last]
    (user,) = (rest for word, rest in last if word == "USER")
    assert user.isdigit()
    assert int(user) > 0
    assert any(f"--uid {user}" in rest for word, rest in last if word == "RUN")
    (volume,) = (rest for word, rest in last if word == "VOLUME")
    assert any("--owner=judge" in rest and rest.endswith(volume) for word, rest in last if word == "RUN")
    assert order.index("USER") < order.index("ENTRYPOINT")


def test_no_failure_is_swallowed_and_nothing_secret_is_in_it() -> None:
    """No ``|| true``, no password, no cache left, and the command is a list, so that signals arrive."""
    for stage in stages():
        for word, rest in stage:
            assert "||" not in rest
            assert "PASSWORD" not in rest.upper()
            assert word not in {"ENTRYPOINT", "CMD"} or rest.startswith("[")
            if "pip" in rest and " install " in rest and word == "RUN" and "--directory" not in rest:
                assert "--no-cache-dir" in shlex.split(rest)


def test_what_an_image_does_not_need_does_not_travel() -> None:
    """The tests, the history and the reports stay outside; what the build needs does not."""
    ignored = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {".git", ".tox", "tests", "reports", "benchmarks", "**/__pycache__"} <= ignored
    assert not ignored & {"conformance", "spec", "README.md", "LICENSE", "pyproject.toml"}
