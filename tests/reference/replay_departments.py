"""Departments that a recorded exchange presumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference.replay_corpus import RANDOM_ID, documents, is_room
from tests.reference.replay_fixture import AGENTS

if TYPE_CHECKING:
    from tests.reference.replay_corpus import Doc, Recording
    from tests.reference.replay_fixture import Site
    from tests.reference.replay_rooms import Rooms


class Departments:
    """Makes departments under their recorded ids, with the agents that the recordings show."""

    def __init__(self, site: Site, rooms: Rooms) -> None:
        self.site = site
        self.ids = site.ids
        self.knowledge = site.knowledge
        self.rooms = rooms

    def note(self, body: Doc) -> None:
        """Take note of a department that an exchange made or changed."""
        department = body.get("department") or {}
        if {"_id", "name"} <= department.keys():
            self.site.department_ids[department["name"]] = department["_id"]
            agents = {link.get("username") for link in body.get("agents") or ()}
            self.site.department_agents[department["_id"]] = agents & set(AGENTS)

    def prepare(self, recording: Recording) -> None:
        """Make the departments that an exchange names or shows, and remove the one that it misses."""
        own = recording.params.get("_id") if "department/{_id}" in recording.name else None
        if own and self._missing(recording):
            if own in self.ids:
                self.site.livechat("admin", "DELETE", f"department/{self.ids.get(own)}")
            return
        for recorded in (own, recording.field("department", "departmentId")):
            if recorded and RANDOM_ID.fullmatch(recorded):
                self.ensure(recorded, recording)
        if own and recording.method == "GET" and recording.accepted and "agents" in recording.answer:
            self._match_agents(own, recording.answer)
        if not recording.accepted or recording.name in ("POST department", "PUT department/{_id}"):
            return
        for doc in documents(recording.answer):
            listed = doc.get("_id") if "showOnRegistration" in doc and "email" in doc else None
            linked = doc.get("departmentId") if "agentId" in doc or is_room(doc) else None
            for recorded in (listed, linked):
                if isinstance(recorded, str) and RANDOM_ID.fullmatch(recorded):
                    self.ensure(recorded, recording)

    @staticmethod
    def _missing(recording: Recording) -> bool:
        """Whether the answer says that there is no such department."""
        if recording.code in ("department-not-found", "error-department-not-found"):
            return True
        return recording.accepted and "department" in recording.answer and recording.answer["department"] is None

    def ensure(self, recorded: str, recording: Recording) -> None:
        """Make a department that is not there yet."""
        made = self.knowledge.made.get(("department", recorded))
        if recorded in self.ids or (made is not None and made >= recording.index):
            return
        doc = self.knowledge.departments.get(recorded, {})
        known = {"_id", "name", "enabled", "numAgents", "_updatedAt", "chatClosingTags"}
        more = {key: value for key, value in doc.items() if key not in known}
        if tags := doc.get("chatClosingTags"):
            more |= {"chatClosingTags": tags, "requestTagBeforeClosingChat": True}
        name = doc.get("name", f"Department {recorded}")
        agents = self._agents(recorded, doc, recording)
        self.site.make_department(name, doc.get("enabled", True), agents, recorded, **more)

    def _match_agents(self, recorded: str, shown: Doc) -> None:
        """Give a department the agents that a read of it shows."""
        path = f"department/{self.ids.get(recorded)}"
        live = self.site.livechat("manager", "GET", path)
        if not live.ok or not live.body.get("department") or len(live.body["agents"]) == len(shown["agents"]):
            return
        own = {"_id", "numAgents", "_updatedAt"}
        fields = {key: value for key, value in live.body["department"].items() if key not in own}
        links = [{"agentId": self.ids.get(link["agentId"]), "username": link["username"]} for link in shown["agents"]]
        self.site.livechat("manager", "PUT", path, {"department": fields, "agents": links})

    def _agents(self, recorded: str, doc: Doc, recording: Recording) -> dict[str, str] | None:
        """Username and live id of each agent; None where the department was made without a list of agents."""
        if "serves already" in recording.case and (rid := recording.field("rid", "roomId")):
            served = (self.rooms.live(rid, recording) or {}).get("servedBy")
            if served:
                return {served["username"]: served["_id"]}
        found = {}
        for agent in sorted(self.knowledge.links[recorded]):
            username = self.knowledge.users.get(agent, {}).get("username") or agent
            found[username] = self.ids.get(agent)
        if found:
            return found
        if "showOnRegistration" in doc and "numAgents" not in doc:
            return None
        return {agent: self.site.user_ids[agent] for agent in AGENTS[: doc.get("numAgents", 2)]}
