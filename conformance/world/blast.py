"""The blast radius: what a run would do to its target, said before the first write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from conformance.world.names import run_prefix
from conformance.world.preparation import CHANGED, FOR_EVERY_RUN, ROUTING

if TYPE_CHECKING:
    from conformance.target.probe import TargetInfo
    from conformance.target.settings import Settings

_REQUESTS: Final = {"quick": 7_500, "standard": 10_000, "deep": 60_000}
"""How many requests a level sends, roughly, with all profiles; a plan says "about"."""
_VISITOR_SHARE: Final = 0.35
_BUSIEST_SHARE: Final = 0.19
"""The share of its busiest route (opening a room, or registering a visitor) in the requests of a run is 0.14; but not
every window is used up, and what is left has to be removed: 50 minutes were measured for 2,600 requests."""
PACED_WORKERS: Final = 4
"""Workers on a target with a rate limiter that stays on: each waits for another route."""
LIMITER: Final = "API_Enable_Rate_Limiter"
"""The setting that switches the rate limiter."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    Attributes:
        power: ``read-only``, ``visitor`` or ``admin``.
        lines: Sentences for people.
        refusal: Why the run does not begin, with the next step; ``None`` where it may.
    """

    power: str
    lines: tuple[str, ...]
    refusal: str | None = None


def plan(settings: Settings, info: TargetInfo, level: str) -> Plan:
    """What a run would create, change and restore on this target, and whether it may begin.

    Args:
        settings: The run's settings.
        info: What the probe found.
        level: ``quick``, ``standard`` or ``deep``.
    """
    admin = settings.has_admin and info.admin is not None
    power = "read-only" if settings.read_only else "admin" if admin else "visitor"
    product = f"{info.product} {info.version or 'of an unknown version'}"
    lines = [f"Target: {info.url} ({product})."]
    about = _about(level, power)
    if power == "read-only":
        lines.append("Nothing is written: only calls that read are sent (and a login, if credentials were given).")
    else:
        lines.append(
            "Creates visitors, rooms and messages named "
            f"{run_prefix(settings.seed, 'main').rsplit('-', 2)[0]}-…; removes "
            "them afterwards."
        )
    if power == "admin":
        lines.append(
            "Creates users, agents, a manager, departments, custom fields and triggers under the same prefix; "
            "removes them."
        )
    if power == "admin":
        names = ", ".join([*FOR_EVERY_RUN, ROUTING])
        others = ", ".join(sorted(CHANGED - {*FOR_EVERY_RUN, ROUTING}))
        lines.append(
            f"Changes settings of the whole server and restores them: {names}; and for single tests {others}. Livechat "
            "itself is off for moments."
        )
        lines.append(
            "Its agents are online while it goes on: a chat that somebody else opens meanwhile may be given to them, "
            "and nobody answers there. The report names such chats."
        )
    if power != "read-only":
        lines.append(
            "Has the server send mail: transcripts to addresses at example.com, offline messages to the server's own."
        )
    lines.append(f"Sends about {about:,} requests (level {level}).")
    if info.limiter is not None:
        lines.append(
            f"Switches the rate limiter off for the run ({LIMITER}) and on again."
            if power == "admin"
            else pace(settings, info, level)
        )
    if power == "visitor":
        lines.append("Without admin credentials rooms go to whoever is online on the server.")
    return Plan(power, tuple(lines), _refusal(settings))


def _about(level: str, power: str) -> int:
    return int(_REQUESTS.get(level, _REQUESTS["standard"]) * (1 if power == "admin" else _VISITOR_SHARE))


def pace(settings: Settings, info: TargetInfo, level: str) -> str:
    """How long a run has to wait for a rate limiter that stays on, and what would make it faster, in a sentence."""
    if info.limiter is None:
        return ""
    limiter = info.limiter
    busiest = _about(level, "admin" if settings.has_admin and info.admin is not None else "visitor") * _BUSIEST_SHARE
    if settings.only or settings.skip or settings.shard or settings.read_only:
        takes = "the run waits for it"
    else:
        minutes = max(1, round(busiest / max(limiter.calls, 1) * limiter.ms / 60_000))
        takes = f"the run waits for it and takes about {minutes} minute{'s' if minutes > 1 else ''}"
    return (
        f"The rate limiter of the target lets {limiter.calls} calls of a route pass in {limiter.ms / 1000:g} s: "
        f"{takes}. To go faster, switch {LIMITER} off, or let the run do it: administrator's "
        "credentials, and --disposable where the target is not this machine."
    )


def _refusal(settings: Settings) -> str | None:
    if settings.loopback or settings.disposable or settings.read_only:
        return None
    return (
        f"{settings.url} is not this machine, and the run would write to it: add --disposable if the server may be "
        "changed, "
        "or --read-only to send only calls that read."
    )
