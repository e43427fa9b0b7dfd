"""The permissions of a new server and the roles that hold them, as version 3.2.0 grants them.

Source: the recording ``general/103``. Only permissions that this server knows a use for, or that a client of the
Livechat API is likely to ask for, are kept.
"""

from __future__ import annotations

from typing import Final

_MANAGER: Final = ("livechat-manager", "admin")
_AGENT: Final = ("livechat-agent", "livechat-manager", "admin")

ROLES: Final = (
    "admin",
    "anonymous",
    "app",
    "bot",
    "guest",
    "leader",
    "livechat-agent",
    "livechat-guest",
    "livechat-manager",
    "moderator",
    "owner",
    "user",
)

PERMISSIONS: Final[dict[str, tuple[str, ...]]] = {
    "access-permissions": ("admin",),
    "add-livechat-department-agents": _MANAGER,
    "api-bypass-rate-limit": ("admin", "bot", "app"),
    "assign-admin-role": ("admin",),
    "assign-roles": ("admin",),
    "close-livechat-room": _AGENT,
    "close-others-livechat-room": _MANAGER,
    "create-personal-access-tokens": ("admin", "user"),
    "create-user": ("admin",),
    "delete-user": ("admin",),
    "edit-other-user-info": ("admin",),
    "edit-privileged-setting": ("admin",),
    "manage-livechat-agents": _MANAGER,
    "manage-livechat-departments": _MANAGER,
    "manage-livechat-managers": _MANAGER,
    "remove-closed-livechat-rooms": _MANAGER,
    "save-others-livechat-room-info": ("livechat-manager",),
    "transfer-livechat-guest": _MANAGER,
    "user-generate-access-token": ("admin",),
    "view-full-other-user-info": ("admin",),
    "view-l-room": _AGENT,
    "view-livechat-analytics": _MANAGER,
    "view-livechat-appearance": _MANAGER,
    "view-livechat-current-chats": _MANAGER,
    "view-livechat-customfields": _MANAGER,
    "view-livechat-departments": _MANAGER,
    "view-livechat-facebook": _MANAGER,
    "view-livechat-installation": _MANAGER,
    "view-livechat-manager": _MANAGER,
    "view-livechat-officeHours": _MANAGER,
    "view-livechat-queue": _MANAGER,
    "view-livechat-real-time-monitoring": _MANAGER,
    "view-livechat-rooms": _MANAGER,
    "view-livechat-triggers": _MANAGER,
    "view-livechat-webhooks": _MANAGER,
    "view-logs": ("admin",),
    "view-privileged-setting": ("admin",),
    "view-room-administration": ("admin",),
    "view-statistics": ("admin",),
    "view-user-administration": ("admin",),
}
