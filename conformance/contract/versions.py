"""Versions of servers: read, compared, and placed in half-open ranges."""

from __future__ import annotations

import re

DOCUMENTED = "3.2.0"
"""The release that the contract describes when nobody names another one."""

NEWEST = "3.15"
"""The newest line of releases that recordings confirm; a target above it is newer than the contract."""

RECORDED = ("2.4.14", "3.2.0", "3.4.0", "3.15.0")
"""The releases of which recordings exist."""

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?", re.ASCII)


def parse_version(text: str) -> tuple[int, int, int]:
    """Return ``(major, minor, patch)``; what is absent counts as 0 and a suffix such as ``-rc.1`` is ignored.

    Raises:
        ValueError: The text does not begin with a version.
    """
    found = _VERSION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a version such as 3.2.0")
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def in_range(version: str, since: str | None, until: str | None) -> bool:
    """Say whether ``since <= version < until``; an absent bound is open.

    Raises:
        ValueError: One of the three is not a version.
    """
    number = parse_version(version)
    return (since is None or parse_version(since) <= number) and (until is None or number < parse_version(until))


def is_newer(version: str, newest: str = NEWEST) -> bool:
    """Say whether a server's version lies above the newest known line (``3.15.9`` does not, ``3.16.0`` does).

    Raises:
        ValueError: One of the two is not a version.
    """
    return parse_version(version)[:2] > parse_version(newest)[:2]
