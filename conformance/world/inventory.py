"""Inventory: what is on a server, kind by kind, as hashes; two inventories show what a run has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from conformance.world.sweep import all_objects

if TYPE_CHECKING:
    from conformance.target.client import RecordingClient
    from conformance.target.personas import Persona

_LISTS: Final = {
    "department": ("/api/v1/livechat/department", "departments"),
    "agent": ("/api/v1/livechat/users/agent", "users"),
    "manager": ("/api/v1/livechat/users/manager", "users"),
    "user": ("/api/v1/users.list", "users"),
    "room": ("/api/v1/livechat/rooms", "rooms"),
    "field": ("/api/v1/livechat/custom-fields", "customFields"),
    "trigger": ("/api/v1/livechat/triggers", "triggers"),
    "appearance": ("/api/v1/livechat/appearance", "appearance"),
    "integration": ("/api/v1/livechat/integrations.settings", "settings"),
}
_VOLATILE: Final = {"_updatedAt", "lastLogin", "utcOffset"}
_SETTINGS: Final = (
    "Livechat_Routing_Method",
    "Livechat_enabled",
    "Livechat_validate_offline_email",
    "Livechat_display_offline_form",
    "Livechat_accept_chats_with_no_agents",
    "Livechat_show_agent_info",
    "Livechat_show_agent_email",
    "Livechat_history_monitor_type",
    "Message_AllowEditing",
    "Message_AllowDeleting",
    "Message_ShowDeletedStatus",
    "API_Enable_Rate_Limiter",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """How one kind differs: ids that are gone, that are new, and that are not the same any more."""

    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is on a server: kind to id to the hash of the document."""

    kinds: dict[str, dict[str, str]]

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each kind there are."""
        return {kind: len(objects) for kind, objects in self.kinds.items()}

    def difference(self, after: Inventory) -> dict[str, Difference]:
        """How a later inventory differs, kind by kind; empty where nothing has changed."""
        found: dict[str, Difference] = {}
        for kind in sorted(set(self.kinds) | set(after.kinds)):
            one, two = self.kinds.get(kind, {}), after.kinds.get(kind, {})
            difference = Difference(
                tuple(sorted(set(one) - set(two))),
                tuple(sorted(set(two) - set(one))),
                tuple(sorted(id for id in set(one) & set(two) if one[id] != two[id])),
            )
            if difference != Difference():
                found[kind] = difference
        return found


def take(client: RecordingClient, admin: Persona) -> Inventory:
    """Take the inventory of a server through its lists.

    Raises:
        TargetUnreachable: A list was not answered.
    """
    kinds = {
        kind: {str(each.get("_id")): _hash(each) for each in all_objects(client, admin, path, key)}
        for kind, (path, key) in _LISTS.items()
    }
    settings = {}
    for id in _SETTINGS:
        body = client.request(admin, "GET", f"/api/v1/settings/{id}").json
        if isinstance(body, dict) and "value" in body:
            settings[id] = _hash(body["value"])
    kinds["setting"] = settings
    listed = client.request(admin, "GET", "/api/v1/permissions.listAll").json
    entries = listed.get("update") if isinstance(listed, dict) else None
    kinds["permission"] = {
        str(each.get("_id")): _hash(sorted(map(str, each["roles"])) if isinstance(each.get("roles"), list) else [])
        for each in (entries if isinstance(entries, list) else ())
        if isinstance(each, dict)
    }
    return Inventory(kinds)


def _hash(value: Any) -> str:
    text = json.dumps(_steady(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(item) for key, item in value.items() if key not in _VOLATILE}
    return [_steady(item) for item in value] if isinstance(value, list) else value
