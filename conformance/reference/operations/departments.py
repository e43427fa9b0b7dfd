"""Departments and their agents (endpoint facts E05 to E09, E17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.reference import auth, paging
from conformance.reference.departments import department_links, find_department
from conformance.reference.envelope import (
    Answer,
    ErrorStyle,
    Failure,
    Refusal,
    Stop,
    failure,
    success,
    unauthorized,
)
from conformance.reference.match import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    STRING,
    AnyObject,
    ArrayOf,
    MatchFailure,
    Maybe,
    ObjectPattern,
    OneOf,
    Pattern,
    including,
    strict,
)
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import add, new_id, save
from conformance.reference.store import DuplicateKey
from conformance.reference.validate import check_body, check_query, check_value

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_BODY: Final = strict(department=AnyObject(), agents=Maybe(ARRAY))
_FIELDS: Final[dict[str, Pattern]] = {
    "enabled": BOOLEAN,
    "name": STRING,
    "description": Maybe(STRING),
    "showOnRegistration": BOOLEAN,
    "email": STRING,
    "showOnOfflineForm": BOOLEAN,
    "requestTagBeforeClosingChat": Maybe(BOOLEAN),
    "chatClosingTags": Maybe(ArrayOf(STRING)),
}
_OWN_KEY: Final = OneOf((STRING, INTEGER, BOOLEAN))
_AGENTS: Final = Maybe(ArrayOf(including(agentId=STRING, username=STRING)))
_LINKS_QUERY: Final = strict(enabledDepartmentsOnly=Maybe(STRING))


@behaviour("departments.may_read")
def may_read(site: Site, user: Document) -> bool:
    """Whether an account may read departments: it may see departments or rooms."""
    return auth.has_permission(site, user, "view-livechat-departments") or auth.has_permission(
        site, user, "view-l-room"
    )


def _require_reader(site: Site, call: Call) -> None:
    if not may_read(site, call.user):
        raise Stop(failure("error-not-authorized"))


@behaviour("departments.list_selects")
def list_selects(site: Site, department: Document, text: Any) -> bool:
    """Whether a department belongs into the list: its name contains the text, whatever its case."""
    return not text or (isinstance(text, str) and text.lower() in str(department.get("name", "")).lower())


@operation("listDepartments", "GET", "/api/v1/livechat/department", auth=True)
def list_departments(site: Site, call: Call) -> Answer:
    """List the departments, by name."""
    _require_reader(site, call)
    page = paging.read_page(site, call)
    text = call.query.get("text")
    found, keys = paging.find_page(
        site,
        site.departments,
        page,
        default_sort=[("name", 1)],
        where=(lambda department: list_selects(site, department, text)) if text else None,
    )
    return success(departments=found, **keys)


@behaviour("departments.show_agents")
def shows_agents(site: Site, call: Call) -> bool:
    """Whether a read of a department shows its agents: asked for (the default), and allowed to the caller."""
    wanted = call.query.get("includeAgents", "true") == "true"
    return wanted and auth.has_permission(site, call.user, "view-livechat-departments")


@operation("getDepartment", "GET", "/api/v1/livechat/department/{_id}", auth=True)
def get_department(site: Site, call: Call) -> Answer:
    """Read one department, null where there is none, and its agents."""
    _require_reader(site, call)
    identifier = call.params["_id"]
    answer: dict[str, Any] = {"department": find_department(site, identifier)}
    if shows_agents(site, call):
        answer["agents"] = department_links(site, identifier)
    return success(**answer)


@behaviour("departments.validate")
def validate(site: Site, call: Call, department: Any, agents: Any, method: str) -> None:
    """Refuse departments with missing or ill-typed fields, agents without names, and closing tags that lack.

    Raises:
        MatchFailure: The shape is wrong.
        Refusal: ``error-validating-department-chat-closing-tags``.
    """
    fields = dict(_FIELDS)
    if isinstance(department, dict):
        fields = dict.fromkeys(department, _OWN_KEY) | fields
    check_value(site, call, department, ObjectPattern(fields))
    check_value(site, call, agents, _AGENTS)
    if department.get("requestTagBeforeClosingChat") and not department.get("chatClosingTags"):
        reason = "At least one closing tag is required when the department requires tag(s) on closing conversations."
        raise Refusal("error-validating-department-chat-closing-tags", reason, {"method": method})


def _check_keys(department: Document) -> None:
    """Refuse keys that a document cannot have.

    Raises:
        MatchFailure: A key begins with a dollar sign, is empty, or has a dot in it.
    """
    for key in department:
        if not key or key.startswith("$") or "." in key or "\0" in key:
            raise MatchFailure("Failed Match.Where validation", f"department.{key}")


def _number(value: Any) -> int:
    """A count or an order as it is stored; a real server stores not-a-number where we store 0."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int | float):
        return int(value) if abs(value) < 2**53 else 0
    return paging.parse_int(value) or 0


@behaviour("departments.save_agents")
def save_agents(site: Site, department_id: str, agents: list[Document]) -> None:
    """Make a list of agents the agents of a department: new ones are added, others removed."""
    kept = {agent["agentId"] for agent in agents}
    for link in department_links(site, department_id):
        if link["agentId"] not in kept:
            site.department_agents.remove(link["_id"])
    for agent in agents:
        link = {
            "agentId": agent["agentId"],
            "departmentId": department_id,
            "count": _number(agent.get("count")),
            "order": _number(agent.get("order")),
            "username": agent["username"],
        }
        there = site.department_agents.one({"departmentId": department_id, "agentId": agent["agentId"]})
        if there is None:
            add(site, site.department_agents, {"_id": new_id(site), **link})
        else:
            save(site, site.department_agents, there | link)


@behaviour("departments.create")
def create(site: Site, fields: Document, agents: list[Document] | None) -> Document:
    """Insert a department and its agents."""
    document = dict(fields)
    if agents is not None:
        document["numAgents"] = len(agents)
    document.setdefault("_id", new_id(site))
    if not isinstance(document["_id"], str):
        raise Failure("An id must be a text.")
    try:
        add(site, site.departments, document)
    except DuplicateKey:
        raise Failure("There is a department with this id.") from None
    save_agents(site, document["_id"], agents or [])
    return document


@behaviour("departments.update")
def update(site: Site, stored: Document, fields: Document, agents: list[Document] | None) -> Document:
    """Change the given fields of a department; its agents only where a list was given.

    Raises:
        MatchFailure: The fields name another id. The real server shows the error of its database here.
    """
    if fields.get("_id", stored["_id"]) != stored["_id"]:
        raise MatchFailure("Failed Match.Where validation", "_id")
    document = stored | fields
    if agents is not None:
        document["numAgents"] = len(agents)
        save_agents(site, stored["_id"], agents)
    return save(site, site.departments, document)


@operation("createDepartment", "POST", "/api/v1/livechat/department", errors=ErrorStyle.CAUGHT, auth=True)
def create_department(site: Site, call: Call) -> Answer:
    """Create a department with its agents."""
    auth.require_permission(site, call, "manage-livechat-departments")
    body = check_body(site, call, _BODY)
    fields, agents = body["department"], body.get("agents")
    validate(site, call, fields, agents, "livechat:saveDepartment")
    _check_keys(fields)
    department = create(site, fields, agents)
    return success(department=department, agents=department_links(site, department["_id"]))


@operation("updateDepartment", "PUT", "/api/v1/livechat/department/{_id}", errors=ErrorStyle.CAUGHT, auth=True)
def update_department(site: Site, call: Call) -> Answer:
    """Change a department: all required fields every time; the agents are replaced where a list is given."""
    may_save = auth.has_permission(site, call.user, "manage-livechat-departments")
    if not may_save and not auth.has_permission(site, call.user, "add-livechat-department-agents"):
        raise Stop(unauthorized())
    body = check_body(site, call, _BODY)
    if not may_save:
        return failure()
    fields, agents = body["department"], body.get("agents")
    validate(site, call, fields, agents, "livechat:saveDepartment")
    _check_keys(fields)
    stored = find_department(site, call.params["_id"])
    if stored is None:
        raise Refusal("error-department-not-found", "Department not found", {"method": "livechat:saveDepartment"})
    department = update(site, stored, fields, agents)
    return success(department=department, agents=department_links(site, stored["_id"]))


@behaviour("departments.remove")
def remove(site: Site, identifier: str) -> bool:
    """Remove a department and say whether there was one; the links of its agents stay."""
    return site.departments.remove(identifier)


@operation("deleteDepartment", "DELETE", "/api/v1/livechat/department/{_id}", errors=ErrorStyle.CAUGHT, auth=True)
def delete_department(site: Site, call: Call) -> Answer:
    """Remove a department."""
    auth.require_permission(site, call, "manage-livechat-departments")
    if not remove(site, call.params["_id"]):
        raise Refusal("department-not-found", "Department not found", {"method": "livechat:removeDepartment"})
    return success()


@behaviour("departments.link_selects")
def link_selects(site: Site, link: Document, enabled_only: bool) -> bool:
    """Whether an agent's link to a department is shown: all of them, or those to enabled departments."""
    if not enabled_only:
        return True
    department = find_department(site, link["departmentId"])
    return department is not None and bool(department.get("enabled"))


@operation("listAgentDepartments", "GET", "/api/v1/livechat/agents/{agentId}/departments", auth=True)
def list_agent_departments(site: Site, call: Call) -> Answer:
    """List the departments of an agent."""
    query = check_query(site, call, _LINKS_QUERY)
    auth.require_permission_of_finder(site, call, "view-l-room")
    enabled_only = query.get("enabledDepartmentsOnly") == "true"
    links = site.department_agents.find({"agentId": call.params["agentId"]})
    return success(departments=[link for link in links if link_selects(site, link, enabled_only)])
