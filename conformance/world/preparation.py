"""Preparation: the few settings of the whole server that every run needs, changed once and restored at the end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from conformance.world.errors import PreconditionFailed, Unavailable

if TYPE_CHECKING:
    from conformance.world.world import World

FOR_EVERY_RUN: Final[dict[str, Any]] = {
    # Off first, so that the rest is quick: ten calls a minute and route would make a run take hours.
    "API_Enable_Rate_Limiter": False,
    "Livechat_enabled": True,
    # Otherwise each message left offline needs a mail domain that the name service knows.
    "Livechat_validate_offline_email": False,
}
"""Setting to the value that a run needs; a setting that a server does not have is left alone."""
ROUTING: Final = "Livechat_Routing_Method"
"""Changed by several workers in turn, each with its own ledger: what the server had before is the same in all."""
METHODS: Final = frozenset({"Auto_Selection", "Manual_Selection"})
"""The values that a run gives to ``ROUTING``."""
CHANGED: Final = frozenset(
    {
        *FOR_EVERY_RUN,
        ROUTING,
        "API_Enable_CORS",
        "API_Enable_Rate_Limiter_Limit_Calls_Default",
        "API_Enable_Rate_Limiter_Limit_Time_Default",
        "Livechat_Visitor_navigation_as_a_message",
        "Livechat_accept_chats_with_no_agents",
        "Livechat_display_offline_form",
        "Livechat_history_monitor_type",
        "Livechat_offline_message",
        "Livechat_show_agent_email",
        "Livechat_show_agent_info",
        "Livechat_title",
        "Livechat_webhookUrl",
        "Message_AllowDeleting",
        "Message_AllowEditing",
        "SMS_Default_Omnichannel_Department",
    }
)
"""All settings that a run may ever change, and so all that a ledger may ask to be restored."""


def prepare(world: World) -> list[str]:
    """Change the settings that every run needs; returns those that were changed. Clean-up or sweep restores them.

    A setting that cannot be changed is left as it is: what depends on it says so when it comes to that.

    Raises:
        Unavailable: Settings may not be changed at all (no admin credentials, read-only, or not ours to change).
    """
    if not world.can_change_settings:
        raise Unavailable(
            "settings may not be changed: that needs admin credentials and a server that is ours to change"
        )
    changed: list[str] = []
    for id, value in FOR_EVERY_RUN.items():
        with contextlib.suppress(Unavailable, PreconditionFailed):
            if world.set_for_run(id, value):
                changed.append(id)
    return changed
