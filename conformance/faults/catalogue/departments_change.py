"""Faults of updating and deleting departments."""

from __future__ import annotations

from typing import Any

from conformance.faults.catalogue.departments import named, no_tags_needed
from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import (
    during,
    each_listed,
    listed,
    recoded,
    refused_yet_done,
    stale,
)
from conformance.reference.departments import department_links
from conformance.reference.site import add, new_id, save

_LIST, _CREATE, _READ = ("listDepartments",), ("createDepartment",), ("getDepartment",)


_UPDATE, _DELETE = ("updateDepartment",), ("deleteDepartment",)


_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION


_OFFERED = ("_id", "name", "showOnRegistration", "showOnOfflineForm")


def _upserted(site: Any, call: Any) -> None:
    department, identifier = named(call), call.params["_id"]
    if department and site.departments.get(identifier) is None:
        add(site, site.departments, {**department, "_id": identifier})


def _changed_anyway(site: Any, call: Any) -> None:
    stored = site.departments.get(call.params["_id"])
    department = call.body.get("department") if isinstance(call.body, dict) else None
    if stored is not None and isinstance(department, dict):
        texts = {key: value for key, value in department.items() if isinstance(value, str) and key != "_id"}
        save(site, site.departments, stored | texts)


def _answers_before(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    before = dict(stored)
    original(site, stored, fields, agents)
    return before


def _old_name(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    document = original(site, stored, fields, agents)
    save(site, site.departments, {**document, "name": stored["name"]})
    return document


def _first_name(site: Any, department: Any) -> None:
    names = site.memory.setdefault("names", {})
    department["name"] = names.setdefault(department["_id"], department["name"])


def _copies(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    add(site, site.departments, {**stored, **fields, "_id": new_id(site)})
    return original(site, stored, fields, agents)


def _forgets(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    kept = {key: stored[key] for key in ("_id", "numAgents", "_updatedAt") if key in stored}
    return original(site, kept, fields, agents)


def _no_agents(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    return original(site, stored, fields, agents or [])


def _texts(change: Any) -> Any:
    """Store other texts than were sent."""

    def store(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
        other = {key: change(value) if key in ("name", "description") else value for key, value in fields.items()}
        return original(site, stored, other, agents)

    return store


def _cut(original: Any, site: Any, fields: Any, agents: Any) -> Any:
    return original(site, {**fields, "description": str(fields.get("description", ""))[:255]}, agents)


def _miscounts(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    counted = stored.get("numAgents")
    document = original(site, stored, fields, agents)
    if agents is not None and counted is not None:
        document["numAgents"] = counted
        save(site, site.departments, document)
    return document


def _only_adds(original: Any, site: Any, department: str, agents: Any) -> None:
    given = {agent["agentId"] for agent in agents}
    kept = [link for link in department_links(site, department) if link["agentId"] not in given]
    original(site, department, [*kept, *agents])


def _never_adds(original: Any, site: Any, department: str, agents: Any) -> None:
    there = {link["agentId"] for link in department_links(site, department)}
    original(site, department, [agent for agent in agents if agent["agentId"] in there])


def _buried(show: Any) -> dict[str, Any]:
    """Remember departments that are deleted, for what ``show(graves)`` wraps."""

    def remove(original: Any, site: Any, identifier: str) -> bool:
        stored = site.departments.get(identifier)
        if stored is not None:
            site.memory.setdefault("graves", {})[identifier] = stored
        return bool(original(site, identifier))

    return {"departments.remove": remove, **show}


def _graves(site: Any) -> dict[str, Any]:
    found: dict[str, Any] = site.memory.get("graves", {})
    return found


def _neighbours_too(original: Any, site: Any, identifier: str) -> bool:
    ids = [each["_id"] for each in site.departments.find()]
    if identifier in ids:
        place = ids.index(identifier)
        for other in ids[max(0, place - 1) : place] + ids[place + 1 : place + 2]:
            original(site, other)
    return bool(original(site, identifier))


def _twice_is_fine(original: Any, site: Any, identifier: str) -> bool:
    gone = site.memory.setdefault("gone", set())
    known = identifier in gone
    gone.add(identifier)
    return bool(original(site, identifier)) or (known and bool(identifier))


def _key(call: Any) -> str:
    return f"{call.params} {sorted(call.query.items())}"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "departments.list-stale",
        ("LC-DEPARTMENT-006", "LC-DEPARTMENT-043", "LC-DEPARTMENT-059"),
        _LIST,
        _STATE,
        _RELATION,
        "The list of departments is answered from a cache.",
        wrap=stale("listDepartments", _key),
    ),
    Fault(
        "departments.update-answers-before",
        ("LC-DEPARTMENT-041",),
        _UPDATE,
        _STATE,
        _RELATION,
        "The answer of an update shows the department as it was.",
        wrap={"departments.update": _answers_before},
    ),
    Fault(
        "departments.name-not-stored",
        ("LC-DEPARTMENT-042", "LC-DEPARTMENT-043"),
        (*_UPDATE, *_READ, *_LIST),
        Kind.DATA_LOSS,
        _RELATION,
        "An update answers the new name and stores the old one.",
        wrap={"departments.update": _old_name},
    ),
    Fault(
        "departments.listed-by-first-name",
        ("LC-DEPARTMENT-043",),
        (*_UPDATE, *_LIST),
        _STATE,
        _RELATION,
        "The list shows each department by the name under which it was listed first.",
        wrap=each_listed("listDepartments", "departments", _first_name),
    ),
    Fault(
        "departments.update-copies",
        ("LC-DEPARTMENT-044",),
        (*_UPDATE, *_LIST),
        _STATE,
        _RELATION,
        "An update makes a second department as well.",
        wrap={"departments.update": _copies},
    ),
    Fault(
        "departments.update-forgets",
        ("LC-DEPARTMENT-045",),
        (*_UPDATE, *_READ),
        Kind.DATA_LOSS,
        _RELATION,
        "An update takes away what it does not name.",
        wrap={"departments.update": _forgets},
    ),
    Fault(
        "departments.update-empties",
        ("LC-DEPARTMENT-046",),
        (*_UPDATE, *_READ),
        Kind.DATA_LOSS,
        _RELATION,
        "An update without agents removes all agents.",
        wrap={"departments.update": _no_agents},
    ),
    Fault(
        "departments.update-only-adds",
        ("LC-DEPARTMENT-047",),
        (*_UPDATE, *_READ),
        _STATE,
        _RELATION,
        "An update with agents adds them and removes nobody.",
        wrap=during("updateDepartment", "departments.save_agents", _only_adds),
    ),
    Fault(
        "departments.update-miscounts",
        ("LC-DEPARTMENT-064",),
        (*_UPDATE, *_READ),
        _STATE,
        _RELATION,
        "An update with agents leaves numAgents as it was.",
        seen_in="RocketChat/Rocket.Chat#29871",
        wrap={"departments.update": _miscounts},
    ),
    Fault(
        "departments.update-never-adds",
        ("LC-DEPARTMENT-048",),
        (*_UPDATE, *_READ),
        Kind.DATA_LOSS,
        _RELATION,
        "An update with agents removes some and adds nobody.",
        wrap=during("updateDepartment", "departments.save_agents", _never_adds),
    ),
    Fault(
        "departments.unknown-other-code",
        ("LC-DEPARTMENT-049",),
        _UPDATE,
        Kind.STATUS,
        _SHALLOW,
        "An update of a department that does not exist is refused with another code.",
        wrap=recoded("updateDepartment", "error-department-not-found", "department-not-found"),
    ),
    Fault(
        "departments.update-makes",
        ("LC-DEPARTMENT-050",),
        (*_UPDATE, *_READ),
        _STATE,
        _RELATION,
        "An update of a department that does not exist is refused and makes it.",
        wrap=refused_yet_done("updateDepartment", _upserted),
    ),
    Fault(
        "departments.updated-without-tags",
        ("LC-DEPARTMENT-051",),
        _UPDATE,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "An update that demands closing tags without listing any is done.",
        wrap=during("updateDepartment", "departments.validate", no_tags_needed),
    ),
    Fault(
        "departments.refused-update-stays",
        ("LC-DEPARTMENT-052",),
        (*_UPDATE, *_READ),
        _STATE,
        _RELATION,
        "An update that is refused leaves its texts behind.",
        wrap=refused_yet_done("updateDepartment", _changed_anyway),
    ),
    Fault(
        "departments.deleted-is-read",
        ("LC-DEPARTMENT-058",),
        (*_DELETE, *_READ),
        _STATE,
        _RELATION,
        "A deleted department can still be read.",
        wrap=_buried(
            during(
                "getDepartment",
                "departments.find",
                lambda original, site, identifier: original(site, identifier) or _graves(site).get(identifier),
            )
        ),
    ),
    Fault(
        "departments.deleted-is-listed",
        ("LC-DEPARTMENT-059",),
        (*_DELETE, *_LIST),
        _STATE,
        _RELATION,
        "A deleted department stays in the list.",
        wrap=_buried(
            dict(listed("listDepartments", "departments", lambda site, items: [*items, *_graves(site).values()]))
        ),
    ),
    Fault(
        "departments.deletes-neighbours",
        ("LC-DEPARTMENT-060",),
        (*_DELETE, *_LIST),
        Kind.DATA_LOSS,
        _RELATION,
        "Deleting a department deletes those that were made before and after it.",
        wrap={"departments.remove": _neighbours_too},
    ),
    Fault(
        "departments.deleted-twice",
        ("LC-DEPARTMENT-061",),
        _DELETE,
        Kind.STATUS,
        _RELATION,
        "Deleting a department again is answered with success.",
        wrap={"departments.remove": _twice_is_fine},
    ),
    Fault(
        "departments.deleted-is-offered",
        ("LC-DEPARTMENT-063",),
        (*_DELETE, "getConfig"),
        _STATE,
        _RELATION,
        "A deleted department is still offered in the configuration.",
        wrap=_buried(
            {
                "config.departments": lambda original, site: [
                    *original(site),
                    *({key: each[key] for key in _OFFERED if key in each} for each in _graves(site).values()),
                ]
            }
        ),
    ),
    Fault(
        "departments.update-mangles",
        ("LC-DEPARTMENT-065",),
        (*_UPDATE, *_READ),
        Kind.ENCODING,
        Depth.RARE_INPUT,
        "An update stores texts in another encoding than it read them in.",
        wrap={"departments.update": _texts(lambda text: text.encode().decode("latin-1"))},
    ),
    Fault(
        "departments.update-trims",
        ("LC-DEPARTMENT-065",),
        (*_UPDATE, *_READ),
        Kind.ENCODING,
        Depth.RARE_INPUT,
        "An update trims the texts of a department.",
        wrap={"departments.update": _texts(str.strip)},
    ),
    Fault(
        "departments.create-cuts",
        ("LC-DEPARTMENT-065",),
        (*_CREATE, *_READ),
        Kind.DATA_LOSS,
        Depth.RARE_INPUT,
        "The description of a new department is cut after 255 characters.",
        wrap={"departments.create": _cut},
    ),
)
