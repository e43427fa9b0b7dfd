"""The matching live values for each operation: what makes a well-formed call succeed on any server of the contract.

Values that belong together come together (the token *and* the room of one visitor, the agent who is online), for
drawn one by one they never match. Whatever a call could touch is ours: ids, tokens, telephone numbers and e-mail
addresses are always put in, because a foreign one, however unlikely to be drawn, would touch somebody else's chat.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from conformance.suite.property.call import DROPPED, Live
from conformance.suite.property.supply import AUTO, MANUAL, Supply
from conformance.target import NOBODY
from conformance.world import Room

Provider = Callable[[Supply, bool], Live]
"""Makes the live values of one call; ``True`` asks for things that the call may use up."""

_PROVIDERS: dict[str, Provider] = {}
ROUTING: Final[Mapping[str, str]] = MappingProxyType(
    {"takeInquiry": MANUAL, "getNextAgent": AUTO, "transferRoom": AUTO}
)
"""Operations that succeed under one routing method only."""
MAY_REFUSE_BARELY: Final = frozenset({"getVideoCall", "transferRoom"})
"""Operations that answer 400 with nothing but ``success: false`` for reasons that no schema shows."""


def providers() -> Mapping[str, Provider]:
    """The table: ``operationId`` to provider."""
    return MappingProxyType(_PROVIDERS)


def provide(supply: Supply, operation_id: str, *, expendable: bool = True) -> Live:
    """The live values for one call of an operation.

    Args:
        supply: The shared things of this worker.
        operation_id: A judged operation.
        expendable: Whether the call is expected to succeed; calls that will be refused get shared things.

    Raises:
        Unavailable: The world cannot make what is needed here.
        PreconditionFailed: A call that makes it was not answered as it should.
    """
    sink = getattr(supply.world.client.sink, "item", None)
    before = len(sink.exchanges) if sink is not None else 0
    live = _PROVIDERS[operation_id](supply, expendable)
    setup = tuple(sink.exchanges[before:]) if sink is not None else ()
    return Live(live.who, live.values, live.always, setup) if setup else live


def _for(operation_id: str) -> Callable[[Provider], Provider]:
    def keep(provider: Provider) -> Provider:
        _PROVIDERS[operation_id] = provider
        return provider

    return keep


# What is put in where no id is asked for, but where a drawn value would not be a wish that every server fulfils.


def plain(text: Any) -> Any:
    """A text without what has a meaning in a regular expression or in the database; other values as they are."""
    return re.sub(r"[^0-9A-Za-z ]", "", text)[:40] if isinstance(text, str) else text


def _small(number: Any) -> Any:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return number
    return min(int(number), 1000)


def _moment(value: Any) -> Any:
    """A moment in time of which every server knows what it is."""
    return "2020-04-20T13:00:00.000Z" if isinstance(value, str) else value


def _range(value: Any) -> Any:
    return (
        {key: _moment(each) for key, each in value.items() if key in ("start", "end")}
        if isinstance(value, dict)
        else value
    )


_PAGING: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "query/offset": _small,
        "query/count": _small,
        "query/sort": lambda _: {"_id": 1},
        "query/fields": lambda _: {"name": 1},
        "query/query": lambda _: {"name": "Vera"},
        "query/text": plain,
    }
)


def _room(supply: Supply, expendable: bool) -> Room:
    return supply.world.room() if expendable else supply.room


# config, visitors


@_for("getConfig")
def _get_config(supply: Supply, expendable: bool) -> Live:
    visitor = supply.visitor
    return Live(visitor, {"query/token": visitor.token, "query/department": supply.department_id or DROPPED})


@_for("registerVisitor")
def _register_visitor(supply: Supply, expendable: bool) -> Live:
    world = supply.world
    token = world.new_token() if expendable or not world.has_admin else supply.visitor.token
    owned = {"email": world.new_email(), "username": token, "phone": world.names.phone(), "token": token}
    values: dict[str, Any] = {f"body/visitor/{name}": value for name, value in owned.items()}
    values["body/visitor/department"] = supply.department_id or DROPPED
    return Live(NOBODY, values, {"body/visitor/department": supply.department_id} if world.has_admin else {})


@_for("getVisitor")
def _get_visitor(supply: Supply, expendable: bool) -> Live:
    visitor = supply.visitor
    return Live(visitor, {"path/token": visitor.token})


@_for("getVisitorInfo")
def _get_visitor_info(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"query/visitorId": supply.visitor.id})


# rooms


@_for("openRoom")
def _open_room(supply: Supply, expendable: bool) -> Live:
    # A rid of nobody would become the id of a new room, so it is always one of ours.
    room = supply.room
    values = {
        "query/token": room.token,
        "query/rid": room.id,
        "query/agentId": supply.agent_id or DROPPED,
        "query/priority": DROPPED,
    }
    return Live(room.visitor, values)


@_for("closeRoom")
def _close_room(supply: Supply, expendable: bool) -> Live:
    room = _room(supply, expendable)
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token})


@_for("transferRoom")
def _transfer_room(supply: Supply, expendable: bool) -> Live:
    department = supply.other_department
    room = supply.world.served_room() if expendable else supply.room
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token, "body/department": department.id})


@_for("surveyRoom")
def _survey_room(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token, "body/data": _with_a_rating})


def _with_a_rating(data: Any) -> Any:
    return [*data, {"name": "satisfaction", "value": "5"}] if isinstance(data, list) else data


@_for("listRooms")
def _list_rooms(supply: Supply, expendable: bool) -> Live:
    values = {
        **_PAGING,
        "query/agents[]/*": supply.agent_id,
        "query/departmentId": supply.department_id,
        "query/createdAt": _range,
        "query/closedAt": _range,
        "query/customFields": lambda _: {"orderId": "4711"},
        "query/roomName": plain,
        "query/tags[]/*": plain,
    }
    return Live(supply.world.both_roles(), values)


@_for("forwardRoom")
def _forward_room(supply: Supply, expendable: bool) -> Live:
    department = supply.other_department
    room = supply.world.served_room() if expendable else supply.room
    values = {"body/roomId": room.id, "body/userId": department.agents[0].user_id, "body/departmentId": department.id}
    return Live(supply.world.manager(), values)


# messages


@_for("sendMessage")
def _send_message(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    values: dict[str, Any] = {
        "body/token": room.token,
        "body/rid": room.id,
        "body/_id": lambda _: supply.world.new_message_id(),
    }
    if supply.world.has_admin:
        agent = supply.agent
        values |= {"body/agent/agentId": agent.user_id, "body/agent/username": agent.username}
    else:
        values["body/agent"] = DROPPED
    return Live(room.visitor, values)


@_for("editMessage")
def _edit_message(supply: Supply, expendable: bool) -> Live:
    message = supply.message
    return Live(
        message.room.visitor, {"path/_id": message.id, "body/token": message.room.token, "body/rid": message.room.id}
    )


@_for("deleteMessage")
def _delete_message(supply: Supply, expendable: bool) -> Live:
    message = supply.world.message(supply.room, "a slip of the pen") if expendable else supply.message
    return Live(
        message.room.visitor, {"path/_id": message.id, "body/token": message.room.token, "body/rid": message.room.id}
    )


@_for("getHistory")
def _get_history(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    values = {
        "path/rid": room.id,
        "query/token": room.token,
        "query/limit": _small,
        "query/end": _moment,
        "query/ls": _moment,
    }
    return Live(room.visitor, values)


# custom fields


@_for("setCustomField")
def _set_custom_field(supply: Supply, expendable: bool) -> Live:
    return Live(supply.visitor, {"body/token": supply.visitor.token, "body/key": supply.visitor_field.id})


@_for("setCustomFields")
def _set_custom_fields(supply: Supply, expendable: bool) -> Live:
    return Live(
        supply.visitor, {"body/token": supply.visitor.token, "body/customFields/*/key": supply.visitor_field.id}
    )


@_for("listCustomFields")
def _list_custom_fields(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, _PAGING)


@_for("getCustomField")
def _get_custom_field(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/_id": supply.visitor_field.id})


# agents, users


@_for("getAgentInfo")
def _get_agent_info(supply: Supply, expendable: bool) -> Live:
    room = supply.served_room
    return Live(room.visitor, {"path/rid": room.id, "path/token": room.token})


@_for("getNextAgent")
def _get_next_agent(supply: Supply, expendable: bool) -> Live:
    visitor = supply.visitor
    # Without a department the server chooses among all agents, and moves the turn of one who may not be ours.
    always = {"query/department": supply.department_id} if supply.world.has_admin else {}
    return Live(visitor, {"path/token": visitor.token, "query/department": supply.department_id or DROPPED}, always)


@_for("listAgentDepartments")
def _list_agent_departments(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/agentId": supply.agent_id})


@_for("listUsers")
def _list_users(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", **_PAGING})


@_for("registerUser")
def _register_user(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", "body/username": supply.spare_user.username})


@_for("getUser")
def _get_user(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", "path/_id": supply.agent_id})


@_for("removeUser")
def _remove_user(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", "path/_id": supply.spare_user.user_id})


# departments


@_for("listDepartments")
def _list_departments(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, _PAGING)


def _department_body(supply: Supply, name: str) -> dict[str, Any]:
    agent = supply.other_department.agents[0]
    return {
        "body/department/name": name,
        "body/department/email": f"{name}@example.com",
        # Departments shown at registration catch every visitor who names none: also those of other people.
        "body/department/showOnRegistration": lambda old: False if isinstance(old, bool) else old,
        "body/department/showOnOfflineForm": lambda old: False if isinstance(old, bool) else old,
        "body/department": _known_fields,
        "body/agents/*/agentId": agent.user_id,
        "body/agents/*/username": agent.username,
        "body/agents/*/count": _small_whole,
        "body/agents/*/order": _small_whole,
    }


def _small_whole(value: Any) -> Any:
    """A number that fits into 32 bits; other values as they are."""
    return int(value) % 1000 if isinstance(value, int | float) and not isinstance(value, bool) else value


_FIELDS: Final = frozenset(
    {
        "enabled",
        "name",
        "email",
        "description",
        "showOnRegistration",
        "showOnOfflineForm",
        "requestTagBeforeClosingChat",
        "chatClosingTags",
    }
)


def _known_fields(department: Any) -> Any:
    """The department without drawn names of further fields, which may mean anything to the database."""
    if not isinstance(department, dict):
        return department
    kept = {key: value for key, value in department.items() if key in _FIELDS}
    others = [value for key, value in sorted(department.items()) if key not in _FIELDS]
    if others:
        kept["extra"] = others[0]
    if kept.get("requestTagBeforeClosingChat") is True and kept.get("chatClosingTags", []) == []:
        kept["chatClosingTags"] = ["done"]
    return kept


@_for("createDepartment")
def _create_department(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), _department_body(supply, supply.world.new_department_name()))


@_for("getDepartment")
def _get_department(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/_id": supply.department_id})


@_for("updateDepartment")
def _update_department(supply: Supply, expendable: bool) -> Live:
    department = supply.spare_department
    return Live(supply.world.manager(), {"path/_id": department.id, **_department_body(supply, department.name)})


@_for("deleteDepartment")
def _delete_department(supply: Supply, expendable: bool) -> Live:
    department = supply.world.department() if expendable else supply.spare_department
    return Live(supply.world.manager(), {"path/_id": department.id})


# inquiries, queue, triggers, settings


@_for("listInquiries")
def _list_inquiries(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {**_PAGING, "query/department": supply.department_id})


@_for("takeInquiry")
def _take_inquiry(supply: Supply, expendable: bool) -> Live:
    inquiry = supply.fresh_inquiry_id() if expendable else supply.inquiry_id
    return Live(supply.world.both_roles(), {"body/inquiryId": inquiry, "body/userId": supply.agent_id})


@_for("getInquiry")
def _get_inquiry(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"query/roomId": supply.room.id})


@_for("getQueue")
def _get_queue(supply: Supply, expendable: bool) -> Live:
    values = {**_PAGING, "query/agentId": supply.agent_id, "query/departmentId": supply.department_id}
    return Live(supply.agent, values)


@_for("listTriggers")
def _list_triggers(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), _PAGING)


@_for("getTrigger")
def _get_trigger(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/_id": supply.trigger.id})


def _as_manager(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager())


for _operation in ("getAppearance", "getIntegrationSettings", "getOfficeHours"):
    _PROVIDERS[_operation] = _as_manager


# offline form, transcript, pages, chat history, text messages, video


@_for("sendOfflineMessage")
def _send_offline_message(supply: Supply, expendable: bool) -> Live:
    values = {"body/email": supply.world.new_email(), "body/department": supply.department_id or DROPPED}
    return Live(NOBODY, values)


@_for("requestTranscript")
def _request_transcript(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token, "body/email": room.visitor.email or ""})


@_for("visitPage")
def _visit_page(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"body/token": room.token, "body/rid": room.id})


@_for("listPagesVisited")
def _list_pages_visited(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/roomId": supply.room.id, **_PAGING})


@_for("getChatHistory")
def _get_chat_history(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(supply.world.manager(), {"path/roomId": room.id, "path/visitorId": room.visitor.id, **_PAGING})


@_for("receiveSms")
def _receive_sms(supply: Supply, expendable: bool) -> Live:
    # The sender decides whose chat the text goes to, so it is a number of ours; media would make the server fetch them.
    values: dict[str, Any] = {"path/service": "twilio", "body/From": supply.phone, "body/from": supply.phone}
    values |= {f"body/{name}": DROPPED for name in ("NumMedia", "MediaUrl0", "MediaContentType0", "media")}
    return Live(NOBODY, values, {"body/From": supply.phone, "body/To": "+99900000000", "body/Body": "Hello"})


@_for("getVideoCall")
def _get_video_call(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"path/token": room.token, "query/rid": room.id}, {"query/rid": room.id})
