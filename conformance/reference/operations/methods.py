"""Server methods over REST: ``method.call/{method}`` (endpoint facts 1.9).

The method that counts is the one inside the message. A method that fails still answers 200; the refusal is in the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from conformance.reference import auth
from conformance.reference.departments import find_department
from conformance.reference.envelope import Answer, ErrorStyle, Failure, Refusal, encode_json, refusal_answer, success
from conformance.reference.jsontext import BadJson, parse_json
from conformance.reference.match import ARRAY, BOOLEAN, STRING, MatchFailure, Maybe, including, strict
from conformance.reference.messages import author
from conformance.reference.operations.users import set_availability
from conformance.reference.queue import find_inquiry_by_room, is_subscribed, return_to_queue, save_transfer
from conformance.reference.rooms import close_room, find_room, is_open
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import add, milliseconds, new_id, save
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

    Method = Callable[[Site, Document, list[Any]], Any]

_BODY: Final = strict(message=STRING)
_FIELD: Final = including(field=STRING, label=STRING, scope=STRING, visibility=STRING, regexp=STRING)
_FIELD_NAME: Final = re.compile(r"[0-9a-zA-Z\-_]+")
_TRIGGER: Final = including(
    _id=Maybe(STRING),
    name=STRING,
    description=STRING,
    enabled=BOOLEAN,
    runOnce=BOOLEAN,
    conditions=ARRAY,
    actions=ARRAY,
)


def _argument(params: list[Any], index: int) -> Any:
    return params[index] if index < len(params) else None


def _require(site: Site, user: Document, permission: str, method: str) -> None:
    """Refuse an account without a permission.

    Raises:
        Refusal: ``error-not-allowed``.
    """
    if not auth.has_permission(site, user, permission):
        raise Refusal("error-not-allowed", "Not allowed", {"method": method})


def _text(params: list[Any], index: int) -> str:
    value = _argument(params, index)
    STRING.check(value)
    return str(value)


@behaviour("method.saveCustomField")
def save_custom_field(site: Site, user: Document, params: list[Any]) -> Any:
    """Define a custom field; its name becomes its id."""
    method = "livechat:saveCustomField"
    _require(site, user, "view-livechat-manager", method)
    identifier = _argument(params, 0)
    Maybe(STRING).check(identifier)
    definition = _argument(params, 1)
    _FIELD.check(definition)
    if not _FIELD_NAME.fullmatch(definition["field"]):
        reason = "Invalid custom field name. Use only letters, numbers, hyphens and underscores."
        raise Refusal("error-invalid-custom-field-nmae", reason, {"method": method})
    if identifier and site.custom_fields.get(identifier) is None:
        raise Refusal("error-invalid-custom-field", "Custom Field Not found", {"method": method})
    document = {key: value for key, value in definition.items() if key not in ("field", "_id", "_updatedAt")}
    document["_id"] = identifier or definition["field"]
    if site.custom_fields.get(document["_id"]) is None:
        return add(site, site.custom_fields, document)
    return save(site, site.custom_fields, document)


@behaviour("method.removeCustomField")
def remove_custom_field(site: Site, user: Document, params: list[Any]) -> Any:
    """Remove the definition of a custom field; values stay."""
    method = "livechat:removeCustomField"
    _require(site, user, "view-livechat-manager", method)
    if not site.custom_fields.remove(_text(params, 0)):
        raise Refusal("error-invalid-custom-field", "Custom field not found", {"method": method})
    return 1


@behaviour("method.saveTrigger")
def save_trigger(site: Site, user: Document, params: list[Any]) -> Any:
    """Define a trigger; the result is its id, or true where it existed."""
    _require(site, user, "view-livechat-manager", "livechat:saveTrigger")
    trigger = _argument(params, 0)
    _TRIGGER.check(trigger)
    stored = site.triggers.get(trigger["_id"]) if trigger.get("_id") else None
    if stored is not None:
        save(site, site.triggers, stored | trigger)
        return True
    document = add(site, site.triggers, {**trigger, "_id": new_id(site)})
    return document["_id"]


@behaviour("method.removeTrigger")
def remove_trigger(site: Site, user: Document, params: list[Any]) -> Any:
    """Remove a trigger."""
    _require(site, user, "view-livechat-manager", "livechat:removeTrigger")
    return 1 if site.triggers.remove(_text(params, 0)) else 0


@behaviour("method.changeLivechatStatus")
def change_livechat_status(site: Site, user: Document, params: list[Any]) -> Any:
    """Switch between taking chats and not taking them."""
    set_availability(site, user, "not-available" if user.get("statusLivechat") == "available" else "available")
    return 1


def _open_room(site: Site, room_id: str, method: str) -> Document:
    room = find_room(site, room_id)
    if room is None:
        raise Refusal("error-invalid-room", "Invalid room", {"method": method})
    if not is_open(site, room):
        raise Refusal("room-closed", "Room closed", {"method": method})
    return room


@behaviour("method.closeRoom")
def close_as_agent(site: Site, user: Document, params: list[Any]) -> Any:
    """Close a chat as a member of the team, with a comment."""
    method = "livechat:closeRoom"
    if not auth.has_permission(site, user, "close-livechat-room"):
        raise Refusal("error-not-authorized", "Not authorized", {"method": method})
    room = _open_room(site, _text(params, 0), method)
    if not is_subscribed(site, room["_id"], user["_id"]) and not auth.has_permission(
        site, user, "close-others-livechat-room"
    ):
        raise Refusal("error-not-authorized", "Not authorized", {"method": method})
    comment = _argument(params, 1)
    options = _argument(params, 2)
    tags = options.get("tags") if isinstance(options, dict) else None
    close_room(
        site, room, user, "user", comment if isinstance(comment, str) else "", tags if isinstance(tags, list) else []
    )
    return True


@behaviour("method.returnAsInquiry")
def return_as_inquiry(site: Site, user: Document, params: list[Any]) -> Any:
    """Put a chat back into the queue, of another department where one is named."""
    method = "livechat:returnAsInquiry"
    _require(site, user, "view-l-room", method)
    room = _open_room(site, _text(params, 0), method)
    department = _argument(params, 1)
    Maybe(STRING).check(department)
    if department and find_department(site, department) is None:
        raise Refusal("error-invalid-department", "Invalid department", {"method": method})
    inquiry = find_inquiry_by_room(site, room["_id"])
    if inquiry is None or not room.get("servedBy"):
        return False
    served = room["servedBy"]
    kind = "agent" if served["_id"] == user["_id"] else "user"
    save_transfer(site, room, {"transferredBy": {**author(user), "type": kind}, "scope": "queue"})
    return_to_queue(site, room, inquiry, department or None)
    return True


_METHODS: Final[dict[str, Method]] = {
    "livechat:saveCustomField": save_custom_field,
    "livechat:removeCustomField": remove_custom_field,
    "livechat:saveTrigger": save_trigger,
    "livechat:removeTrigger": remove_trigger,
    "livechat:changeLivechatStatus": change_livechat_status,
    "livechat:closeRoom": close_as_agent,
    "livechat:returnAsInquiry": return_as_inquiry,
}


def _with_dates(value: Any) -> Any:
    """A result as extended JSON: times are objects with a number."""
    if isinstance(value, dict):
        return {
            key: {"$date": milliseconds(entry)}
            if key == "_updatedAt" and isinstance(entry, str)
            else _with_dates(entry)
            for key, entry in value.items()
        }
    return [_with_dates(entry) for entry in value] if isinstance(value, list) else value


@behaviour("method.run")
def run(site: Site, user: Document, name: Any, params: Any) -> dict[str, Any]:
    """Run a method; the refusal of one that fails is part of the result."""
    method = _METHODS.get(name) if isinstance(name, str) else None
    try:
        if method is None:
            raise Refusal("404", f"Method '{name}' not found")
        return {"result": _with_dates(method(site, user, params if isinstance(params, list) else []))}
    except (Refusal, Failure, MatchFailure) as error:
        site.store.rollback()
        body = refusal_answer(error, ErrorStyle.CAUGHT).body
        body.pop("success")
        if body.get("error") == "404":
            body["error"] = 404
        if isinstance(error, MatchFailure):
            body = body["sanitizedError"]
        return {"error": body or {"isClientSafe": True, "error": 500, "reason": "Internal server error"}}


@operation("callMethod", "POST", "/api/v1/method.call/{method}", auth=True, limited=False)
def call_method(site: Site, call: Call) -> Answer:
    """Call a server method; its result or refusal is a text inside of a success."""
    text = check_body(site, call, _BODY)["message"]
    try:
        message = parse_json(text)
    except BadJson as error:
        raise Failure(str(error)) from None
    if not isinstance(message, dict):
        raise Failure("Cannot read property 'method' of undefined")
    result = run(site, call.user, message.get("method"), message.get("params"))
    answer = {"msg": "result", "id": message.get("id"), **result}
    return success(message=encode_json(answer).decode())
