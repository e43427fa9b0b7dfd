"""Logins: each one that a run makes is ended by it; what cannot be ended is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import conformance
from conformance.target import Settings, probe
from conformance.world import World, read_ledger, sweep_ledgers


def logins(server: Any) -> int:
    """How often the administrator is logged in, by the server's own account."""
    admin = server.site.users.one({"username": server.admin_user})
    return len(server.site.sessions.find({"userId": admin["_id"]}))


def test_a_world_logs_out_at_its_end(world: World, server: Any) -> None:
    """The login is in the ledger while it lasts, and its token never is."""
    token = world.admin.auth_token
    assert logins(server) == 1
    entry = world.ledger.find("login", server.admin_user)
    assert entry is not None
    assert entry.open
    assert str(token) not in world.ledger.path.read_text()
    assert world.clean_up() == []
    assert logins(server) == 0
    assert not entry.open


def test_a_probe_logs_out(settings: Settings, server: Any) -> None:
    """Looking leaves nobody logged in."""
    assert probe(settings).admin is not None
    assert logins(server) == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_whole_run_leaves_nobody_logged_in(server: Any, tmp_path: Path, workers: int) -> None:
    """Neither the preparation nor any worker nor the sweep at the end."""
    result = conformance.run(
        server,
        admin_user=server.admin_user,
        admin_password=server.admin_password,
        only=["LC-CONFIG-007", "LC-VISITOR-002", "LC-DEPARTMENT-002"],
        level="quick",
        workers=workers,
        report=str(tmp_path / "out"),
    )
    assert result.exit_code == 0, result.sentence
    assert logins(server) == 0
    assert not result.left_behind


def test_a_login_that_cannot_be_ended_is_named(world: World, server: Any) -> None:
    """A server that does not let us log out: it is left behind, with the reason."""
    _ = world.admin
    send = world.client.request

    def refuse(who: Any, method: str, path: str, **how: Any) -> Any:
        return send(who, method, path.replace("/api/v1/logout", "/api/v1/nothing"), **how)

    world.client.request = refuse  # type: ignore[method-assign]
    left = world.clean_up()
    assert [(one.kind, one.name) for one in left] == [("login", server.admin_user)]
    assert "logging out was answered with" in left[0].reason


def test_the_login_of_a_killed_process_is_named_by_sweep(world: World, server: Any, settings: Settings) -> None:
    """Its token is nowhere, so nobody else can end it: the sweep removes the rest, and says that."""
    world.department()
    report = sweep_ledgers(settings, [world.ledger.path])
    assert report.left_behind == ()
    assert [one.name for one in report.logins] == [server.admin_user]
    assert any(note.startswith(f"Still logged in as {server.admin_user}") for note in report.notes)
    assert [entry.kind for entry in read_ledger(world.ledger.path).entries if entry.open] == ["login"]
