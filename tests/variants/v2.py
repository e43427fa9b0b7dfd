"""Servers before 3.2, as the recordings of 2.4.14 show them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from conformance.reference import accounts, auth
from conformance.reference.departments import find_department, service_online
from conformance.reference.envelope import (
    Answer,
    ErrorStyle,
    Failure,
    Refusal,
    Stop,
    client_page,
    refusal_answer,
    success,
)
from conformance.reference.match import MatchFailure
from conformance.reference.messages import append_system_message
from conformance.reference.queue import remove_all_subscriptions, remove_inquiry
from conformance.reference.rooms import mark_closed
from conformance.reference.site import Site, save
from tests.variants.variant import Variant

Inner = Callable[..., Any]
Document = dict[str, Any]

_UNKNOWN_TO_2_4 = {"getConfig": ("department",), "openRoom": ("priority",), "forwardRoom": ("comment",)}
_UNKNOWN_TO_3_1 = {"openRoom": ("priority",), "forwardRoom": ("comment",)}


def _refusing(unknown: Mapping[str, tuple[str, ...]]) -> Inner:
    def check(inner: Inner, site: Site, call: Any, pattern: Any) -> Any:
        given = call.query if call.method == "GET" else call.body
        for key in unknown.get(call.operation.id, ()):
            if isinstance(given, dict) and key in given:
                raise MatchFailure("Unknown key", key)
        return inner(site, call, pattern)

    return check


def refuse_without_details(inner: Inner, site: Site, call: Any, error: Any) -> Answer:
    """Report an error without its details; the list of rooms reports the object itself (rooms/014 071)."""
    if call.operation.id == "listRooms":
        return refusal_answer(error, ErrorStyle.CAUGHT)
    answer: Answer = inner(site, call, error)
    if call.operation.errors is ErrorStyle.ESCAPED and isinstance(answer.body, dict):
        answer.body.pop("details", None)
    return answer


def read_interval(inner: Inner, site: Site, name: str, value: Any) -> Any:
    """An interval with an end that is no date finds nothing, one with such a start finds all (rooms/034 035)."""
    try:
        return inner(site, name, value)
    except Failure as error:
        if "valid date" not in str(error):
            raise
        return None if ".start" in str(error) else ("1", "0")


def close_room(
    site: Site, room: Document, person: Document, closer: str, comment: str, tags: list[Any] | None = None
) -> None:
    """Close a room without an entry that says so (room/063, lifecycle-auto/084)."""
    mark_closed(site, room, closer, person, [])
    room.pop("tags", None)
    room.get("metrics", {}).pop("serviceTimeDuration", None)
    remove_inquiry(site, room["_id"])
    remove_all_subscriptions(site, room)
    save(site, site.rooms, room)
    append_system_message(site, room, "command", "promptTranscript", person)


def keep_number(inner: Inner, site: Site, room: Document) -> None:
    """End every membership; the number of members stays."""
    before = room["usersCount"]
    inner(site, room)
    room["usersCount"] = before


def only_growing(inner: Inner, site: Site, room: Document, change: int) -> None:
    """Count new messages; a deleted one is still counted (lifecycle-manual/040)."""
    if change > 0:
        inner(site, room, change)


def check_service(site: Site, department: str | None, agent: Document | None) -> None:
    """Refuse a new room only where nobody at all is online (room/015 016 019)."""
    if not service_online(site, None):
        raise Refusal("no-agent-online", "Sorry, no online agents")


def queued_only(inner: Inner, site: Site, call: Any) -> Answer:
    """Read an inquiry only while it waits in the queue (inquiries/002 062)."""
    answer: Answer = inner(site, call)
    inquiry = answer.body.get("inquiry")
    if inquiry and inquiry["status"] != "queued":
        answer.body["inquiry"] = None
    return answer


def without_place(inner: Inner, site: Site, call: Any) -> Answer:
    """Show an inquiry without its place in the queue and without estimates (inquiries/041; server source 3.1.3)."""
    answer: Answer = inner(site, call)
    inquiry = answer.body.get("inquiry")
    if inquiry:
        for key in ("queueOrder", "estimatedWaitingTimeQueue", "estimatedServiceTimeAt"):
            inquiry.pop(key, None)
    return answer


def bare_inquiry(inner: Inner, site: Site, call: Any) -> Answer:
    """Show only a waiting inquiry, and without its place in the queue (inquiries/041)."""
    return without_place(lambda site, call: queued_only(inner, site, call), site, call)


def say_offline(inner: Inner, site: Site, call: Any) -> Answer:
    """Refuse a take for who is offline or no agent with a code of its own (server source 3.1.0 to 3.1.2)."""
    try:
        return inner(site, call)  # type: ignore[no-any-return]
    except (Refusal, MatchFailure) as error:
        named = call.body.get("userId") or call.user["_id"] if isinstance(call.body, dict) else None
        user = site.users.get(named) if isinstance(named, str) else None
        if user is None or (user.get("status") != "offline" and user.get("statusLivechat") == "available"):
            raise
        wanted = call.body.get("inquiryId")
        inquiry = site.inquiries.get(wanted) if isinstance(wanted, str) else None
        if not auth.has_permission(site, user, "view-l-room") or inquiry is None or inquiry["status"] == "taken":
            raise
        raise Refusal("error-agent-offline", "Agent offline", {"method": "livechat:takeInquiry"}) from error


def close_without_tags(inner: Inner, site: Site, room: Document, *rest: Any, **more: Any) -> None:
    """Close a room; one without a department gets no tags, not even an empty list (server source 3.1.3)."""
    inner(site, room, *rest, **more)
    if not room.get("departmentId"):
        room.pop("tags", None)
        save(site, site.rooms, room)


def any_taker(site: Site, user: Document) -> bool:
    """Whoever is named may take, offline or not (inquiries/065 072)."""
    return True


def unchecked_taker(inner: Inner, site: Site, call: Any, value: Any, pattern: Any) -> Any:
    """Check values, but not that a taker is an agent."""
    return value if call.operation.id == "takeInquiry" else inner(site, call, value, pattern)


def no_pattern(site: Site, definition: Document, value: str) -> bool:
    """Patterns of custom fields are not looked at (custom-fields/049 101)."""
    return True


def no_closing_tags(inner: Inner, site: Site, call: Any, department: Any, agents: Any, method: str) -> None:
    """Take departments without looking for closing tags; a list of them is like any list (department/047 to 050)."""
    if isinstance(department, dict):
        if isinstance(department.get("chatClosingTags"), list | dict) or (
            "chatClosingTags" in department and (department["chatClosingTags"] is None)
        ):
            what = "Failed Match.OneOf, Match.Maybe or Match.Optional validation"
            raise MatchFailure(what, "chatClosingTags")
        department = {key: value for key, value in department.items() if key != "chatClosingTags"}
        if isinstance(department.get("requestTagBeforeClosingChat"), bool):
            department["requestTagBeforeClosingChat"] = False
    inner(site, call, department, agents, method)


def whole_department(inner: Inner, site: Site, room: Document) -> Document:
    """Show a room with the whole document of its department (lifecycle-auto/014)."""
    department = find_department(site, room["departmentId"]) if room.get("departmentId") else None
    return room if department is None else {**room, "department": department}


def set_status(inner: Inner, site: Site, call: Any) -> Answer:
    """Set a status only with a message, five times a minute unless one may edit others (general/062 to 077).

    Whoever is named, the status is that of the caller (server source 2.4.14 and 3.0.0).
    """
    if isinstance(call.body, dict) and "message" not in call.body:
        raise Failure("Cannot read property 'length' of undefined")
    if isinstance(call.body, dict) and auth.has_permission(site, call.user, "edit-other-user-info"):
        call.body = {key: value for key, value in call.body.items() if key not in ("userId", "username", "user")}
    if auth.has_permission(site, call.user, "edit-other-user-info"):
        site.memory.pop("status_texts", None)
        return inner(site, call)  # type: ignore[no-any-return]
    times = site.memory.setdefault("statuses", {}).setdefault(call.user["_id"], [])
    times[:] = [each for each in times if each > time.monotonic() - 60]
    if len(times) >= 5:
        text = "Error, too many requests. Please slow down. You must wait 60 seconds before trying again."
        raise Stop(Answer(429, {"success": False, "error": f"{text} [error-too-many-requests]"}))
    times.append(time.monotonic())
    return inner(site, call)  # type: ignore[no-any-return]


def make_token(inner: Inner, site: Site, call: Any) -> Answer:
    """Log in for somebody else, as administrators may: a path that the contract does not speak of."""
    if (call.method, call.path) != ("POST", "/api/v1/users.createToken"):
        return inner(site, call)  # type: ignore[no-any-return]
    asking = auth.user_of(site, call.headers)
    named = site.users.get(call.body["userId"]) if isinstance(call.body, dict) else None
    if asking is None or named is None or "admin" not in asking["roles"]:
        return Answer(403, {"success": False, "error": "unauthorized"})
    token = accounts.issue_token(site, named)
    site.store.commit()
    return success(data={"userId": named["_id"], "authToken": token})


def not_there(site: Site, call: Any) -> Answer:
    """The client page, as for every path that is no route."""
    return client_page()


def rename(inner: Inner, site: Site, visitor: Document) -> None:
    """Carry a name into rooms, not into their inquiries."""
    inquiries = site.inquiries.find({"v.token": visitor["token"]})
    inner(site, visitor)
    for inquiry in inquiries:
        site.inquiries.save(inquiry)


def forward_to_department(inner: Inner, site: Site, room: Document, transfer: Document) -> bool:
    """Forward to the same department without a word; a visitor's transfer there is refused without one (room/094)."""
    if room.get("departmentId") == transfer["departmentId"]:
        return bool(transfer["transferredBy"]["type"] != "visitor")
    return bool(inner(site, room, transfer))


def livechat_text(inner: Inner, site: Site, call: Any) -> Answer:
    """Speak of Livechat."""
    answer: Answer = inner(site, call)
    if isinstance(answer.body, dict) and "message" in answer.body:
        answer.body["message"] = answer.body["message"].replace("Omnichannel", "Livechat")
    return answer


def no_text_filter(inner: Inner, site: Site, call: Any) -> Answer:
    """List without looking at the text."""
    call.query = {key: value for key, value in call.query.items() if key != "text"}
    return inner(site, call)  # type: ignore[no-any-return]


def no_tag_filter(site: Site, room: Document, tags: list[str]) -> bool:
    """No closed room has tags."""
    return False


def administrator_is_limited(site: Site, call: Any) -> bool:
    """Count every call, whoever sends it."""
    return call.operation.limited and bool(_limiter_is_on(site))


def _limiter_is_on(site: Site) -> Any:
    found = site.settings.get("API_Enable_Rate_Limiter")
    return found is not None and found.get("value") is True


def old_sections(site: Site) -> None:
    """Settings stand in the group Livechat, not all of them in a section."""
    for number, setting in enumerate(site.settings.find()):
        if setting.get("group") == "Omnichannel":
            setting["group"] = "Livechat"
            if number % 2 and setting.get("section") == "Livechat":
                setting.pop("section")
            site.settings.save(setting)


_BEFORE_3_2: dict[str, Inner] = {
    "validate.query": _refusing(_UNKNOWN_TO_3_1),
    "validate.body": _refusing(_UNKNOWN_TO_3_1),
    "validate.value": unchecked_taker,
    "rooms.remove_all_subscriptions": keep_number,
    "messages.count_in_room": only_growing,
    "operation.getInquiry": queued_only,
    "visitors.rename_in_rooms": rename,
}
_REPLACED_BEFORE_3_2: dict[str, Inner] = {
    "rooms.close": close_room,
    "rooms.check_service": check_service,
    "rooms.filter_by_tags": no_tag_filter,
    "inquiries.may_take": any_taker,
    "custom_fields.matches": no_pattern,
    "limiter.applies": administrator_is_limited,
}

V3_1 = Variant(
    name="v3_1",
    sentence="3.1 as the source of its releases tells it: 3.2 without what came new with that.",
    version="3.1.1",
    wrap={
        "validate.query": _refusing(_UNKNOWN_TO_3_1),
        "validate.body": _refusing(_UNKNOWN_TO_3_1),
        "operation.getInquiry": without_place,
        "operation.takeInquiry": say_offline,
        "rooms.close": close_without_tags,
    },
)

V2_4_14 = Variant(
    name="v2_4_14",
    sentence="2.4.14 as it was recorded.",
    version="2.4.14",
    wrap={
        **_BEFORE_3_2,
        "validate.query": _refusing(_UNKNOWN_TO_2_4),
        "validate.body": _refusing(_UNKNOWN_TO_2_4),
        "http.refuse": refuse_without_details,
        "rooms.read_interval": read_interval,
        "rooms.with_department": whole_department,
        "departments.validate": no_closing_tags,
        "operation.getInquiry": bare_inquiry,
        "operation.setUserStatus": set_status,
        "http.unknown_route": make_token,
        "operation.sendOfflineMessage": livechat_text,
        "operation.requestTranscript": livechat_text,
        "operation.listUsers": no_text_filter,
        "operation.listDepartments": no_text_filter,
        "queue.forward_to_department": forward_to_department,
    },
    replace={**_REPLACED_BEFORE_3_2, "operation.callMethod": not_there},
    prepare=old_sections,
)
