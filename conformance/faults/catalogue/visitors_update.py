"""Faults of registering a visitor once more, and of what goes with a registration."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import skipped
from conformance.reference.envelope import Refusal, failure
from conformance.reference.site import MAIL, add, new_id, save, setting
from conformance.reference.visitors import find_visitor


def _applied(change: Any) -> Any:
    """Change what a registration puts into a visitor: ``change(site, visitor, before, fields)`` comes after it."""

    def applied(original: Any, site: Any, visitor: Any, token: str, fields: Any) -> None:
        before = {**visitor}
        original(site, visitor, token, fields)
        change(site, visitor, before, fields)

    return {"visitors.apply_fields": applied}


def _kept(key: str) -> Any:
    """Keep the first value of a key whatever a later registration says."""
    return _applied(lambda site, visitor, before, fields: key in before and visitor.update({key: before[key]}))


def _lost(field: str, key: str) -> Any:
    """Remove a key where a registration leaves its field out."""
    return _applied(lambda site, visitor, before, fields: field not in fields and visitor.pop(key, None))


def _emptied(original: Any, site: Any, visitor: Any, token: str, fields: Any) -> None:
    original(site, visitor, token, fields)
    if fields.get("name") == "":
        visitor["name"] = ""
    if fields.get("email") == "":
        visitor.pop("visitorEmails", None)
    if fields.get("phone") == "":
        visitor.pop("phone", None)


def _new_each_time(original: Any, site: Any, token: str, fields: Any, connection: Any) -> Any:
    known = find_visitor(site, token)
    if known is None:
        return original(site, token, fields, connection)
    site.visitors.remove(known["_id"])
    return {**known, "_id": new_id(site)}


def _renamed_again(original: Any, site: Any, token: str, fields: Any, connection: Any) -> Any:
    visitor = original(site, token, fields, connection)
    if find_visitor(site, token) is not None:
        from conformance.reference.visitors import next_username

        visitor["username"] = next_username(site)
    return visitor


def _exact_mail(original: Any, site: Any, address: str) -> Any:
    found = site.visitors.find({MAIL: address})
    return next((each for each in found if each["visitorEmails"][0]["address"] == address), None)


def _old_token_too(original: Any, site: Any, token: str) -> Any:
    found = original(site, token)
    known = site.memory.setdefault("tokens", {})
    if found is not None:
        known[token] = found["_id"]
        return found
    return site.visitors.get(known[token]) if token in known else None


def _fields_by_name(original: Any, site: Any, visitor: Any, department: Any) -> None:
    if department and site.departments.get(department) is None:
        known = site.departments.one({"name": department})
        if known is not None:
            visitor["department"] = department
            return
    original(site, visitor, department)


def _names_only(original: Any, site: Any, visitor: Any, department: Any) -> None:
    if department and site.departments.get(department) is not None:
        return
    original(site, visitor, department)


def _ids_only(original: Any, site: Any, visitor: Any, department: Any) -> None:
    if department and site.departments.get(department) is None:
        return
    original(site, visitor, department)


def _department_stays(original: Any, site: Any, visitor: Any, department: Any) -> None:
    if department:
        original(site, visitor, department)


def _department_must_exist(original: Any, site: Any, visitor: Any, department: Any) -> None:
    if department and site.departments.get(department) is None and not site.departments.one({"name": department}):
        raise Refusal("error-invalid-department")
    original(site, visitor, department)


def _always_over(original: Any, site: Any, token: str, fields: Any) -> None:
    original(site, token, [{**each, "overwrite": True} for each in fields])


def _must_be_defined(original: Any, site: Any, token: str, fields: Any) -> None:
    if any(site.custom_fields.get(each["key"]) is None for each in fields):
        raise Refusal("invalid-custom-field")
    original(site, token, fields)


def _only_enabled(original: Any, site: Any, call: Any) -> Any:
    return original(site, call) if setting(site, "Livechat_enabled") else failure("livechat-disabled")


def _rooms_only(original: Any, site: Any, visitor: Any) -> None:
    for room in site.rooms.find({"v.token": visitor["token"], "open": True}):
        if visitor.get("name"):
            room["fname"] = visitor["name"]
            save(site, site.rooms, room)


def _without_rooms(original: Any, site: Any, visitor: Any) -> None:
    before = site.rooms.find({"v.token": visitor["token"], "open": True})
    original(site, visitor)
    for room in before:
        save(site, site.rooms, room)


async def _mixed(original: Any, site: Any, call: Any) -> Any:
    import asyncio

    told = call.body.get("visitor") if isinstance(call.body, dict) else None
    if not isinstance(told, dict):
        return original(site, call)
    site.memory["told"] = dict(told)
    await asyncio.sleep(0.003)
    mixed = site.memory["told"]
    if mixed.get("token") != told.get("token") and "name" in mixed:
        call.body = {"visitor": {**told, "name": mixed["name"]}}
    return original(site, call)


async def _one_each_call(original: Any, site: Any, call: Any) -> Any:
    import asyncio

    told = call.body.get("visitor") if isinstance(call.body, dict) else None
    token = told.get("token") if isinstance(told, dict) else None
    was_there = isinstance(token, str) and find_visitor(site, token) is not None
    await asyncio.sleep(0.005)
    answer = original(site, call)
    if not was_there and answer.status == 200 and site.memory.setdefault("made", {}).setdefault(token, 1) != 1:
        visitor = {**answer.body["visitor"], "_id": new_id(site)}
        add(site, site.visitors, visitor)
        answer.body = {**answer.body, "visitor": visitor}
    site.memory.setdefault("made", {})[token] = site.memory.get("made", {}).get(token, 0) + 1
    return answer


_REGISTER = ("registerVisitor",)

_READ = ("registerVisitor", "getVisitor")

_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION

_SHALLOW, _LIVE, _RELATION, _RARE = Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "visitors.new-each-time",
        ("LC-VISITOR-013",),
        _REGISTER,
        _STATE,
        _RELATION,
        "A second registration makes the visitor anew, with another _id.",
        wrap={"visitors.identify": _new_each_time},
    ),
    Fault(
        "visitors.username-changes",
        ("LC-VISITOR-014",),
        _REGISTER,
        _STATE,
        _RELATION,
        "A second registration gives a new username.",
        wrap={"visitors.identify": _renamed_again},
    ),
    Fault(
        "visitors.name-stays",
        ("LC-VISITOR-015",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A second registration does not change the name.",
        wrap=_kept("name"),
    ),
    Fault(
        "visitors.phone-stays",
        ("LC-VISITOR-016",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A second registration does not change the phone number.",
        wrap=_kept("phone"),
    ),
    Fault(
        "visitors.left-out-name-lost",
        ("LC-VISITOR-017",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A registration without name removes the stored one.",
        wrap=_lost("name", "name"),
    ),
    Fault(
        "visitors.left-out-mail-lost",
        ("LC-VISITOR-017",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A registration without e-mail removes the stored one.",
        wrap=_lost("email", "visitorEmails"),
    ),
    Fault(
        "visitors.left-out-phone-lost",
        ("LC-VISITOR-017",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A registration without phone number removes the stored one.",
        wrap=_lost("phone", "phone"),
    ),
    Fault(
        "visitors.mail-unrecognised",
        ("LC-VISITOR-018",),
        _REGISTER,
        _STATE,
        _RELATION,
        "The e-mail of a known visitor makes a second visitor.",
        wrap={"visitors.find_by_email": lambda original, site, address: None},
    ),
    Fault(
        "visitors.old-token-works",
        ("LC-VISITOR-019",),
        _READ,
        Kind.AUTHORISATION,
        _RELATION,
        "After his token was replaced a visitor is still found by the old one.",
        wrap={"visitors.find_by_token": _old_token_too},
    ),
    Fault(
        "visitors.mail-by-case",
        ("LC-VISITOR-020",),
        _REGISTER,
        _STATE,
        _RARE,
        "The e-mail of a known visitor is compared exactly.",
        wrap={"visitors.find_by_email": _exact_mail},
    ),
    Fault(
        "visitors.department-by-name-only",
        ("LC-VISITOR-021",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A department given by its id is ignored.",
        wrap={"visitors.set_department": _names_only},
    ),
    Fault(
        "visitors.department-name-stored",
        ("LC-VISITOR-022",),
        _REGISTER,
        _STATE,
        _RELATION,
        "A department given by its name is stored by that name.",
        wrap={"visitors.set_department": _fields_by_name},
    ),
    Fault(
        "visitors.department-by-id-only",
        ("LC-VISITOR-022",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "A department given by its name is ignored.",
        wrap={"visitors.set_department": _ids_only},
    ),
    Fault(
        "visitors.department-stays",
        ("LC-VISITOR-023",),
        _REGISTER,
        _STATE,
        _RELATION,
        "A registration without department keeps the stored one.",
        wrap={"visitors.set_department": _department_stays},
    ),
    Fault(
        "visitors.department-must-exist",
        ("LC-VISITOR-024",),
        _REGISTER,
        _VALID,
        _RARE,
        "An unknown department refuses the registration.",
        wrap={"visitors.set_department": _department_must_exist},
    ),
    Fault(
        "visitors.fields-lost",
        ("LC-VISITOR-025",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "Custom fields of a registration are not stored.",
        wrap=skipped("visitors.store_fields"),
    ),
    Fault(
        "visitors.fields-first-only",
        ("LC-VISITOR-025",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "Of several custom fields of a registration only the first is stored.",
        wrap={
            "visitors.store_fields": lambda original, site, token, fields: original(site, token, fields[:1]),
        },
    ),
    Fault(
        "visitors.fields-overwrite",
        ("LC-VISITOR-026",),
        _REGISTER,
        _LOSS,
        _RELATION,
        "Custom fields of a registration always overwrite.",
        wrap={"visitors.store_fields": _always_over},
    ),
    Fault(
        "visitors.fields-must-exist",
        ("LC-VISITOR-027",),
        _REGISTER,
        _VALID,
        _RARE,
        "A custom field that is not defined refuses the registration.",
        wrap={"visitors.store_fields": _must_be_defined},
    ),
    Fault(
        "visitors.empty-clears",
        ("LC-VISITOR-028",),
        _REGISTER,
        _LOSS,
        _RARE,
        "An empty name, e-mail or phone removes the stored one.",
        wrap={"visitors.apply_fields": _emptied},
    ),
    Fault(
        "visitors.switched-off-refuses",
        ("LC-VISITOR-030",),
        _REGISTER,
        _VALID,
        _RELATION,
        "While Livechat is switched off nobody can register.",
        wrap={"operation.registerVisitor": _only_enabled},
    ),
    Fault(
        "visitors.rename-misses-rooms",
        ("LC-VISITOR-031",),
        ("registerVisitor", "openRoom"),
        _STATE,
        _RELATION,
        "A rename does not reach the open rooms.",
        wrap={"visitors.rename_in_rooms": _without_rooms},
    ),
    Fault(
        "visitors.rename-misses-inquiry",
        ("LC-VISITOR-032",),
        ("registerVisitor", "getInquiry"),
        _STATE,
        _RELATION,
        "A rename does not reach the inquiry.",
        wrap={"visitors.rename_in_rooms": _rooms_only},
    ),
    Fault(
        "visitors.parallel-mixed",
        ("LC-VISITOR-033",),
        _READ,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Registrations in parallel take each other's names.",
        wrap={"operation.registerVisitor": _mixed},
    ),
    Fault(
        "visitors.parallel-doubled",
        ("LC-VISITOR-034",),
        _REGISTER,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Registrations with one new token in parallel make several visitors.",
        wrap={"operation.registerVisitor": _one_each_call},
    ),
)
