"""What is said beside the results: completion, plain output, colours, and how a proof ends."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import COMMANDS, PROGRAM, cli
from conformance.faults import prove as proving
from conformance.runner.run import RunError
from tests.report.sample import sample

_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|9[0-7]|38|48|4[0-7])(?:;[0-9;]*)?m")


def environment(**more: str) -> dict[str, str]:
    """The environment of a user: nothing of the suite's own options."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIVECHAT_", "NO_COLOR", "FORCE"))
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "TERM": "xterm-256color", **more}


def complete(words: str) -> list[str]:
    """What a shell offers when the user presses Tab behind these words."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance"],
        env=environment(
            _LIVECHAT_CONFORMANCE_COMPLETE="bash_complete",
            COMP_WORDS=words,
            COMP_CWORD=str(len(words.split()) - (not words.endswith(" "))),
        ),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (f"{PROGRAM} ", set(COMMANDS)),
        (f"{PROGRAM} do", {"doctor"}),
        (f"{PROGRAM} run --lev", {"--level"}),
        (f"{PROGRAM} run --level ", {"quick", "standard", "deep"}),
        (f"{PROGRAM} run --only rooms,vid", {"rooms,video"}),
        (f"{PROGRAM} run --only LC-ROOM-001", {"LC-ROOM-001"}),
        (f"{PROGRAM} run --format html,ju", {"html,junit"}),
        (f"{PROGRAM} spec ", {"show", "bundle", "lint", "check", "mutate"}),
        (f"{PROGRAM} spec show openR", {"openRoom"}),
        (f"{PROGRAM} prove --fault config.survey-num", {"config.survey-numbers"}),
        (f"{PROGRAM} prove --area trig", {"triggers"}),
        (f"{PROGRAM} completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_a_shell_completes_commands_options_and_values(words: str, offered: set[str]) -> None:
    """Names of the contract as well, each behind the last comma of a list."""
    assert set(complete(words)) >= offered
    assert all(one.startswith(words.split()[-1]) for one in complete(words)) or words.endswith(" ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_can_be_read_by_its_shell(shell: str, tmp_path: Path) -> None:
    """It is written for each shell, and parsed by those that are here."""
    script = tmp_path / "script"
    script.write_text(CliRunner().invoke(cli, ["completion", shell]).output, encoding="utf-8")
    assert "_LIVECHAT_CONFORMANCE_COMPLETE" in script.read_text(encoding="utf-8")
    if shutil.which(shell):
        subprocess.run([shell, "-n", script], check=True)


def terminal(*words: str, **more: str) -> bytes:
    """Run a command at a terminal, and give every byte that it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", *words], stdout=theirs, stderr=theirs, env=environment(**more)
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    process.wait(timeout=60)
    return said


def test_no_colour_where_the_user_wants_none(tmp_path: Path) -> None:
    """NO_COLOR is heeded at a terminal; without it a bar moves there, in colour."""
    words = ("run", "--only", "LC-CONFIG-008", "--level", "quick", "--seed", "1", "--report", str(tmp_path))
    assert _COLOUR.search(terminal(*words))
    plain = terminal(*words, NO_COLOR="1")
    assert b"Conformant to the Livechat contract" in plain
    assert not _COLOUR.search(plain)


def test_output_is_plain_off_a_terminal(tmp_path: Path) -> None:
    """In a pipe or a file there is no control sequence, neither in the result nor in the progress."""
    words = ["run", "--only", "LC-CONFIG-008", "--level", "quick", "--seed", "1", "--report", str(tmp_path)]
    for arguments in (words, ["doctor", "http://127.0.0.1:9"], ["run", "--help"], ["--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *arguments],
            env=environment(),
            capture_output=True,
            timeout=90,
            check=False,
        )
        assert not _ESCAPE.search(done.stdout + done.stderr)
        assert done.stdout or done.stderr


def test_json_stands_alone_on_the_standard_output(tmp_path: Path) -> None:
    """What is said to people goes to the other stream, so that a script can read the document as it comes."""
    words = ["run", "--only", "LC-CONFIG-008", "--level", "quick", "--seed", "1", "--json", "--report", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode == 0
    assert told["counts"]["pass"] == 1
    assert told["requirements"] == []
    assert Path(told["report"]).exists()
    assert Path(told["result"]).exists()
    assert "No URL was given" in done.stderr


def test_the_version_is_said_without_an_installation() -> None:
    """Also from a checkout that was never installed."""
    import conformance

    assert CliRunner().invoke(cli, ["-V"]).output == f"{PROGRAM}, version {conformance.__version__}\n"


def _prove(monkeypatch: pytest.MonkeyPatch, error: Exception, tmp_path: Path) -> tuple[int, str]:
    def prove(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(proving, "prove", prove)
    done = CliRunner().invoke(cli, ["prove", "--fault", "config.survey-numbers", "--report", str(tmp_path)])
    return done.exit_code, done.output


def test_a_missed_fault_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As is a run without faults that is not green: nothing is proved."""
    code, said = _prove(monkeypatch, proving.ControlIsRed(sample("failing")), tmp_path)
    assert code == 1
    assert "faults" in said
    assert "Traceback" not in said


def test_a_proof_without_a_server_is_exit_code_3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sentence says what is wrong with the server."""
    code, said = _prove(monkeypatch, RunError("The server is not healthy.", 3), tmp_path)
    assert code == 3
    assert "The server is not healthy." in said
