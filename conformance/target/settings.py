"""Settings: what a run was asked to do, resolved from all sources, checked for contradictions."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.target.errors import SettingsError
from conformance.target.options import BY_FIELD, ENV_PREFIX, OPTIONS, parse
from conformance.target.sources import Layer, find_file, from_cli, from_env, from_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PASSWORD_KIND = ("admin_user", "admin_password")
_TOKEN_KIND = ("admin_token", "admin_id")
_URL_ENV = ENV_PREFIX + "_URL"
"""Where a worker finds the URL that its secrets are for; two underscores, so that it is no option."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do.

    Attributes:
        url: The target's root, ``scheme://host[:port]``; ``None`` means the embedded reference server.
        admin_user: User name of an administrator; goes with ``admin_password``.
        admin_password: His password; never shown, never written down.
        admin_token: An administrator's access token; goes with ``admin_id``.
        admin_id: The user id of the token.
        profile: ``auto``, ``visitor``, ``agent`` or ``manager``.
        level: ``quick``, ``standard`` or ``deep``.
        contract: ``auto`` or ``documented``.
        without: Optional features that the target is declared not to have.
        only: Requirement ids, operations or areas to judge; empty means all.
        skip: Requirement ids, operations or areas to leave out.
        shard: One part of a run that is split over machines, ``K/N``.
        seed: The seed of everything random.
        workers: Processes that judge at once.
        strict: Whether deviations turn the run red.
        read_only: Whether only reading calls are sent.
        disposable: Whether the target was declared ours to change.
        waivers: A waiver file.
        max_time: Seconds after which judging stops.
        max_rate: Requests a second at most, over all workers.
        report: The folder for the report.
        fail_fast: Whether to stop at the first failed clause.
        insecure: Whether any TLS certificate is accepted.
        ca: A PEM file of certificate authorities.
        timeout_s: Seconds that one request may take, from connecting to the last byte.
        origins: Where each value that is not a default came from, ``field -> place``.
    """

    url: str | None = None
    admin_user: str | None = None
    admin_password: str | None = field(default=None, repr=False)
    admin_token: str | None = field(default=None, repr=False)
    admin_id: str | None = None
    profile: str = "auto"
    level: str = "standard"
    contract: str = "auto"
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    shard: str | None = None
    seed: int = 0
    workers: int = 1
    strict: bool = False
    read_only: bool = False
    disposable: bool = False
    waivers: str | None = None
    max_time: float | None = None
    max_rate: float | None = None
    report: str = "reports/latest"
    fail_fast: bool = False
    insecure: bool = False
    ca: str | None = None
    timeout_s: float = 20.0
    origins: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def has_admin(self) -> bool:
        """Whether admin credentials of either kind were given."""
        return bool(self.admin_password or self.admin_token)

    @property
    def loopback(self) -> bool:
        """Whether the target is this very machine (or the embedded server)."""
        return self.url is None or is_loopback(self.url)

    @property
    def may_write(self) -> bool:
        """Whether anything may be created on the target: our own machine, or declared disposable, and not read-only."""
        return not self.read_only and (self.loopback or self.disposable)

    def for_embedded(self, url: str, admin_user: str, admin_password: str) -> Settings:
        """These settings, with the embedded server as the target: it is always ours to change."""
        return dataclasses.replace(self, url=url, admin_user=admin_user, admin_password=admin_password)

    def redacted(self) -> dict[str, Any]:
        """All values by option name as a report shows them, secrets as ``{{password:admin}}`` or ``{{auth:admin}}``."""
        values: dict[str, Any] = {}
        for option in OPTIONS:
            value = getattr(self, option.field)
            if option.secret and value is not None:
                value = "{{password:admin}}" if option.field == "admin_password" else "{{auth:admin}}"
            values[option.name] = list(value) if isinstance(value, tuple) else value
        return values

    def to_json(self) -> str:
        """These settings for a worker, without secrets: those go apart, see ``secrets_env``."""
        values = dataclasses.asdict(self)
        for option in OPTIONS:
            if option.secret:
                del values[option.field]
        return json.dumps(values)

    def secrets_env(self) -> dict[str, str]:
        """The secrets as environment variables for a worker's process, and the URL that they are for."""
        found = {
            option.env: value
            for option in OPTIONS
            if option.secret and (value := getattr(self, option.field)) is not None
        }
        return {**found, _URL_ENV: self.url} if self.url else found

    @classmethod
    def from_json(cls, text: str, env: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``to_json``; secrets are taken from ``env``, by default this process's environment.

        Raises:
            SettingsError: The text is not what ``to_json`` writes, or names another target than the secrets are for.
        """
        source = os.environ if env is None else env
        try:
            values = json.loads(text)
            known = {entry.name: entry for entry in dataclasses.fields(cls)}
            if not isinstance(values, dict) or set(values) - set(known):
                raise SettingsError(
                    "The settings that were handed to a worker are not those of this version of the suite."
                )
            # The text comes from a file, which others may be able to write: it must not say where secrets go.
            if source.get(_URL_ENV) not in (None, values.get("url")):
                raise SettingsError(
                    "The settings that were handed to a worker name another server than the one that the run was "
                    "started for: somebody changed the file. Start the run again."
                )
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
            for option in OPTIONS:
                if option.secret and source.get(option.env):
                    values[option.field] = source[option.env]
            return cls(**values)
        except (ValueError, TypeError, RecursionError) as problem:
            raise SettingsError(f"The settings that were handed to a worker cannot be read: {problem}.") from None


def is_loopback(url: str) -> bool:
    """Whether a URL names this very machine: a loopback address or ``localhost``; other names are not resolved."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(
    cli: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    toml_path: str | Path | None = None,
    *,
    prompt: Callable[[str], str] | None = None,
) -> Settings:
    """Settings from all sources: command line before environment before file before default.

    Args:
        cli: What the command line said, by option name or field; ``None`` means "not given".
        env: The environment, for example ``os.environ``; only names with the suite's prefix are looked at.
        toml_path: ``--config``; without it ``./livechat-conformance.toml`` is read where it exists.
        prompt: Asks for a secret without showing it; used where a user name has no password. ``None``: never ask.

    Raises:
        SettingsError: Something is unknown, ill-formed or contradictory; the text says what to do.
    """
    environment = env or {}
    path = find_file(toml_path, environment)
    layers = [from_cli(cli or {}), from_env(environment), from_file(path) if path else {}]
    merged = _merge(layers)
    if "admin_user" in merged and "admin_password" not in merged and prompt is not None:
        merged["admin_password"] = (
            parse(BY_FIELD["admin_password"], prompt(f"Password of {merged['admin_user'][0]}"), "The password"),
            "prompt",
        )
    values = {name: value for name, (value, _) in merged.items()}
    # The parts of a split run are started apart, and belong together only where they draw the same.
    values.setdefault("seed", 0 if values.get("shard") else secrets.randbelow(2**32))
    settings = Settings(**values, origins={name: where for name, (_, where) in merged.items()})
    _refuse_contradictions(settings)
    return settings


def _merge(layers: list[Layer]) -> Layer:
    """The highest layer wins, option by option; the two ways to log in are one choice, made by the highest layer."""
    kinds = (_PASSWORD_KIND, _TOKEN_KIND)
    for layer in layers:
        named = [kind for kind in kinds if any(name in layer for name in kind)]
        if len(named) == 2:
            first, second = (layer[next(name for name in kind if name in layer)][1] for kind in kinds)
            raise SettingsError(
                f"{first} and {second} contradict each other: log in either with user and password or with "
                "token and id."
            )
        if named:
            dropped = kinds[1 - kinds.index(named[0])]
            layers = [{name: entry for name, entry in each.items() if name not in dropped} for each in layers]
            break
    merged: Layer = {}
    for layer in reversed(layers):
        merged.update(layer)
    return merged


def _refuse_contradictions(settings: Settings) -> None:
    def both(first: str, second: str) -> str:
        def place(name: str) -> str:
            return settings.origins.get(name, f"--{name}")

        return f"{place(first)} and {place(second)} contradict each other"

    if settings.admin_user and not settings.admin_password:
        raise SettingsError(
            f"The administrator {settings.admin_user!r} has no password: set {ENV_PREFIX}ADMIN_PASSWORD, or "
            "admin-password in the file."
        )
    if settings.admin_password and not settings.admin_user:
        raise SettingsError("An admin password was given, but no user: add --admin-user.")
    if settings.admin_token and not settings.admin_id:
        raise SettingsError("An admin token was given, but not whose it is: add --admin-id (the user's _id).")
    if settings.admin_id and not settings.admin_token:
        raise SettingsError(f"--admin-id was given without a token: set {ENV_PREFIX}ADMIN_TOKEN.")
    if settings.read_only and settings.disposable:
        raise SettingsError(
            f"{both('read_only', 'disposable')}: the first forbids every change, the second allows them. Keep one."
        )
    if settings.insecure and settings.ca:
        raise SettingsError(
            f"{both('insecure', 'ca')}: the first trusts any certificate, the second only some. Keep one."
        )
    if settings.url is None and settings.has_admin:
        raise SettingsError(
            "Admin credentials were given, but no URL: add the URL of the server, or leave them out to judge the "
            "embedded server."
        )
    if settings.url and settings.url.startswith("http://"):
        for name in ("insecure", "ca"):
            if getattr(settings, name):
                raise SettingsError(
                    f"--{name} is about TLS, but the URL {settings.url} is not https: change the URL or leave "
                    f"--{name} out."
                )
    if settings.url and settings.profile in {"agent", "manager"} and not settings.has_admin:
        raise SettingsError(
            f"The profile {settings.profile} needs admin credentials: add --admin-user and "
            f"{ENV_PREFIX}ADMIN_PASSWORD, or take --profile visitor."
        )
    if doubled := sorted(set(settings.only) & set(settings.skip)):
        raise SettingsError(f"{both('only', 'skip')}: {', '.join(doubled)} stands in both. Take it out of one.")
