"""Names: everything that a run makes carries its prefix, and a prefix can be told from names that only resemble it.

A prefix is ``lcx-<seed>-<worker>-<check>``: the seed in base 36, the worker's name, and four hexadecimal digits that
are a hash of the two. An object of somebody else that happens to be called ``lcx-agent`` has no valid check and is
never ours. Telephone numbers cannot carry letters: ours begin with 999, which no country has, and end with three
check digits.
"""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Final

_PREFIX: Final = re.compile(r"lcx-([0-9a-z]{1,13})-([0-9a-z]{1,12})-([0-9a-f]{4})(?![0-9A-Za-z])", re.ASCII)
_PHONE: Final = re.compile(r"\+?(999[0-9]{8})([0-9]{3})", re.ASCII)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
MAIL_DOMAIN: Final = "example.com"
"""Reserved for examples, and known to the name service: some servers look the mail domain up."""


def run_prefix(seed: int, worker: str, shard: str | None = None) -> str:
    """The prefix of one worker of one run; the same seed and worker give the same prefix.

    Parts of one split run (``shard`` is ``K/N``) share a seed, and have prefixes of their own.
    """
    worker = f"s{shard.partition('/')[0]}{worker}" if shard else worker
    digits = ""
    while True:
        seed, digit = divmod(seed, 36)
        digits = _DIGITS[digit] + digits
        if not seed:
            break
    name = re.sub(r"[^0-9a-z]", "", worker.lower())[:12] or "main"
    return f"lcx-{digits}-{name}-{_check(digits, name)}"


def _check(digits: str, worker: str) -> str:
    return hashlib.sha256(f"livechat-conformance/{digits}/{worker}".encode()).hexdigest()[:4]


def own_prefix(text: object) -> str | None:
    """The prefix that a name begins with, if it is one that a run of this suite gave; else ``None``."""
    if not isinstance(text, str):
        return None
    found = _PREFIX.match(text)
    return found[0] if found and _check(found[1], found[2]) == found[3] else None


def owns(text: object) -> bool:
    """Whether a name or a telephone number was given by a run of this suite."""
    return own_prefix(text) is not None or is_own_phone(text)


def is_own_phone(text: object) -> bool:
    """Whether a telephone number (with or without ``+``) was given by a run of this suite."""
    found = _PHONE.fullmatch(text) if isinstance(text, str) else None
    return bool(found) and found[2] == _phone_check(found[1])  # type: ignore[index]


def _phone_check(digits: str) -> str:
    return f"{int(hashlib.sha256(f'livechat-conformance/{digits}'.encode()).hexdigest()[:8], 16) % 1000:03d}"


class Names:
    """Gives out names under one prefix, each only once; safe for use by several threads.

    Args:
        prefix: From ``run_prefix``.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def next(self, kind: str) -> str:
        """The next name of a kind, for example ``lcx-1z-gw0-3fa2-v12``; ``kind`` is letters only."""
        with self._lock:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{self.prefix}-{kind}{number}"

    def email(self) -> str:
        """An e-mail address that nobody else uses."""
        return f"{self.next('m')}@{MAIL_DOMAIN}"

    def phone(self) -> str:
        """A telephone number that nobody else uses, as ``+`` and 14 digits."""
        number = int(hashlib.sha256(self.next("p").encode()).hexdigest()[:12], 16) % 10**8
        digits = f"999{number:08d}"
        return f"+{digits}{_phone_check(digits)}"
