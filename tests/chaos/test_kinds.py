"""A run against each kind of misbehaviour ends in time, with the right verdict, without harm."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from conformance.verdicts import Verdict, read_result
from tests.chaos import kinds_body, kinds_http, kinds_wire
from tests.chaos.conftest import BUDGET_S, CLEAN_UP_S, Ran, judge
from tests.chaos.kinds import AWAY, BROKEN, GATE, HARMLESS, KINDS

_MODULES = (kinds_body, kinds_http, kinds_wire)
_MEMORY_MB = 500
_CHOSEN = sorted(KINDS if os.environ.get("LIVECHAT_CHAOS_ALL") else GATE)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", _CHOSEN)
def test_a_run_survives(name: str, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """The exit code is of the right kind, nothing is traced back, memory is bounded, and nothing goes elsewhere."""
    ran = judge(KINDS[name], tmp_path, certificate)
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
    given = dict(zip(ran.kind.arguments, ran.kind.arguments[1:], strict=False)).get("--max-time", f"{BUDGET_S}s")
    assert result.duration_s < float(given.removesuffix("s")) + CLEAN_UP_S
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


def test_the_gate_has_some_of_each_sort() -> None:
    """At least thirty different acts in every gate, of every sort, and with every kind of ending."""
    chosen = [KINDS[name] for name in GATE]
    assert len({kind.act for kind in chosen}) >= 30
    per_module = Counter(kind.act.__module__ for kind in chosen)
    assert all(per_module[module.__name__] >= 8 for module in _MODULES)
    assert {kind.codes for kind in chosen} >= {HARMLESS, BROKEN, AWAY}
