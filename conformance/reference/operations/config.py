"""The configuration of the widget: ``GET config``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from conformance.reference.agents import show_agent
from conformance.reference.departments import departments_with_agents, service_online
from conformance.reference.envelope import Answer, ErrorStyle, encode_json, success
from conformance.reference.match import STRING, Maybe, strict
from conformance.reference.rooms import open_rooms
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import setting
from conformance.reference.validate import check_query
from conformance.reference.visitors import find_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_QUERY = strict(token=Maybe(STRING), department=Maybe(STRING))

SURVEY_ITEMS: Final = ("satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness")
SURVEY_VALUES: Final = ("1", "2", "3", "4", "5")

_SETTINGS: Final = {
    "registrationForm": "Livechat_registration_form",
    "allowSwitchingDepartments": "Livechat_allow_switching_departments",
    "nameFieldRegistrationForm": "Livechat_name_field_registration_form",
    "emailFieldRegistrationForm": "Livechat_email_field_registration_form",
    "displayOfflineForm": "Livechat_display_offline_form",
    "fileUpload": "Livechat_fileupload_enabled",
    "language": "Language",
    "transcript": "Livechat_enable_transcript",
    "historyMonitorType": "Livechat_history_monitor_type",
    "forceAcceptDataProcessingConsent": "Livechat_force_accept_data_processing_consent",
}
_THEME: Final = {
    "title": "Livechat_title",
    "color": "Livechat_title_color",
    "offlineTitle": "Livechat_offline_title",
    "offlineColor": "Livechat_offline_title_color",
}
_ACTION_LINKS: Final = (
    {"icon": "icon-videocam", "i18nLabel": "Accept", "method_id": "createLivechatCall", "params": ""},
    {"icon": "icon-cancel", "i18nLabel": "Decline", "method_id": "denyLivechatCall", "params": ""},
)
_MESSAGES: Final = {
    "offlineMessage": "Livechat_offline_message",
    "offlineSuccessMessage": "Livechat_offline_success_message",
    "offlineUnavailableMessage": "Livechat_offline_form_unavailable",
    "conversationFinishedMessage": "Livechat_conversation_finished_message",
    "conversationFinishedText": "Livechat_conversation_finished_text",
    "transcriptMessage": "Livechat_transcript_message",
    "registrationFormMessage": "Livechat_registration_form_message",
    "dataProcessingConsentText": "Livechat_data_processing_consent_text",
}


@behaviour("config.settings")
def widget_settings(site: Site) -> Document:
    """The switches of the widget."""
    shown: dict[str, Any] = {key: setting(site, identifier) for key, identifier in _SETTINGS.items()}
    shown["videoCall"] = bool(setting(site, "Livechat_videocall_enabled") and setting(site, "Jitsi_Enabled"))
    shown["showConnecting"] = setting(site, "Livechat_Routing_Method") == "Manual_Selection"
    shown["agentHiddenInfo"] = not setting(site, "Livechat_show_agent_info")
    return shown


@behaviour("config.theme")
def widget_theme(site: Site) -> Document:
    """Titles and colours of the widget."""
    theme: dict[str, Any] = {key: setting(site, identifier) for key, identifier in _THEME.items()}
    theme["actionLinks"] = [dict(link) for link in _ACTION_LINKS]
    return theme


@behaviour("config.messages")
def widget_messages(site: Site) -> Document:
    """The texts of the widget."""
    return {key: setting(site, identifier) for key, identifier in _MESSAGES.items()}


@behaviour("config.survey")
def survey_form(site: Site) -> Document:
    """What the survey asks for, and the values that it takes."""
    return {"items": list(SURVEY_ITEMS), "values": list(SURVEY_VALUES)}


@behaviour("config.triggers")
def widget_triggers(site: Site) -> list[Document]:
    """The enabled triggers, as far as the widget needs them."""
    keys = ("_id", "actions", "conditions", "runOnce")
    return [
        {key: trigger[key] for key in keys if key in trigger}
        for trigger in site.triggers.find()
        if trigger.get("enabled") is True
    ]


@behaviour("config.departments")
def widget_departments(site: Site) -> list[Document]:
    """The departments that a visitor may choose: enabled, with agents."""
    keys = ("_id", "name", "showOnRegistration", "showOnOfflineForm")
    return [{key: each[key] for key in keys if key in each} for each in departments_with_agents(site)]


@behaviour("config.resources")
def widget_resources(site: Site, host: str) -> Document:
    """Sound and custom emojis of the widget."""
    return {"sound": f"http://{host}/sounds/chime.mp3", "emojis": []}


@behaviour("config.online")
def widget_online(site: Site, department: str | None) -> bool:
    """Whether somebody can serve a visitor now, in a department where one is given."""
    return service_online(site, department)


@behaviour("config.guest")
def show_guest(site: Site, visitor: Document) -> Document:
    """The visitor as the configuration shows him to himself."""
    keys = ("_id", "name", "username", "visitorEmails", "token", "department")
    return {key: visitor[key] for key in keys if key in visitor}


@behaviour("config.room")
def show_open_room(site: Site, visitor: Document) -> Document | None:
    """The open room of a visitor as the configuration shows it, None where there is none."""
    for room in open_rooms(site, visitor["token"]):
        keys = ("_id", "departmentId", "servedBy", "open")
        return {key: room[key] for key in keys if key in room}
    return None


@behaviour("config.of_visitor")
def visitor_part(site: Site, token: str) -> Document:
    """What the configuration says about a visitor: himself, his open room and its agent, as far as they are."""
    visitor = find_visitor(site, token)
    if visitor is None:
        return {}
    part: Document = {"guest": show_guest(site, visitor)}
    room = show_open_room(site, visitor)
    if room is not None:
        part["room"] = room
        agent = show_agent(site, room["servedBy"]["_id"]) if room.get("servedBy") else None
        if agent is not None:
            part["agent"] = agent
    return part


@behaviour("config.common")
def common_part(site: Site) -> Document:
    """What the configuration says to everybody, as far as settings, triggers and departments decide it."""
    return {
        "enabled": True,
        "settings": widget_settings(site),
        "theme": widget_theme(site),
        "messages": widget_messages(site),
        "survey": survey_form(site),
        "triggers": widget_triggers(site),
        "departments": widget_departments(site),
    }


@operation("getConfig", "GET", "/api/v1/livechat/config", errors=ErrorStyle.CAUGHT)
def get_config(site: Site, call: Call) -> Answer:
    """Tell the widget how to look, and what the visitor has open."""
    query = check_query(site, call, _QUERY)
    if not setting(site, "Livechat_enabled"):
        return success(config={"enabled": False})
    watched = (site.settings, site.triggers, site.departments)
    config: Document = msgspec.json.decode(site.kept("config", watched, lambda: encode_json(common_part(site))))
    config["resources"] = widget_resources(site, call.headers.get("host", ""))
    config["online"] = widget_online(site, query.get("department") or None)
    if query.get("token"):
        config |= visitor_part(site, query["token"])
    return success(config=config)
