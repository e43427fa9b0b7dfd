"""The options of a run: one table from which the command line, the environment and the file are read.

An option called ``max-rate`` is ``--max-rate`` on the command line, ``LIVECHAT_CONFORMANCE_MAX_RATE`` in the
environment and ``max-rate`` (or ``max_rate``) in the TOML file.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from conformance.target.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

ENV_PREFIX: Final = "LIVECHAT_CONFORMANCE_"
"""What the environment variables of the options begin with; a second underscore after it marks the suite's own."""

PROFILES: Final = ("auto", "visitor", "agent", "manager")
LEVELS: Final = ("quick", "standard", "deep")
FEATURES: Final = ("sms", "video-call", "survey", "transcript", "office-hours", "offline-form")


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        name: As on the command line, without the two dashes.
        field: The attribute of ``Settings``.
        kind: ``url``, ``text``, ``secret``, ``choice``, ``flag``, ``count``, ``duration``, ``rate``, ``list``,
            ``shard`` or ``path``.
        help: One line for ``--help``.
        choices: Allowed values of a ``choice``, or of each element of a ``list`` where it is not empty.
        least: Smallest allowed number.
        most: Largest allowed number.
    """

    name: str
    field: str
    kind: str
    help: str
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = math.inf

    @property
    def env(self) -> str:
        """The name of the environment variable."""
        return ENV_PREFIX + self.name.upper().replace("-", "_")

    @property
    def secret(self) -> bool:
        """Whether the value may never be shown or written down."""
        return self.kind == "secret"


OPTIONS: Final[tuple[Option, ...]] = (
    Option("url", "url", "url", "The server's root, for example http://127.0.0.1:3000."),
    Option("admin-user", "admin_user", "text", "User name of an administrator."),
    Option(
        "admin-password", "admin_password", "secret", "The administrator's password; better by environment or prompt."
    ),
    Option("admin-token", "admin_token", "secret", "An administrator's access token, together with --admin-id."),
    Option("admin-id", "admin_id", "text", "The user id that belongs to --admin-token."),
    Option(
        "profile",
        "profile",
        "choice",
        "What is judged: all that the credentials allow (auto, the default), or less.",
        PROFILES,
    ),
    Option(
        "level",
        "level",
        "choice",
        "How many requests are drawn: few, tens (standard, the default), or hundreds.",
        LEVELS,
    ),
    Option(
        "contract",
        "contract",
        "choice",
        "Overlays for the target's version (auto, the default), or the documented release.",
        ("auto", "documented"),
    ),
    Option("without", "without", "list", "Optional features that the target is declared not to have.", FEATURES),
    Option("only", "only", "list", "Judge only these requirement ids, operations or areas."),
    Option("skip", "skip", "list", "Leave out these requirement ids, operations or areas."),
    Option(
        "shard",
        "shard",
        "shard",
        "Judge one part of a run split over machines, for example 1/4, each on its own server; merge joins the parts.",
    ),
    Option(
        "seed",
        "seed",
        "count",
        "The seed of all that is drawn; the same seed sends the same requests (default: a new one; 0 with --shard).",
        least=0,
        most=2**63 - 1,
    ),
    Option("workers", "workers", "count", "How many processes judge at once (default: 1).", least=1, most=64),
    Option("strict", "strict", "flag", "Deviations from SHOULD clauses turn the run red, too."),
    Option("read-only", "read_only", "flag", "Send no call that writes."),
    Option(
        "disposable", "disposable", "flag", "The server may be written to and its settings changed (they are restored)."
    ),
    Option("waivers", "waivers", "path", "A file of known failures that are accepted."),
    Option("max-time", "max_time", "duration", "Stop judging after this time, for example 90s, 10m, 1h.", least=1),
    Option(
        "max-rate",
        "max_rate",
        "rate",
        "At most this many requests, for example 5/s or 60/m (default: as fast as it answers).",
        least=0.01,
    ),
    Option("report", "report", "path", "The folder for the report (default: reports/latest)."),
    Option("fail-fast", "fail_fast", "flag", "Stop at the first failed clause."),
    Option("insecure", "insecure", "flag", "Accept any TLS certificate (said in the report)."),
    Option("ca", "ca", "path", "A PEM file of certificate authorities to trust."),
    Option(
        "timeout", "timeout_s", "duration", "The most that one request may take (default: 20s).", least=0.1, most=600
    ),
)
BY_NAME: Final = {option.name: option for option in OPTIONS}
BY_FIELD: Final = {option.field: option for option in OPTIONS}

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|min|h)?", re.ASCII)
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(?:/\s*(s|sec|second|m|min|minute))?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, None: 1.0}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence part such as `` Did you mean "max-rate"?``, or an empty text where nothing is near."""
    near = difflib.get_close_matches(word[:60].lower(), list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def shown(value: object, limit: int = 60) -> str:
    """A value as it may stand in a sentence: quoted, printable, short."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(character if character.isprintable() else "�" for character in text[: limit + 1])
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


def parse(option: Option, value: Any, where: str) -> Any:
    """The value of an option as ``Settings`` holds it.

    Args:
        option: Which option.
        value: Text from the environment or the command line, or a TOML value.
        where: The source, as a sentence names it: ``--seed``, ``LIVECHAT_CONFORMANCE_SEED`` or ``seed in x.toml``.

    Raises:
        SettingsError: The value is not of the option's kind.
    """
    reader = _READERS[option.kind]
    return reader(option, value, where)


def _wrong(option: Option, value: Any, where: str, wanted: str) -> SettingsError:
    given = "a value that is not shown" if option.secret else shown(value)
    return SettingsError(f"{where} is {given}, but it must be {wanted}.")


def _text(option: Option, value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(option, value, where, "a text that is not empty")
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise _wrong(option, value, where, "a text without control characters")
    if len(value) > 4096:
        raise _wrong(option, value, where, "a text of at most 4,096 characters")
    return value if option.secret else value.strip()


def _choice(option: Option, value: Any, where: str) -> str:
    if isinstance(value, str) and value.strip().lower() in option.choices:
        return value.strip().lower()
    near = did_you_mean(value, option.choices) if isinstance(value, str) else ""
    raise SettingsError(f"{where} is {shown(value)}, but it must be one of {', '.join(option.choices)}.{near}")


def _flag(option: Option, value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise _wrong(option, value, where, "true or false")


def _bounds(option: Option, unit: str = "") -> str:
    if math.isinf(option.most):
        return f"at least {option.least:g}{unit}"
    return f"from {option.least:g}{unit} to {option.most:.20g}{unit}"


def _count(option: Option, value: Any, where: str) -> int:
    wanted = f"a whole number {_bounds(option)}"
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,20}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not option.least <= value <= option.most:
        raise _wrong(option, value, where, wanted)
    return value


def _quantity(
    option: Option, value: Any, where: str, pattern: re.Pattern[str], wanted: str
) -> tuple[float, str | None]:
    if isinstance(value, str) and (found := pattern.fullmatch(value.strip().lower())):
        return float(found[1]), found[2]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e9:
        return float(value), None
    raise _wrong(option, value, where, wanted)


def _duration(option: Option, value: Any, where: str) -> float:
    wanted = f"a time such as 90s, 10m or 1h, {_bounds(option, ' s')}"
    number, unit = _quantity(option, value, where, _DURATION, wanted)
    seconds = number * _SECONDS[unit]
    if not option.least <= seconds <= option.most:
        raise _wrong(option, value, where, wanted)
    return seconds


def _rate(option: Option, value: Any, where: str) -> float:
    wanted = "a rate such as 5/s or 60/m"
    number, unit = _quantity(option, value, where, _RATE, wanted)
    rate = number / 60 if unit and unit.startswith("m") else number
    if not option.least <= rate <= option.most:
        raise _wrong(option, value, where, wanted)
    return rate


def _list(option: Option, value: Any, where: str) -> tuple[str, ...]:
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise _wrong(option, value, where, "a list of names, separated by commas")
    words = tuple(dict.fromkeys(word.strip() for part in parts for word in part.split(",") if word.strip()))
    for word in words:
        _text(option, word, where)
        if option.choices:
            _choice(option, word, where)
    return words


def _path(option: Option, value: Any, where: str) -> str:
    return _text(option, str(value) if hasattr(value, "__fspath__") else value, where)


def check_url(option: Option, value: Any, where: str) -> str:
    """A URL as ``scheme://host[:port]``, in lower case and without a slash at its end.

    Raises:
        SettingsError: It has no scheme, another scheme than http or https, a path, a query, or credentials in it.
    """
    # No root has an @ in it, and no other sentence may repeat what could be a password.
    if "@" in str(value):
        raise SettingsError(
            f"{where} has credentials in it: leave them out of the URL and give --admin-user, and the password in "
            f"{ENV_PREFIX}ADMIN_PASSWORD."
        )
    text = _text(option, value, where)
    if any(character.isspace() for character in text):
        raise SettingsError(
            f"{where} {shown(text)} has a space in it: give the server's root, as in https://chat.example.com."
        )
    if "://" not in text:
        raise SettingsError(f"{where} {shown(text)} has no scheme: give http://{_bare(text)} or https://{_bare(text)}.")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname
    except ValueError as problem:
        raise SettingsError(
            f"{where} {shown(text)} is not a URL: {problem}. Give it as in https://chat.example.com:3000."
        ) from None
    if parts.scheme.lower() not in {"http", "https"}:
        raise SettingsError(
            f"{where} {shown(text)} has the scheme {shown(parts.scheme)}: only http and https can be judged."
        )
    if not host:
        raise SettingsError(f"{where} {shown(text)} names no host: give it as in https://chat.example.com.")
    bracketed = f"[{host}]" if ":" in host else host
    root = f"{parts.scheme.lower()}://{bracketed}" + (f":{port}" if port is not None else "")
    if not _can_exist(host, root):
        raise SettingsError(
            f"{where} {shown(text)} names a host that cannot exist: give it as in https://chat.example.com."
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment or text.rstrip("/")[-1:] in "?#":
        raise SettingsError(f"{where} {shown(text)} goes beyond the server's root: leave the rest off and give {root}.")
    return root


def _can_exist(host: str, root: str) -> bool:
    """Whether requests can be sent to a host of this name: httpx is stricter than Python, and stumbles over some."""
    try:
        host.encode("idna")
        return bool(httpx.URL(root).host)
    except (httpx.InvalidURL, IndexError, UnicodeError):
        return False


def _bare(text: str) -> str:
    return shown(text.lstrip("/").split("/")[0].split("?")[0])[1:-1] or "host"


def _shard(option: Option, value: Any, where: str) -> str:
    """One part of a run as ``K/N`` with K from 1 to N."""
    match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*", value, re.ASCII) if isinstance(value, str) else None
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise _wrong(option, value, where, "one part of several, for example 1/4")
    return f"{int(match[1])}/{int(match[2])}"


_READERS: Final = {
    "url": check_url,
    "text": _text,
    "secret": _text,
    "choice": _choice,
    "flag": _flag,
    "count": _count,
    "duration": _duration,
    "rate": _rate,
    "list": _list,
    "shard": _shard,
    "path": _path,
}
