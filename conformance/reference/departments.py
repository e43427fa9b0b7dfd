"""Departments as the routing of chats sees them: which there are, who works in them, who is online there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.seam import behaviour
from conformance.reference.site import setting

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("departments.find")
def find_department(site: Site, identifier: str) -> Document | None:
    """The department with this id."""
    return site.departments.get(identifier)


@behaviour("departments.find_by_id_or_name")
def find_department_by_id_or_name(site: Site, text: str) -> Document | None:
    """The department with this id, or else the first with this name."""
    return site.departments.get(text) or site.departments.one({"name": text})


@behaviour("departments.links")
def department_links(site: Site, department: str) -> list[Document]:
    """Who works in a department, as it is stored."""
    return site.department_agents.find({"departmentId": department})


@behaviour("departments.with_agents")
def departments_with_agents(site: Site) -> list[Document]:
    """The enabled departments that have agents, in the order in which they were made."""
    return [
        department
        for department in site.departments.find()
        if department.get("enabled") is True and (department.get("numAgents") or 0) > 0
    ]


@behaviour("agents.is_online")
def is_online(site: Site, user: Document) -> bool:
    """Whether an account is an agent who can get chats: the role, a presence other than offline, available.

    Away counts, unless ``Livechat_enabled_when_agent_idle`` is off and the connection itself is away.
    """
    if "livechat-agent" not in user.get("roles", ()) or user.get("statusLivechat") != "available":
        return False
    if user.get("status") in (None, "offline"):
        return False
    return bool(setting(site, "Livechat_enabled_when_agent_idle")) or user.get("statusConnection") != "away"


@behaviour("agents.online")
def online_agents(site: Site) -> list[Document]:
    """Every agent who is online."""
    return [user for user in _agents(site) if is_online(site, user)]


def _agents(site: Site) -> list[Document]:
    return site.kept(
        "agents",
        (site.users,),
        lambda: site.users.find(
            containing=b'"livechat-agent"', where=lambda user: "livechat-agent" in user.get("roles", ())
        ),
    )


@behaviour("agents.online_in_department")
def online_links(site: Site, department: str) -> list[Document]:
    """The links of a department whose accounts are online agents, matched by username."""
    names = {user["username"] for user in online_agents(site)}
    return [link for link in department_links(site, department) if link.get("username") in names]


@behaviour("agents.bots")
def bot_agents(site: Site, department: str | None) -> list[Document]:
    """The agents that are bots, of one department where one is given."""
    bots = [user for user in _agents(site) if "bot" in user["roles"]]
    if department:
        names = {link.get("username") for link in department_links(site, department)}
        bots = [user for user in bots if user["username"] in names]
    return bots


@behaviour("agents.anybody_registered")
def anybody_registered(site: Site, department: str | None) -> bool:
    """Whether there is any agent at all, online or not, in a department where one is given."""
    return bool(department_links(site, department) if department else _agents(site))


@behaviour("agents.service_online")
def service_online(site: Site, department: str | None) -> bool:
    """Whether a visitor can be served now, by a department where one is given."""
    if setting(site, "Livechat_accept_chats_with_no_agents"):
        return True
    if setting(site, "Livechat_assign_new_conversation_to_bot") and bot_agents(site, department):
        return True
    return bool(online_links(site, department) if department else online_agents(site))


@behaviour("departments.required")
def required_department(site: Site) -> Document | None:
    """The department that takes visitors without one: the first shown on registration with somebody online."""
    for department in departments_with_agents(site):
        if department.get("showOnRegistration") is True and online_links(site, department["_id"]):
            return department
    return None
