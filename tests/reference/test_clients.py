"""Real clients hold whole conversations with the reference server, unchanged."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.reference import reference_server
from conformance.reference.site import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

rocketchat = pytest.importorskip("rocketchat_API.rocketchat", reason="rocketchat-API is not installed")
exceptions = pytest.importorskip("rocketchat_API.APIExceptions.RocketExceptions")

NPM = Path(__file__).with_name("npm")
PASSWORD = "agent-password"
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT")


@dataclass(frozen=True, slots=True)
class Office:
    """A server with an admin who manages, two agents online and a department for each of them."""

    url: str
    admin: Any
    agents: dict[str, Any]
    agent_ids: dict[str, str]
    departments: dict[str, str]


def office(url: str, user: str, password: str) -> Office:
    """Set a team up with the Python client alone."""
    admin = rocketchat.RocketChat(user, password, server_url=url)
    agents: dict[str, Any] = {}
    agent_ids: dict[str, str] = {}
    departments: dict[str, str] = {}
    for name in ("ann", "bob"):
        made = admin.users_create(f"{name}@example.test", name.title(), PASSWORD, name, verified=True)
        agent_ids[name] = made["user"]["_id"]
        assert admin.livechat_create_user("agent", username=name)["user"]["username"] == name
        agents[name] = rocketchat.RocketChat(name, PASSWORD, server_url=url)
        assert agents[name].users_set_status("", status="online")["success"]
        department = {
            "enabled": True,
            "showOnRegistration": False,
            "showOnOfflineForm": True,
            "email": f"{name}@example.test",
            "name": f"Department of {name.title()}",
        }
        link = {"agentId": agent_ids[name], "username": name}
        made = admin.call_api_post("livechat/department", department=department, agents=[link])
        departments[name] = made["department"]["_id"]
    return Office(url, admin, agents, agent_ids, departments)


@pytest.fixture
def manual() -> Iterator[Office]:
    """An office whose chats wait in the queue until somebody takes them."""
    with reference_server(routing="Manual_Selection") as url:
        team = office(str(url), url.admin_user, url.admin_password)
        yield team
        for client in (team.admin, *team.agents.values()):
            client.session.close()


def test_the_python_client_holds_a_whole_conversation(manual: Office) -> None:
    """Visitor, queue, take, messages of both sides, history, close, with the livechat calls of rocketchat-API."""
    visitor = rocketchat.RocketChat(server_url=manual.url)
    details = {"name": "Vera", "email": "vera@example.test", "department": manual.departments["ann"]}
    registered = visitor.livechat_register_visitor("vera-token", visitor=details)["visitor"]
    assert visitor.livechat_get_visitor("vera-token")["visitor"]["_id"] == registered["_id"]

    opened = visitor.livechat_room("vera-token")
    room = opened["room"]
    assert opened["newRoom"] is True
    assert "servedBy" not in room
    assert visitor.livechat_room("vera-token", rid=room["_id"])["newRoom"] is False

    (waiting,) = manual.admin.livechat_inquiries_list()
    assert waiting["rid"] == room["_id"]
    inquiry = manual.agents["ann"].livechat_inquiries_get_one(room["_id"])["inquiry"]
    assert (inquiry["_id"], inquiry["status"]) == (waiting["_id"], "queued")
    taken = manual.admin.livechat_inquiries_take(inquiry["_id"], userId=manual.agent_ids["ann"])["inquiry"]
    assert taken["servedBy"]["username"] == "ann"
    assert list(manual.admin.livechat_inquiries_list()) == []
    with pytest.raises(exceptions.RocketApiException, match="error-not-allowed"):
        manual.admin.livechat_inquiries_take(inquiry["_id"], userId=manual.agent_ids["ann"])

    question = visitor.livechat_message("vera-token", room["_id"], "Do you ship to Norway?")["message"]
    answer = manual.agents["ann"].chat_send_message({"rid": room["_id"], "msg": "We do."})["message"]
    history = list(visitor.livechat_messages_history(room["_id"], "vera-token"))
    assert [entry["msg"] for entry in history] == ["We do.", "Do you ship to Norway?", "connected"]
    assert (history[1]["_id"], history[0]["_id"]) == (question["_id"], answer["_id"])

    (listed,) = manual.admin.livechat_rooms(agents=["ann"], open="true")
    assert listed["lastMessage"]["_id"] == answer["_id"]
    closed = visitor.call_api_post("livechat/room.close", rid=room["_id"], token="vera-token")
    assert closed["rid"] == room["_id"]
    assert list(manual.admin.livechat_rooms(open="true")) == []
    with pytest.raises(exceptions.RocketApiException, match="room-closed"):
        visitor.livechat_message("vera-token", room["_id"], "too late")
    visitor.session.close()


def test_the_python_client_manages_agents(manual: Office) -> None:
    """Agents and managers are listed, read, made and removed, and the looks of the widget are read."""
    assert {user["username"] for user in manual.admin.livechat_get_users("agent")} == {"ann", "bob"}
    one = manual.admin.livechat_get_user("agent", manual.agent_ids["bob"])["user"]
    assert (one["username"], one["statusLivechat"]) == ("bob", "available")
    assert manual.admin.livechat_create_user("manager", username="bob")["user"]["_id"] == manual.agent_ids["bob"]
    assert manual.admin.livechat_delete_user("agent", manual.agent_ids["bob"])["success"]
    assert manual.admin.livechat_get_user("agent", manual.agent_ids["bob"])["user"] is None
    assert "Livechat_title" in {setting["_id"] for setting in manual.admin.livechat_get_appearance()["appearance"]}


def npm_client(folder: Path) -> Path:
    """Install the pinned packages into a folder of their own; skips where that is not possible here."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed: the client of @rocket.chat/sdk cannot run")
    for name in ("package.json", "package-lock.json", "conversation.js"):
        shutil.copy(NPM / name, folder / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not reach its registry within three minutes")
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip("npm cannot reach its registry from here")
    assert done.returncode == 0, done.stderr
    return folder


def define_field(admin: Any, field: str, scope: str) -> None:
    """Define a custom field through the server method of the administration."""
    definition = {"field": field, "label": field, "scope": scope, "visibility": "visible", "regexp": ""}
    call = {"msg": "method", "id": "1", "method": "livechat:saveCustomField", "params": [None, definition]}
    admin.call_api_post("method.call/livechat:saveCustomField", message=json.dumps(call))


def test_the_javascript_client_holds_a_whole_conversation(tmp_path: Path) -> None:
    """The Livechat REST client of @rocket.chat/sdk goes from its configuration to the removal of its visitor."""
    folder = npm_client(tmp_path)
    with reference_server(options=Options(working_video_call=True)) as url:
        team = office(str(url), url.admin_user, url.admin_password)
        define_field(team.admin, "plan", "visitor")
        define_field(team.admin, "orderId", "room")
        command = ["node", "conversation.js", str(url), json.dumps(team.departments)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        for client in (team.admin, *team.agents.values()):
            client.session.close()
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    room = seen["room"]
    assert seen["config"]["online"] is True
    assert seen["visitor"]["_id"] == seen["granted"]["_id"]
    assert seen["sameRoom"]["_id"] == room["_id"] == seen["configInChat"]["room"]["_id"]
    assert seen["agent"]["_id"] == room["servedBy"]["_id"]
    assert (seen["edited"]["_id"], seen["edited"]["msg"]) == (seen["sent"]["_id"], "first, edited")
    assert [entry["msg"] for entry in seen["history"] if "t" not in entry] == ["first, edited"]
    assert (seen["field"]["key"], seen["fields"][0]["Key"]) == ("plan", "orderId")
    assert seen["upload"]["success"] is True
    assert seen["transferred"]["_id"] == room["_id"]
    assert {room["servedBy"]["_id"], seen["transferred"]["servedBy"]["_id"]} == set(team.agent_ids.values())
    assert seen["video"]["videoCall"]["provider"] == "jitsi"
    assert seen["closed"]["rid"] == room["_id"]
    assert seen["refused"]["error"] == "room-closed"
    assert seen["survey"]["data"] == {"satisfaction": "5"}
    assert isinstance(seen["offline"], str)
    assert seen["removed"]["_id"] == seen["granted"]["_id"]


def test_the_lock_file_names_no_registry() -> None:
    """The pinned packages come from whatever registry npm is set up with, and are checked by their hashes."""
    lock = json.loads((NPM / "package-lock.json").read_text(encoding="utf-8"))
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert all("resolved" not in entry and entry["integrity"].startswith("sha512-") for entry in packages)
    assert lock["packages"]["node_modules/@rocket.chat/sdk"]["version"] == "1.0.0-alpha.42"
