"""Faults of several custom fields at once and of their definitions."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, instead, put, unchecked_token
from conformance.reference.envelope import Refusal


def _first_overwrite(original: Any, site: Any, token: str, fields: Any) -> Any:
    for field in fields:
        field["overwrite"] = fields[0]["overwrite"]
    return original(site, token, fields)


def _last_only(original: Any, site: Any, token: str, fields: Any) -> Any:
    answers = original(site, token, fields[-1:])
    return [
        {"Key": each["key"], "value": each["value"], "overwrite": each["overwrite"]} for each in fields[:-1]
    ] + answers


def _sorted(original: Any, site: Any, token: str, fields: Any) -> Any:
    return sorted(original(site, token, fields), key=lambda each: str(each.get("Key")), reverse=True)


def _reversed(original: Any, site: Any, token: str, fields: Any) -> Any:
    return list(reversed(original(site, token, fields)))


def _skips_unknown(original: Any, site: Any, token: str, fields: Any) -> Any:
    known = [each for each in fields if site.custom_fields.get(each["key"]) is not None]
    return original(site, token, known)


def _checks_first(original: Any, site: Any, token: str, fields: Any) -> Any:
    for each in fields:
        if site.custom_fields.get(each["key"]) is None:
            raise Refusal("invalid-custom-field")
    return original(site, token, fields)


def _listed(change: Any) -> Any:
    def each(site: Any, call: Any, body: Any) -> None:
        for field in body["customFields"]:
            change(field)

    return answered("listCustomFields", each)


def _scope_swapped(field: Any) -> None:
    field["scope"] = "visitor"


def _first_definition(original: Any, site: Any, identifier: str) -> Any:
    known = original(site, identifier)
    return known and {**site.custom_fields.find()[0]}


_SET, _SETS = ("setCustomField",), ("setCustomFields",)

_LIST, _GET = ("listCustomFields",), ("getCustomField",)

_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION

_LIVE, _RELATION, _RARE = Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "custom_fields.answer-of-list",
        ("LC-FIELD-005",),
        _SET,
        Kind.SCHEMA,
        Depth.SHALLOW,
        "The answer names the key Key, as that of the list does.",
        wrap=answered("setCustomField", lambda site, call, body: body["field"].update(Key=body["field"].pop("key"))),
    ),
    Fault(
        "custom_fields.pattern-unread",
        ("LC-FIELD-014",),
        _SET,
        _VALID,
        _RARE,
        "The pattern of a field is not looked at.",
        wrap=instead("custom_fields.matches", True),
    ),
    Fault(
        "custom_fields.list-sorted",
        ("LC-FIELD-021",),
        _SETS,
        _STATE,
        _RELATION,
        "The answer lists the fields in the reverse order.",
        wrap={"custom_fields.set_each": _reversed},
    ),
    Fault(
        "custom_fields.list-by-key",
        ("LC-FIELD-021",),
        _SETS,
        _STATE,
        _RELATION,
        "The answer lists the fields by their keys.",
        wrap={"custom_fields.set_each": _sorted},
    ),
    Fault(
        "custom_fields.list-key-small",
        ("LC-FIELD-022",),
        _SETS,
        Kind.SCHEMA,
        Depth.SHALLOW,
        "A field of the answer is named key, with a small letter.",
        seen_in="what the documentation of others prints",
        wrap=answered(
            "setCustomFields",
            lambda site, call, body: [each.update(key=each.pop("Key")) for each in body["fields"] if "Key" in each],
        ),
    ),
    Fault(
        "custom_fields.list-last-only",
        ("LC-FIELD-023",),
        _SETS,
        _LOSS,
        _RELATION,
        "Of several fields only the last is stored.",
        wrap={"custom_fields.set_each": _last_only},
    ),
    Fault(
        "custom_fields.list-first-overwrite",
        ("LC-FIELD-024",),
        _SETS,
        _STATE,
        _RELATION,
        "The overwrite of the first element counts for all.",
        wrap={"custom_fields.set_each": _first_overwrite},
    ),
    Fault(
        "custom_fields.list-skips-unknown",
        ("LC-FIELD-025",),
        _SETS,
        _VALID,
        _RARE,
        "Fields of a list that are not defined are skipped.",
        wrap={"custom_fields.set_each": _skips_unknown},
    ),
    Fault(
        "custom_fields.list-token-unchecked",
        ("LC-FIELD-026",),
        _SETS,
        Kind.AUTHORISATION,
        Depth.SHALLOW,
        "With an unknown token a list is answered with success.",
        wrap=unchecked_token("setCustomFields"),
    ),
    Fault(
        "custom_fields.list-all-or-none",
        ("LC-FIELD-027",),
        _SETS,
        _STATE,
        _RARE,
        "A list with a refused field stores nothing.",
        wrap={"custom_fields.set_each": _checks_first},
    ),
    Fault(
        "custom_fields.listed-as-visitors",
        ("LC-FIELD-033",),
        _LIST,
        _STATE,
        _RELATION,
        "Every listed field has the scope visitor.",
        wrap=_listed(_scope_swapped),
    ),
    Fault(
        "custom_fields.listed-visible",
        ("LC-FIELD-033",),
        _LIST,
        _STATE,
        _RELATION,
        "Every listed field is hidden.",
        wrap=_listed(lambda field: field.update(visibility="hidden")),
    ),
    Fault(
        "custom_fields.listed-label-is-key",
        ("LC-FIELD-033",),
        _LIST,
        _STATE,
        _RELATION,
        "Listed fields carry their key as label.",
        wrap=_listed(lambda field: field.update(label=field["_id"])),
    ),
    Fault(
        "custom_fields.listed-unsorted",
        ("LC-FIELD-034",),
        _LIST,
        Kind.PAGINATION,
        _RELATION,
        "Custom fields are listed backwards.",
        wrap=answered(
            "listCustomFields", lambda site, call, body: "sort" in call.query or body["customFields"].reverse()
        ),
    ),
    Fault(
        "custom_fields.first-definition",
        ("LC-FIELD-040",),
        _GET,
        _STATE,
        _RELATION,
        "Whichever field is read, the first one is shown.",
        wrap={"custom_fields.definition": _first_definition},
    ),
    Fault(
        "custom_fields.read-wrong-scope",
        ("LC-FIELD-040",),
        _GET,
        _STATE,
        _RELATION,
        "The field that is read always has the scope visitor.",
        wrap=answered("getCustomField", put("customField.scope", "visitor")),
    ),
    Fault(
        "custom_fields.unknown-is-first",
        ("LC-FIELD-041",),
        _GET,
        _STATE,
        _RARE,
        "An _id that no custom field has shows the first field.",
        wrap={
            "custom_fields.definition": lambda original, site, identifier: (
                original(site, identifier) or next(iter(site.custom_fields.find()), None)
            )
        },
    ),
    Fault(
        "custom_fields.unknown-refused",
        ("LC-FIELD-041",),
        _GET,
        _VALID,
        _RARE,
        "An _id that no custom field has is refused.",
        wrap={
            "custom_fields.definition": lambda original, site, identifier: (
                original(site, identifier) or _refuse("error-custom-field-not-found")
            )
        },
    ),
)


def _refuse(code: str) -> Any:
    raise Refusal(code)
