"""From recorded ids, times and generated names to the live ones."""

from __future__ import annotations

import re
from typing import Any

from tests.reference.replay_corpus import DATE

WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{17}(?![A-Za-z0-9])|" + DATE.pattern + r"|\bguest-\d+\b")
"""What a server makes up: ids, times, and the names of unnamed visitors."""


class IdMap:
    """Which live text stands for which recorded one; learnt by walking a recorded and a live answer side by side."""

    def __init__(self) -> None:
        self._live: dict[str, str] = {}

    def __contains__(self, recorded: str) -> bool:
        return recorded in self._live

    def bind(self, recorded: str, live: str) -> None:
        """Learn one pair; the first one learnt stays."""
        self._live.setdefault(recorded, live)

    def get(self, recorded: str) -> str:
        """The live text, or the recorded one where none is known."""
        return self._live.get(recorded, recorded)

    def text(self, text: str) -> str:
        """A text with every known id, time and generated name inside it replaced."""
        return WORD.sub(lambda found: self._live.get(found.group(), found.group()), text)

    def value(self, value: Any) -> Any:
        """A JSON value with all its texts replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return value

    def learn(self, recorded: Any, live: Any) -> None:
        """Learn the pairs of two answers to the same request."""
        if isinstance(recorded, str) and isinstance(live, str):
            if WORD.fullmatch(recorded):
                self.bind(recorded, live)
        elif isinstance(recorded, dict) and isinstance(live, dict):
            for key, value in recorded.items():
                if key in live:
                    self.learn(value, live[key])
        elif isinstance(recorded, list) and isinstance(live, list):
            self._learn_list(recorded, live)

    def _learn_list(self, recorded: list[Any], live: list[Any]) -> None:
        left = [item for item in live if isinstance(item, dict)]
        for item in recorded:
            if not isinstance(item, dict):
                continue
            known = item.get("_id")
            for candidate in left:
                same = known in self._live and candidate.get("_id") == self._live[known]
                if same or (known not in self._live and self._natural(item) == self._natural(candidate, live=True)):
                    left.remove(candidate)
                    self.learn(item, candidate)
                    break

    def _natural(self, doc: dict[str, Any], live: bool = False) -> tuple[object, ...]:
        visitor = doc.get("v") if isinstance(doc.get("v"), dict) else {}
        fixed = (
            doc.get("name"),
            doc.get("label"),
            doc.get("t"),
            doc.get("msg"),
            (visitor or {}).get("token"),
            doc.get("fname"),
        )
        names = tuple(doc.get(key) for key in ("agentId", "departmentId", "rid", "username"))
        return fixed + (names if live else tuple(self.get(name) if isinstance(name, str) else name for name in names))
