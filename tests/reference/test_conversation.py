"""A conversation under both routing methods: what each step leaves behind."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from conformance.reference import reference_server

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/v1/livechat"
TOKEN = "visitor-token"


@dataclass(slots=True)
class Desk:
    """A server with the team of the demo, and short words for its calls."""

    client: httpx.Client
    manager: dict[str, str]
    departments: dict[str, str]

    def get(self, path: str, **query: Any) -> httpx.Response:
        """A call of a visitor."""
        return self.client.get(f"{API}/{path}", params=query)

    def post(self, path: str, **body: Any) -> httpx.Response:
        """A call of a visitor with a body."""
        return self.client.post(f"{API}/{path}", json=body)

    def manage(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A call of the manager."""
        return self.client.request(method, f"{API}/{path}", headers=self.manager, **options)

    def register(self, token: str = TOKEN, **fields: Any) -> dict[str, Any]:
        """Register a visitor."""
        visitor: dict[str, Any] = self.post("visitor", visitor={"token": token, **fields}).json()["visitor"]
        return visitor

    def room(self, rid: str, token: str = TOKEN) -> dict[str, Any]:
        """A room as its visitor sees it now."""
        room: dict[str, Any] = self.get("room", token=token, rid=rid).json()["room"]
        return room

    def inquiry(self, rid: str) -> dict[str, Any] | None:
        """The inquiry of a room."""
        inquiry: dict[str, Any] | None = self.manage("GET", "inquiries.getOne", params={"roomId": rid}).json()[
            "inquiry"
        ]
        return inquiry

    def history(self, rid: str, token: str = TOKEN, **query: Any) -> list[dict[str, Any]]:
        """The history of a room, newest first."""
        messages: list[dict[str, Any]] = self.get(f"messages.history/{rid}", token=token, **query).json()["messages"]
        return messages


@contextmanager
def desk(routing: str = "Auto_Selection") -> Iterator[Desk]:
    """A server with the team of the demo at work."""
    with reference_server(routing=routing, seed_demo=True) as url, httpx.Client(base_url=url) as client:
        login = client.post("/api/v1/login", json={"user": url.admin_user, "password": url.admin_password}).json()[
            "data"
        ]
        headers = {"X-Auth-Token": login["authToken"], "X-User-Id": login["userId"]}
        departments = client.get(f"{API}/config").json()["config"]["departments"]
        yield Desk(client, headers, {each["name"]: each["_id"] for each in departments})


def _kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message.get("t") or message["msg"] for message in messages]


def test_a_chat_gets_its_agent_by_itself() -> None:
    """With Auto_Selection the first answer names the agent, and nothing waits in the queue."""
    with desk() as office:
        office.register(name="Vic", department="Sales")
        opened = office.get("room", token=TOKEN).json()
        room = opened["room"]
        assert opened["newRoom"] is True
        assert (room["servedBy"]["username"], room["usersCount"], room["msgs"]) == ("ada", 2, 1)
        assert room["departmentId"] == office.departments["Sales"]
        inquiry = office.inquiry(room["_id"])
        assert inquiry is not None
        assert inquiry["status"] == "taken"
        assert _kinds(office.history(room["_id"])) == ["command"]
        assert office.get("room", token=TOKEN, rid=room["_id"]).json()["newRoom"] is False
        assert office.get("room", token=TOKEN).json()["room"]["_id"] != room["_id"]


def test_a_chat_waits_until_it_is_taken() -> None:
    """With Manual_Selection it is queued, taken, transferred back into the queue, taken again, closed."""
    with desk("Manual_Selection") as office:
        office.register(name="Vic", department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        first = office.inquiry(rid)
        assert first is not None
        assert first["status"] == "queued"
        listed = office.manage("GET", "inquiries.list").json()["inquiries"]
        assert rid in {each["rid"] for each in listed}
        agents = {each["username"]: each["_id"] for each in office.manage("GET", "users/agent").json()["users"]}
        take = {"inquiryId": first["_id"], "userId": agents["ada"]}
        assert office.manage("POST", "inquiries.take", json=take).json()["inquiry"]["servedBy"]["_id"] == agents["ada"]
        assert office.manage("POST", "inquiries.take", json=take).json()["error"] == "error-not-allowed"

        target = office.departments["Support"]
        moved = office.post("room.transfer", rid=rid, token=TOKEN, department=target).json()["room"]
        assert (moved["_id"], moved["departmentId"], "servedBy" in moved) == (rid, target, False)
        again = office.inquiry(rid)
        assert again is not None
        assert (again["_id"], again["status"], again["department"]) == (first["_id"], "queued", target)
        assert office.room(rid)["usersCount"] == 1
        assert _kinds(office.history(rid)) == ["ul", "livechat_transfer_history", "command"]

        assert office.post("room.close", rid=rid, token=TOKEN).status_code == 200
        assert office.inquiry(rid) is None
        assert _kinds(office.history(rid))[:2] == ["command", "livechat-close"]


def test_a_transfer_moves_the_chat_to_another_agent() -> None:
    """The room stays the same; history, department and agent tell of the move."""
    with desk() as office:
        office.register(name="Vic", department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        target = office.departments["Support"]
        moved = office.post("room.transfer", rid=rid, token=TOKEN, department=target).json()["room"]
        assert set(moved) == {"_id", "t", "open", "departmentId", "servedBy", "v", "ts"}
        assert moved["servedBy"]["username"] in ("ben", "cleo")
        messages = office.history(rid)
        assert _kinds(messages) == ["uj", "ul", "livechat_transfer_history", "command", "command"]
        data = messages[2]["transferData"]
        assert (data["scope"], data["nextDepartment"]["name"], data["transferredBy"]["type"]) == (
            "department",
            "Support",
            "visitor",
        )
        assert office.room(rid)["usersCount"] == 2
        assert office.get(f"visitor/{TOKEN}").json()["visitor"]["department"] == target


def test_a_refused_transfer_changes_nothing() -> None:
    """An unknown department, the same one: the room is as it was, to the last key."""
    with desk() as office:
        office.register(department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        before = office.room(rid)
        for department in ("no-such-department", office.departments["Sales"]):
            assert office.post("room.transfer", rid=rid, token=TOKEN, department=department).status_code == 400
        assert office.room(rid) == before
        assert _kinds(office.history(rid)) == ["command"]


def test_a_closed_room_stays_closed() -> None:
    """Messages, a second close and transfers are refused; the survey, edits and the history are not."""
    with desk() as office:
        office.register(department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        message = office.post("message", token=TOKEN, rid=rid, msg="hello").json()["message"]
        closed = office.post("room.close", rid=rid, token=TOKEN).json()
        assert (closed["rid"], closed["comment"]) == (rid, "Closed by visitor")
        assert office.post("room.close", rid=rid, token=TOKEN).json()["error"] == "room-closed"
        assert office.post("message", token=TOKEN, rid=rid, msg="late").json()["error"] == "room-closed"
        transfer = office.post("room.transfer", token=TOKEN, rid=rid, department=office.departments["Support"])
        assert (transfer.status_code, transfer.json()) == (400, {"success": False})
        survey = office.post("room.survey", token=TOKEN, rid=rid, data=[{"name": "satisfaction", "value": "5"}])
        assert survey.json()["data"] == {"satisfaction": "5"}
        edit = office.client.put(f"{API}/message/{message['_id']}", json={"token": TOKEN, "rid": rid, "msg": "hello!"})
        assert edit.json()["message"]["msg"] == "hello!"
        (room,) = office.manage("GET", "rooms", params={"roomName": "guest", "open": "false"}).json()["rooms"]
        assert "open" not in room
        assert (room["closer"], room["usersCount"], room["v"]["status"]) == ("visitor", 1, "offline")
        assert room["metrics"]["chatDuration"] >= 0
        assert room["surveyFeedback"] == {"satisfaction": "5"}
        answer = office.get("room", token=TOKEN, rid=rid).json()
        assert answer["newRoom"] is True
        assert answer["room"]["_id"] != rid


def test_nobody_online_means_no_room() -> None:
    """The refusal leaves nothing behind: the same id opens a room later."""
    with desk() as office:
        office.register(department="Sales")
        status = office.client.post("/api/v1/users.setStatus", json={"status": "offline"}, headers=_as_ada(office))
        assert status.json() == {"success": True}
        refused = office.get("room", token=TOKEN, rid="chosen")
        assert (refused.status_code, refused.json()["error"]) == (400, "no-agent-online")
        assert office.manage("GET", "inquiries.getOne", params={"roomId": "chosen"}).json()["inquiry"] is None
        office.client.post("/api/v1/users.setStatus", json={"status": "online"}, headers=_as_ada(office))
        assert office.get("room", token=TOKEN, rid="chosen").json()["room"]["_id"] == "chosen"


def _as_ada(office: Desk) -> dict[str, str]:
    data = office.client.post("/api/v1/login", json={"user": "ada", "password": "demo-password"}).json()["data"]
    return {"X-Auth-Token": data["authToken"], "X-User-Id": data["userId"]}


def test_the_history_can_be_paged_by_time() -> None:
    """``end`` is exclusive, ``limit`` counts from the newest, and every message is seen exactly once."""
    with desk() as office:
        office.register(department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        for number in range(30):
            office.post("message", token=TOKEN, rid=rid, msg=f"line {number}")
        assert len(office.history(rid)) == 20
        assert len(office.history(rid, limit="0")) == 31
        assert len(office.history(rid, limit="-1")) == 1
        assert len(office.history(rid, limit="abc")) == 20
        assert office.history(rid, end="yesterday") == []
        seen: list[str] = []
        page = office.history(rid, limit="7")
        while page:
            seen.extend(message["msg"] for message in page)
            page = office.history(rid, limit="7", end=page[-1]["ts"])
        assert seen == [*(f"line {number}" for number in reversed(range(30))), "connected"]


def test_a_message_id_is_taken_once() -> None:
    """A second message with the same id is refused, in any room, and changes nothing."""
    with desk() as office:
        for token in (TOKEN, "other"):
            office.register(token, department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        other = office.get("room", token="other").json()["room"]["_id"]
        assert office.post("message", token=TOKEN, rid=rid, msg="one", _id="mine").json()["message"]["_id"] == "mine"
        for token, room in ((TOKEN, rid), ("other", other)):
            again = office.post("message", token=token, rid=room, msg="two", _id="mine")
            assert (again.status_code, again.json()) == (400, {"success": False})
        assert _kinds(office.history(rid)) == ["one", "command"]
        assert office.room(rid)["msgs"] == 2


def test_a_deleted_message_is_gone() -> None:
    """It leaves the history and the count, the last message is the one before, a second deletion is refused."""
    with desk() as office:
        office.register(department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        for text in ("one", "two"):
            office.post("message", token=TOKEN, rid=rid, msg=text, _id=text)
        path = f"{API}/message/two"
        body = {"token": TOKEN, "rid": rid}
        assert set(office.client.request("DELETE", path, json=body).json()["message"]) == {"_id", "ts"}
        assert office.client.request("DELETE", path, json=body).json()["error"] == "invalid-message"
        room = office.room(rid)
        assert (room["msgs"], room["lastMessage"]["_id"]) == (2, "one")


def test_a_visitor_is_recognised() -> None:
    """Same token, same visitor; same address, same visitor with a new token; an omitted department is cleared."""
    with desk() as office:
        first = office.register(name="Vic", email="vic@shop.test", department="Sales")
        renamed = office.register(name="Victor")
        assert (renamed["_id"], renamed["username"], renamed["name"]) == (first["_id"], first["username"], "Victor")
        assert "department" not in renamed
        moved = office.register("new-token", email="VIC@shop.test")
        assert moved["_id"] == first["_id"]
        assert office.get(f"visitor/{TOKEN}").json() == {"success": True}


def test_a_new_name_goes_into_the_open_rooms() -> None:
    """Room and inquiry follow the name of their visitor."""
    with desk("Manual_Selection") as office:
        office.register(name="Vic", department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        office.register(name="Victor", department="Sales")
        assert office.room(rid)["fname"] == "Victor"
        inquiry = office.inquiry(rid)
        assert inquiry is not None
        assert inquiry["name"] == "Victor"


def test_pages_seen_before_the_chat_belong_to_it() -> None:
    """A visit without a room is attached to the room that the visitor opens next."""
    with desk() as office:
        office.register(department="Sales")
        page = {"change": "url", "title": "Shop", "location": {"href": "http://shop.test/"}}
        answer = office.post("page.visited", token=TOKEN, pageInfo=page).json()["page"]
        assert answer == {"msg": "Shop - http://shop.test/", "navigation": {"page": page, "token": TOKEN}}
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        pages = office.manage("GET", f"visitors.pagesVisited/{rid}").json()["pages"]
        assert [each["msg"] for each in pages] == ["Shop - http://shop.test/"]
        assert office.post("page.visited", token=TOKEN, pageInfo={**page, "change": "title"}).json() == {
            "success": True
        }


def test_custom_fields_are_stored_where_they_belong() -> None:
    """Those before an unknown one stay stored; one of a room needs an open room; an old value may be kept."""
    with desk() as office:
        office.register(department="Sales")
        known = {"key": "plan", "value": "gold", "overwrite": True}
        fields = office.post("custom.fields", token=TOKEN, customFields=[known, {**known, "key": "nope"}])
        assert (fields.status_code, fields.json()["errorType"]) == (400, "invalid-custom-field")
        assert office.get(f"visitor/{TOKEN}").json()["visitor"]["livechatData"] == {"plan": "gold"}
        office.post("custom.field", token=TOKEN, key="plan", value="iron", overwrite=False)
        assert office.get(f"visitor/{TOKEN}").json()["visitor"]["livechatData"] == {"plan": "gold"}
        order = {"key": "orderId", "value": "1", "overwrite": True}
        assert office.post("custom.field", token=TOKEN, **order).json() == {"success": False}
        homeless = office.post("custom.fields", token=TOKEN, customFields=[order]).json()["fields"]
        assert homeless == [{"statusCode": 400, "body": {"success": False}}]
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        office.post("custom.field", token=TOKEN, **order)
        assert office.room(rid)["livechatData"] == {"orderId": "1"}


@pytest.mark.parametrize("path", ["room.close", "message", "room.survey", "room.transfer"])
def test_a_foreign_room_is_no_room(path: str) -> None:
    """Whoever is not the visitor of a room gets invalid-room, and an unknown token invalid-token."""
    with desk() as office:
        for token in (TOKEN, "other"):
            office.register(token, department="Sales")
        rid = office.get("room", token=TOKEN).json()["room"]["_id"]
        more: dict[str, dict[str, Any]] = {
            "message": {"msg": "x"},
            "room.survey": {"data": []},
            "room.transfer": {"department": "x"},
        }
        for token, code in (("other", "invalid-room"), ("nobody", "invalid-token")):
            assert office.post(path, token=token, rid=rid, **more.get(path, {})).json()["error"] == code
        assert office.get("room", token="other", rid=rid).json()["error"] == "cannot-access-room"
        assert office.get(f"messages.history/{rid}", token="other").json()["error"] == "invalid-room"
        assert office.get(f"agent.info/{rid}/other").json()["error"] == "invalid-room"
