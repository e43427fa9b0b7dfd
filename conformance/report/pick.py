"""How a script takes an id out of an earlier answer. The source of this function stands in every such script."""

from __future__ import annotations

import json
from typing import Any


def pick(value: Any, path: str) -> Any:
    """A member of an answer: ``/room/_id``, ``/rooms/[token=abc]/_id`` for an item of a list, ``@`` for JSON in it."""
    for part in path.split("/")[1:]:
        if part == "@":
            value = json.loads(value)
        elif part.startswith("["):
            name, _, wanted = part[1:-1].partition("=")
            value = next(each for each in value if each.get(name) == wanted)
        else:
            value = value[int(part)] if isinstance(value, list) else value[part]
    return value
