"""The settings of a new server: those that the Livechat API shows or obeys, with the defaults of version 3.2.0.

Sources: the appearance and integration lists of the recordings, and section 1.10 of the endpoint facts. Where the
reference server differs from a new installation, on purpose, it is as in the recordings' base: livechat is switched
on, mail domains are not looked up, and the rate limiter is off unless asked for.
"""

from __future__ import annotations

from typing import Any, Final

Document = dict[str, Any]

#: A setting of this server alone: whether ``video.call`` answers as documented, or a bare 400 as servers 3.x do.
WORKING_VIDEO_CALL: Final = "Reference_Working_Video_Call"

APPEARANCE: Final = (
    "Livechat_title",
    "Livechat_title_color",
    "Livechat_show_agent_info",
    "Livechat_show_agent_email",
    "Livechat_display_offline_form",
    "Livechat_offline_form_unavailable",
    "Livechat_offline_message",
    "Livechat_offline_success_message",
    "Livechat_offline_title",
    "Livechat_offline_title_color",
    "Livechat_offline_email",
    "Livechat_conversation_finished_message",
    "Livechat_conversation_finished_text",
    "Livechat_registration_form",
    "Livechat_name_field_registration_form",
    "Livechat_email_field_registration_form",
    "Livechat_registration_form_message",
)

INTEGRATIONS: Final = (
    "Livechat_webhookUrl",
    "Livechat_secret_token",
    "Livechat_webhook_on_close",
    "Livechat_webhook_on_offline_msg",
    "Livechat_webhook_on_visitor_message",
    "Livechat_webhook_on_agent_message",
)


def _setting(
    identifier: str, kind: str, value: Any, group: str, section: str, sorter: int, label: str, more: Document
) -> Document:
    document: Document = {
        "_id": identifier,
        "autocomplete": True,
        "blocked": False,
        "group": group,
        "hidden": False,
        "i18nDescription": f"{identifier}_Description",
        "i18nLabel": label,
        "packageValue": value,
        "secret": False,
        "section": section,
        "sorter": sorter,
        "type": kind,
        "value": value,
        "valueSource": "packageValue",
    }
    if kind == "color":
        document |= {"editor": "color", "packageEditor": "color", "allowedTypes": ["color", "expression"]}
    return document | more


def _livechat(
    identifier: str, kind: str, value: Any, section: str, sorter: int, label: str, more: Document
) -> Document:
    return _setting(identifier, kind, value, "Omnichannel", section, sorter, label, more)


def _plain(group: str, identifier: str, value: Any) -> Document:
    kind = "boolean" if isinstance(value, bool) else "int" if isinstance(value, int) else "string"
    return _setting(identifier, kind, value, group, "", 0, identifier, {})


_SHOWN: Final = (
    _livechat("Livechat_title", "string", "Rocket.Chat", "Livechat", 5, "Livechat_title", {"public": True}),
    _livechat("Livechat_title_color", "color", "#C1272D", "Livechat", 6, "Livechat_title_color", {"public": True}),
    _livechat(
        "Livechat_display_offline_form", "boolean", True, "Livechat", 7, "Display_offline_form", {"public": True}
    ),
    _livechat(
        "Livechat_offline_form_unavailable",
        "string",
        "",
        "Livechat",
        9,
        "Offline_form_unavailable_message",
        {"public": True},
    ),
    _livechat("Livechat_offline_title", "string", "Leave a message", "Livechat", 10, "Title", {"public": True}),
    _livechat("Livechat_offline_title_color", "color", "#666666", "Livechat", 11, "Color", {"public": True}),
    _livechat(
        "Livechat_offline_message",
        "string",
        "",
        "Livechat",
        12,
        "Instructions",
        {"public": True, "i18nDescription": "Instructions_to_your_visitor_fill_the_form_to_send_a_message"},
    ),
    _livechat("Livechat_offline_email", "string", "", "Livechat", 13, "Email_address_to_send_offline_messages", {}),
    _livechat(
        "Livechat_offline_success_message", "string", "", "Livechat", 14, "Offline_success_message", {"public": True}
    ),
    _livechat("Livechat_show_agent_info", "boolean", True, "Livechat", 16, "Show_agent_info", {"public": True}),
    _livechat(
        "Livechat_show_agent_email",
        "boolean",
        True,
        "Livechat",
        17,
        "Show_agent_email",
        {"public": True, "enableQuery": '{"_id":"Livechat_show_agent_info","value":true}'},
    ),
    _livechat(
        "Livechat_conversation_finished_message",
        "string",
        "",
        "Livechat",
        19,
        "Conversation_finished_message",
        {"public": True},
    ),
    _livechat(
        "Livechat_conversation_finished_text",
        "string",
        "",
        "Livechat",
        20,
        "Conversation_finished_text",
        {"public": True, "multiline": True},
    ),
    _livechat(
        "Livechat_registration_form", "boolean", True, "Livechat", 21, "Show_preregistration_form", {"public": True}
    ),
    _livechat(
        "Livechat_name_field_registration_form", "boolean", True, "Livechat", 22, "Show_name_field", {"public": True}
    ),
    _livechat(
        "Livechat_email_field_registration_form", "boolean", True, "Livechat", 23, "Show_email_field", {"public": True}
    ),
    _livechat("Livechat_webhookUrl", "string", "", "CRM_Integration", 27, "Webhook_URL", {}),
    _livechat("Livechat_secret_token", "string", "", "CRM_Integration", 28, "Secret_token", {"secret": True}),
    _livechat("Livechat_webhook_on_close", "boolean", False, "CRM_Integration", 29, "Send_request_on_chat_close", {}),
    _livechat(
        "Livechat_webhook_on_offline_msg",
        "boolean",
        False,
        "CRM_Integration",
        30,
        "Send_request_on_offline_messages",
        {},
    ),
    _livechat(
        "Livechat_webhook_on_visitor_message",
        "boolean",
        False,
        "CRM_Integration",
        31,
        "Send_request_on_visitor_message",
        {},
    ),
    _livechat(
        "Livechat_webhook_on_agent_message",
        "boolean",
        False,
        "CRM_Integration",
        32,
        "Send_request_on_agent_message",
        {},
    ),
    _livechat(
        "Livechat_registration_form_message",
        "string",
        "",
        "Livechat",
        49,
        "Livechat_registration_form_message",
        {"public": True},
    ),
)

_OMNICHANNEL: Final[dict[str, Any]] = {
    "Livechat_enabled": True,
    "Livechat_validate_offline_email": False,
    "Livechat_allow_switching_departments": True,
    "Livechat_request_comment_when_closing_conversation": True,
    "Livechat_enabled_when_agent_idle": True,
    "Livechat_history_monitor_type": "url",
    "Livechat_Visitor_navigation_as_a_message": False,
    "Livechat_enable_office_hours": False,
    "Livechat_allow_online_agents_outside_office_hours": True,
    "Livechat_videocall_enabled": False,
    "Livechat_fileupload_enabled": True,
    "Livechat_enable_transcript": True,
    "Livechat_transcript_message": "",
    "Livechat_Routing_Method": "Auto_Selection",
    "Livechat_accept_chats_with_no_agents": False,
    "Livechat_assign_new_conversation_to_bot": False,
    "Livechat_Allow_collect_and_store_HTTP_header_informations": False,
    "Livechat_force_accept_data_processing_consent": False,
    "Livechat_data_processing_consent_text": "",
    "Livechat_agent_leave_action": "none",
    "Livechat_agent_leave_action_timeout": 60,
    "Livechat_agent_leave_comment": "",
    "Livechat_guest_count": 1,
    "Livechat_External_Queue_URL": "",
    "Livechat_External_Queue_Token": "",
    "Livechat_AllowedDomainsList": "",
    "Livechat_lead_email_regex": "\\b[A-Z0-9._%+-]+@(?:[A-Z0-9-]+\\.)+[A-Z]{2,4}\\b",
    "Livechat_lead_phone_regex": "((?:\\([0-9]{1,3}\\)|[0-9]{2})[ \\-]*?[0-9]{4,5}(?:[\\-\\s\\_]{1,2})?[0-9]{4})",
}

_OTHERS: Final[dict[str, dict[str, Any]]] = {
    "General": {
        "API_Upper_Count_Limit": 100,
        "API_Default_Count": 50,
        "API_Allow_Infinite_Count": True,
        "API_Enable_CORS": False,
        "API_CORS_Origin": "*",
        "Language": "",
        "Site_Name": "Rocket.Chat",
    },
    "Rate Limiter": {
        "API_Enable_Rate_Limiter": False,
        "API_Enable_Rate_Limiter_Dev": True,
        "API_Enable_Rate_Limiter_Limit_Calls_Default": 10,
        "API_Enable_Rate_Limiter_Limit_Time_Default": 60000,
    },
    "Accounts": {
        "Accounts_AllowUserStatusMessageChange": True,
        "Accounts_RegistrationForm": "Public",
        "Accounts_TwoFactorAuthentication_Enabled": False,
        "Accounts_TwoFactorAuthentication_By_Email_Enabled": False,
    },
    "Message": {
        "Message_AllowEditing": True,
        "Message_AllowEditing_BlockEditInMinutes": 0,
        "Message_AllowDeleting": True,
        "Message_AllowDeleting_BlockDeleteInMinutes": 0,
        "Message_ShowDeletedStatus": False,
        "Message_KeepHistory": False,
        "Message_ShowEditedStatus": True,
        "Message_MaxAllowedSize": 5000,
        "Store_Last_Message": True,
        "UI_Use_Real_Name": False,
    },
    "Email": {"From_Email": "livechat@reference.test", "SMTP_Host": "", "SMTP_Port": ""},
    "Reference": {WORKING_VIDEO_CALL: False},
    "SMS": {"SMS_Enabled": False, "SMS_Service": "twilio", "SMS_Default_Omnichannel_Department": ""},
    "Video Conference": {
        "Jitsi_Enabled": False,
        "Jitsi_Domain": "meet.jit.si",
        "Jitsi_URL_Room_Prefix": "RocketChat",
        "Jitsi_Open_New_Window": False,
    },
}


def default_settings() -> list[Document]:
    """Every setting of a new server as a whole document."""
    documents = [dict(document) for document in _SHOWN]
    documents.extend(_plain("Omnichannel", identifier, value) for identifier, value in _OMNICHANNEL.items())
    for group, values in _OTHERS.items():
        documents.extend(_plain(group, identifier, value) for identifier, value in values.items())
    return documents
