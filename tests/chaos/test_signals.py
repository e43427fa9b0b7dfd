"""Signals at the ends of a run: before the first test and after the last one, when settings are changed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.server import Url
from conformance.reference.site import write_setting
from tests.chaos import child, foreign
from tests.chaos.proxy import Call, Line, Proxy, faithful, running

_SETTING = "Livechat_validate_offline_email"
"""Changed before the first test and restored after the last one."""


@pytest.fixture
def server() -> Iterator[Url]:
    """A server whose setting a run has to change."""
    with reference_server() as url:
        write_setting(url.site, _SETTING, True)
        url.site.store.commit()
        yield url


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda one: one.name)
@pytest.mark.parametrize("change", [1, 2], ids=["before the first test", "after the last test"])
def test_a_signal_at_either_end_leaves_the_server_as_it_was(
    change: int, number: signal.Signals, server: Url, tmp_path: Path
) -> None:
    """The setting has its value again, nobody is logged in, and the exit code does not speak of the target."""
    reached = threading.Event()
    seen: list[str] = []

    def act(line: Line, call: Call) -> None:
        if call.method == "POST" and call.target.endswith(_SETTING):
            seen.append(call.target)
            if len(seen) == change:
                if change == 1:
                    faithful(line, call)
                    reached.set()
                    return
                reached.set()
                time.sleep(1)
        faithful(line, call)

    with running(Proxy(str(server), act)) as proxy:
        process = child.start(
            tmp_path,
            *("run", proxy.url, "--admin-user", server.admin_user, "--only", "LC-VISITOR-002", "--level", "quick"),
            *("--report", "out", "--seed", "5", "--format", "json"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=server.admin_password,
        )
        try:
            assert reached.wait(90)
            process.send_signal(number)
            out, err = process.communicate(timeout=90)
        finally:
            child.kill_tree(process.pid)
    assert "Traceback" not in out + err
    assert "nterrupted" in out + err
    assert process.returncode == 4, out + err
    stored = server.site.settings.one({"_id": _SETTING})
    assert stored is not None
    assert stored["value"] is True
    assert not foreign.ours(server)
    assert not server.site.sessions.find()
