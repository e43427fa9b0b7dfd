"""The probe: is the target there, is it a Livechat server, which one, and what may we do on it. It changes nothing."""

from __future__ import annotations

import dataclasses
import email.utils
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from conformance.contract.versions import NEWEST, is_newer, parse_version
from conformance.target.client import RecordingClient
from conformance.target.errors import TargetNotHealthy
from conformance.target.health import check_health, version_of
from conformance.target.login import admin_persona, log_out, text_of
from conformance.target.options import FEATURES
from conformance.target.throttle import Limiter, Throttle

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.contract.exchange import Exchange
    from conformance.target.personas import Persona
    from conformance.target.ports import Sink
    from conformance.target.settings import Settings

NEEDED_RIGHTS: Final = (
    "create-user",
    "delete-user",
    "edit-privileged-setting",
    "view-privileged-setting",
    "access-permissions",
    "view-l-room",
    "view-livechat-manager",
    "view-livechat-rooms",
    "manage-livechat-agents",
    "manage-livechat-managers",
    "manage-livechat-departments",
    "transfer-livechat-guest",
)
"""What the administrator needs for every requirement to be judged."""

_PROBE_TIMEOUT_S: Final = 10.0
_ABSENT: Final = {
    "survey": "the widget's configuration offers no survey (config.survey.items is empty)",
    "office-hours": "GET /api/v1/livechat/office-hours shows no office hours",
    "offline-form": "the offline form is switched off (Livechat_display_offline_form), and no admin can switch it on",
}
_ROLES: Final = ("user", "livechat-agent", "livechat-manager", "admin")
_OF_THIS_API: Final = ("livechat", "l-room", "create-user", "delete-user", "privileged-setting", "rate-limiter")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the admin credentials belong to, and what he may do."""

    user_id: str
    username: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Needed rights that he does not have."""
        return tuple(right for right in NEEDED_RIGHTS if right not in self.permissions)


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What the probe found out.

    Attributes:
        url: The target's root.
        product: What it says that it is.
        version: As it says, or ``None`` where it does not.
        newer_than_contract: Whether its version lies above all that the contract knows.
        livechat_enabled: ``Livechat_enabled``, or ``None`` where that cannot be seen.
        online: Whether somebody is online for visitors, or ``None``.
        routing: ``Auto_Selection``, ``Manual_Selection``, ``External``, or ``None`` where that cannot be seen.
        limiter: The rate limiter for calls without the right to bypass it; ``None`` where none shows itself.
        admin: Who we are, or ``None`` without credentials.
        second_factor: How settings are written: ``off``, ``password`` (the fallback is asked for), ``unknown``.
        features: Optional feature to whether the target has it, ``None`` where that cannot be seen.
        role_rights: Role to the permissions of this API that it holds; empty without admin credentials.
        clock_skew_s: The server's clock minus ours, in seconds, or ``None``.
        notes: Sentences for people: what is unusual, and what to do about it.
    """

    url: str
    product: str = "Rocket.Chat API"
    version: str | None = None
    newer_than_contract: bool = False
    livechat_enabled: bool | None = None
    online: bool | None = None
    routing: str | None = None
    limiter: Limiter | None = None
    admin: Identity | None = None
    second_factor: str = "unknown"
    features: dict[str, bool | None] = field(default_factory=dict)
    role_rights: dict[str, tuple[str, ...]] = field(default_factory=dict)
    clock_skew_s: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def rights(self) -> tuple[str, ...]:
        """The permissions of the admin credentials; empty without."""
        return self.admin.permissions if self.admin else ()

    @property
    def is_admin(self) -> bool:
        """Whether the credentials allow to make agents and departments, and so to judge all profiles."""
        if self.admin is None:
            return False
        return "admin" in self.admin.roles or {"create-user", "view-livechat-manager"} <= set(self.admin.permissions)

    @property
    def absent(self) -> dict[str, str]:
        """Optional features that the target does not have, each with the sentence that says why."""
        return {name: _ABSENT[name] for name, there in self.features.items() if there is False and name in _ABSENT}


def probe(
    settings: Settings, contract_loader: Callable[..., Any] | None = None, *, sink: Sink | None = None
) -> TargetInfo:
    """Look at the target without changing it.

    Args:
        settings: ``url`` must be set.
        contract_loader: Loads the contract for the version that is found, so that a faulty contract is said here.
        sink: Is told of every exchange.

    Raises:
        TargetUnreachable: Nothing answers.
        TargetNotHealthy: What answers is no Livechat API, or not in order.
        BadCredentials: The admin credentials are refused.
    """
    quick = dataclasses.replace(settings, timeout_s=min(settings.timeout_s, _PROBE_TIMEOUT_S))
    throttle = Throttle(max_rate=settings.max_rate, max_wait_s=65.0, attempts=3)
    with RecordingClient(quick, None, sink, throttle, worker="probe") as client:
        info, config = check_health(client)
        admin = admin_persona(client, settings)
        try:
            found = _look(client, info, config, admin)
        finally:
            if admin is not None and settings.admin_password:
                log_out(client, admin)
    if contract_loader is not None:
        contract_loader(found.version, mode=settings.contract)
    return found


def _look(client: RecordingClient, info: Exchange, config: Exchange, admin: Persona | None) -> TargetInfo:
    notes: list[str] = []
    version = version_of(info.json)
    if version is None and admin is not None:
        version = version_of(client.request(admin, "GET", "/api/info").json)
    if version is None:
        notes.append("The target does not tell its version: it is judged by the documented release.")
    newer = version is not None and is_newer(version)
    if newer:
        notes.append(f"The target's version {version} is newer than the contract, which knows servers up to {NEWEST}.")
    seen = _member(config.json, "config")
    switches = _member(seen, "settings")
    enabled = seen.get("enabled") if isinstance(seen.get("enabled"), bool) else None
    routing = None
    if isinstance(switches.get("showConnecting"), bool):
        routing = "Manual_Selection" if switches["showConnecting"] else "Auto_Selection"
    limiter = client.throttle.limiter
    identity, second_factor = None, "unknown"
    role_rights: dict[str, tuple[str, ...]] = {}
    features = _features(seen, switches)
    if admin is not None:
        identity, role_rights = _identity(client, admin)
        features["office-hours"] = _has_office_hours(client, admin)
        features["offline-form"] = None
        if identity.missing:
            notes.append(f"The admin lacks {', '.join(identity.missing)}: what needs these rights cannot be judged.")
        routing = _setting(client, admin, "Livechat_Routing_Method") or routing
        known = _setting(client, admin, "Livechat_enabled")
        enabled = known if isinstance(known, bool) else enabled
        second_factor = _second_factor(client, admin, version)
    if enabled is False:
        notes.append(
            "Livechat_enabled is off: without admin credentials most of the widget's configuration cannot be judged."
        )
    if limiter is not None:
        notes.append(
            f"The rate limiter is on ({limiter.calls} calls in {limiter.ms / 1000:g} s and route): the run "
            "paces itself where it cannot switch it off. "
            "To go faster, switch API_Enable_Rate_Limiter off."
        )
    skew = _clock_skew(info)
    if skew is not None and abs(skew) > 30:
        notes.append(f"The target's clock differs from ours by {skew:+.0f} s.")
    if client.settings.insecure:
        notes.append("TLS certificates are not checked (--insecure).")
    return TargetInfo(
        url=client.url,
        product=_product(info.json),
        version=version,
        newer_than_contract=newer,
        livechat_enabled=enabled,
        online=seen.get("online") if isinstance(seen.get("online"), bool) else None,
        routing=routing if isinstance(routing, str) else None,
        limiter=limiter,
        admin=identity,
        second_factor=second_factor,
        features=features | dict.fromkeys(client.settings.without, False),
        role_rights=role_rights,
        clock_skew_s=skew,
        notes=tuple(notes),
    )


def _member(value: Any, key: str) -> dict[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _product(body: Any) -> str:
    name = body.get("product") if isinstance(body, dict) else None
    return name[:60] if isinstance(name, str) and name.isprintable() and name else "Rocket.Chat API"


def _identity(client: RecordingClient, admin: Persona) -> tuple[Identity, dict[str, tuple[str, ...]]]:
    me = _me(client, admin)
    held = me.get("roles")
    roles = tuple(role for role in (held if isinstance(held, list) else ()) if isinstance(role, str))
    listed = client.request(admin, "GET", "/api/v1/permissions.listAll").json
    entries = listed.get("update") if isinstance(listed, dict) else None
    holders = {
        entry["_id"]: {str(role) for role in entry["roles"]}
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("_id"), str) and isinstance(entry.get("roles"), list)
    }
    own = tuple(sorted(name for name, held_by in holders.items() if held_by & set(roles)))
    ours = sorted(name for name in holders if any(part in name for part in _OF_THIS_API))
    rights = {role: tuple(name for name in ours if role in holders[name]) for role in _ROLES} if holders else {}
    username = me.get("username")
    return Identity(
        admin.user_id or "", username if isinstance(username, str) else admin.username or "", roles, own
    ), rights


def _me(client: RecordingClient, admin: Persona) -> dict[str, Any]:
    """What the target says of the user who was just let in; without it a run would quietly judge as nobody.

    Raises:
        TargetNotHealthy: The target does not know its own login, or takes it for somebody else's.
    """
    exchange = client.request(admin, "GET", "/api/v1/me")
    if exchange.status in {401, 403}:
        raise TargetNotHealthy(
            f"The target let the administrator in, but refused GET /api/v1/me with that very login ({exchange.status} "
            f"{text_of(exchange)})."
        )
    me = exchange.json if isinstance(exchange.json, dict) else {}
    if me.get("_id", admin.user_id) != admin.user_id:
        raise TargetNotHealthy(
            "The target let the administrator in, but GET /api/v1/me with that login names another user: its _id is "
            "not the userId of the login."
        )
    return me


def _setting(client: RecordingClient, admin: Persona, name: str) -> Any:
    body = client.request(admin, "GET", f"/api/v1/settings/{name}").json
    return body.get("value") if isinstance(body, dict) else None


def _second_factor(client: RecordingClient, admin: Persona, version: str | None) -> str:
    if version is not None and parse_version(version) < (3, 1, 0):
        return "off"
    if _setting(client, admin, "Accounts_TwoFactorAuthentication_Enabled") is False:
        return "off"
    enforced = _setting(client, admin, "Accounts_TwoFactorAuthentication_Enforce_Password_Fallback")
    return {True: "password", False: "off"}.get(enforced, "unknown") if isinstance(enforced, bool) else "unknown"


def _features(config: dict[str, Any], switches: dict[str, Any]) -> dict[str, bool | None]:
    """What the widget's configuration says of optional features; most show themselves only when they are used."""
    features: dict[str, bool | None] = dict.fromkeys(FEATURES)
    items = _member(config, "survey").get("items")
    features["survey"] = bool(items) if isinstance(items, list) else None
    form = switches.get("displayOfflineForm")
    features["offline-form"] = form if isinstance(form, bool) else None
    return features


def _has_office_hours(client: RecordingClient, admin: Persona) -> bool | None:
    exchange = client.request(admin, "GET", "/api/v1/livechat/office-hours")
    if exchange.status in {404, 405}:
        return False
    listed = exchange.json.get("officeHours") if exchange.status == 200 and isinstance(exchange.json, dict) else None
    return bool(listed) if isinstance(listed, list) else None


def _clock_skew(exchange: Exchange) -> float | None:
    text = exchange.response.headers.get("date") if exchange.response else None
    try:
        return round(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 1) if text else None
    except (ValueError, TypeError, OverflowError):
        return None
