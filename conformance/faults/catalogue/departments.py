"""Faults of departments: listing, creating, reading, updating and deleting them."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import (
    answered,
    default_order,
    drop,
    during,
    listed,
    put,
    refused_yet_done,
)
from conformance.reference import auth
from conformance.reference.envelope import Refusal, failure
from conformance.reference.site import add, new_id, save

_LIST, _CREATE, _READ = ("listDepartments",), ("createDepartment",), ("getDepartment",)


_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION


def _starts_with(original: Any, site: Any, department: Any, text: Any) -> bool:
    return not text or str(department.get("name", "")).startswith(str(text))


def _own_links(site: Any, call: Any, body: Any) -> None:
    for agent in body["agents"]:
        agent["departmentId"] = agent["agentId"]


def _stores(change: Any) -> Any:
    """Answer a creation rightly, and store something else: ``change(document)`` edits what is stored."""

    def create(original: Any, site: Any, fields: Any, agents: Any) -> Any:
        document = original(site, fields, agents)
        stored = dict(document)
        change(stored)
        save(site, site.departments, stored)
        return document

    return {"departments.create": create}


def _other_names(site: Any, call: Any, body: Any) -> None:
    for agent in body.get("agents") or ():
        agent["username"] = agent["agentId"]


def _unique_names(original: Any, site: Any, fields: Any, agents: Any) -> Any:
    if site.departments.one({"name": fields["name"]}) is not None:
        raise Refusal("error-department-already-exists", "Department already exists")
    return original(site, fields, agents)


def no_tags_needed(original: Any, site: Any, *args: Any) -> None:
    """Validate a department, and forgive closing tags that lack."""
    try:
        original(site, *args)
    except Refusal as error:
        if error.code != "error-validating-department-chat-closing-tags":
            raise


def named(call: Any) -> Any:
    """The department that a call sends, if it has a name."""
    department = call.body.get("department") if isinstance(call.body, dict) else None
    return department if isinstance(department, dict) and isinstance(department.get("name"), str) else None


def _made_anyway(site: Any, call: Any) -> None:
    department = named(call)
    if department:
        add(site, site.departments, {"enabled": False, **department, "_id": new_id(site)})


def _newest(original: Any, site: Any, identifier: str) -> Any:
    return original(site, identifier) and site.departments.find()[-1]


def _unknown_refused(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    unknown = answer.status == 200 and answer.body.get("department") is None
    return failure("error-department-not-found") if unknown else answer


def _allowed(original: Any, site: Any, call: Any) -> bool:
    return auth.has_permission(site, call.user, "view-livechat-departments")


def _unordered(original: Any, site: Any, department: str, agents: Any) -> None:
    original(site, department, [{**agent, "order": 0} for agent in agents])


FAULTS: tuple[Fault, ...] = (
    Fault(
        "departments.list-hides-disabled",
        ("LC-DEPARTMENT-007",),
        _LIST,
        _STATE,
        _RELATION,
        "Departments that are disabled are not listed.",
        wrap=listed(
            "listDepartments", "departments", lambda site, items: [each for each in items if each.get("enabled")]
        ),
    ),
    Fault(
        "departments.list-by-id",
        ("LC-DEPARTMENT-008",),
        _LIST,
        _STATE,
        _RELATION,
        "Departments are listed by their ids.",
        wrap=default_order("listDepartments", '{"_id":1}'),
    ),
    Fault(
        "departments.text-at-start",
        ("LC-DEPARTMENT-009",),
        _LIST,
        _STATE,
        Depth.RARE_INPUT,
        "The text filter compares the beginning of names only.",
        wrap={"departments.list_selects": _starts_with},
    ),
    Fault(
        "departments.created-without-id",
        ("LC-DEPARTMENT-016",),
        _CREATE,
        Kind.SCHEMA,
        _SHALLOW,
        "The answer of a creation has no _id.",
        wrap=answered("createDepartment", drop("department._id")),
    ),
    Fault(
        "departments.created-answers-other",
        ("LC-DEPARTMENT-017",),
        _CREATE,
        _STATE,
        _RELATION,
        "The answer of a creation says the opposite of the showOnOfflineForm that was sent.",
        wrap=answered("createDepartment", put("department.showOnOfflineForm", lambda value: not value)),
    ),
    Fault(
        "departments.created-links-elsewhere",
        ("LC-DEPARTMENT-018",),
        _CREATE,
        _STATE,
        _RELATION,
        "The agents in the answer of a creation are linked to another id.",
        wrap=answered("createDepartment", _own_links),
    ),
    Fault(
        "departments.stored-otherwise",
        ("LC-DEPARTMENT-019",),
        (*_CREATE, *_READ),
        _STATE,
        _RELATION,
        "A new department is stored with the opposite showOnOfflineForm.",
        wrap=_stores(lambda stored: stored.update(showOnOfflineForm=not stored["showOnOfflineForm"])),
    ),
    Fault(
        "departments.email-lost",
        ("LC-DEPARTMENT-019",),
        (*_CREATE, *_READ),
        Kind.DATA_LOSS,
        _RELATION,
        "The address of a new department is answered and not stored.",
        wrap=_stores(lambda stored: stored.update(email="")),
    ),
    Fault(
        "departments.agents-misnamed",
        ("LC-DEPARTMENT-020",),
        (*_CREATE, *_READ),
        _STATE,
        _RELATION,
        "The agents of a department are read with their ids for usernames.",
        wrap=answered("getDepartment", _other_names),
    ),
    Fault(
        "departments.counts-one-more",
        ("LC-DEPARTMENT-021",),
        (*_CREATE, *_LIST),
        _STATE,
        _RELATION,
        "The numAgents of a new department is one too high.",
        wrap=_stores(lambda stored: stored.update(numAgents=stored.get("numAgents", 0) + 1)),
    ),
    Fault(
        "departments.unique-names",
        ("LC-DEPARTMENT-022",),
        _CREATE,
        Kind.VALIDATION,
        _RELATION,
        "A second department with the same name is refused.",
        seen_in="6.0.0 and later",
        wrap={"departments.create": _unique_names},
    ),
    Fault(
        "departments.created-without-tags",
        ("LC-DEPARTMENT-023",),
        _CREATE,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "A department that demands closing tags is created without any.",
        wrap=during("createDepartment", "departments.validate", no_tags_needed),
    ),
    Fault(
        "departments.refused-is-made",
        ("LC-DEPARTMENT-024",),
        _CREATE,
        _STATE,
        _RELATION,
        "A department is stored before it is checked, and stays.",
        wrap=refused_yet_done("createDepartment", _made_anyway),
    ),
    Fault(
        "departments.reads-newest",
        ("LC-DEPARTMENT-030",),
        _READ,
        _STATE,
        _RELATION,
        "Whichever department is read, the newest one is answered.",
        wrap=during("getDepartment", "departments.find", _newest),
    ),
    Fault(
        "departments.agents-on-demand",
        ("LC-DEPARTMENT-031",),
        _READ,
        _STATE,
        _RELATION,
        "A manager sees the agents of a department only where he asks for them.",
        wrap={
            "departments.show_agents": lambda original, site, call: (
                "includeAgents" in call.query and original(site, call)
            )
        },
    ),
    Fault(
        "departments.agents-always",
        ("LC-DEPARTMENT-032",),
        _READ,
        _STATE,
        _RELATION,
        "The includeAgents of a query is ignored.",
        wrap={"departments.show_agents": _allowed},
    ),
    Fault(
        "departments.agents-of-all",
        ("LC-DEPARTMENT-033",),
        _READ,
        _STATE,
        _RELATION,
        "A department is read with the agents of all departments.",
        wrap=during(
            "getDepartment", "departments.links", lambda original, site, department: site.department_agents.find()
        ),
    ),
    Fault(
        "departments.unknown-refused",
        ("LC-DEPARTMENT-034",),
        _READ,
        Kind.STATUS,
        _SHALLOW,
        "An _id that no department has is refused.",
        wrap={"operation.getDepartment": _unknown_refused},
    ),
    Fault(
        "departments.order-of-agents-lost",
        ("LC-DEPARTMENT-066",),
        (*_CREATE, *_READ),
        Kind.DATA_LOSS,
        Depth.RARE_INPUT,
        "The order of an agent is always 0.",
        wrap={"departments.save_agents": _unordered},
    ),
)
