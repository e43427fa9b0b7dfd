"""Rooms, inquiries and messages that a recorded exchange presumes: whose, open or closed, served by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.reference.replay_corpus import RANDOM_ID, UNKNOWN_THING, documents, is_message, is_room
from tests.reference.replay_departments import Departments
from tests.reference.replay_fixture import AGENTS
from tests.reference.replay_messages import Messages
from tests.reference.replay_visitors import Visitors

if TYPE_CHECKING:
    from tests.reference.replay_client import Reply
    from tests.reference.replay_corpus import Doc, Recording
    from tests.reference.replay_fixture import Site

CLOSED = re.compile(r"\bclosed (?:room|rid)|\brooms? (?:is|are) closed|\bclosed$|\bclosed by\b")
READS = ("GET room", "GET rooms", "GET config")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a recorded exchange presumes of a room; user and department ids are recorded ones, None is no wish."""

    served: str | None = None
    unserved: bool = False
    not_served: str | None = None
    department: str | None = None

    @property
    def anything(self) -> bool:
        """Whether there is a wish at all."""
        return self != Wish()


class Rooms:
    """The rooms that exist on the live server, by recorded id."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ids = site.ids
        self.knowledge = site.knowledge
        self.departments = Departments(site, self)
        self.visitors = Visitors(site, self.departments)
        self.owners: dict[str, str] = {}
        self.closed: set[str] = set()
        self.messages = Messages(site, self)

    # the state before an exchange ------------------------------------------------------------------------------

    def prepare(self, recording: Recording) -> None:
        """Make the rooms and messages that the exchange names, and bring them to the state that it presumes."""
        inquiry = recording.field("inquiryId")
        rid = recording.field("rid", "roomId") or (self._inquiry_room(inquiry) if inquiry else None)
        shown = self._shown(recording, rid)
        if shown is not None and recording.name == "GET config":
            rid = shown["_id"]
        if rid and self._existed(rid, recording):
            self.ensure(rid, recording, shown)
            if inquiry:
                self._bind_inquiry(rid, inquiry)
            if recording.name == "POST message" and (other := recording.field("_id")) and not recording.accepted:
                self.messages.ensure(other, recording)
        if "message/{_id}" in recording.name:
            self.messages.ensure(recording.params["_id"], recording)
        if recording.accepted and recording.name != "POST message":
            self.messages.shown(recording)
        if rid and rid in self.owners:
            self._adjust(rid, recording, shown)
            if self._closed(rid, recording, shown):
                self.close(rid, shown)
        self._by_token(recording)

    def after(self, recording: Recording, reply: Reply) -> None:
        """Take note of rooms that the exchange opened, closed or removed."""
        if not reply.ok or not recording.accepted:
            return
        if recording.name == "GET room":
            rid = recording.answer["room"]["_id"]
            self.owners[rid] = recording.field("token") or ""
            self.ids.bind(rid, reply.body["room"]["_id"])
            if recording.answer.get("newRoom"):
                self.closed.discard(rid)
        elif recording.name == "POST room.close" and (closed := recording.field("rid")):
            self.closed.add(closed)
        elif recording.name == "DELETE visitor/{token}":
            for rid in [rid for rid, owner in self.owners.items() if owner == recording.params["token"]]:
                del self.owners[rid]
        elif recording.name in ("POST message", "POST chat.sendMessage"):
            self.messages.there.add(recording.answer["message"]["_id"])

    def _existed(self, rid: str, recording: Recording) -> bool:
        answer = recording.answer if isinstance(recording.answer, dict) else {}
        made = self.knowledge.made.get(("room", rid))
        if rid in self.owners:
            return True
        if recording.code == "invalid-token" or (made is not None and made >= recording.index):
            return False
        if recording.name == "GET room" and not recording.accepted and recording.code != "cannot-access-room":
            return bool(RANDOM_ID.fullmatch(rid))
        if recording.name == "GET room" and answer.get("newRoom") and answer["room"]["_id"] == rid:
            return False
        return (
            rid in self.knowledge.rooms
            or rid in self.knowledge.owners
            or bool(RANDOM_ID.fullmatch(rid))
            or rid.startswith("inq-")
        )

    def _shown(self, recording: Recording, rid: str | None) -> Doc | None:
        """The room as the answer of a reading exchange shows it: that is its state before, too."""
        if not recording.accepted:
            return None
        answer = recording.answer
        if recording.name == "GET room" and not answer.get("newRoom"):
            room: Doc = answer["room"]
            return room
        if recording.name == "GET config" and isinstance(found := answer["config"].get("room"), dict):
            agent = answer["config"].get("agent") or {}
            served = {"servedBy": agent} if agent.get("_id") else {}
            return {**found, **served, "v": {"token": recording.field("token")}}
        if rid:
            return next(
                (
                    doc
                    for doc in documents(answer)
                    if is_room(doc) and doc["_id"] == rid and "POST" not in recording.name
                ),
                None,
            )
        return None

    # making a room ---------------------------------------------------------------------------------------------

    def ensure(self, rid: str, recording: Recording, shown: Doc | None = None) -> None:
        """Make a room that is not there yet: its visitor, its department, its agent, its messages and fields."""
        if rid in self.owners:
            return
        doc = shown or self.knowledge.room(rid, recording.index)
        made = self.knowledge.made.get(("room", rid))
        if "sms" in doc or (made is not None and made > recording.index):
            return
        token = (doc.get("v") or {}).get("token") or self.knowledge.owners.get(rid)
        if token is None:
            valid = recording.code not in UNKNOWN_THING
            token = (recording.field("token") if valid else None) or "spare-visitor"
        self.visitors.ensure(token, recording)
        unserved = self._opened_unserved(rid, doc, recording)
        self.site.want_presence({})
        self.site.want_settings({"Livechat_Routing_Method": "Manual_Selection"} if unserved else {})
        self.messages.before_room(rid, token)
        query = {"token": token, "rid": self.ids.get(rid)}
        served = (doc.get("servedBy") or {}).get("_id")
        if served and not unserved and served in self.ids:
            query["agentId"] = self.ids.get(served)
        reply = self.site.livechat(None, "GET", "room", **query)
        if not reply.ok:
            query.pop("agentId", None)
            reply = self.site.livechat(None, "GET", "room", **query)
        if not reply.ok:
            return
        self.ids.bind(rid, reply.body["room"]["_id"])
        self.owners[rid] = token
        for inquiry, about in self.knowledge.inquiries.items():
            if about == rid:
                self._bind_inquiry(rid, inquiry)
        self.messages.of_room(rid, recording)
        self._dress(rid, token, doc)
        if shown is not None and "closedAt" in shown:
            self.close(rid, shown)

    def match(self, rid: str, recording: Recording, shown: Doc) -> None:
        """Make a room as a list shows it, or bring it to that state where the list is about few rooms."""
        there = rid in self.owners
        self.ensure(rid, recording, shown)
        if there and shown.keys() & {"livechatData", "surveyFeedback"}:
            self._complete(rid, shown, self.live(rid, recording) or shown)
        if there and rid not in self.closed and "closedAt" in shown:
            if "servedBy" in shown and "servedBy" not in (self.live(rid, recording) or {"servedBy": {}}):
                self._adjust(rid, recording, shown)
            self.close(rid, shown)

    def _opened_unserved(self, rid: str, doc: Doc, recording: Recording) -> bool:
        if recording.name == "GET inquiries.getOne" and recording.accepted and recording.answer["inquiry"]:
            return bool(recording.answer["inquiry"]["status"] != "taken")
        if recording.code == "invalid-agent" or recording.name == "POST inquiries.take" or rid.startswith("inq-"):
            return True
        if doc:
            return "servedBy" not in doc
        manual = recording.settings.get("Livechat_Routing_Method") == "Manual_Selection"
        return manual or "without an agent" in recording.case

    def ensure_queued(self, rid: str, recording: Recording) -> None:
        """Make a room that waits in the queue."""
        if rid not in self.owners:
            owner = self.knowledge.owners.get(rid)
            self.ensure(rid, recording, {"_id": rid, "v": {"token": owner}} if owner else {"_id": rid})

    def _dress(self, rid: str, token: str, doc: Doc) -> None:
        for key, value in (doc.get("livechatData") or {}).items():
            self.site.livechat(
                None, "POST", "custom.field", {"token": token, "key": key, "value": value, "overwrite": True}
            )
        if feedback := doc.get("surveyFeedback"):
            data = [{"name": name, "value": value} for name, value in feedback.items()]
            self.site.livechat(None, "POST", "room.survey", {"rid": self.ids.get(rid), "token": token, "data": data})

    def _complete(self, rid: str, shown: Doc, live: Doc) -> None:
        """Store the fields and the survey that a room shows and does not have yet."""
        lacking: Doc = {
            key: shown[key] for key in ("livechatData", "surveyFeedback") if key in shown and key not in live
        }
        if lacking:
            self._dress(rid, self.owners[rid], lacking)

    def _inquiry_room(self, inquiry: str) -> str | None:
        if inquiry in self.knowledge.inquiries:
            return self.knowledge.inquiries[inquiry]
        return f"inq-{inquiry}" if RANDOM_ID.fullmatch(inquiry) else None

    def _bind_inquiry(self, rid: str, inquiry: str) -> None:
        if inquiry not in self.ids and rid in self.owners:
            reply = self.site.livechat("manager", "GET", "inquiries.getOne", roomId=self.ids.get(rid))
            if reply.ok and reply.body.get("inquiry"):
                self.ids.bind(inquiry, reply.body["inquiry"]["_id"])

    # bringing a room to a state --------------------------------------------------------------------------------

    def live(self, rid: str, recording: Recording) -> Doc | None:
        """The room as it is on the live server now."""
        token = self.owners.get(rid) or self.knowledge.owners.get(rid)
        if token is None:
            return None
        if rid not in self.owners:
            self.ensure(rid, recording)
        visitor = self.site.livechat(None, "GET", f"visitor/{token}").body.get("visitor")
        if not visitor:
            return None
        path = f"visitors.chatHistory/room/{self.ids.get(rid)}/visitor/{visitor['_id']}"
        reply = self.site.livechat("admin", "GET", path, count="0")
        rooms = reply.body.get("history", ()) if reply.ok else ()
        return next((room for room in rooms if room["_id"] == self.ids.get(rid)), None)

    def _wish(self, recording: Recording, shown: Doc | None) -> Wish:
        name, code, answer = recording.name, recording.code, recording.answer
        user, department = recording.field("userId"), recording.field("departmentId", "department")
        own = recording.headers.get("x-user-id") if recording.persona in ("agent", "agent 2") else None
        if shown is not None:
            served = (shown.get("servedBy") or {}).get("_id")
            unserved = served is None and "open" in shown and name == "GET room"
            return Wish(served=served, unserved=unserved, department=shown.get("departmentId"))
        if code == "error-forwarding-chat-same-department":
            return Wish(department=department)
        if code == "error-selected-agent-room-agent-are-same":
            return Wish(served=user)
        if own and name in (
            "POST room.forward",
            "POST chat.sendMessage",
            "GET visitors.chatHistory/room/{roomId}/visitor/{visitorId}",
        ):
            if recording.accepted:
                return Wish(served=own)
            return Wish(not_served=own) if code in ("error-not-allowed", "error-not-authorized") else Wish()
        if name == "POST room.forward" and recording.accepted and user:
            return Wish(not_served=user)
        if name == "POST room.transfer" and recording.accepted:
            return Wish(not_served=(answer["room"].get("servedBy") or {}).get("_id"))
        if name.startswith("GET agent.info"):
            agent = answer.get("agent", {}).get("_id") if recording.accepted else None
            return Wish(served=agent, unserved=code == "invalid-agent")
        if name == "POST inquiries.take" and recording.accepted:
            return Wish(unserved=True)
        if name == "POST inquiries.take" and "already taken" in str(answer) and "closed" not in recording.case:
            return Wish(served=user or next(iter(self.knowledge.users), None))
        return Wish()

    def _adjust(self, rid: str, recording: Recording, shown: Doc | None) -> None:
        wish = self._wish(recording, shown)
        if rid in self.closed or not (wish.anything or (shown or {}).keys() & {"livechatData", "surveyFeedback"}):
            return
        live = self.live(rid, recording)
        if live is None or "open" not in live:
            return
        if shown is not None:
            self._complete(rid, shown, live)
        served = (live.get("servedBy") or {}).get("_id")
        room = self.ids.get(rid)
        if wish.department and live.get("departmentId") != self.ids.get(wish.department):
            self._undisturbed()
            self.site.livechat(
                "manager", "POST", "room.forward", {"roomId": room, "departmentId": self.ids.get(wish.department)}
            )
            served = ((self.live(rid, recording) or {}).get("servedBy") or {}).get("_id")
        target = self.ids.get(wish.served) if wish.served else None
        if wish.not_served and served in (None, self.ids.get(wish.not_served)):
            target = self._other(self.ids.get(wish.not_served))
        if target and target != served:
            self._undisturbed()
            if served is None:
                reply = self.site.livechat("manager", "GET", "inquiries.getOne", roomId=room)
                inquiry = ((reply.body or {}).get("inquiry") or {}).get("_id", "none")
                self.site.livechat("manager", "POST", "inquiries.take", {"inquiryId": inquiry, "userId": target})
            else:
                self.site.livechat("manager", "POST", "room.forward", {"roomId": room, "userId": target})
        elif wish.unserved and served is not None:
            self.site.want_settings({"Livechat_Routing_Method": "Manual_Selection"})
            self.site.method("admin", "livechat:returnAsInquiry", room)

    def _undisturbed(self) -> None:
        self.site.want_presence({})
        self.site.want_settings({})

    def _other(self, user_id: str) -> str | None:
        return next((self.site.user_ids[agent] for agent in AGENTS if self.site.user_ids[agent] != user_id), None)

    def _closed(self, rid: str, recording: Recording, shown: Doc | None) -> bool:
        if rid in self.closed:
            return False
        if shown is not None and "v" in shown:
            return "closedAt" in shown
        if self.knowledge.alive.get(rid, -1) > recording.index:
            return False
        if recording.code == "room-closed" or CLOSED.search(recording.case):
            return not (recording.name == "POST room.close" and recording.accepted)
        if recording.name == "GET room" and recording.accepted and recording.answer.get("newRoom"):
            return bool(recording.answer["room"]["_id"] != rid)
        if recording.name == "GET inquiries.getOne" and recording.accepted and recording.answer["inquiry"] is None:
            return True
        closings = [doc for doc in documents(recording.answer) if is_message(doc) and doc.get("t") == "livechat-close"]
        if recording.name.startswith("GET messages.history") and any(doc["rid"] == rid for doc in closings):
            return True
        return any("closedAt" in doc for at, doc in self.knowledge.rooms.get(rid, ()) if at < recording.index)

    def close(self, rid: str, shown: Doc | None = None) -> None:
        """Close a room, as its visitor or, where a document says that the team closed it, as an agent."""
        self.closed.add(rid)
        room = self.ids.get(rid)
        if shown is not None and shown.get("closer") == "user":
            closer = (shown.get("closedBy") or {}).get("username", "")
            persona = {"agent1": "agent", "agent2": "agent 2"}.get(closer, "admin")
            if self.site.method(persona, "livechat:closeRoom", room, "closed", {}).ok:
                return
        self.site.livechat(None, "POST", "room.close", {"rid": room, "token": self.owners[rid]})

    def _by_token(self, recording: Recording) -> None:
        """Exchanges that name a visitor alone, but whose answer says whether he has an open room."""
        token = recording.field("token")
        if token is None or recording.field("rid"):
            return
        mine = [rid for rid, owner in self.owners.items() if owner == token and rid not in self.closed]
        answer = recording.answer if isinstance(recording.answer, dict) else {}
        name = recording.name
        if name == "GET agent.next/{token}" and recording.accepted:
            if "agent" not in answer and not mine:
                self.visitors.ensure(token, recording)
                self.ensure(f"open-{token}", recording, {"_id": f"open-{token}", "v": {"token": token}, "servedBy": {}})
            elif "agent" in answer:
                for rid in mine:
                    self.close(rid)
        elif self._closes_all(recording, answer):
            for rid in mine:
                self.close(rid)
        elif name.startswith("POST custom.field") and recording.accepted:
            self._room_for_field(token, recording, mine)

    @staticmethod
    def _closes_all(recording: Recording, answer: Doc) -> bool:
        """Whether a visitor had no open room: the widget shows none, he could be removed, or the case says so."""
        if recording.name == "GET config" and recording.accepted:
            return bool(answer["config"]["enabled"]) and "room" not in answer["config"]
        if recording.name == "DELETE visitor/{token}" and recording.accepted:
            return True
        return recording.name == "GET video.call/{token}" and CLOSED.search(recording.case) is not None

    def _room_for_field(self, token: str, recording: Recording, mine: list[str]) -> None:
        """A field of the room can only be stored while the visitor has one."""
        keys = {doc.get("key") or doc.get("Key") for doc in documents(recording.answer)}
        refused = any("statusCode" in doc for doc in documents(recording.answer))
        if "orderId" in keys and not mine and not refused:
            self.visitors.ensure(token, recording)
            self.ensure(f"open-{token}", recording, {"_id": f"open-{token}", "v": {"token": token}, "servedBy": {}})
