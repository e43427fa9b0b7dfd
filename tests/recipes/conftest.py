"""What the recipes stand on: an empty machine with a Python, and the suite installed the way a recipe installs it."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.faults.catalogue import catalogue
from conformance.reference import reference_server
from conformance.reference.server import Url

ROOT = Path(__file__).resolve().parents[2]
ONLY = "LC-CONFIG-008,LC-CONFIG-014"
FAULT = "config.survey-numbers"


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment, which plays the machine that a CI hands out."""
    folder = tmp_path_factory.mktemp("machine") / ".livechat"
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    return folder


@pytest.fixture(scope="session")
def wheel(machine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite as a wheel, so that no recipe has to build it again."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [machine / "bin" / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT],
        check=True,
        timeout=240,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def environment(machine: Path, wheel: Path) -> dict[str, str]:
    """The environment of that machine: nothing of ours, and nothing of the checkout, is on its paths."""
    kept = (
        "PIP_",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "SSL_CERT",
        "REQUESTS_CA",
        "HTTP",
        "http",
        "NO_PROXY",
        "no_proxy",
    )
    inherited = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    path = os.pathsep.join([os.fspath(machine / "bin"), os.environ["PATH"]])
    return {**inherited, "PATH": path, "CI": "true", "LIVECHAT_SUITE": os.fspath(wheel)}


@pytest.fixture(scope="module")
def clean() -> Iterator[Url]:
    """A server without faults."""
    with reference_server() as url:
        yield url


@pytest.fixture(scope="module")
def faulty() -> Iterator[Url]:
    """A server whose survey speaks in numbers."""
    with reference_server(faults=[catalogue()[FAULT]]) as url:
        yield url
