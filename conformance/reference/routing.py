"""Operations, how they are declared, and how a path finds its operation.

A path is compared as it was sent: case counts, a doubled slash does not match, one trailing slash is accepted, percent
codes are decoded in parameters only (recordings ``general/116`` to ``general/131``, ``visitor/036`` to ``041``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from conformance.reference.envelope import Answer, ErrorStyle
from conformance.reference.request import Operation
from conformance.reference.seam import behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.request import Call
    from conformance.reference.site import Site

#: The order in which the header ``Allow`` names methods.
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadPath(ValueError):
    """A path parameter has a malformed percent code or is not UTF-8 when decoded."""


@dataclass(frozen=True, slots=True)
class Route:
    """One path template and its operations by method."""

    template: str
    segments: tuple[str | None, ...]
    names: tuple[str, ...]
    operations: dict[str, Operation]

    @property
    def allowed(self) -> tuple[str, ...]:
        """The methods that the path has."""
        return tuple(method for method in METHODS if method in self.operations)


#: All operations by id, complete once ``conformance.reference.operations`` is imported.
OPERATIONS: dict[str, Operation] = {}


def operation(
    identifier: str,
    method: str,
    path: str,
    *,
    errors: ErrorStyle = ErrorStyle.ESCAPED,
    auth: bool = False,
    limited: bool = True,
) -> Callable[[Callable[[Site, Call], Answer]], Callable[[Site, Call], Answer]]:
    """Declare a handler as an operation; it becomes the behaviour ``operation.<identifier>``."""

    def declare(function: Callable[[Site, Call], Answer]) -> Callable[[Site, Call], Answer]:
        handler: Any = behaviour(f"operation.{identifier}")(function)
        OPERATIONS[identifier] = Operation(identifier, method, path, handler, errors, auth, limited)
        through: Callable[[Site, Call], Answer] = handler
        return through

    return declare


def decode_segment(text: str) -> str:
    """A path parameter without its percent codes.

    Raises:
        BadPath: A code is malformed. (The real server never answers such a request.)
    """
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise BadPath(text)
    if "%2f" in text.lower():
        text = re.sub("%2[fF]", lambda code: "%25" + code.group()[1:], text)
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise BadPath(text) from None


class Router:
    """Finds the route of a path."""

    def __init__(self, operations: dict[str, Operation]) -> None:
        self._static: dict[str, Route] = {}
        self._templates: dict[int, list[Route]] = {}
        for entry in operations.values():
            self._add(entry)

    def _add(self, entry: Operation) -> None:
        names = tuple(re.findall(r"\{([^}]+)\}", entry.path))
        if not names:
            route = self._static.setdefault(entry.path, Route(entry.path, (), (), {}))
            route.operations[entry.method] = entry
            return
        segments = tuple(None if part.startswith("{") else part for part in entry.path.split("/"))
        routes = self._templates.setdefault(len(segments), [])
        for route in routes:
            if route.segments == segments:
                route.operations[entry.method] = entry
                return
        routes.append(Route(entry.path, segments, names, {entry.method: entry}))

    def find(self, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a path and its decoded parameters, or None.

        Raises:
            BadPath: The path belongs to a route, and a parameter has a malformed percent code.
        """
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        static = self._static.get(path)
        if static is not None:
            return static, {}
        parts = path.split("/")
        for route in self._templates.get(len(parts), ()):
            values: list[str] = []
            for part, segment in zip(parts, route.segments, strict=True):
                if segment is None:
                    if not part:
                        break
                    values.append(part)
                elif part != segment:
                    break
            else:
                return route, dict(zip(route.names, map(decode_segment, values), strict=True))
        return None
