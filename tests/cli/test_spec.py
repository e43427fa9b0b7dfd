"""The command ``spec``: for people, for tools, for CI; a mistake of the caller is a sentence and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from conformance.cli import COMMANDS, cli

if TYPE_CHECKING:
    from click.testing import Result

_SMALL = Path(__file__).parent.parent / "contract" / "fixtures" / "spec"
_BAD = (
    '{"id":"3.2.0/room/001","server":{"version":"3.2.0"},"route":"x","class":"success","valid_request":true,'
    '"request":{"method":"GET","path":"/api/v1/livechat/room","query":[["token","t"]]},'
    '"response":{"status":200,"headers":{"content-type":"application/json"},"body":{"success":true}}}\n'
)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


@pytest.mark.parametrize("name", ["", "show", "bundle", "lint", "check", "mutate"])
def test_help_teaches_with_examples(name: str) -> None:
    """Each command shows how it is called."""
    result = _run("spec", *([name] if name else []), "--help")
    assert result.exit_code == 0
    assert f"livechat-conformance spec {name}" in result.output


def test_help_imports_no_command() -> None:
    """The list of commands comes from a table, so that it is there at once."""
    code = (
        "import sys; from conformance.cli import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'jsonschema_rs', 'schemathesis', 'yaml', 'starlette', 'httpx', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "spec" in done.stdout


def test_every_listed_command_can_be_loaded() -> None:
    """The table holds no name whose module has no ``command``."""
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert name in COMMANDS


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openRoom", "GET /api/v1/livechat/room"),
        ("GET /api/v1/livechat/room", "openRoom"),
        ("DELETE /api/v1/livechat/message/m1", "deleteMessage"),
        ("LC-ROOM-001", "The accepts check of openRoom holds."),
        ("lc-room-001", "LC-ROOM-001"),
        ("rooms", "rooms: 2 operations"),
        ("visitor", "needs credentials: none"),
        ("sms", "optional feature"),
    ],
)
def test_show_finds_whatever_has_a_name(name: str, words: str) -> None:
    """Operations by id, method and path; requirements, areas, profiles and features."""
    result = _run("spec", "show", name, "--spec", _SMALL)
    assert result.exit_code == 0
    assert words in result.output
    as_json = _run("spec", "show", name, "--spec", _SMALL, "--json")
    assert json.loads(as_json.output)


def test_show_without_a_name_lists_the_operations() -> None:
    """46 of them are judged."""
    result = _run("spec", "show")
    assert "46 judged operations" in result.output
    assert "getChatHistory" in result.output
    assert len(json.loads(_run("spec", "show", "--json").output)) > 46


@pytest.mark.parametrize(
    ("name", "words"),
    [("opnRoom", "did you mean openRoom"), ("zzz", "lists the operations"), ("LC-ROOM-999", "LC-ROOM-999 is retired")],
)
def test_an_unknown_name_gets_a_hint(name: str, words: str) -> None:
    """The nearest names are proposed."""
    result = _run("spec", "show", name, "--spec", _SMALL)
    assert result.exit_code == 2
    assert words in result.output


def test_every_operation_and_requirement_can_be_shown() -> None:
    """Nothing of the contract breaks the description."""
    from conformance.contract import load_contract
    from conformance.contract.describe import describe, describe_json

    contract = load_contract()
    for name in (*contract.operations, *contract.requirements, *contract.profiles):
        assert name in describe(contract, name)
        assert json.dumps(describe_json(contract, name))


def test_bundle_writes_json_and_yaml(tmp_path: Path) -> None:
    """To the terminal or to a file, whose ending decides about the form."""
    assert json.loads(_run("spec", "bundle").output)["openapi"] == "3.1.0"
    target = tmp_path / "livechat.yaml"
    assert _run("spec", "bundle", "--openapi", "3.0", "-o", target, "--judged-only").exit_code == 0
    assert yaml.safe_load(target.read_text("utf-8"))["openapi"] == "3.0.4"
    later = json.loads(_run("spec", "bundle", "--server-version", "3.15.0").output)
    assert later["info"]["x-server-version"] == "3.15.0"
    assert later["info"]["x-overlays"]


def test_lint_names_file_and_line() -> None:
    """One line a problem; the contract of the project has none."""
    assert _run("spec", "lint").exit_code == 0
    result = _run("spec", "lint", "--spec", _SMALL)
    assert result.exit_code == 1
    assert "[judged-operations]" in result.output
    assert "1 broken rule\n" in result.output
    rows = json.loads(CliRunner().invoke(cli, ["spec", "lint", "--spec", str(_SMALL), "--json"]).stdout)
    assert [row["rule"] for row in rows] == ["judged-operations"]


def test_check_says_each_mismatch_on_a_line(tmp_path: Path) -> None:
    """Exit code 1 with mismatches, 0 without, and known defects apart."""
    path = tmp_path / "a.jsonl"
    path.write_text(_BAD, "utf-8")
    result = _run("spec", "check", path, "--spec", _SMALL)
    assert result.exit_code == 1
    assert f"{path}:1 openRoom LC-ROOM-002 /room room is missing" in result.output
    rows = [
        json.loads(line) for line in _run("spec", "check", tmp_path, "--spec", _SMALL, "--json").stdout.splitlines()
    ]
    assert [(row["pointer"], row["known_defect"]) for row in rows] == [("/room", None)]
    path.write_text(_BAD.replace("3.2.0", "3.4.0"), "utf-8")
    result = _run("spec", "check", path, "--spec", _SMALL)
    assert result.exit_code == 0
    assert "known defect KD-002 (1 exchanges, 3.4.0) openRoom: The answer carries the room." in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "absent.jsonl"], "absent.jsonl does not exist"),
        (["check"], "Missing argument"),
        (["check", "{empty}"], "holds no .jsonl and no .har file"),
        (["check", "{blank}"], "there is no exchange"),
        (["check", "{broken}"], "broken.jsonl:1: this line is no exchange"),
        (["check", "{blank}", "--server-version", "new"], "'new' is not a version"),
        (["lint", "--spec", "{empty}"], "point --spec at a folder"),
        (["show", "openRoom", "--spec", "{torn}"], "this is not YAML"),
        (["bundle", "-o", "{empty}/no/such/file.json"], "cannot be written"),
        (["mutate", "--operation", "sing"], "no operation sing"),
        (["mutate", "--recordings", "{empty}/absent"], "does not exist"),
        (["bundle", "--openapi", "2.0"], "'2.0' is not one of"),
        (["dance"], "No such command"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    """Never a traceback."""
    places = {name: tmp_path / name for name in ("empty", "torn")}
    for folder in places.values():
        folder.mkdir()
    (places["torn"] / "openapi.yaml").write_text("a: [", "utf-8")
    places |= {"blank": tmp_path / "blank.jsonl", "broken": tmp_path / "broken.jsonl"}
    places["blank"].write_text("\n", "utf-8")
    places["broken"].write_text("{}\n", "utf-8")
    result = _run("spec", *[one.format(**places) for one in arguments])
    assert result.exit_code == 2, result.output
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_mutate_prints_a_score_and_keeps_to_its_minimum() -> None:
    """Below the minimum, or with a survivor that nobody explained, the exit code is 1."""
    good = _run("spec", "mutate", "--spec", _SMALL, "--operation", "sendMessage", "--workers", "1", "--minimum", "50")
    assert "score: " in good.output
    bad = _run("spec", "mutate", "--spec", _SMALL, "--operation", "getInfo", "--workers", "1", "--minimum", "100")
    data = json.loads(
        _run("spec", "mutate", "--spec", _SMALL, "--operation", "getInfo", "--workers", "1", "--json").output
    )
    assert bad.exit_code == (0 if data["score"] == 1 else 1)
    assert data["killed"] <= data["mutants"]


def test_the_module_is_the_command() -> None:
    """``python -m conformance`` and the exit code of a broken contract."""
    run = [sys.executable, "-m", "conformance", "spec", "show", "openRoom", "--spec", "nowhere"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no openapi.yaml was found" in done.stderr
    assert "Traceback" not in done.stderr
