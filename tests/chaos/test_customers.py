"""Customers who come while a run goes on: what the server does with them because of the run is named, chat by chat."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest

from conformance.reference import reference_server
from conformance.reference.server import Url
from conformance.verdicts import read_result
from tests.chaos import child


def _come(server: Url, enough: threading.Event) -> None:
    """Customers without a department, who open a chat each, two in a second."""
    with httpx.Client(base_url=str(server)) as client:
        number = 0
        while not enough.wait(0.5):
            number += 1
            visitor = {"token": f"customer-{number}", "name": f"Customer {number}"}
            client.post("/api/v1/livechat/visitor", json={"visitor": visitor})
            client.get("/api/v1/livechat/room", params={"token": visitor["token"]})


@pytest.mark.timeout(200)
def test_each_chat_that_was_given_to_an_agent_of_the_run_is_named(tmp_path: Path) -> None:
    """Its agent is gone at the end: the report says which chats somebody else has to take over."""
    with reference_server() as server:
        enough = threading.Event()
        customers = threading.Thread(target=_come, args=(server, enough))
        customers.start()
        try:
            done = child.call(
                tmp_path,
                *("run", str(server), "--admin-user", server.admin_user, "--only", "rooms", "--level", "quick", "-q"),
                *("--report", "out", "--format", "json", "--seed", "5"),
                LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=server.admin_password,
            )
        finally:
            enough.set()
            customers.join()
        assert done.code == 0, done.said
        users = {each["_id"] for each in server.site.users.find()}
        rooms = [each for each in server.site.rooms.find({"open": True}) if each.get("servedBy")]
        abandoned = {each["_id"] for each in rooms if each["servedBy"]["_id"] not in users}
    named = {one.id for one in read_result(tmp_path / "out" / "result.json").left_behind if one.kind == "chat"}
    assert abandoned
    assert named == abandoned
