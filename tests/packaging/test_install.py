"""The wheel and the sdist: built once, installed far from the checkout, used there, and gone without a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

_INSTALL_S = 300


def environment() -> dict[str, str]:
    """The environment of a user: nothing of ours on any path."""
    dropped = ("PYTHON", "LIVECHAT_", "VIRTUAL_ENV", "PYTEST", "TOX", "COV")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def call(*words: object, cwd: Path, code: int = 0, timeout: float = _INSTALL_S) -> str:
    """Run a program; what it wrote, both streams together."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def fresh(folder: Path) -> Path:
    """A new virtual environment; gives its Python."""
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist of the checkout, and the wheel made of that sdist, as an index would get them."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


def test_both_hold_the_contract_and_the_types_and_no_tests(built: dict[str, Path]) -> None:
    """``spec/`` and ``py.typed`` are inside; a wheel installs one package and nothing beside it."""
    wheel = set(zipfile.ZipFile(built["wheel"]).namelist())
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"conformance"}
    for file in ("py.typed", "spec/openapi.yaml", "spec/requirements.yaml", "spec/profiles.yaml", "suite/pytest.ini"):
        assert f"conformance/{file}" in wheel
    assert "conformance/verdicts/result.schema.json" in wheel
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "spec/openapi.yaml", "conformance/__init__.py"} <= names
    assert not [name for name in names if name.startswith((".git/", ".tox", "reports/latest"))]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_installs_runs_and_leaves_nothing(kind: str, built: dict[str, Path], tmp_path: Path) -> None:
    """The main job works where there is no checkout, the package is typed, and what was installed can be removed.

    All files are compared before and after, those that Python and pytest compiled while the main job ran as well.
    """
    python = fresh(tmp_path / "python")
    call(python, "-m", "pip", "install", "--quiet", built[kind], cwd=tmp_path)
    program = tmp_path / "python" / "bin" / "livechat-conformance"
    work = tmp_path / "elsewhere"
    work.mkdir()
    said = call(program, "run", "--level", "quick", "--only", "config", "--json", "--quiet", cwd=work)
    told = json.loads(said)
    assert told["exit_code"] == 0
    assert (work / "reports" / "latest" / "index.html").exists()
    assert "46 judged operations" in call(program, "spec", "show", cwd=work)
    where = call(python, "-c", "import conformance; print(conformance.__file__)", cwd=work).strip()
    assert Path(where).is_relative_to(tmp_path / "python")
    assert (Path(where).parent / "py.typed").exists()

    site, programs = Path(where).parent.parent, tmp_path / "python" / "bin"
    before = {path.name for path in site.iterdir()} | {path.name for path in programs.iterdir()}
    call(python, "-m", "pip", "uninstall", "--quiet", "--yes", "livechat-conformance", cwd=work)
    left = sorted(str(path) for path in (site / "conformance").rglob("*"))
    assert left == []
    after = {path.name for path in site.iterdir()} | {path.name for path in programs.iterdir()}
    gone = {name for name in before - after if not name.startswith("livechat_conformance-")}
    assert gone == {"conformance", "livechat-conformance"}
    assert not [name for name in after if "livechat" in name or "conformance" in name]


def test_it_works_isolated_as_pipx_installs_it(built: dict[str, Path], tmp_path: Path) -> None:
    """An environment without pip, with a link to the program in a folder of the path: what pipx, uv and Docker do."""
    folder = tmp_path / "venvs" / "livechat-conformance"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    call(
        *(fresh(tmp_path / "tool"), "-m", "pip", "--python", folder / "bin" / "python"),
        *("install", "--quiet", "--no-cache-dir", built["wheel"]),
        cwd=tmp_path,
    )
    assert not list(folder.rglob("pip"))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "livechat-conformance").symlink_to(folder / "bin" / "livechat-conformance")
    said = call(
        *(programs / "livechat-conformance", "run", "--level", "quick", "--only", "config", "--workers", "2"),
        cwd=tmp_path,
    )
    assert "Conformant to the Livechat contract" in said


def test_the_two_commands_of_a_newcomer_take_less_than_three_minutes(tmp_path: Path) -> None:
    """A clone, a fresh environment, no cache: what the README's first screen shows is typed as it stands."""
    (line,) = (
        line.removeprefix("$ ")
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("$ pip install ") and "livechat-conformance run" in line
    )
    clone, python = tmp_path / "clone", tmp_path / "python"
    call("git", "clone", "--quiet", ROOT, clone, cwd=tmp_path)
    fresh(python)
    started = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=clone,
        env={**environment(), "PATH": f"{python / 'bin'}{os.pathsep}{os.environ['PATH']}", "PIP_NO_CACHE_DIR": "1"},
        capture_output=True,
        text=True,
        timeout=_INSTALL_S,
        check=False,
    )
    took = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nConformant to the Livechat contract" in f"\n{done.stdout}"
    assert (clone / "reports" / "latest" / "index.html").stat().st_size > 100_000
    assert not call("git", "status", "--short", cwd=clone).strip()
    assert took < 180, f"it took {took:.0f} s"
    sys.stdout.write(f"from the first command to the report: {took:.1f} s\n")
