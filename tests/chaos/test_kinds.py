"""A run against each kind of misbehaviour ends in time, with the right verdict, without harm."""

from __future__ import annotations

import concurrent.futures
import functools
from pathlib import Path

import pytest

from conformance.verdicts import Verdict, read_result
from tests.chaos import kinds_body, kinds_http, kinds_wire
from tests.chaos.conftest import Ran, judge
from tests.chaos.kinds import KINDS, Kind

_MODULES = (kinds_body, kinds_http, kinds_wire)
_MEMORY_MB = 500
_ALL = sorted(KINDS)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest,
    side_by_side: concurrent.futures.ThreadPoolExecutor,
    tmp_path_factory: pytest.TempPathFactory,
    certificate: tuple[Path, Path],
) -> dict[str, concurrent.futures.Future[Ran]]:
    """A run for each kind that was asked for, some at once."""
    mine = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    calls = [getattr(item, "callspec", None) for item in mine]
    wanted = [str(call.params["name"]) for call in calls if call is not None and "name" in call.params]

    def one(kind: Kind, folder: Path) -> Ran:
        return judge(kind, folder, certificate)

    return {
        name: side_by_side.submit(functools.partial(one, KINDS[name], tmp_path_factory.mktemp("run")))
        for name in dict.fromkeys(wanted)
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", _ALL)
def test_a_run_survives(name: str, runs: dict[str, concurrent.futures.Future[Ran]]) -> None:
    """The exit code is of the right kind, nothing is traced back, memory is bounded, and nothing goes elsewhere."""
    ran = runs[name].result()
    kind, done = ran.kind, ran.done
    assert "Traceback" not in done.said, done.said[-3000:]
    assert done.code in kind.codes, f"{done.code}: {done.said[-3000:]}"
    assert kind.words in done.said
    assert done.memory_mb < _MEMORY_MB
    assert ran.proxy.misbehaved or done.code == 3, "the kind never came to its act"
    assert not ran.proxy.cookies
    assert not ran.elsewhere.connections, ran.elsewhere.heard
    target = repr(("127.0.0.1", int(ran.proxy.url.rpartition(":")[2])))
    assert done.places == {target}, "a connection went elsewhere"
    _says_why(ran)


def _says_why(ran: Ran) -> None:
    """The result document stands, agrees with the exit code, and finds no fault of the suite."""
    result = read_result(ran.done.folder / "out" / "result.json")
    assert result.exit_code == ran.done.code
    assert ran.done.first.startswith(result.sentence[:60])
    assert not [item.item for item in result.items if item.state == "error"]
    assert not any(one.verdict is Verdict.ERROR for one in result.requirements)
    if ran.done.code == 3:
        assert not any(one.verdict is Verdict.PASS for one in result.requirements)


def test_there_are_many_kinds() -> None:
    """At least thirty different acts, each with a sentence that says what it does."""
    acts = {kind.act for kind in KINDS.values()}
    assert len(acts) >= 30
    assert all(act.__doc__ for act in acts)
    assert {act.__module__ for act in acts} == {module.__name__ for module in _MODULES}
