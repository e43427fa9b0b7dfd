"""The example project of an implementer: its commands run as its page shows them, and can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.verdicts import Verdict, read_result

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the project, in a folder of its own."""
    return Path(shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("reports", "__pycache__")))


def commands() -> list[str]:
    """The commands of the project's page."""
    return re.findall(r"^\$ (.+)$", (SHOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def call(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type a command of the page in the folder; nothing but the plug-in of the suite is at hand."""
    program, *arguments = command.split()
    start = {"pytest": ["-m", "pytest", "-p", "conformance.plugin", "-p", "no:cacheprovider"]}.get(
        program, ["-m", "conformance"]
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVECHAT_CONFORMANCE")}
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=folder,
        env={
            **inherited,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_page_is_green(command: str, shop: Path) -> None:
    """The project's own tests, the plug-in, and the main job."""
    done = call(command, shop)
    assert done.returncode == 0, done.stdout + done.stderr
    if "--app" in command or "--livechat-app" in command:
        result = read_result(shop / "reports" / "latest" / "result.json")
        assert result.exit_code == 0
        assert [one.id for one in result.requirements if one.verdict is Verdict.WAIVED] == ["LC-REST-016"]


def test_the_plug_in_is_red_where_the_app_is_wrong(shop: Path) -> None:
    """The exit code of pytest is that of the verdict, and its last lines say what is wrong."""
    text = (shop / "shop.py").read_text(encoding="utf-8")
    wrong = text.replace('"5"],', '"6"],')
    assert wrong != text
    (shop / "shop.py").write_text(wrong, encoding="utf-8")
    done = call("pytest --livechat-app shop:app --pyargs conformance.suite", shop)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "livechat: Not conformant" in done.stdout
    result = read_result(shop / "reports" / "latest" / "result.json")
    assert "LC-CONFIG-008" in [one.id for one in result.requirements if one.verdict is Verdict.FAIL]
