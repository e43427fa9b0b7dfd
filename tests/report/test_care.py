"""The care of scripts: what they make can be swept, no token is printed, and the whole server stays as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from shutil import which
from typing import Any, Final

import httpx
import pytest
from click.testing import CliRunner

from conformance.cli import sweep
from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.reference import reference_server
from conformance.report.care import MASK
from conformance.report.reproduce import reproduce
from conformance.verdicts.forms import FORMS, PREFIX, SCRIPT_PREFIX
from conformance.world.names import owns, run_prefix

KINDS: Final = (
    pytest.param("curl", marks=pytest.mark.skipif(which("curl") is None, reason="curl is not installed")),
    "python",
)
SETTING: Final = "/api/v1/settings/Livechat_title"
EMPTY_OFFICE: Final = "/api/v1/settings/Livechat_accept_chats_with_no_agents"
CALLER: Final = {"x-auth-token": "{{auth:admin}}", "x-user-id": "tRWNqRN9z5gGkwENQ"}
NAME: Final = "lcx-1-main-8751"


def _exchange(id: str, operation: str, request: Request, answer: Any = None) -> Exchange:
    return Exchange(id, operation, "admin", request, Response(200, {}, Body(json=answer or {}, is_json=True)))


def _post(id: str, operation: str, path: str, body: Any, answer: Any = None) -> Exchange:
    headers = {"content-type": "application/json", **(CALLER if operation != "login" else {})}
    return _exchange(id, operation, Request("POST", path, (), headers, Body(json=body, is_json=True)), answer)


def _recorded(admin: str) -> list[Exchange]:
    """An agent, a department and a room are made, and two settings changed; the last request reads one of them."""
    user = {"username": f"{NAME}-u1", "name": f"agent {NAME}-u1", "email": f"{NAME}-u1@example.com"}
    department = {"enabled": True, "showOnRegistration": True, "showOnOfflineForm": True, "email": f"{NAME}-d1@x.com"}
    return [
        _post(
            "1",
            "login",
            "/api/v1/login",
            {"user": admin, "password": "{{password:admin}}"},
            {"data": {"authToken": "{{auth:admin}}", "userId": CALLER["x-user-id"]}},
        ),
        _post("2", "createUser", "/api/v1/users.create", user | {"password": "{{password:agent}}", "roles": ["user"]}),
        _post(
            "3",
            "createDepartment",
            "/api/v1/livechat/department",
            {"department": department | {"name": f"{NAME}-d1"}, "agents": []},
        ),
        _post(
            "4",
            "registerVisitor",
            "/api/v1/livechat/visitor",
            {"visitor": {"token": f"{NAME}-v1", "name": f"visitor {NAME}-v1"}},
        ),
        _post("5", "registerUser", "/api/v1/livechat/users/agent", {"username": f"{NAME}-u1"}),
        _post("6", "setSetting", SETTING, {"value": "one"}),
        _post("7", "setSetting", SETTING, {"value": "two"}),
        _post("8", "setSetting", EMPTY_OFFICE, {"value": True}),
        _exchange("9", "openRoom", Request("GET", "/api/v1/livechat/room", (("token", f"{NAME}-v1"),))),
        _exchange("10", "getSetting", Request("GET", SETTING, (), CALLER)),
    ]


def _run(kind: str, exchanges: Sequence[Exchange], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    text = reproduce(exchanges, "http://127.0.0.1:1", seed=1, item="", requirement="R")
    command = ["bash", "-c", text.curl] if kind == "curl" else [sys.executable, "-c", text.python]
    return subprocess.run(
        command, env={**os.environ, **environment}, check=False, capture_output=True, text=True, timeout=60
    )


def _settings(url: str, password: str, admin: str) -> list[Any]:
    with httpx.Client(base_url=url) as client:
        data = client.post("/api/v1/login", json={"user": admin, "password": password}).json()["data"]
        headers = {"x-auth-token": data["authToken"], "x-user-id": data["userId"]}
        return [client.get(path, headers=headers).json()["value"] for path in (SETTING, EMPTY_OFFICE)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_script_makes_is_swept_and_what_it_changes_is_put_back(kind: str) -> None:
    """The line that a script prints on its error output is the command that leaves nothing of it."""
    with reference_server() as server:
        url, admin, password = str(server), server.admin_user, server.admin_password
        before = _settings(url, password, admin)
        done = _run(kind, _recorded(admin), {"URL": url, "PASSWORD_ADMIN": password})
        assert done.returncode == 0, done.stderr
        assert '"two"' in done.stdout.strip().splitlines()[-1], "the last request sees what the script changed"
        assert f'"authToken":"{MASK}"' in done.stdout
        assert not re.search(r'"authToken":"[^<]', done.stdout)
        assert "not put back" not in done.stderr
        assert _settings(url, password, admin) == before

        told = re.search(r"livechat-conformance sweep (\S+) --admin-user NAME --prefix (\S+)\n", done.stderr)
        assert told
        assert told[1] == url
        assert owns(f"{told[2]}-v1")
        runner = CliRunner(env={"LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": password})
        swept = [
            runner.invoke(sweep.command, [told[1], "--admin-user", admin, *narrowed])
            for narrowed in (["--prefix", told[2]], [])
        ]
    assert [each.exit_code for each in swept] == [0, 0]
    assert "Removed 4; 0 left behind." in swept[0].output
    assert "Removed 0; 0 left behind." in swept[1].output


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["setSetting", "updatePermissions"])
def test_a_script_that_changes_the_whole_server_refuses_one_that_may_be_in_use(kind: str, operation: str) -> None:
    """A name that only begins like this machine's is another machine; the script sends nothing."""
    change = [_post("1", operation, SETTING, {"value": 1})]
    given = {"AUTH_ADMIN": "a", "TRWNQRN9Z5GGKWENQ": "b"}
    for url in ("https://chat.invalid", "http://127.0.0.1.invalid", "http://localhost:1@chat.invalid"):
        done = _run(kind, change, {"URL": url, **given})
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"This script changes the whole server. Set DISPOSABLE=1 if {url} may be changed.\n"
    for url in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"):
        assert _run(kind, change, {"URL": url, **given}).returncode not in (0, 2)
    assert _run(kind, change, {"URL": "http://chat.invalid", "DISPOSABLE": "1", **given}).returncode not in (0, 2)


def test_a_script_begins_with_what_it_changes_of_the_whole_server() -> None:
    """By name; a script that changes nothing of that kind has no such line and refuses nothing."""
    changes = [_post("1", "setSetting", SETTING, {}), _post("2", "updatePermissions", "/api/v1/permissions.update", {})]
    text = reproduce(changes, "http://127.0.0.1:1", seed=1, item="", requirement="R")
    for script in (text.curl, text.python):
        first = script.splitlines()[0]
        assert first.startswith("# This script changes the whole server: permissions of roles, which it does not put")
        assert first.endswith("settings, which it puts back when it ends: Livechat_title")
    plain = reproduce(_recorded("admin")[:3], "http://127.0.0.1:1", seed=1, item="", requirement="R")
    assert "DISPOSABLE" not in plain.curl + plain.python


def test_the_names_of_scripts_have_a_prefix_of_this_suite() -> None:
    """Also where a test writes it in another form, so that a sweep finds them."""
    assert run_prefix(0, "script") == SCRIPT_PREFIX
    name = f"{SCRIPT_PREFIX}-1760000000-12345-v1"
    assert owns(name)
    assert PREFIX.match(name)
    assert all(form.prefix.match(form.made(SCRIPT_PREFIX)) for form in FORMS.values() if form.prefix)
