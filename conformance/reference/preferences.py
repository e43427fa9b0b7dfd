"""The preferences of an account that never changed any, as the recording ``general/038`` shows them."""

from __future__ import annotations

from typing import Any, Final

PREFERENCES: Final[dict[str, Any]] = {
    "enableAutoAway": True,
    "idleTimeLimit": 300,
    "desktopNotificationDuration": 0,
    "desktopNotificationRequireInteraction": False,
    "audioNotifications": "mentions",
    "desktopNotifications": "all",
    "mobileNotifications": "all",
    "unreadAlert": True,
    "useEmojis": True,
    "convertAsciiEmoji": True,
    "autoImageLoad": True,
    "saveMobileBandwidth": True,
    "collapseMediaByDefault": False,
    "hideUsernames": False,
    "hideRoles": False,
    "hideFlexTab": False,
    "hideAvatars": False,
    "sidebarGroupByType": True,
    "sidebarViewMode": "medium",
    "sidebarHideAvatar": False,
    "sidebarShowUnread": False,
    "sidebarSortby": "activity",
    "sidebarShowFavorites": True,
    "sendOnEnter": "normal",
    "messageViewMode": 0,
    "emailNotificationMode": "mentions",
    "newRoomNotification": "door",
    "newMessageNotification": "chime",
    "muteFocusedConversations": True,
    "notificationsSoundVolume": 100,
    "sidebarShowDiscussion": True,
}
