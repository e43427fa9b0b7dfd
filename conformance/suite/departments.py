"""Helpers about departments: bodies of requests, and reading back what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.contract.exchange import Exchange
from conformance.target import Persona, RecordingClient
from conformance.world import World

REQUIRED = {"enabled": True, "showOnRegistration": False, "showOnOfflineForm": True}


def body(name: str, agents: Sequence[Persona] | None = None, **fields: Any) -> dict[str, Any]:
    """The body of a creation or an update: all required fields, what is given on top, and agents where given."""
    department = {**REQUIRED, "name": name, "email": f"{name}@example.test".lower(), **fields}
    if agents is None:
        return {"department": department}
    listed = [{"agentId": each.user_id, "username": each.username, "count": 0, "order": 0} for each in agents]
    return {"department": department, "agents": listed}


def create(world: World, client: RecordingClient, sent: dict[str, Any]) -> Exchange:
    """Create a department and tell the ledger what it became."""
    exchange = client.send(world.admin, "createDepartment", json=sent)
    made = found(exchange)
    if isinstance(made.get("_id"), str):
        world.created("department", str(sent["department"]["name"]), made["_id"])
    return exchange


def found(exchange: Exchange) -> dict[str, Any]:
    """The ``department`` of an answer; empty where there is none."""
    department = exchange.json.get("department") if isinstance(exchange.json, dict) else None
    return department if isinstance(department, dict) else {}


def agents_in(exchange: Exchange) -> list[dict[str, Any]]:
    """The ``agents`` of an answer; empty where there are none."""
    listed = exchange.json.get("agents") if isinstance(exchange.json, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def agent_ids(exchange: Exchange) -> list[str]:
    """The ids of the agents of an answer, sorted."""
    return sorted(str(each.get("agentId")) for each in agents_in(exchange))


def read(world: World, client: RecordingClient, id: str, **query: str) -> Exchange:
    """A department as the administrator reads it."""
    return client.send(world.admin, "getDepartment", path={"_id": id}, query=query)


def listed(world: World, client: RecordingClient) -> tuple[list[dict[str, Any]], Exchange]:
    """Every department of the server, page by page in the default order, and the last answer."""
    all_found: list[dict[str, Any]] = []
    while True:
        query = {"count": 100, "offset": len(all_found)}
        exchange = client.send(world.admin, "listDepartments", query=query)
        page = exchange.json.get("departments") if isinstance(exchange.json, dict) else None
        departments = [each for each in page if isinstance(each, dict)] if isinstance(page, list) else []
        all_found += departments
        if len(departments) < 100:
            return all_found, exchange


def stored(world: World, client: RecordingClient, name: str) -> tuple[dict[str, Any], Exchange]:
    """The department with a name as it is listed, empty where there is none, and the last answer.

    It is looked for by its name, so that a creation whose answer carries no ``_id`` is left to the clause that owns it.
    """
    departments, exchange = listed(world, client)
    return next((each for each in departments if each.get("name") == name), {}), exchange


def parts(document: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """The members of a document that another one has."""
    return {name: document.get(name) for name in like}
