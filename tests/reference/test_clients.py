"""Clients that people really use work against the reference server unchanged: a whole conversation each."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.reference import reference_server

SDK = Path(__file__).parent / "sdk"


def _departments(url: str) -> dict[str, str]:
    config = httpx.get(f"{url}/api/v1/livechat/config").json()["config"]
    return {each["name"]: each["_id"] for each in config["departments"]}


def _python_client(url: str, user: str, password: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("rocketchat_API.rocketchat", reason="rocketchat-API is not installed")
    return module.RocketChat(user, password, server_url=url)


def test_the_python_client_holds_a_conversation() -> None:
    """The livechat calls of rocketchat-API, from registration to the read history, with an agent who takes the chat."""
    with reference_server(seed_demo=True, routing="Manual_Selection") as url:
        admin = _python_client(str(url), url.admin_user, url.admin_password)
        visitor = admin.livechat_register_visitor("python", visitor={"name": "Pia"})["visitor"]
        assert admin.livechat_get_visitor("python")["visitor"]["_id"] == visitor["_id"]
        opened = admin.livechat_room("python")
        assert opened["newRoom"] is True
        rid = opened["room"]["_id"]
        message = admin.livechat_message("python", rid, "hello")["message"]
        assert [each["_id"] for each in admin.livechat_messages_history(rid, "python")] == [message["_id"]]

        waiting = list(admin.livechat_inquiries_list())
        assert rid in {each["rid"] for each in waiting}
        inquiry = admin.livechat_inquiries_get_one(rid)["inquiry"]
        agents = {each["username"]: each["_id"] for each in admin.livechat_get_users("agent")}
        taken = admin.livechat_inquiries_take(inquiry["_id"], userId=agents["ada"])["inquiry"]
        assert taken["servedBy"]["username"] == "ada"
        rooms = {each["_id"]: each for each in admin.livechat_rooms()}
        assert rooms[rid]["servedBy"]["username"] == "ada"

        account = admin.users_create("new@shop.test", "New", "secret", "newcomer")["user"]
        assert admin.livechat_create_user("agent", username="newcomer")["user"]["_id"] == account["_id"]
        assert admin.livechat_get_user("agent", account["_id"])["user"]["username"] == "newcomer"
        assert admin.livechat_delete_user("agent", account["_id"])["success"] is True
        assert admin.livechat_get_user("agent", account["_id"])["user"] is None
        assert "Livechat_title" in {each["_id"] for each in admin.livechat_get_appearance()["appearance"]}
        admin.session.close()


def test_the_javascript_client_holds_a_conversation() -> None:
    """The Livechat client of @rocket.chat/sdk, from registration to removal."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (SDK / "node_modules" / "@rocket.chat" / "sdk").is_dir():
        pytest.skip("@rocket.chat/sdk is not installed: run npm install in tests/reference/sdk")
    with reference_server(seed_demo=True) as url:
        target = _departments(str(url))["Support"]
        command = [node, str(SDK / "conversation.js"), str(url), target]
        process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=SDK)
    assert process.returncode == 0, process.stderr
    seen = json.loads(process.stdout)
    assert seen["token"] == "sdk-visitor"
    assert seen["before"]["guest"]["token"] == "sdk-visitor"
    assert seen["next"]["username"]
    assert seen["room"]["open"] is True
    assert seen["agent"]["_id"] == seen["room"]["servedBy"]["_id"]
    assert seen["edited"]["msg"] == seen["read"]["msg"] == "first, edited"
    texts = [message["msg"] for message in seen["history"]]
    assert texts == ["first, edited", "connected"]
    assert seen["page"]["msg"] == "Shop - http://shop.example.test/"
    assert seen["field"] == {"key": "plan", "value": "gold", "overwrite": True}
    assert seen["fields"] == [{"Key": "orderId", "value": "4711", "overwrite": True}]
    assert seen["transferred"]["_id"] == seen["room"]["_id"]
    assert seen["transferred"]["servedBy"]["_id"] != seen["agent"]["_id"]
    assert seen["closed"]["rid"] == seen["room"]["_id"]
    assert seen["survey"]["data"] == {"satisfaction": "5"}
    assert seen["transcript"]
    assert seen["offline"]
    assert seen["visitor"]["livechatData"] == {"plan": "gold"}
    assert set(seen["removed"]) == {"_id", "ts"}


def test_the_lock_file_names_no_registry() -> None:
    """The pinned packages come from whatever registry npm is set up with, and are checked by their hashes."""
    lock = json.loads((NPM / "package-lock.json").read_text(encoding="utf-8"))
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert all("resolved" not in entry and entry["integrity"].startswith("sha512-") for entry in packages)
    assert lock["packages"]["node_modules/@rocket.chat/sdk"]["version"] == "1.0.0-alpha.42"
