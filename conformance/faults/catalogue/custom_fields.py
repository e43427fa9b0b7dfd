"""Faults of setting a custom field."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, forgiven, unchecked_token
from conformance.reference.custom_fields import put_value, set_room_field, set_visitor_field
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


_SET, _SETS = ("setCustomField",), ("setCustomFields",)

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
)


def _late(original: Any, site: Any, token: str, key: str, value: str, overwrite: bool) -> Any:
    try:
        return original(site, token, key, value, overwrite=overwrite)
    except Refusal as error:
        if error.code.startswith("Invalid value"):
            on_room = site.custom_fields.get(key)["scope"] == "room"
            store = set_room_field if on_room else set_visitor_field
            store(site, token, key, value, overwrite=overwrite)
            error.keep = True
        raise
