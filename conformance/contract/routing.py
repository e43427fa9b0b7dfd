"""Finds the operation that a request addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.contract.model import Operation

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SLASH = re.compile(r"(%2[Ff])")
_PARAMETER = re.compile(r"\{([^{}]+)\}")


def decode_segment(text: str) -> str | None:
    """Return a path segment decoded, an encoded slash left as it is, or ``None`` where a percent code is malformed."""
    if _BAD_ESCAPE.search(text):
        return None
    try:
        return "".join(
            part if _SLASH.fullmatch(part) else unquote(part, errors="strict") for part in _SLASH.split(text)
        )
    except UnicodeDecodeError:
        return None


class Router:
    """Matches method and path; a path without parameters goes before a template, a slash at the end is tolerated."""

    __slots__ = ("_fixed", "_templates")

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._fixed: dict[tuple[str, str], Operation] = {}
        self._templates: dict[tuple[str, int], list[tuple[tuple[str, ...], Operation]]] = {}
        for operation in operations:
            if "{" not in operation.path:
                self._fixed[operation.method, operation.path] = operation
                continue
            parts = tuple(operation.path.split("/"))
            self._templates.setdefault((operation.method, len(parts)), []).append((parts, operation))
        for group in self._templates.values():
            # The more fixed parts a template has, and the earlier they stand, the more exact it is.
            group.sort(key=lambda item: [part.startswith("{") for part in item[0]])

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation and its path parameters, decoded, or ``None``.

        A parameter whose percent code is malformed keeps its raw text, for the check to complain about. No parameter
        is empty.
        """
        path = path.partition("?")[0]
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        method = method.upper()
        fixed = self._fixed.get((method, path))
        if fixed:
            return fixed, {}
        segments = path.split("/")
        for parts, operation in self._templates.get((method, len(segments)), ()):
            values: dict[str, str] = {}
            for part, segment in zip(parts, segments, strict=True):
                name = _PARAMETER.fullmatch(part)
                if name and segment:
                    decoded = decode_segment(segment)
                    values[name[1]] = segment if decoded is None else decoded
                elif part != segment:
                    break
            else:
                return operation, values
        return None
