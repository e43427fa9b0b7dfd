"""Servers from 3.4 on, as the recordings of 3.4.0 and 3.15.0 show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conformance.reference import auth, paging
from conformance.reference.default_settings import APPEARANCE, INTEGRATIONS
from conformance.reference.departments import department_links, find_department
from conformance.reference.envelope import Answer, Failure, Refusal, success
from conformance.reference.match import MatchFailure
from conformance.reference.messages import append_message, append_system_message
from conformance.reference.rooms import find_room
from conformance.reference.seeds import BOT
from conformance.reference.site import Site, add, new_id, now, save
from tests.variants.v2 import livechat_text
from tests.variants.variant import Variant, finish, later

Inner = Callable[..., Any]
Document = dict[str, Any]

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEBHOOKS: Final = ("start", "chat_taken", "chat_queued", "forward")
_LIMITS: Final = ("Livechat_enable_message_character_limit", "Livechat_message_character_limit")


def office_hours(site: Site) -> list[Document]:
    """The seven days, Monday first, each hour with its times in UTC and for the clockwork (office-hours/001)."""

    def at(day: str, time: str) -> Document:
        moment = {"dayOfWeek": day, "time": time}
        return {"time": time, "utc": moment, "cron": moment}

    return [
        {"day": day, "start": at(day, "08:00"), "finish": at(day, "20:00"), "code": code, "open": code < 6}
        for code, day in enumerate(_DAYS, 1)
    ]


def with_custom_fields(inner: Inner, site: Site, *rest: Any) -> Document:
    """The configuration with the fields of the registration form (config/001)."""
    return {**inner(site, *rest), "customFields": []}


def new_settings(site: Site, identifiers: tuple[str, ...], like: str, **more: Any) -> None:
    """Add settings that look like another one."""
    model = site.settings.get(like)
    assert model is not None
    for place, identifier in enumerate(identifiers):
        label = {"_id": identifier, "i18nLabel": identifier, "i18nDescription": f"{identifier}_Description"}
        add(site, site.settings, {**model, **label, "sorter": 40 + place, **more})


def prepare_3_4(site: Site) -> None:
    """Add the settings of 3.4."""
    ids = tuple(f"Livechat_webhook_on_{each}" for each in _WEBHOOKS)
    new_settings(site, ids, "Livechat_webhook_on_close", value=False, packageValue=False)


def prepare_3_15(site: Site) -> None:
    """Add the settings of 3.15, and what each says besides."""
    prepare_3_4(site)
    new_settings(site, _LIMITS[:1], "Livechat_show_agent_info", value=False, packageValue=False)
    new_settings(site, _LIMITS[1:], "Livechat_title", value=0, packageValue=0, type="int")
    for each in site.settings.find():
        site.settings.save({**each, "enterprise": False, "requiredOnWizard": False})


def settings_of(inner: Inner, site: Site, identifiers: tuple[str, ...]) -> list[Document]:
    """The documents of some settings, with those that are new."""
    more: tuple[str, ...] = ()
    if tuple(identifiers) == INTEGRATIONS:
        more = tuple(f"Livechat_webhook_on_{each}" for each in _WEBHOOKS)
    elif tuple(identifiers) == APPEARANCE:
        more = _LIMITS
    return inner(site, (*identifiers, *more))  # type: ignore[no-any-return]


def know_agent(inner: Inner, site: Site, identifier: str | None) -> Document | None:
    """The agent whom a visitor asks for; an unknown one is refused without a word."""
    if identifier and site.users.get(identifier) is None:
        raise Failure("Cannot read property 'username' of undefined")
    return inner(site, identifier)  # type: ignore[no-any-return]


def check_history_query(inner: Inner, site: Site, call: Any) -> Answer:
    """Read sort, fields and query of the history as lists do (message/165)."""
    paging.read_page(site, call)
    return inner(site, call)  # type: ignore[no-any-return]


def take_host(inner: Inner, site: Site, call: Any, pattern: Any) -> Any:
    """Take the key host of an offline message."""
    if call.operation.id == "sendOfflineMessage" and isinstance(call.body, dict) and "host" in call.body:
        host = call.body["host"]
        if not isinstance(host, str):
            kind = {bool: "boolean", int: "number", float: "number", type(None): "null"}.get(type(host), "object")
            raise MatchFailure(f"Expected string, got {kind}", "host")
        call.body = {key: value for key, value in call.body.items() if key != "host"}
    return inner(site, call, pattern)


def say_sent(inner: Inner, site: Site, call: Any) -> Answer:
    """Speak of Livechat where an offline message was sent (offline-message/001)."""
    return livechat_text(inner, site, call)


def remember_transcript(inner: Inner, site: Site, call: Any) -> Answer:
    """Write the request of a transcript into the history (lifecycle-auto, step 37)."""
    answer: Answer = inner(site, call)
    room = find_room(site, call.body["rid"])
    assert room is not None
    visitor = {key: room["v"][key] for key in ("_id", "username", "token")}
    data = {"type": "visitor", "visitor": visitor, "user": {**BOT, "name": "Rocket.Cat"}}
    append_system_message(site, room, "livechat_transcript_history", "", BOT, counted=False, requestData=data)
    return answer


def note_last(inner: Inner, site: Site, room: Document, message: Document) -> None:
    """Write a room's last message with what the server said beside it."""
    more = {"newRoom": False, "showConnecting": False} if "token" in message else {}
    inner(site, room, {**message, **more})


def compose(inner: Inner, site: Site, room: Document, person: Document, text: str, more: Document) -> Document:
    """A closing message says whether a transcript was asked for."""
    message: Document = inner(site, room, person, text, more)
    if message.get("t") == "livechat-close":
        message["transcriptRequested"] = False
    return message


def remove_with_links(inner: Inner, site: Site, identifier: str) -> bool:
    """Remove a department and the links of its agents."""
    site.department_agents.remove_all({"departmentId": identifier})
    return bool(inner(site, identifier))


def create_in_silence(inner: Inner, site: Site, call: Any) -> Answer:
    """Create a department and tell nothing of it (3.4.0/department/034 to 057)."""
    inner(site, call)
    return success()


def update_and_refuse(inner: Inner, site: Site, call: Any) -> Answer:
    """Change a department, take its agents where none are named, and refuse (3.4.0/department/132 to 138)."""
    if isinstance(call.body, dict) and "agents" not in call.body:
        call.body = {**call.body, "agents": []}
    inner(site, call)
    raise Failure("Cannot read property '_id' of undefined", keep=True)


def real_address(site: Site, headers: dict[str, str], peer: str) -> str:
    """The address for the limiter as a server knows it that was not told of proxies (server source 3.4.0)."""
    return headers.get("x-real-ip") or peer


_SINCE_3_4: dict[str, Inner] = {
    "config.common": with_custom_fields,
    "settings.of": settings_of,
    "rooms.wanted_agent": know_agent,
    "operation.getHistory": check_history_query,
    "validate.body": take_host,
    "operation.sendOfflineMessage": say_sent,
    "operation.requestTranscript": remember_transcript,
    "messages.note_last": note_last,
    "messages.compose": compose,
    "departments.remove": remove_with_links,
}
_REPLACED_SINCE_3_4: dict[str, Inner] = {"office_hours.list": office_hours, "http.address": real_address}

V3_4_0 = Variant(
    name="v3_4_0",
    sentence="3.4.0 as it was recorded, with its broken departments.",
    version="3.4.0",
    prepare=prepare_3_4,
    wrap={
        **_SINCE_3_4,
        "operation.createDepartment": create_in_silence,
        "operation.updateDepartment": update_and_refuse,
    },
    replace=_REPLACED_SINCE_3_4,
    defects={
        **dict.fromkeys(
            ("LC-DEPARTMENT-011", "LC-DEPARTMENT-016", "LC-DEPARTMENT-017", "LC-DEPARTMENT-018"),
            "the answer to a creation carries neither the department nor its agents",
        ),
        **dict.fromkeys(
            ("LC-DEPARTMENT-035", "LC-DEPARTMENT-036", "LC-DEPARTMENT-041"),
            "an update is stored and then refused without a word",
        ),
        "LC-DEPARTMENT-046": "an update that names no agents removes them",
    },
)


def leave_out_unknown(key: str) -> Inner:
    """Leave a key out of the answer where it would be null."""

    def answer_without(inner: Inner, site: Site, call: Any) -> Answer:
        answer: Answer = inner(site, call)
        if answer.body.get(key, 0) is None:
            del answer.body[key]
        return answer

    return answer_without


def online_of(inner: Inner, site: Site, call: Any) -> Answer:
    """The configuration without online where a department has no agents, and with what is new (config/012)."""
    answer: Answer = inner(site, call)
    config = answer.body["config"]
    if config["enabled"]:
        config["settings"]["limitTextLength"] = False
        department = call.query.get("department")
        if department and not department_links(site, department):
            del config["online"]
    return answer


def start_with_entry(
    inner: Inner, site: Site, identifier: str, visitor: Document, department: str | None, more: Document
) -> Document:
    """Create a room whose history begins with an entry; it counts, and as an answer too (lifecycle-auto/012 014)."""
    room: Document = inner(site, identifier, visitor, department, more)
    append_message(site, room, visitor, "", {"t": "livechat-started", "groupable": False})
    room.pop("waitingResponse", None)
    save(site, site.rooms, room)

    def note_chat() -> None:
        stored = site.visitors.get(visitor["_id"])
        if stored is not None:
            save(site, site.visitors, {**stored, "lastChat": {"_id": identifier, "ts": now(site)}})

    later(site, note_chat, (0.05, 0.3), key=f"last chat of {visitor['_id']}")
    return room


def note_question(inner: Inner, site: Site, room: Document, message: Document) -> None:
    """A visitor wrote: nothing waits."""
    inner(site, room, message)
    room.pop("waitingResponse", None)


def parse(inner: Inner, site: Site, *rest: Any) -> Document:
    """A message with its links and with the tree of its text."""
    message = compose(inner, site, *rest)
    message.setdefault("urls", [])
    if message["msg"]:
        text = {"type": "PLAIN_TEXT", "value": message["msg"]}
        message["md"] = [{"type": "PARAGRAPH", "value": [text]}]
    return message


def stamped(inner: Inner, site: Site, *rest: Any) -> Document:
    """Register a visitor with the time of it."""
    visitor: Document = inner(site, *rest)
    visitor["ts"] = now(site)
    return save(site, site.visitors, visitor)


def save_agents(site: Site, department_id: str, agents: list[Any]) -> None:
    """Add agents to a department or change them; nobody is removed, and what is no agent is skipped."""
    department = find_department(site, department_id)
    assert department is not None
    for agent in agents:
        if not isinstance(agent, dict) or site.users.get(str(agent.get("agentId"))) is None:
            continue
        link: Document = {"agentId": agent["agentId"], "departmentId": department_id, "count": 0, "order": 0}
        link["departmentEnabled"] = bool(department.get("enabled"))
        link |= {key: agent[key] for key in ("count", "order", "username") if key in agent}
        there = site.department_agents.one({"departmentId": department_id, "agentId": agent["agentId"]})
        if there is None:
            add(site, site.department_agents, {"_id": new_id(site), **link})
        else:
            save(site, site.department_agents, there | link)
    save(site, site.departments, {**department, "numAgents": len(department_links(site, department_id))})


def create_department(inner: Inner, site: Site, call: Any) -> Answer:
    """Create a department; the answer does not count its agents yet (department/035)."""
    answer: Answer = inner(site, call)
    answer.body["department"].pop("numAgents", None)
    return answer


def update(inner: Inner, site: Site, stored: Document, fields: Document, agents: list[Any] | None) -> Document:
    """Change a department; the number of its agents is counted afterwards."""
    inner(site, stored, fields, agents)
    count = len(department_links(site, stored["_id"]))
    found = site.departments.get(stored["_id"])
    assert found is not None
    return save(site, site.departments, {**found, "numAgents": count})


def check_agents(inner: Inner, site: Site, call: Any, department: Any, agents: Any, method: str) -> None:
    """Look at the entries of agents only when a department is changed (department/041 to 043, 141)."""
    inner(site, call, department, agents if call.method == "PUT" else None, method)


def agent_takes(site: Site, call: Any) -> None:
    """Let everybody try to take; who may not is refused with 400 (inquiries/058 079)."""


def take_for(inner: Inner, site: Site, call: Any, inquiry_id: str, user: Document) -> Document | None:
    """Let who asks and who gets the chat have the permission."""
    if not auth.has_permission(site, call.user, "view-l-room"):
        raise Refusal("error-not-allowed", "Not allowed", {"method": "livechat:takeInquiry"})
    return inner(site, call, inquiry_id, user)  # type: ignore[no-any-return]


def list_own_rooms(inner: Inner, site: Site, call: Any, *permissions: str) -> None:
    """Let an agent list his own rooms (rooms/062)."""
    own = call.operation.id == "listRooms" and call.query.get("agents") == [call.user["_id"]]
    if own and auth.has_permission(site, call.user, "view-l-room"):
        return
    inner(site, call, *permissions)


def department_first(inner: Inner, site: Site, room: Document, transfer: Document) -> bool:
    """Of an agent and a department given together the department counts, and the agent must belong to it."""
    if transfer.get("userId") and transfer.get("departmentId"):
        links = department_links(site, transfer["departmentId"])
        if all(link["agentId"] != transfer["userId"] for link in links):
            text = "The selected user does not belong to this department"
            raise Refusal("error-user-not-belong-to-department", text, {"function": "forwardRoomToDepartment"})
        moved = inner(site, room, {key: value for key, value in transfer.items() if key != "departmentId"})
        stored = find_room(site, room["_id"])
        if moved and stored is not None:
            save(site, site.rooms, {**stored, "departmentId": transfer["departmentId"]})
            inquiry = site.inquiries.one({"rid": room["_id"]})
            if inquiry is not None:
                save(site, site.inquiries, {**inquiry, "department": transfer["departmentId"]})
        return bool(moved)
    return bool(inner(site, room, transfer))


def check_somebody(site: Site, department: str | None) -> None:
    """Queue whatever the department is, but refuse an unknown one without a word (room/135 137)."""
    if department and not department_links(site, department):
        raise Failure("no agents")


def options(inner: Inner, site: Site, call: Any) -> Answer:
    """Answer OPTIONS with success (general/175)."""
    answer: Answer = inner(site, call)
    if answer.status == 404:
        answer.status = 200
    return answer


V3_15_0 = Variant(
    name="v3_15_0",
    sentence="3.15.0 as it was recorded.",
    version="3.15.0",
    prepare=prepare_3_15,
    wrap={
        **_SINCE_3_4,
        "messages.compose": parse,
        "metrics.note_question": note_question,
        "operation.getConfig": online_of,
        "operation.getCustomField": leave_out_unknown("customField"),
        "operation.getDepartment": leave_out_unknown("department"),
        "operation.getInquiry": leave_out_unknown("inquiry"),
        "operation.getTrigger": leave_out_unknown("trigger"),
        "operation.createDepartment": create_department,
        "departments.update": update,
        "departments.validate": check_agents,
        "rooms.create": start_with_entry,
        "visitors.register": stamped,
        "inquiries.take": take_for,
        "auth.require_permission": list_own_rooms,
        "queue.transfer": department_first,
        "http.options": options,
        "http.finish": finish,
    },
    replace={
        **_REPLACED_SINCE_3_4,
        "departments.save_agents": save_agents,
        "inquiries.require_taker": agent_takes,
    },
)
