"""The blast radius of a run on a server that is not this machine: each promise of the README's *Safety*.

The name ``shop.example`` leads to a proxy on this machine, which writes down every call; the suite takes it for a
server of somebody else.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.server import Url
from conformance.verdicts import Result, Verdict, read_result
from conformance.world.names import owns
from tests.chaos import child, foreign
from tests.chaos.proxy import Call, Line, Proxy, faithful, running

_HOST = "shop.example"
_RESOLVER = f"""
import socket

_lookup = socket.getaddrinfo


def _there(host, *rest, **named):
    return _lookup("127.0.0.1" if host in ("{_HOST}", b"{_HOST}") else host, *rest, **named)


socket.getaddrinfo = _there
"""
_FEW = "LC-CONFIG-007,LC-CONFIG-027,LC-VISITOR-002,LC-ROOM-005"
_READING = {"GET", "HEAD", "OPTIONS"}
_LOGINS = {"/api/v1/login", "/api/v1/logout"}


@dataclass
class Shop:
    """Somebody's server under a name of its own, and all calls that came to it."""

    server: Url
    url: str
    folder: Path
    calls: list[Call] = field(default_factory=list)

    def run(self, *arguments: str, admin: bool = False) -> child.Done:
        """Judge it; with ``admin`` as its administrator."""
        self.calls.clear()
        who = ("--admin-user", self.server.admin_user) if admin else ()
        hook = self.folder / "resolver"
        hook.mkdir(exist_ok=True)
        (hook / "sitecustomize.py").write_text(_RESOLVER, encoding="utf-8")
        return child.call(
            self.folder,
            *("run", self.url, "--level", "quick", "--report", "out", "--format", "json", *who, *arguments),
            PYTHONPATH=os.pathsep.join([str(hook), *(part for part in sys.path if part)]),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=self.server.admin_password if admin else "",
        )

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path of each call that writes; logging in and out is none."""
        seen = [(call.method, call.target.split("?")[0]) for call in self.calls]
        return [each for each in seen if each[0] not in _READING and each[1] not in _LOGINS]

    @property
    def result(self) -> Result:
        """What the run wrote."""
        return read_result(self.folder / "out" / "result.json")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A server with other people's data in it."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(reference_server())
        foreign.fill(server, 20)
        calls: list[Call] = []

        def note(line: Line, call: Call) -> None:
            calls.append(call)
            faithful(line, call)

        proxy = stack.enter_context(running(Proxy(str(server), note)))
        yield Shop(server, proxy.url.replace("127.0.0.1", _HOST), tmp_path, calls)


@pytest.mark.parametrize("admin", [False, True])
def test_nothing_is_written_before_it_was_allowed(shop: Shop, admin: bool) -> None:
    """Without ``--disposable`` there is a plan and no write: it names what would be made, changed and restored."""
    before = foreign.picture(shop.server)
    done = shop.run(admin=admin)
    assert done.code == 2, done.said
    assert not shop.writes
    assert not (shop.folder / "out" / "work" / "ledger-stage.jsonl").exists()
    for part in (f"Target: {shop.url}", "named lcx-", "removes them", "about", "--disposable", "--read-only"):
        assert part in done.said
    for part in ("departments", "Livechat_Routing_Method", "restores them"):
        assert (part in done.said) is admin
    assert foreign.picture(shop.server) == before


@pytest.mark.parametrize("admin", [False, True])
def test_a_read_only_run_writes_nothing_and_says_what_it_cannot_judge(shop: Shop, admin: bool) -> None:
    """No call that writes is sent, except logging in and out; what needs one is not judged, and says so."""
    before = foreign.picture(shop.server)
    done = shop.run("--read-only", "--only", f"{_FEW},listDepartments", admin=admin)
    assert not shop.writes
    assert foreign.picture(shop.server) == before
    assert done.code in {0, 4}, done.said
    assert "read-only" in done.said
    by_id = {one.id: one for one in shop.result.requirements}
    assert by_id["LC-CONFIG-007"].verdict is Verdict.PASS
    assert by_id["LC-VISITOR-002"].verdict is Verdict.NOT_APPLICABLE
    assert "read-only" in by_id["LC-VISITOR-002"].reason
    assert not shop.result.left_behind


def test_a_disposable_server_is_used_and_left_as_it_was(shop: Shop) -> None:
    """The plan comes first; what is made carries a valid prefix; settings are changed, and restored byte for byte."""
    before = foreign.picture(shop.server)
    done = shop.run("--disposable", "--only", _FEW, admin=True)
    assert done.code == 0, done.said
    assert "Livechat_Routing_Method" in done.said
    assert done.said.index("Creates users") < done.said.index(" tests")
    assert shop.writes
    changed = {path.rpartition("/")[2] for method, path in shop.writes if "/api/v1/settings/" in path}
    assert changed
    made = [json.loads(call.body) for call in shop.calls if call.target == "/api/v1/users.create"]
    assert made
    assert all(owns(one["username"]) for one in made)
    after = foreign.picture(shop.server)
    assert {key: after.get(key) for key in before} == before
    assert not foreign.ours(shop.server)
    assert not foreign.visitors_of_ours(shop.server)
    assert not shop.result.left_behind


def test_without_credentials_no_setting_is_touched(shop: Shop) -> None:
    """A visitor's run calls nothing that needs a login, also where the server may be changed."""
    before = foreign.picture(shop.server)
    done = shop.run("--disposable", "--only", _FEW)
    assert "Traceback" not in done.said
    assert shop.writes
    assert not [call for call in shop.calls if "x-auth-token" in call.headers]
    assert all(path.startswith("/api/v1/livechat/") for _, path in shop.writes)
    after = foreign.picture(shop.server)
    assert {key: after.get(key) for key in before} == before
