"""Which agents were online when a case was recorded: read from its words and from its answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.reference.replay_corpus import documents
from tests.reference.replay_fixture import AGENTS

if TYPE_CHECKING:
    from tests.reference.replay_corpus import Recording
    from tests.reference.replay_fixture import Site

STATUS = r"(offline|away|busy|not[- ]available)"
EVERYBODY = re.compile(rf"\b(?:all agents|everybody|every agent|both agents)\b[^,;:]*?\b{STATUS}")
NOBODY = re.compile(r"\b(?:nobody|no agent|no-one|no one)\b[^,;:]*?\bonline")
ONLY = re.compile(rf"\bthe only agent is {STATUS}")
ONE = re.compile(rf"\bone agent(?: is)? {STATUS}")
TARGET = re.compile(rf"{STATUS} agent\b|\bagent(?: is)? {STATUS}|(?:without|has no|no) online agents?")


def wanted_presence(recording: Recording, site: Site, visitor_department: str | None) -> dict[str, str]:
    """The status of each agent whose status is not `online`; `visitor_department` is a live id."""
    words = recording.case.lower()
    wanted: dict[str, str] = {}
    subjects = _subjects(recording, site, visitor_department)
    if found := EVERYBODY.search(words):
        wanted = dict.fromkeys(AGENTS, _status(found.group(1)))
    elif NOBODY.search(words):
        wanted = dict.fromkeys(AGENTS, "offline")
    elif found := ONLY.search(words):
        wanted = {AGENTS[0]: _status(found.group(1)), AGENTS[1]: "offline"}
    elif found := ONE.search(words):
        wanted = {_seen_offline(recording) or AGENTS[0]: _status(found.group(1))}
    elif found := TARGET.search(words):
        wanted = dict.fromkeys(subjects, _status(next((part for part in found.groups() if part), "offline")))
    return wanted or _from_answer(recording, site, subjects)


def _status(word: str) -> str:
    return "not-available" if word.startswith("not") else word


def _subjects(recording: Recording, site: Site, visitor_department: str | None) -> set[str]:
    users = {live: name for name, live in site.user_ids.items()}
    if agent := recording.field("userId", "agentId"):
        name = users.get(site.ids.get(agent), agent)
        return {name} & set(AGENTS)
    department = recording.field("department", "departmentId")
    live = site.department_ids.get(department, site.ids.get(department)) if department else visitor_department
    if live is not None:
        return site.department_agents.get(live, set())
    return set(AGENTS)


def _seen_offline(recording: Recording) -> str | None:
    for doc in documents(recording.answer):
        if doc.get("username") in AGENTS and doc.get("status") == "offline":
            return str(doc["username"])
    return None


def _from_answer(recording: Recording, site: Site, subjects: set[str]) -> dict[str, str]:
    wanted = {
        doc["username"]: doc["status"]
        for doc in documents(recording.answer)
        if doc.get("username") in AGENTS and doc.get("status") in ("away", "busy", "offline")
    }
    for doc in documents(recording.answer):
        if doc.get("username") in AGENTS and doc.get("statusLivechat") == "not-available":
            wanted[doc["username"]] = "not-available"
    routing = recording.settings.get("Livechat_Routing_Method", "Auto_Selection")
    answer = recording.answer if isinstance(recording.answer, dict) else {}
    reason = answer.get("reason")
    offline = recording.code == "error-user-is-offline"
    offline |= recording.code == "no-agent-online" and routing != "External" and "agentId" not in dict(recording.query)
    offline |= recording.code == "agent-not-found" and routing == "Auto_Selection"
    offline |= (
        recording.name == "POST inquiries.take" and recording.code == "error-not-allowed" and reason == "Not allowed"
    )
    offline |= recording.name == "GET config" and (answer.get("config") or {}).get("online") is False
    offline |= "no online agents" in str(answer.get("raw"))
    return {**dict.fromkeys(subjects, "offline"), **wanted} if offline else wanted
