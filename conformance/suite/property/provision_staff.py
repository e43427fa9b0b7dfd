"""Providers of the operations of agents and managers: agents, users, departments, inquiries, triggers, settings."""

from __future__ import annotations

from typing import Any, Final

from conformance.suite.property.call import DROPPED, Live
from conformance.suite.property.supply import Supply
from conformance.suite.property.wishes import PAGING, supplies

# agents, users


@supplies("getAgentInfo")
def _get_agent_info(supply: Supply, expendable: bool) -> Live:
    room = supply.served_room
    return Live(room.visitor, {"path/rid": room.id, "path/token": room.token})


@supplies("getNextAgent")
def _get_next_agent(supply: Supply, expendable: bool) -> Live:
    supply.need_turn()
    visitor = supply.visitor
    # Without a department the server chooses among all agents, and moves the turn of one who may not be ours.
    always = {"query/department": supply.department_id} if supply.world.has_admin else {}
    return Live(visitor, {"path/token": visitor.token, "query/department": supply.department_id or DROPPED}, always)


@supplies("listAgentDepartments")
def _list_agent_departments(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/agentId": supply.agent_id})


@supplies("listUsers")
def _list_users(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", **PAGING})


@supplies("registerUser")
def _register_user(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", "body/username": supply.spare_user.username})


@supplies("getUser")
def _get_user(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", "path/_id": supply.agent_id})


@supplies("removeUser")
def _remove_user(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/type": "agent", "path/_id": supply.spare_user.user_id})


# departments


@supplies("listDepartments")
def _list_departments(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, PAGING)


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


@supplies("createDepartment")
def _create_department(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), _department_body(supply, supply.world.new_department_name()))


@supplies("getDepartment")
def _get_department(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"path/_id": supply.department_id})


@supplies("updateDepartment")
def _update_department(supply: Supply, expendable: bool) -> Live:
    department = supply.spare_department
    return Live(supply.world.manager(), {"path/_id": department.id, **_department_body(supply, department.name)})


@supplies("deleteDepartment")
def _delete_department(supply: Supply, expendable: bool) -> Live:
    department = supply.world.department() if expendable else supply.spare_department
    return Live(supply.world.manager(), {"path/_id": department.id})


# inquiries, queue, triggers, settings


@supplies("listInquiries")
def _list_inquiries(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {**PAGING, "query/department": supply.department_id})


@supplies("takeInquiry")
def _take_inquiry(supply: Supply, expendable: bool) -> Live:
    inquiry = supply.fresh_inquiry_id() if expendable else supply.inquiry_id
    return Live(supply.world.both_roles(), {"body/inquiryId": inquiry, "body/userId": supply.agent_id})


@supplies("getInquiry")
def _get_inquiry(supply: Supply, expendable: bool) -> Live:
    return Live(supply.agent, {"query/roomId": supply.room.id})


@supplies("getQueue")
def _get_queue(supply: Supply, expendable: bool) -> Live:
    values = {**PAGING, "query/agentId": supply.agent_id, "query/departmentId": supply.department_id}
    return Live(supply.agent, values)


@supplies("listTriggers")
def _list_triggers(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), PAGING)


@supplies("getTrigger")
def _get_trigger(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager(), {"path/_id": supply.trigger.id})


def _as_manager(supply: Supply, expendable: bool) -> Live:
    return Live(supply.world.manager())


for _operation in ("getAppearance", "getIntegrationSettings", "getOfficeHours"):
    supplies(_operation)(_as_manager)
