"""Faults of custom fields."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, forgiven, instead, put, unchecked_token
from conformance.reference.custom_fields import put_value
from conformance.reference.envelope import Refusal, failure, success
from conformance.reference.site import save
from conformance.reference.visitors import find_visitor


def _put(function: Any) -> Any:
    """Replace how a value is written: ``function(data, key, value, overwrite)`` says whether it changed."""

    def written(original: Any, site: Any, holder: Any, key: str, value: str, *, overwrite: bool) -> Any:
        return function(holder.setdefault("livechatData", {}), key, value, overwrite)

    return {"custom_fields.put": written}


def _always(data: Any, key: str, value: str, overwrite: bool) -> bool:
    data[key] = value
    return True


def _never_again(data: Any, key: str, value: str, overwrite: bool) -> bool:
    if key in data:
        return False
    data[key] = value
    return True


def _only_over(data: Any, key: str, value: str, overwrite: bool) -> bool:
    if not overwrite:
        return False
    data[key] = value
    return True


def _alone(data: Any, key: str, value: str, overwrite: bool) -> bool:
    if key in data and not overwrite:
        return False
    data.clear()
    data[key] = value
    return True


def _changed(change: Any) -> Any:
    def written(data: Any, key: str, value: str, overwrite: bool) -> bool:
        if key in data and not overwrite:
            return False
        data[key] = change(value)
        return True

    return _put(written)


def _on_visitor(original: Any, site: Any, token: str, key: str, value: str, *, overwrite: bool) -> Any:
    visitor = find_visitor(site, token)
    if visitor is not None and put_value(site, visitor, key, value, overwrite=overwrite):
        save(site, site.visitors, visitor)
    return True


def _nowhere(original: Any, site: Any, token: str, key: str, value: str, *, overwrite: bool) -> Any:
    return True


def _under_label(original: Any, site: Any, token: str, key: str, value: str, *, overwrite: bool) -> Any:
    definition = site.custom_fields.get(key) or {}
    return original(site, token, definition.get("label", key).lower(), value, overwrite=overwrite)


def _closed_too(original: Any, site: Any, token: str, key: str, value: str, *, overwrite: bool) -> Any:
    rooms = site.rooms.find({"v.token": token, "open": True})
    return original(site, token, key, value, overwrite=overwrite) if rooms else True


def _kept_refused(original: Any, site: Any, token: str, key: str, value: str, *, overwrite: bool) -> Any:
    visitor = find_visitor(site, token)
    if visitor is not None and not overwrite and key in visitor.get("livechatData", {}):
        return False
    return original(site, token, key, value, overwrite=overwrite)


def _echo_stored(site: Any, call: Any, body: Any) -> None:
    body["field"]["overwrite"] = True


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
_ON_VISITOR, _ON_ROOM = "custom_fields.set_on_visitor", "custom_fields.set_on_room"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "custom_fields.answer-overwrites",
        ("LC-FIELD-005",),
        _SET,
        _STATE,
        _RELATION,
        "The answer always says overwrite true.",
        wrap=answered("setCustomField", _echo_stored),
    ),
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
        "custom_fields.not-stored",
        ("LC-FIELD-006",),
        _SET,
        _LOSS,
        _RELATION,
        "A field of a visitor is answered and not stored.",
        wrap=during("setCustomField", _ON_VISITOR, _nowhere),
    ),
    Fault(
        "custom_fields.under-label",
        ("LC-FIELD-006",),
        _SET,
        _STATE,
        _RELATION,
        "A field is stored under its label instead of its key.",
        wrap={_ON_VISITOR: _under_label},
    ),
    Fault(
        "custom_fields.never-overwritten",
        ("LC-FIELD-007",),
        _SET,
        _LOSS,
        _RELATION,
        "A value that is there stays, with overwrite true as well.",
        wrap=_put(_never_again),
    ),
    Fault(
        "custom_fields.always-overwritten",
        ("LC-FIELD-008",),
        _SET,
        _LOSS,
        _RELATION,
        "overwrite false has no effect.",
        wrap=_put(_always),
    ),
    Fault(
        "custom_fields.kept-value-refuses",
        ("LC-FIELD-008",),
        _SET,
        _VALID,
        _RELATION,
        "overwrite false refuses the call where a value is there.",
        wrap={_ON_VISITOR: _kept_refused},
    ),
    Fault(
        "custom_fields.first-value-kept-out",
        ("LC-FIELD-009",),
        _SET,
        _LOSS,
        _RELATION,
        "overwrite false stores nothing, even where no value is there.",
        wrap=_put(_only_over),
    ),
    Fault(
        "custom_fields.room-field-on-visitor",
        ("LC-FIELD-010",),
        _SET,
        _STATE,
        _RELATION,
        "A field of the scope room is stored with the visitor.",
        wrap={_ON_ROOM: _on_visitor},
    ),
    Fault(
        "custom_fields.room-field-lost",
        ("LC-FIELD-010",),
        _SET,
        _LOSS,
        _RELATION,
        "A field of the scope room is answered and not stored.",
        wrap={_ON_ROOM: _nowhere},
    ),
    Fault(
        "custom_fields.no-room-accepted",
        ("LC-FIELD-011",),
        _SET,
        _VALID,
        _RELATION,
        "A field of the scope room is accepted while no room is open.",
        wrap={_ON_ROOM: _closed_too},
    ),
    Fault(
        "custom_fields.unknown-accepted",
        ("LC-FIELD-012",),
        _SET,
        _VALID,
        Depth.SHALLOW,
        "A field that is not defined is answered with success.",
        wrap=forgiven(
            "setCustomField",
            "invalid-custom-field",
            lambda site, call: success(field={key: call.body[key] for key in ("key", "value", "overwrite")}),
        ),
    ),
    Fault(
        "custom_fields.unknown-bare",
        ("LC-FIELD-012",),
        _SET,
        _VALID,
        Depth.SHALLOW,
        "A field that is not defined is refused without a code.",
        wrap=forgiven("setCustomField", "invalid-custom-field", lambda site, call: failure()),
    ),
    Fault(
        "custom_fields.token-unchecked",
        ("LC-FIELD-013",),
        _SET,
        Kind.AUTHORISATION,
        Depth.SHALLOW,
        "An unknown token is refused without a code, when nothing was found to store to.",
        wrap=unchecked_token("setCustomField"),
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
        "custom_fields.pattern-late",
        ("LC-FIELD-014",),
        _SET,
        _STATE,
        _RARE,
        "A value that does not meet the pattern of its field is refused after it was stored.",
        wrap={
            "custom_fields.set": lambda original, site, token, key, value, *, overwrite: _late(
                original, site, token, key, value, overwrite
            )
        },
    ),
    Fault(
        "custom_fields.others-lost",
        ("LC-FIELD-015",),
        _SET,
        _LOSS,
        _RELATION,
        "Setting a field removes the others.",
        wrap=_put(_alone),
    ),
    Fault(
        "custom_fields.cut-at-256",
        ("LC-FIELD-016",),
        _SET,
        _LOSS,
        _RARE,
        "A value is cut at 256 characters.",
        wrap=_changed(lambda value: value[:256]),
    ),
    Fault(
        "custom_fields.one-line",
        ("LC-FIELD-016",),
        _SET,
        Kind.ENCODING,
        _RARE,
        "Line breaks of a value become blanks.",
        wrap=_changed(lambda value: value.replace("\n", " ")),
    ),
    Fault(
        "custom_fields.latin",
        ("LC-FIELD-016",),
        _SET,
        Kind.ENCODING,
        _RARE,
        "Values keep Latin-1 characters only.",
        wrap=_changed(lambda value: value.encode("latin-1", "replace").decode("latin-1")),
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


def _late(original: Any, site: Any, token: str, key: str, value: str, overwrite: bool) -> Any:
    try:
        return original(site, token, key, value, overwrite=overwrite)
    except Refusal as error:
        if error.code.startswith("Invalid value"):
            _on_visitor(None, site, token, key, value, overwrite=overwrite)
            error.keep = True
        raise
