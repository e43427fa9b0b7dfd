"""The demo: agents, departments, visitors and a few conversations, for people who look around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from conformance.reference.accounts import create_account
from conformance.reference.messages import append_message
from conformance.reference.rooms import close_room, closing_comment, open_room
from conformance.reference.site import add, new_id
from conformance.reference.visitors import register_visitor

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo, with the password to log in with."""

    role: str
    username: str
    password: str


_PASSWORD: Final = "demo-password"
_AGENTS: Final = (("ada", "Ada Alder"), ("ben", "Ben Birch"), ("cleo", "Cleo Cedar"))
_DEPARTMENTS: Final = (("Sales", ("ada",)), ("Support", ("ben", "cleo")))
_VISITORS: Final = (
    ("Vera", "vera@shop.example.test", "Sales", ("Do you ship to Norway?", "How long does it take?"), False),
    ("Tom", "tom@shop.example.test", "Support", ("My order 4711 has not arrived.",), True),
    ("Ines", "ines@shop.example.test", "Support", ("Hello?",), False),
)


def _agent(site: Site, username: str, name: str) -> Document:
    return create_account(
        site,
        username,
        _PASSWORD,
        name=name,
        email=f"{username}@shop.example.test",
        roles=("user", "livechat-agent"),
        verified=True,
        status="online",
        statusDefault="online",
        statusLivechat="available",
        operator=True,
    )


def _department(site: Site, name: str, agents: list[Document]) -> str:
    identifier = new_id(site)
    add(
        site,
        site.departments,
        {
            "_id": identifier,
            "enabled": True,
            "name": name,
            "description": f"The {name} team",
            "showOnRegistration": True,
            "showOnOfflineForm": True,
            "email": f"{name.lower()}@shop.example.test",
            "numAgents": len(agents),
        },
    )
    for agent in agents:
        link = {"_id": new_id(site), "agentId": agent["_id"], "departmentId": identifier, "count": 0, "order": 0}
        add(site, site.department_agents, {**link, "username": agent["username"]})
    return identifier


def _conversation(
    site: Site, visitor: Document, texts: tuple[str, ...], agents: dict[str, Document], closed: bool
) -> None:
    room, _ = open_room(site, visitor, None, None)
    for text in texts:
        append_message(site, room, visitor, text, {"token": visitor["token"]})
    served = room.get("servedBy")
    if served is not None:
        append_message(site, room, agents[served["username"]], "Good day, I am looking into it.")
    if closed:
        close_room(site, room, visitor, "visitor", closing_comment(site))


def seed_demo(site: Site) -> list[DemoAccount]:
    """Fill a new server with a small team at work and return its accounts; a server that has it stays as it is."""
    accounts = [DemoAccount("agent", username, _PASSWORD) for username, _ in _AGENTS]
    accounts.append(DemoAccount("manager", "mona", _PASSWORD))
    if site.users.one({"username": "mona"}) is not None:
        return accounts
    agents = {username: _agent(site, username, name) for username, name in _AGENTS}
    create_account(site, "mona", _PASSWORD, name="Mona Maple", roles=("user", "livechat-manager"))
    departments = {name: _department(site, name, [agents[each] for each in team]) for name, team in _DEPARTMENTS}
    for identifier, label, scope in (("plan", "Plan", "visitor"), ("orderId", "Order", "room")):
        field = {"_id": identifier, "label": label, "scope": scope, "visibility": "visible", "regexp": ""}
        add(site, site.custom_fields, field)
    for name, email, department, texts, closed in _VISITORS:
        fields = {"name": name, "email": email, "department": departments[department]}
        visitor = register_visitor(site, f"demo-{name.lower()}", fields, {})
        _conversation(site, visitor, texts, agents, closed)
    site.store.commit()
    return accounts
