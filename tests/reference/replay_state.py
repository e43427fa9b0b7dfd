"""What must be there before a recorded exchange is sent again: inferred from the recording, made by unrecorded calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.reference.replay_corpus import RANDOM_ID, documents, is_room, is_visitor
from tests.reference.replay_fixture import AGENTS, PASSWORD
from tests.reference.replay_presence import wanted_presence
from tests.reference.replay_rooms import Rooms

if TYPE_CHECKING:
    from tests.reference.replay_client import Reply
    from tests.reference.replay_corpus import Doc, Recording
    from tests.reference.replay_fixture import Site


class Preparer:
    """Makes the state that a recorded exchange presumes, as far as it is not there already."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ids = site.ids
        self.knowledge = site.knowledge
        self.rooms = Rooms(site)
        self.visitors = self.rooms.visitors

    def prepare(self, recording: Recording) -> None:
        """Bring settings, things, rooms, presence and the limiter to the state before the exchange."""
        self.site.log.clear()
        self.site.want_settings(
            {name: value for name, value in recording.settings.items() if "Rate_Limiter" not in name}
        )
        if recording.status in (401, 405) and "login" not in recording.name:
            self._limiter(recording)
            return
        self._users(recording)
        self._departments(recording)
        self._fields_and_triggers(recording)
        self.visitors.prepare(recording)
        self.rooms.prepare(recording)
        self._listed(recording)
        self.site.want_settings(
            {name: value for name, value in recording.settings.items() if "Rate_Limiter" not in name}
        )
        token = recording.field("token")
        self.site.want_presence(
            wanted_presence(recording, self.site, self.visitors.department(token) if token else None)
        )
        self._limiter(recording)

    def after(self, recording: Recording, reply: Reply) -> None:
        """Take note of what the exchange itself changed."""
        name = recording.name
        if name == "POST logout" and reply.status == 200:
            self.site.tokens.pop(recording.persona, None)
        elif name.startswith("POST settings"):
            self.site.settings.pop(recording.params.get("_id", ""), None)
        elif name == "POST users.setStatus" and reply.status == 200 and isinstance(recording.body, dict):
            user = self.site.logins.get(recording.persona, ("", ""))[0]
            self.site.presence[user] = recording.body.get("status", self.site.presence.get(user, "online"))
        elif name == "POST method.call/{method}" and "saveCustomField" in str(recording.body):
            self.site.log.append("custom field saved")
        elif name in ("POST department", "PUT department/{_id}") and reply.ok:
            self._note_department(reply.body)
        elif name == "POST users.create" and reply.ok:
            self.site.user_ids[reply.body["user"]["username"]] = reply.body["user"]["_id"]
        self.visitors.after(recording, reply)
        self.rooms.after(recording, reply)

    def _note_department(self, body: Doc) -> None:
        department = body.get("department") or {}
        if {"_id", "name"} <= department.keys():
            self.site.department_ids[department["name"]] = department["_id"]
            agents = {link.get("username") for link in body.get("agents") or ()}
            self.site.department_agents[department["_id"]] = agents & set(AGENTS)

    # users -----------------------------------------------------------------------------------------------------

    def _users(self, recording: Recording) -> None:
        name = recording.name
        if name == "POST users/{type}" and recording.accepted and (username := recording.field("username")):
            self._user(username)
        elif name in ("GET users/{type}/{_id}", "DELETE users/{type}/{_id}", "GET users.info", "POST users.delete"):
            recorded = recording.field("_id", "userId")
            if (
                recorded
                and RANDOM_ID.fullmatch(recorded)
                and recorded not in self.ids
                and recording.status in (200, 400, 403)
            ):
                self._known_user(recorded)
        elif name == "POST users.create" and recording.code == "error-field-unavailable":
            taken = str(recording.answer.get("error", "")).partition(" ")[0]
            self._user(taken.partition("@")[0])
        elif (
            recording.name == "POST login" and recording.status == 200 and (user := recording.field("user", "username"))
        ):
            self._user(user.partition("@")[0])
        if name == "GET users/{type}" and recording.accepted:
            for doc in recording.answer["users"]:
                if doc["_id"] not in self.ids:
                    self._known_user(doc["_id"], role=recording.params["type"])

    def _user(self, username: str) -> None:
        if username not in self.site.user_ids and username not in (login[0] for login in self.site.logins.values()):
            self.site.make_user(username, username, ["user"], PASSWORD)

    def _known_user(self, recorded: str, role: str | None = None) -> None:
        doc = self.knowledge.users.get(recorded, {})
        username = doc.get("username") or f"someone-{recorded}"
        if username not in self.site.user_ids:
            roles = doc.get("roles") or ["user"]
            if role and not doc.get("statusLivechat"):
                roles = sorted({*roles, f"livechat-{role}"})
            self.site.make_user(username, doc.get("name", username), roles)
            if doc.get("statusLivechat"):
                self.site.livechat("admin", "POST", "users/agent", {"username": username})
        if username in self.site.user_ids:
            self.ids.bind(recorded, self.site.user_ids[username])

    # departments -----------------------------------------------------------------------------------------------

    def _departments(self, recording: Recording) -> None:
        wanted = recording.params.get("_id") if "department/{_id}" in recording.name else None
        if recording.code in ("department-not-found", "error-department-not-found"):
            wanted = None
        if (
            wanted
            and recording.accepted
            and isinstance(recording.answer, dict)
            and recording.answer.get("department", 1) is None
        ):
            wanted = None
        named = recording.field("department", "departmentId")
        for recorded in (wanted, named if named and RANDOM_ID.fullmatch(named) else None):
            if recorded and RANDOM_ID.fullmatch(recorded) and recorded not in self.ids:
                self._department(recorded, recording)
        if not recording.accepted:
            return
        made_here = recording.name in ("POST department", "PUT department/{_id}")
        for doc in documents(recording.answer):
            listed = "showOnRegistration" in doc and "numAgents" in doc and not made_here
            if (
                listed
                and doc["_id"] not in self.ids
                and RANDOM_ID.fullmatch(doc["_id"])
                and self._due("department", doc["_id"], recording)
            ):
                self._department(doc["_id"], recording)
            if "departmentId" in doc and "agentId" in doc and not made_here and doc["departmentId"] not in self.ids:
                self._department(doc["departmentId"], recording)
            if (
                is_room(doc)
                and (recorded := doc.get("departmentId"))
                and RANDOM_ID.fullmatch(recorded)
                and recorded not in self.ids
            ):
                self._department(recorded, recording)

    def _due(self, kind: str, recorded: str, recording: Recording) -> bool:
        made = self.knowledge.made.get((kind, recorded))
        return made is None or made < recording.index

    def _department(self, recorded: str, recording: Recording) -> None:
        if not self._due("department", recorded, recording):
            return
        doc = self.knowledge.departments.get(recorded, {})
        agents = [
            self.knowledge.users.get(agent, {}).get("username") or agent for agent in self.knowledge.links[recorded]
        ]
        if "serves already" in recording.case and (rid := recording.field("rid", "roomId")):
            served = (self.rooms.live(rid, recording) or {}).get("servedBy")
            agents = [served["username"]] if served else agents
        elif not agents and doc.get("numAgents", 2):
            agents = list(AGENTS)[: doc.get("numAgents", 2)]
        own = {"_id", "name", "enabled", "numAgents", "_updatedAt", "chatClosingTags"}
        more = {key: value for key, value in doc.items() if key not in own}
        if tags := doc.get("chatClosingTags"):
            more |= {"chatClosingTags": tags, "requestTagBeforeClosingChat": True}
        name = doc.get("name", f"Department {recorded}")
        self.site.make_department(name, doc.get("enabled", True), agents, recorded, **more)

    # fields, triggers ------------------------------------------------------------------------------------------

    def _fields_and_triggers(self, recording: Recording) -> None:
        if recording.name == "GET custom-fields" and recording.accepted:
            reply = self.site.livechat("manager", "GET", "custom-fields", count="0")
            there = {doc["_id"] for doc in reply.body.get("customFields", ())}
            for doc in recording.answer["customFields"]:
                if doc["_id"] not in there:
                    self.site.custom_field(
                        doc["_id"], doc["label"], doc["scope"], doc.get("regexp", ""), doc["visibility"]
                    )
        known = recording.params.get("_id") if recording.name == "GET triggers/{_id}" else None
        wanted = [doc["_id"] for doc in documents(recording.answer) if "conditions" in doc and "name" in doc]
        for recorded in [*wanted, *([known] if known and RANDOM_ID.fullmatch(known) else [])]:
            doc = self.knowledge.triggers.get(recorded)
            if doc is None or recorded in self.ids:
                continue
            reply = self.site.livechat("manager", "GET", "triggers", count="0")
            live = {one["name"]: one["_id"] for one in reply.body.get("triggers", ())}
            if doc["name"] not in live:
                self.site.trigger(
                    doc["name"], {key: doc[key] for key in doc if key not in ("_id", "name", "_updatedAt")}
                )
                reply = self.site.livechat("manager", "GET", "triggers", count="0")
                live = {one["name"]: one["_id"] for one in reply.body.get("triggers", ())}
            if doc["name"] in live:
                self.ids.bind(recorded, live[doc["name"]])

    # what lists show -------------------------------------------------------------------------------------------

    def _listed(self, recording: Recording) -> None:
        """Make what a list of the answer shows, so that filters find something."""
        if not recording.accepted or not isinstance(recording.answer, dict):
            return
        if recording.name in ("GET rooms", "GET visitors.chatHistory/room/{roomId}/visitor/{visitorId}"):
            for doc in recording.answer.get("rooms", recording.answer.get("history", ())):
                self.rooms.ensure(doc["_id"], recording, doc)
        elif recording.name == "GET inquiries.list":
            for doc in recording.answer["inquiries"]:
                self.rooms.ensure_queued(doc["rid"], recording)
        elif recording.name.startswith("GET visitors.pagesVisited"):
            self._pages(recording)

    def _pages(self, recording: Recording) -> None:
        rid = recording.params.get("roomId", "")
        live = self.site.livechat("manager", "GET", f"visitors.pagesVisited/{self.ids.get(rid)}", count="0")
        there = {page.get("msg") for page in live.body.get("pages", ())} if live.ok else set()
        for page in reversed(recording.answer["pages"]):
            if page["msg"] not in there:
                visit = {
                    "token": page["navigation"]["token"],
                    "rid": self.ids.get(rid),
                    "pageInfo": page["navigation"]["page"],
                }
                self.site.livechat(None, "POST", "page.visited", visit)

    # the limiter -----------------------------------------------------------------------------------------------

    def _limiter(self, recording: Recording) -> None:
        """Switch the limiter as recorded, and use up as many calls as the recorded headers say were used before."""
        for name, value in recording.settings.items():
            if "Rate_Limiter" in name:
                self.site.set_setting(name, value)

    def spent_calls(self, recording: Recording) -> int | None:
        """How many calls of the window were made before this one; None where the recording does not say."""
        left, limit = (recording.answer_headers.get(f"x-ratelimit-{part}") for part in ("remaining", "limit"))
        if recording.status == 429 and re.search("too many requests", str(recording.answer)):
            return 10**6
        return int(limit) - int(left) - 1 if left is not None and limit is not None else None


def answers_visitor(recording: Recording) -> Doc | None:
    """The visitor's document of an answer, if it has one."""
    return next((doc for doc in documents(recording.answer) if is_visitor(doc)), None)
