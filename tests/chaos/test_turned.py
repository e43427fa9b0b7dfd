"""A target that turns into one answer for everything, or into none, is never found to keep a single clause."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.verdicts import Result, Verdict, read_result
from tests.chaos import child
from tests.chaos.proxy import Act, Answer, Call, Line, Proxy, faithful, running

_ALL = bool(os.environ.get("LIVECHAT_CHAOS_ALL"))
_SOME = (
    # Clauses that once passed so, of several sorts: refusals, shapes, headers, wrong methods.
    "LC-VISITOR-027,LC-VISITOR-035,LC-SMS-002,LC-SECURITY-025,LC-SECURITY-032,LC-REST-001,LC-REST-004,LC-REST-005,"
    "LC-REST-006,LC-REST-008"
)
_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


def _json(status: int, body: object) -> bytes:
    return Answer(status, _HEADERS, json.dumps(body).encode()).wire()


def _refusal(status: int) -> bytes:
    return _json(status, {"success": False, "error": "something"})


def _closed(line: Line, call: Call) -> None:
    line.close()


def _always(answer: Callable[[Call], bytes]) -> Act:
    return lambda line, call: line.send(answer(call))


TURNED: dict[str, Act] = {
    "closed": _closed,
    "400": _always(lambda call: _refusal(400)),
    "404": _always(lambda call: _refusal(404)),
    "500": _always(lambda call: _refusal(500)),
    "errors in turn": _always(lambda call: _refusal((500, 502, 404)[call.number % 3])),
    "bare success": _always(lambda call: _json(200, {"success": True})),
}


_GATE = ("closed", "404", "errors in turn", "bare success")


@dataclass
class _Turning:
    """Faithful until the run is prepared: the probe's two calls, or with an administrator his two logouts."""

    turned: Act
    admin: bool
    seen: int = 0

    def __call__(self, line: Line, call: Call) -> None:
        """Answer one call."""
        if self.seen >= 2:
            self.turned(line, call)
            return
        self.seen += not self.admin or call.target == "/api/v1/logout"
        faithful(line, call)


def _run(act: Act, folder: Path, *arguments: str, admin: bool = False) -> tuple[child.Done, Result]:
    """Run the main job against a healthy server behind an act."""
    with reference_server() as server:
        proxy = Proxy(str(server), act)
        with running(proxy):
            done = child.call(
                folder,
                *("run", proxy.url, *(("--admin-user", server.admin_user) if admin else ()), *arguments),
                *("--level", "quick", "--workers", "1", "--seed", "3", "--timeout", "1s", "--report", "out"),
                *("--format", "json", "-q"),
                LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=server.admin_password if admin else "",
            )
    assert "Traceback" not in done.said, done.said[-3000:]
    return done, read_result(folder / "out" / "result.json")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", ["nobody", "admin"] if _ALL else ["nobody"])
@pytest.mark.parametrize("name", TURNED if _ALL else _GATE)
def test_one_answer_for_everything_keeps_no_clause(name: str, who: str, tmp_path: Path) -> None:
    """No clause is met, and the exit code is not 0, whatever a target answers that stopped working."""
    chosen = () if _ALL else ("--only", _SOME)
    admin = who == "admin"
    done, result = _run(_Turning(TURNED[name], admin), tmp_path, "--max-time", "40s", *chosen, admin=admin)
    assert done.code in (1, 4), done.said
    assert [one.id for one in result.requirements if one.verdict is Verdict.PASS] == []
    assert not [item.item for item in result.items if item.state == "error"]
    if name == "closed":
        assert "the target stopped answering" in result.sentence


@pytest.mark.skipif(not _ALL, reason="takes half a minute; the gate sees the same where connections are closed")
@pytest.mark.timeout(120)
def test_a_target_that_falls_silent_ends_the_run(tmp_path: Path) -> None:
    """After ten requests without an answer the run ends and says so, without --max-time; nothing is held against it."""
    calls = 60

    def act(line: Line, call: Call) -> None:
        if call.number <= calls:
            faithful(line, call)
        else:
            line.wait(60)

    done, result = _run(act, tmp_path, admin=True)
    assert done.code == 4, done.said
    assert "the target stopped answering" in result.sentence
    assert done.seconds < 90
    assert not any(one.verdict is Verdict.FAIL for one in result.requirements)
    assert any(one.verdict is Verdict.PASS for one in result.requirements), "what was judged until then is kept"
