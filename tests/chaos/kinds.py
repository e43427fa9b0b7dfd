"""The kinds of misbehaviour: each an act, and how a run against it has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.proxy import Act

HARMLESS = (0,)
BROKEN = (1,)
OPEN = (1, 4)
AWAY = (3,)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of misbehaviour.

    Attributes:
        name: In a few words.
        act: Answers a call.
        codes: The exit codes that a run may end with.
        spared: How many calls are answered faithfully first; the probe of a visitor's run takes two.
        admin: Whether the run has admin credentials.
        words: Stand in what the run says.
        arguments: Further arguments of the command line.
        tls: Whether the proxy speaks TLS with a certificate that nobody has signed.
    """

    name: str
    act: Act
    codes: tuple[int, ...]
    spared: int = 0
    admin: bool = False
    words: str = ""
    arguments: tuple[str, ...] = ()
    tls: bool = False


KINDS: dict[str, Kind] = {}
"""All kinds, by name."""
GATE = frozenset(
    {
        *("silent from the start", "half closed from the start", "closed at once in the middle"),
        *("reset every third call", "reset inside the body", "early close", "endless body in the middle"),
        *("content length too short", "chunked garbage in the middle", "chunks of one byte with extensions"),
        *("http 1 0", "another protocol from the start", "keep alive closed silently"),
        *("redirect loop from the start", "redirect to another host in the middle"),
        *("redirect of the login to another host", "503 in the middle", "http 503 in between"),
        *("401 of a proxy from the start", "http 429 with retry after", "http 429 without retry after"),
        *("too many headers", "status 999", "restart in the middle", "self signed certificate"),
        *("self signed certificate with --ca", "always the same 200"),
        *("compressed huge in the middle", "gigantic body in the middle", "truncated gzip", "broken utf8"),
        *("deeply nested in the middle", "duplicate keys", "nan", "empty answers", "wrong media type"),
    }
)
"""The kinds of every gate: some of each sort, and none that has to wait long. All: ``--chaos-all``."""


def kind(
    codes: tuple[int, ...],
    *,
    spared: int = 4,
    admin: bool = False,
    words: str = "",
    arguments: tuple[str, ...] = (),
    name: str = "",
    tls: bool = False,
) -> Callable[[Act], Act]:
    """Add an act to the kinds, under its own name or another one."""

    def add(act: Act) -> Act:
        told = name or act.__name__.replace("_", " ")
        assert told not in KINDS, told
        KINDS[told] = Kind(told, act, codes, spared, admin, words, arguments, tls)
        return act

    return add
