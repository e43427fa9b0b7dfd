"""What a correct variant of the reference server is, and how one is served."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.seam import plant
from conformance.reference.seeds import open_site
from conformance.reference.server import Url, running
from conformance.reference.site import Options, Site, write_setting

Behaviours = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a real server rightly differs from the reference server.

    Attributes:
        name: How the tests call it.
        sentence: What is different.
        version: The release that the server says it is; empty for that of the reference server.
        replace: Behaviours that are done differently.
        wrap: Behaviours with something around them.
        options: How the reference server is started.
        settings: Settings with other values.
        prepare: Changes the stored documents before the first call, or None.
        defects: Clauses that servers of this kind really break, each with the reason: they must be found.
        exit_code: That of a whole run, where there are no defects; 4 where something cannot be reached.
    """

    name: str
    sentence: str
    version: str = ""
    replace: Behaviours = field(default_factory=dict)
    wrap: Behaviours = field(default_factory=dict)
    options: Options = field(default_factory=lambda: Options(routing="Auto_Selection"))
    settings: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Site], None] | None = None
    defects: Mapping[str, str] = field(default_factory=dict)
    exit_code: int = 0


@contextlib.contextmanager
def serve(variant: Variant, port: int = 0) -> Iterator[Url]:
    """Run a variant on the loopback interface for the length of a block.

    Yields:
        Its address, with the administrator's name and password.
    """
    site = open_site(variant.options)
    if variant.version:
        site.version = variant.version
    for identifier, value in variant.settings.items():
        write_setting(site, identifier, value)
    if variant.prepare is not None:
        variant.prepare(site)
    site.store.commit()
    plant(site.overrides, (variant,))
    with running(site, port=port) as url:
        yield url


def later(site: Site, act: Callable[[], object], seconds: tuple[float, float] = (0.1, 0.6), key: str = "") -> None:
    """Do something some time after the answer of the running call, unless the call is undone; acts of a key in order.

    Needs ``finish`` around ``http.finish``.
    """
    site.memory.setdefault("put off", []).append((act, random.uniform(*seconds), key))


def finish(inner: Callable[..., None], site: Site, call: Any, *, keep: bool) -> None:
    """End a call, and begin to wait with what it put off."""
    inner(site, call, keep=keep)
    put_off = site.memory.pop("put off", [])
    if not keep:
        return
    loop = asyncio.get_running_loop()
    ends = site.memory.setdefault("put off until", {})
    for act, seconds, key in put_off:
        due = max(loop.time() + seconds, ends.get(key, 0.0) + 0.001 if key else 0.0)
        if key:
            ends[key] = due
        loop.call_at(due, _do, site, act)


def _do(site: Site, act: Callable[[], object]) -> None:
    act()
    site.store.commit()


def with_beside(start: Callable[[Site], Any]) -> Callable[..., Any]:
    """A wrap of ``http.find_route`` that starts a coroutine beside the calls, once, with the first call."""

    def wrapped(inner: Callable[..., Any], site: Site, *rest: Any) -> Any:
        if "beside" not in site.memory:
            site.memory["beside"] = asyncio.get_running_loop().create_task(start(site))
        return inner(site, *rest)

    return wrapped
