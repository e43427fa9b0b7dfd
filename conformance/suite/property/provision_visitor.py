"""Providers of the operations that visitors and outside services call, and of what is read about a room."""

from __future__ import annotations

from typing import Any

from conformance.suite.property.call import DROPPED, Live
from conformance.suite.property.supply import Supply
from conformance.suite.property.wishes import PAGING, moment, plain, small, supplies, time_range
from conformance.target import NOBODY
from conformance.world import Room


def _room(supply: Supply, expendable: bool) -> Room:
    return supply.world.room() if expendable else supply.room


# config, visitors


@supplies("getConfig")
def _get_config(supply: Supply, expendable: bool) -> Live:
    visitor = supply.visitor
    return Live(visitor, {"query/token": visitor.token, "query/department": supply.department_id or DROPPED})


@supplies("registerVisitor")
def _register_visitor(supply: Supply, expendable: bool) -> Live:
    world = supply.world
    token = world.new_token() if expendable or not world.has_admin else supply.visitor.token
    owned = {"email": world.new_email(), "username": token, "phone": world.names.phone(), "token": token}
    values: dict[str, Any] = {f"body/visitor/{name}": value for name, value in owned.items()}
    values["body/visitor/department"] = supply.department_id or DROPPED
    return Live(NOBODY, values, {"body/visitor/department": supply.department_id} if world.has_admin else {})


@supplies("getVisitor")
def _get_visitor(supply: Supply, expendable: bool) -> Live:
    visitor = supply.visitor
    return Live(visitor, {"path/token": visitor.token})


@supplies("getVisitorInfo")
def _get_visitor_info(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"query/visitorId": supply.visitor.id})


# rooms


@supplies("openRoom")
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


@supplies("closeRoom")
def _close_room(supply: Supply, expendable: bool) -> Live:
    room = _room(supply, expendable)
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token})


@supplies("transferRoom")
def _transfer_room(supply: Supply, expendable: bool) -> Live:
    department = supply.other_department
    room = supply.world.served_room() if expendable else supply.room
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token, "body/department": department.id})


@supplies("surveyRoom")
def _survey_room(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token, "body/data": _with_a_rating})


def _with_a_rating(data: Any) -> Any:
    return [*data, {"name": "satisfaction", "value": "5"}] if isinstance(data, list) else data


@supplies("listRooms")
def _list_rooms(supply: Supply, expendable: bool) -> Live:
    values = {
        **PAGING,
        "query/agents[]/*": supply.agent_id,
        "query/departmentId": supply.department_id,
        "query/createdAt": time_range,
        "query/closedAt": time_range,
        "query/customFields": lambda _: {"orderId": "4711"},
        "query/roomName": plain,
        "query/tags[]/*": plain,
    }
    return Live(supply.world.both_roles(), values)


@supplies("forwardRoom")
def _forward_room(supply: Supply, expendable: bool) -> Live:
    department = supply.other_department
    room = supply.world.served_room() if expendable else supply.room
    values = {"body/roomId": room.id, "body/userId": department.agents[0].user_id, "body/departmentId": department.id}
    return Live(supply.world.manager(), values)


# messages


@supplies("sendMessage")
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


@supplies("editMessage")
def _edit_message(supply: Supply, expendable: bool) -> Live:
    message = supply.message
    return Live(
        message.room.visitor, {"path/_id": message.id, "body/token": message.room.token, "body/rid": message.room.id}
    )


@supplies("deleteMessage")
def _delete_message(supply: Supply, expendable: bool) -> Live:
    message = supply.world.message(supply.room, "a slip of the pen") if expendable else supply.message
    return Live(
        message.room.visitor, {"path/_id": message.id, "body/token": message.room.token, "body/rid": message.room.id}
    )


@supplies("getHistory")
def _get_history(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    values = {
        "path/rid": room.id,
        "query/token": room.token,
        "query/limit": small,
        "query/end": moment,
        "query/ls": moment,
    }
    return Live(room.visitor, values)


# custom fields


@supplies("setCustomField")
def _set_custom_field(supply: Supply, expendable: bool) -> Live:
    return Live(supply.visitor, {"body/token": supply.visitor.token, "body/key": supply.visitor_field.id})


@supplies("setCustomFields")
def _set_custom_fields(supply: Supply, expendable: bool) -> Live:
    return Live(
        supply.visitor, {"body/token": supply.visitor.token, "body/customFields/*/key": supply.visitor_field.id}
    )


@supplies("listCustomFields")
def _list_custom_fields(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, PAGING)


@supplies("getCustomField")
def _get_custom_field(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/_id": supply.visitor_field.id})


# offline form, transcript, pages, chat history, text messages, video


@supplies("sendOfflineMessage")
def _send_offline_message(supply: Supply, expendable: bool) -> Live:
    values = {"body/email": supply.world.new_email(), "body/department": supply.department_id or DROPPED}
    return Live(NOBODY, values)


@supplies("requestTranscript")
def _request_transcript(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"body/rid": room.id, "body/token": room.token, "body/email": room.visitor.email or ""})


@supplies("visitPage")
def _visit_page(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"body/token": room.token, "body/rid": room.id})


@supplies("listPagesVisited")
def _list_pages_visited(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/roomId": supply.room.id, **PAGING})


@supplies("getChatHistory")
def _get_chat_history(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(supply.world.manager(), {"path/roomId": room.id, "path/visitorId": room.visitor.id, **PAGING})


@supplies("receiveSms")
def _receive_sms(supply: Supply, expendable: bool) -> Live:
    # The sender decides whose chat the text goes to, so it is a number of ours; media would make the server fetch them.
    values: dict[str, Any] = {"path/service": "twilio", "body/From": supply.phone, "body/from": supply.phone}
    values |= {f"body/{name}": DROPPED for name in ("NumMedia", "MediaUrl0", "MediaContentType0", "media")}
    return Live(NOBODY, values, {"body/From": supply.phone, "body/To": "+99900000000", "body/Body": "Hello"})


@supplies("getVideoCall")
def _get_video_call(supply: Supply, expendable: bool) -> Live:
    room = supply.room
    return Live(room.visitor, {"path/token": room.token, "query/rid": room.id}, {"query/rid": room.id})
