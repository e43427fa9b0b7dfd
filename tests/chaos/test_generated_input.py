"""Whatever stands in settings, arguments, waiver files, ledgers and result files: a sentence, and never a traceback.

All five tests together try more than ten thousand inputs where ``LIVECHAT_CHAOS_ALL`` is set, and a tenth of it
otherwise; ``LIVECHAT_CHAOS_EXAMPLES`` says how many each tries.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.cli import cli
from conformance.contract import load_contract
from conformance.runner import run as runner
from conformance.target import SettingsError, load_settings
from conformance.target.options import OPTIONS
from conformance.verdicts import InvalidResult, WaiverError, load_waivers
from conformance.verdicts.document import parse_result
from conformance.verdicts.overall import settle
from conformance.world.ledger import Ledger, read_ledger
from conformance.world.sweep import read_ledgers, sweep_ledgers

_ENOUGH = settings(
    max_examples=int(
        os.environ.get("LIVECHAT_CHAOS_EXAMPLES", "2100" if os.environ.get("LIVECHAT_CHAOS_ALL") else "210")
    ),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

_WORDS = st.sampled_from(
    [
        *(
            "",
            " ",
            "0",
            "-1",
            "1",
            "9" * 30,
            "1e999",
            "NaN",
            "true",
            "no",
            "quick",
            "standart",
            "visitor",
            "1/4",
            "9/4",
        ),
        *(
            "5/s",
            "60/m",
            "90s",
            "10h",
            "http://127.0.0.1:9",
            "https://[::1",
            "http://a:b@c",
            "ftp://x",
            "//",
            "http://x:99999",
        ),
        *(
            "rooms",
            "LC-ROOM-001",
            "closeRoom",
            "sms",
            "a,b,,c",
            "\0",
            "\ud800",
            "\x1b[31m",
            "ä" * 5000,
            "lcx-1z-main-0000",
        ),
        *(
            "--",
            "-x",
            "--only",
            "@file",
            "/dev/null",
            "/",
            ".",
            "[[waiver]]",
            "{{password:admin}}",
            "%s%n{0}",
            "2026-99-99",
        ),
    ]
)
_TEXTS = st.one_of(_WORDS, st.text(max_size=12))
_SCALARS = st.one_of(_TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.integers(-3, 12))
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=5
)
_OPTION = st.sampled_from([option.name for option in OPTIONS])


def _tried(what: Callable[[], Any], refusal: type[Exception]) -> Any:
    """What comes out, or the sentence of the one kind of exception that is allowed."""
    try:
        return what()
    except refusal as error:
        return str(error)


def _toml(value: Any) -> str:
    """A value as TOML, or what looks like it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value) if value is not None else "nothing"


@st.composite
def _toml_text(draw: st.DrawFn, keys: st.SearchStrategy[str], head: str = "") -> bytes:
    """A TOML file that is mostly well-formed."""
    tables = draw(st.lists(st.dictionaries(keys | _TEXTS, _VALUES, max_size=4), max_size=3))
    lines = []
    for table in tables:
        lines.append(draw(st.sampled_from([head, head, head, "[x]", "# no table", "[[waiver]"])))
        plain = draw(st.booleans())
        lines += [f"{key if plain else json.dumps(key)} = {_toml(value)}" for key, value in table.items()]
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    return text + draw(st.sampled_from([b"", b"", b"", b"\xff", b"\0", b'a = "', b"a = " + b"[" * 5000]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for generated files."""
    return tmp_path_factory.mktemp("generated")


@_ENOUGH
@given(
    st.dictionaries(_OPTION | _TEXTS, _VALUES, max_size=4),
    st.dictionaries(
        st.sampled_from([option.env for option in OPTIONS]) | _TEXTS.map("LIVECHAT_CONFORMANCE_{}".format),
        _TEXTS,
        max_size=3,
    ),
    _toml_text(_OPTION) | st.none(),
)
def test_settings_from_anywhere(folder: Path, cli_: dict[str, Any], env: dict[str, str], file: bytes | None) -> None:
    """Command line, environment and file: settings come out, or a sentence."""
    path = folder / "settings.toml"
    if file is not None:
        path.write_bytes(file)
    made = _tried(lambda: load_settings(cli_, env, path if file is not None else None), SettingsError)
    if isinstance(made, str):
        assert made.strip()
    else:
        assert type(made).from_json(made.to_json(), made.secrets_env()) == made


@_ENOUGH
@given(
    st.sampled_from(
        ["run", "run", "run", "sweep", "doctor", "verify", "report", "merge", "compare", "waive", "claim", "replay"]
    ),
    st.lists(st.one_of(_OPTION.map("--{}".format), _TEXTS), max_size=6),
)
def test_arguments_of_any_kind(folder: Path, command: str, words: list[str]) -> None:
    """Arguments end with an exit code that the help names, and never in an exception."""
    words = [word.replace("\0", "") for word in words]  # no system hands a null byte to a program
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(runner, "prepare", _no_run)
        patch.setattr("conformance.world.sweep.RecordingClient", _no_client)
        patch.setattr("conformance.cli.doctor.probe", _no_client, raising=False)
        patch.setattr("conformance.target.probe", _no_client)
        done = CliRunner().invoke(cli, [command, *words], env={"LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": ""})
    assert done.exception is None or isinstance(done.exception, SystemExit), (command, words, done.exc_info)
    assert done.exit_code in range(6), (command, words, done.output)


def _no_run(made: Any, **given: Any) -> Any:
    raise runner.RunError("nothing is run here", 2, made)


def _no_client(*given: Any, **named: Any) -> Any:
    from conformance.target import TargetUnreachable

    raise TargetUnreachable("nothing is sent here")


@_ENOUGH
@given(
    _toml_text(
        st.sampled_from(["requirement", "operation", "persona", "versions", "reason", "link", "expires"]), "[[waiver]]"
    )
)
def test_waiver_files(folder: Path, content: bytes) -> None:
    """A waiver file is read and applied, or refused with a sentence that names it."""
    path = folder / "waivers.toml"
    path.write_bytes(content)
    waivers = _tried(lambda: load_waivers(path), WaiverError)
    if isinstance(waivers, str):
        assert str(path) in waivers
    else:
        assert settle(_result(), waivers).sentence


_LINE = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["run", "intent", "done", "gone", "left"]) | _VALUES,
        "n": st.integers(-1, 4) | _VALUES,
        "kind": st.sampled_from(["visitor", "room", "user", "setting", "department"]) | _VALUES,
        "name": _VALUES,
        "id": _VALUES,
        "facts": st.dictionaries(_TEXTS, _VALUES, max_size=2) | _VALUES,
        "url": _VALUES,
        "prefix": _VALUES,
        "reason": _VALUES,
    },
).map(lambda line: json.dumps(line).encode())


@_ENOUGH
@given(st.lists(_LINE | st.binary(max_size=20) | st.sampled_from([b"", b"[" * 9000, b"9" * 5000]), max_size=6))
def test_ledgers(folder: Path, lines: list[bytes]) -> None:
    """A ledger is read, continued and swept, whatever stands in it; what cannot be read is counted."""
    path = folder / "ledger-main.jsonl"
    path.write_bytes(b"\n".join(lines))
    before = read_ledger(path)
    with Ledger(path) as ledger:
        entry = ledger.intend("visitor", "lcx-1-main-0000-v1")
        ledger.gone(entry)
    after = read_ledger(path)
    assert len(after.entries) == len(before.entries) + 1
    assert after.entries[-1].name == entry.name
    if not any(each.open for each in read_ledgers([path])[path].entries):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("conformance.world.sweep.RecordingClient", _no_client)
            assert sweep_ledgers(load_settings({}, {}), [path]).removed == 0


@cache
def _result() -> Any:
    """A small result of a real contract."""
    from conformance.verdicts import RunInfo, Target, build_result

    run = RunInfo(
        target=Target(url="http://127.0.0.1:9"),
        suite=runner.suite_info(),
        profile="visitor",
        level="quick",
        seed=1,
        started="2026-01-01T00:00:00+00:00",
        duration_s=1.0,
        settings={},
    )
    return build_result(run, load_contract(), ())


@cache
def _document() -> dict[str, Any]:
    """The same as JSON, with few requirements, so that it is quickly altered."""
    from conformance.verdicts.document import canonical, digest_of

    whole: dict[str, Any] = json.loads(canonical(digest_of(_result())))
    whole["requirements"] = whole["requirements"][:3]
    whole["operations"] = whole["operations"][:3]
    return whole


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in keys for place in _places(each, (*path, key)))]


@_ENOUGH
@given(st.data())
def test_result_files(data: st.DataObject) -> None:
    """A result with altered members is refused with a sentence, or can be settled again."""
    document = copy.deepcopy(_document())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(document)))
        holder: Any = document
        for step in place[:-1]:
            holder = holder[step]
        if not place:
            continue
        if data.draw(st.booleans()):
            holder[place[-1]] = data.draw(_VALUES)
        else:
            del holder[place[-1]]
    try:
        content = json.dumps(document).encode()
    except ValueError:
        return
    content = content[: len(content) - data.draw(st.sampled_from([0, 0, 0, 0, 7]))]
    result = _tried(lambda: parse_result(content, trusting=True), InvalidResult)
    if isinstance(result, str):
        assert result.strip()
    else:
        _use(result)


def _use(result: Any) -> None:
    from conformance.report.verify import verify_result

    assert verify_result(result).checked
