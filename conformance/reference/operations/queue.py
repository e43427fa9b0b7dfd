"""The load of the agents: open chats by agent and department (endpoint fact E30)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.reference import auth, paging
from conformance.reference.envelope import Answer, Failure, success
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.store import pick, sort_key

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("queue.counts_agent")
def counts_agent(site: Site, agent: Document | None, include_offline: bool) -> bool:
    """Whether the chats of an agent are shown: of everybody, or only of those who are online and available."""
    if agent is None:
        return False
    online = agent.get("status") not in (None, "offline") and agent.get("statusLivechat") == "available"
    return include_offline or online


@behaviour("queue.selects")
def selects(site: Site, room: Document, agent_id: Any, department_id: Any) -> bool:
    """Whether a room counts: it is open and served, by the wanted agent and in the wanted department."""
    served = room.get("servedBy")
    if not room.get("open") or not served:
        return False
    if agent_id and served["_id"] != agent_id:
        return False
    return not department_id or room.get("departmentId") == department_id


@behaviour("queue.load")
def load(site: Site, agent_id: Any, department_id: Any, include_offline: bool) -> list[Document]:
    """The open chats, counted by agent and department."""
    entries: dict[tuple[str, str | None], Document] = {}
    for room in site.rooms.find({"open": True}, where=lambda room: selects(site, room, agent_id, department_id)):
        agent = site.users.get(room["servedBy"]["_id"])
        if agent is None or not counts_agent(site, agent, include_offline):
            continue
        department = site.departments.get(room["departmentId"]) if room.get("departmentId") else None
        key = (agent["_id"], department["_id"] if department else None)
        if key not in entries:
            entries[key] = {
                "chats": 0,
                "user": {"_id": agent["_id"], "username": agent["username"], "status": agent.get("status")},
                "department": {
                    "_id": department["_id"] if department else None,
                    "name": department["name"] if department else None,
                },
            }
        entries[key]["chats"] += 1
    return list(entries.values())


def _check_stages(site: Site, call: Call) -> None:
    """Refuse what the pipeline of the database refuses; other lists do so in other words.

    Raises:
        Failure: A sort that is no object, a negative size or a negative offset.
    """
    offset, count = paging.read_offset(site, call.query), paging.read_count(site, call.query)
    if isinstance(call.query.get("sort"), str) and call.query["sort"].strip()[:1] in ('"', "["):
        raise Failure("the $sort key specification must be an object")
    for stage, value in (("$skip", offset), ("$limit", count)):
        if value < 0:
            raise Failure(f"invalid argument to {stage} stage: Expected a non-negative number in: {stage}: {value}")


@operation("getQueue", "GET", "/api/v1/livechat/queue", auth=True)
def get_queue(site: Site, call: Call) -> Answer:
    """List how many open chats each agent has in each department."""
    auth.require_permission_of_finder(site, call, "view-l-room")
    _check_stages(site, call)
    page = paging.read_page(site, call)
    include_offline = call.query.get("includeOfflineAgents") == "true"
    entries = load(site, call.query.get("agentId"), call.query.get("departmentId"), include_offline)
    for path, way in reversed(page.sort or (("chats", -1),)):
        entries.sort(key=lambda entry, path=path: sort_key(pick(entry, path)), reverse=way < 0)  # type: ignore[misc]
    found = paging.cut(site, entries, page)
    return success(queue=found, **paging.page_keys(site, len(found), page.echo, len(entries)))
