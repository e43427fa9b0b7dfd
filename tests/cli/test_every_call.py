"""Every command, every option and every exit code is called at least once; a table of calls says which, and is run."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from conformance.cli import PROGRAM, cli
from conformance.contract import load_contract
from conformance.faults.catalogue import catalogue
from conformance.target.options import BY_NAME
from conformance.verdicts import read_result
from tests.cli.calls import Call, commands, documented_codes, examples_of, help_of, parsed

ROOT = Path(__file__).resolve().parents[2]
LOGIN = "--admin-user {admin} --admin-password {password}"
FEW = "--only LC-CONFIG-008 --level quick --seed 1 --quiet"

WHOLE = Call(
    "run {server} --admin-token {token} --admin-id {id} --only LC-CONFIG-008 --skip triggers --profile manager "
    "--level quick --contract documented --without sms,video-call --seed 7 --workers 2 --strict --disposable "
    "--waivers {empty} --max-time 5m --max-rate 500/s --timeout 30s --config {empty} --report {tmp}/all "
    "--format json,junit --json -q --shard 1/1",
    says='"exit_code": 0',
)
CALLS = (
    Call(f"run {{server}} {LOGIN} {FEW} --report {{tmp}}/r1", says="Conformant to the Livechat contract"),
    Call(f"run {{server}} --read-only {FEW} --report {{tmp}}/r2", says="Conformant"),
    Call(f"run {{bad}} {LOGIN} {FEW} -x --report {{tmp}}/r3", 1, "fail: LC-CONFIG-008"),
    Call("run --app nowhere:app --report {tmp}/r4", 2, "nowhere:app"),
    Call("run {deadtls} --ca {tmp}/nothing.pem --report {tmp}/r5", 2, "nothing.pem"),
    Call("run {dead} --report {tmp}/r6 --json", 3, '"exit_code": 3'),
    Call("run {deadtls} --insecure --report {tmp}/r6", 3, "refused"),
    Call("run --only rooms --max-time 1s --seed 1 --quiet --report {tmp}/r7", 4, "Incomplete"),
    Call("run --only getVideoCall --skip video --report {tmp}/r8", 5, "nothing to judge"),
    Call("run --proof {tmp}/nowhere --report {tmp}/r9", 2, "nowhere"),
    Call("run --format pdf", 2, "no format 'pdf'"),
    Call(
        "serve --host 127.0.0.1 --port 0 --data {tmp}/data --seed-demo --rate-limit --routing Manual_Selection "
        "--spool {tmp}/mail --working-video-call --quiet",
        until="Stop it with Ctrl-C.",
        says="administrator:",
    ),
    Call("serve --port {port}", 2, "Choose another with --port"),
    Call("serve --smtp nonsense", 2, "127.0.0.1:1025"),
    Call(
        "prove --fault config.survey-numbers --level quick --workers 1 --seed 3 --seeds 1 --generic none --keep-going "
        "--report {tmp}/proof --json",
        says="config.survey-numbers",
    ),
    Call("prove --quick --area nowhere", 2, "nowhere"),
    Call("prove --depth nowhere --shard 1/4", 2, "nowhere"),
    Call("compare {failing} {passing} --html {tmp}/c.html", says="9 fixed"),
    Call("compare {passing} {failing} --json", 1, '"regressed"'),
    Call("compare {passing}", 2, "two results"),
    Call("report {failing} --format summary --out {tmp}/drawn", says="Not conformant"),
    Call("report {tmp}/nothing", 2, "cannot be read"),
    Call("verify {failing}", says="Intact: "),
    Call("verify {altered} --json", 1, '"intact": false'),
    Call("verify {tmp}/nothing", 2, "cannot be read"),
    Call("merge {passing} --report {tmp}/joined --format json --json", says='"exit_code": 0'),
    Call("merge {failing} --report {tmp}/joined", 1, "Not conformant"),
    Call("merge {tmp}/nothing", 2, "cannot be read"),
    Call("merge {incomplete} --report {tmp}/joined", 4, "Incomplete"),
    Call(
        "replay LC-CONFIG-008 {server} --from {badrun} --report {tmp}/replayed --json --config {empty} "
        "--timeout 10s --max-rate 500/s --disposable --admin-user {admin} --admin-password {password}",
        says='"stands": false',
    ),
    Call("replay LC-CONFIG-008 {bad} --from {badrun} --report {tmp}/replayed", 1, "the same finding"),
    Call("replay LC-CONFIG-999 --from {badrun}", 2, "knows no requirement LC-CONFIG-999"),
    Call("replay LC-CONFIG-008 {deadtls} --from {badrun} --ca {tmp}/nothing.pem", 2, "nothing.pem"),
    Call(
        "replay LC-CONFIG-008 {deadtls} --insecure --from {badrun} --admin-token x --admin-id y "
        "--report {tmp}/replayed",
        3,
        "refused",
    ),
    Call("replay LC-CONFIG-008 --from {badrun} --config {hurried} --report {tmp}/replayed", 4, "could not be judged"),
    Call(
        "waive {badrun} --requirement LC-CONFIG-008 --link https://example.com/1 --expires 2030-01-31 "
        "--out {tmp}/w.toml",
        says="1 waiver was added",
        typed="mended next week\n",
    ),
    Call("waive {badrun} --reason known --out {tmp}/nowhere/w.toml", 2, "cannot be written"),
    Call("claim {tmp}/claim --from {badrun} --name Example", says="No claim of conformance"),
    Call("claim {tmp}/claim --from {tmp}/nothing", 2, "cannot be read"),
    Call(
        "sweep {server} --json --prefix lcx-1z --config {empty} --timeout 9s --disposable " + LOGIN, says='"removed": 0'
    ),
    Call("sweep {deadtls} --disposable --admin-token x --admin-id y --insecure --max-rate 9/s", 3, "refused"),
    Call("sweep {deadtls} --ca {tmp}/nothing.pem " + LOGIN, 2, "nothing.pem"),
    Call(
        "doctor {server} --json --profile visitor --contract auto --without sms --config {empty} "
        "--timeout 9s --max-rate 99/s --level quick --read-only " + LOGIN,
        says='"version": "3.2.0"',
    ),
    Call("doctor {server} --admin-token {token} --admin-id {id} --disposable", says="can be judged"),
    Call("doctor {deadtls} --insecure", 3, "refused"),
    Call("doctor {deadtls} --ca {tmp}/nothing.pem", 2, "nothing.pem"),
    Call("spec show openRoom --json --spec {small} --server-version 3.2.0", says="openRoom"),
    Call("spec show zzz", 2, "lists the operations"),
    Call(
        "spec bundle --openapi 3.0 --format yaml --judged-only --out {tmp}/b.yaml --spec {small} --server-version 3.2.0"
    ),
    Call("spec bundle --out {tmp}/nowhere/b.json", 2, "cannot be written"),
    Call("spec lint", says="keeps its own rules"),
    Call("spec lint --spec {small} --json", 1, "judged-operations"),
    Call("spec lint --spec {tmp}", 2, "openapi.yaml"),
    Call(
        "spec check {exchanges} --spec {small} --server-version 3.4.0 --contract auto --json", 1, '"pointer": "/room"'
    ),
    Call("spec check {exchanges} --contract documented --spec {small}", 1, "room is missing"),
    Call("spec check {tmp}/nothing", 2, "does not exist"),
    Call(
        "spec mutate --spec {small} --operation openRoom --workers 1 --minimum 5 --json --server-version 3.2.0",
        says='"score"',
    ),
    Call("spec mutate --recordings {tmp} --operation sing", 2, "no operation sing"),
    Call("completion bash", says="_LIVECHAT_CONFORMANCE_COMPLETE"),
    Call("completion tcsh", 2, "tcsh"),
)

ELSEWHERE = {
    ("sweep", 1): "tests/world/test_cleanup.py::test_a_server_that_is_gone_leaves_a_list",
    ("merge", 5): "tests/verdicts/test_merge.py::test_a_joined_run_without_a_test_says_so",
    ("spec check", 0): "tests/cli/test_spec.py::test_check_says_each_mismatch_on_a_line",
    ("spec mutate", 1): "tests/cli/test_spec.py::test_mutate_prints_a_score_and_keeps_to_its_minimum",
    ("prove", 1): "tests/cli/test_commands.py::test_a_missed_fault_is_exit_code_1",
    ("prove", 3): "tests/cli/test_commands.py::test_a_proof_without_a_server_is_exit_code_3",
}
"""Exit codes that a call cannot bring about by its words alone, and the tests that do."""


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.command}-{call.code}")
def test_a_call_ends_as_the_table_says(
    call: Call, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code and the words are those of the table; a user never sees a traceback."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LIVECHAT_")]:
        monkeypatch.delenv(name)
    words = shlex.split(call.line.format(**places))
    if call.until:
        code, said, json_said = _interrupted(words, call.until)
    else:
        done = CliRunner().invoke(cli, words, input=call.typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        code, said, json_said = done.exit_code, done.output, done.stdout
    assert code == call.code, said
    assert call.says in said
    assert "Traceback" not in said
    if "--json" in words and code in {0, 1, 4}:
        assert [json.loads(each) for each in (json_said.splitlines() if "check" in words else [json_said])]


def _interrupted(words: list[str], until: str) -> tuple[int, str, str]:
    """Start a command, wait until it has said something, and press Ctrl-C."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", *words], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if until in line:
            break
    process.send_signal(signal.SIGINT)
    with process.stdout:
        said += process.stdout.read()
    return process.wait(timeout=30), said, said


def test_every_option_and_argument_is_called() -> None:
    """A new option needs a call: click says which parameters of a command no line of the table gives."""
    given: dict[str, set[str]] = {name: set() for name in commands()}
    for call in (*CALLS, WHOLE):
        try:
            name, parameters = parsed(call.line)
        except click.UsageError:
            continue
        given[name] |= set(parameters)
    missing = {
        f"{name}: {parameter.opts[0]}"
        for name, command in commands().items()
        for parameter in command.params
        if parameter.name not in given[name]
    }
    assert not missing


def test_every_exit_code_is_reached() -> None:
    """Every exit code that a help text names is that of a call, or of a test that is named here."""
    reached = {(call.command, call.code) for call in CALLS}
    missing = {
        (name, code) for name in commands() for code in documented_codes(help_of(name)) if (name, code) not in reached
    }
    assert missing == set(ELSEWHERE)
    for place in ELSEWHERE.values():
        path, _, test = place.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), place


@pytest.mark.parametrize("name", commands())
def test_every_help_teaches(name: str) -> None:
    """It has examples and exit codes, ``-h`` works, every option is explained, and every example can be typed."""
    shown = CliRunner().invoke(cli, [*name.split(), "-h"])
    assert shown.exit_code == 0
    text = help_of(name)
    assert "Examples:" in text
    assert documented_codes(text) >= {0, 2}
    for parameter in commands()[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]} is not explained"
            assert parameter.help.endswith("."), f"{name} {parameter.opts[0]}: {parameter.help}"
    examples = [line.partition(" > ")[0] for line in examples_of(text)]
    assert examples
    for line in examples:
        parsed(line.replace('"POST /api/v1/livechat/message"', "openRoom").replace('"', ""))


def test_examples_name_only_what_exists() -> None:
    """Faults, requirements, operations and areas of an example are there."""
    contract = load_contract()
    known = {*contract.requirements, *contract.operations, *(one.area for one in contract.judged)}
    for name in commands():
        for line in examples_of(help_of(name)):
            command, given = parsed(line.partition(" > ")[0].replace('"', "'").replace("'", ""))
            for fault in given.get("faults") or ():  # type: ignore[attr-defined]
                assert fault in catalogue(), f"{command}: {fault}"
            named = [given.get("requirement"), *(given.get("only") or ()), *(given.get("requirements") or ())]  # type: ignore[misc]
            for one in filter(None, named):
                assert str(one) in known, f"{command}: {one}"


def test_options_of_the_same_name_mean_the_same() -> None:
    """An option has one name and one explanation wherever it comes from the table of options."""
    for name, command in commands().items():
        for parameter in command.params:
            for word in parameter.opts:
                option = BY_NAME.get(word.removeprefix("--"))
                shared = name in {"run", "doctor", "sweep", "replay"} and option is not None and option.name != "report"
                if shared and isinstance(parameter, click.Option) and option is not None:
                    assert parameter.help == option.help, f"{name} {word}"


def test_all_options_of_a_run_arrive(places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a call with nearly all options gives stands in its result, value by value."""
    test_a_call_ends_as_the_table_says(WHOLE, places, tmp_path, monkeypatch)
    settings = read_result(Path(places["tmp"]) / "all" / "result.json").settings
    assert {name: settings[name] for name in settings if name not in {"url", "report", "waivers"}} == {
        "admin-user": None,
        "admin-password": None,
        "admin-token": "{{auth:admin}}",
        "admin-id": places["id"],
        "profile": "manager",
        "level": "quick",
        "contract": "documented",
        "without": ["sms", "video-call"],
        "only": ["LC-CONFIG-008"],
        "skip": ["triggers"],
        "shard": "1/1",
        "seed": 7,
        "workers": 2,
        "strict": True,
        "read-only": False,
        "disposable": True,
        "max-time": 300.0,
        "max-rate": 500.0,
        "fail-fast": False,
        "insecure": False,
        "ca": None,
        "timeout": 30.0,
    }
    assert {path.name for path in (Path(places["tmp"]) / "all").iterdir()} == {"result.json", "junit.xml", "work"}


def test_the_list_of_commands_is_the_table() -> None:
    """Every command of the list has a call."""
    assert {call.command for call in CALLS} == set(commands())
    assert PROGRAM in CliRunner().invoke(cli, ["--version"]).output
