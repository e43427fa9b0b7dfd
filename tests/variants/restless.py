"""Servers on which things happen that the suite did not do."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from typing import Any

from conformance.reference import accounts
from conformance.reference.envelope import Failure, Refusal
from conformance.reference.messages import append_message
from conformance.reference.rooms import close_room, open_room
from conformance.reference.site import Site, add, new_id
from conformance.reference.visitors import register_visitor
from tests.variants.variant import Variant, finish, later, with_beside

Inner = Callable[..., Any]
Document = dict[str, Any]

FORGETS_AFTER_S = 20.0


def forget(inner: Inner, site: Site, user: Document, status: str) -> None:
    """Set the status of an account, and forget it again after a while."""
    inner(site, user, status)
    if status == "offline":
        return
    identifier = user["_id"]
    said: dict[str, int] = site.memory.setdefault("statuses said", {})
    mine = said[identifier] = said.get(identifier, 0) + 1

    def act() -> None:
        stored = site.users.get(identifier)
        if stored is not None and said[identifier] == mine:
            inner(site, stored, "offline")

    later(site, act, (FORGETS_AFTER_S, FORGETS_AFTER_S + 1))


FORGETFUL = Variant(
    name="forgetful",
    sentence="An agent who is not connected is offline again after some seconds.",
    wrap={"accounts.set_status": forget, "http.finish": finish},
)


def foreign_department(site: Site, number: int, agents: list[Document]) -> None:
    """A department of somebody else, with agents."""
    identifier = new_id(site)
    add(
        site,
        site.departments,
        {
            "_id": identifier,
            "name": f"Foreign {number}",
            "enabled": True,
            "showOnRegistration": False,
            "showOnOfflineForm": False,
            "email": f"foreign{number}@example.test",
            "numAgents": len(agents),
        },
    )
    for agent in agents:
        link = {"agentId": agent["_id"], "username": agent["username"], "departmentId": identifier}
        add(site, site.department_agents, {"_id": new_id(site), **link, "count": 0, "order": 0})


def foreign_agent(site: Site, number: int) -> Document:
    """An agent of somebody else, online and available."""
    return accounts.create_account(
        site,
        f"foreign.agent{number}",
        new_id(site),
        name=f"Foreign Agent {number}",
        email=f"agent{number}@example.test",
        roles=("user", "livechat-agent"),
        status="online",
        statusLivechat="available",
        operator=True,
        livechatCount=1_000_000,
    )


def one_agent(site: Site) -> None:
    """Let one agent be online."""
    foreign_agent(site, 0)


def foreign_chat(site: Site, number: int) -> tuple[Document, Document]:
    """A visitor of somebody else with a room and some messages."""
    visitor = register_visitor(site, f"foreign-{number}-{new_id(site)}", {"name": f"Foreign {number}"}, {})
    room, _ = open_room(site, visitor, None, None)
    for line in range(random.randint(1, 4)):
        append_message(site, room, visitor, f"foreign line {line}", {"token": visitor["token"]})
    return visitor, room


def furnish(site: Site) -> None:
    """Fill the server with what others did before."""
    agents = [foreign_agent(site, number) for number in range(12)]
    for number in range(60):
        foreign_department(site, number, random.sample(agents, 2))
    for number in range(130):
        visitor, room = foreign_chat(site, number)
        if number % 2:
            close_room(site, room, visitor, "visitor", "Closed by visitor")
        add(site, site.custom_fields, _field(number))
        add(site, site.triggers, _trigger(site, number))
        site.store.commit()


def _field(number: int) -> Document:
    return {
        "_id": f"foreign{number}",
        "label": f"Foreign {number}",
        "scope": "visitor" if number % 2 else "room",
        "visibility": "visible",
        "regexp": "",
    }


def _trigger(site: Site, number: int) -> Document:
    return {
        "_id": new_id(site),
        "name": f"Foreign {number}",
        "description": "",
        "enabled": bool(number % 2),
        "runOnce": False,
        "conditions": [{"name": "time-on-site", "value": "10"}],
        "actions": [{"name": "send-message", "params": {"sender": "queue", "name": "x", "msg": "y"}}],
    }


async def bustle(site: Site) -> None:
    """Open chats, close them, and make departments and agents, several times a second, for ever."""
    chats: list[tuple[Document, Document]] = []
    for number in itertools.count(1000):
        await asyncio.sleep(random.uniform(0.1, 0.4))
        try:
            chats.append(foreign_chat(site, number))
            if len(chats) > 5:
                visitor, room = chats.pop(0)
                stored = site.rooms.get(room["_id"])
                if stored is not None and stored.get("open"):
                    close_room(site, stored, visitor, "visitor", "Closed by visitor")
            if number % 10 == 0:
                foreign_department(site, number, [foreign_agent(site, number)])
            site.store.commit()
        except (Refusal, Failure):
            site.store.rollback()


BUSY = Variant(
    name="busy",
    sentence="Others chat, close, and make departments and agents all the time; their agents are online.",
    prepare=furnish,
    wrap={"http.find_route": with_beside(bustle)},
)

WITH_AN_AGENT = Variant(
    name="with_an_agent",
    sentence="A server with an agent of its own online.",
    prepare=one_agent,
)
WITH_NOBODY = Variant(name="with_nobody", sentence="A server on which nobody is online.")
FRESH = Variant(
    name="fresh",
    sentence="A server as installed: Livechat is off, nobody is online, and mail domains are looked up.",
    settings={"Livechat_enabled": False, "Livechat_validate_offline_email": True},
)
OFF_WITH_AN_AGENT = Variant(
    name="off_with_an_agent",
    sentence="Livechat is switched off, but one agent is online: chats are opened, and the configuration is empty.",
    settings={"Livechat_enabled": False},
    prepare=one_agent,
)
