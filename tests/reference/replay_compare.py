"""Comparing an answer with the recorded one: status, error code, and a body with the same keys and types.

A list of documents is data, so its length is not compared, only whether it is empty; its elements must look like
elements that the recordings show at this place of this operation: no unknown key, no missing one that all of them have.
Objects outside lists must have exactly the recorded keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.reference.replay_corpus import DATE, Recording, error_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.reference.replay_ids import IdMap

OPEN_MAPS = frozenset({"livechatData", "surveyFeedback", "customFields", "preferences"})
"""Objects whose keys are data: compared by the types of the keys that both have."""


def type_name(value: Any) -> str:
    """The JSON type of a value; a date is told apart from other text."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "date" if DATE.fullmatch(value) else "text"
        case list():
            return "list"
        case _:
            return "object"


@dataclass(slots=True)
class Shape:
    """What was seen at one place: how often, of which types, with which keys and elements."""

    seen: int = 0
    types: set[str] = field(default_factory=set)
    keys: dict[str, Shape] = field(default_factory=dict)
    elements: dict[str, Shape] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Learn from one more value."""
        self.seen += 1
        self.types.add(type_name(value))
        if isinstance(value, dict):
            for key, item in value.items():
                self.keys.setdefault(key, Shape()).add(item)
        elif isinstance(value, list):
            for item in value:
                self.elements.setdefault(sort_of(item), Shape()).add(item)

    def differences(self, value: Any, pointer: str) -> Iterable[str]:
        """How a value differs from all that was seen."""
        if (name := type_name(value)) not in self.types:
            yield f"{pointer}: {name}, recorded {'/'.join(sorted(self.types))}"
            return
        if isinstance(value, dict) and pointer.rpartition("/")[2] not in OPEN_MAPS:
            objects = max((shape.seen for shape in self.keys.values()), default=0)
            for key, shape in self.keys.items():
                if key not in value and shape.seen == objects == self.seen:
                    yield f"{pointer}/{key}: missing"
            for key, item in value.items():
                if key not in self.keys:
                    yield f"{pointer}/{key}: never recorded here"
                else:
                    yield from self.keys[key].differences(item, f"{pointer}/{key}")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                sort = sort_of(item)
                if sort in self.elements:
                    yield from self.elements[sort].differences(item, f"{pointer}/{number}")
                elif self.elements:
                    yield f"{pointer}/{number}: element of the sort {sort!r}, never recorded here"


def sort_of(element: Any) -> str:
    """The sort of a list's element: messages are told apart by their type `t`, settings by their type `type`."""
    if not isinstance(element, dict):
        return type_name(element)
    kind = element.get("t") or element.get("type") or ""
    return f"{kind}/file" if "file" in element else str(kind)


class Comparer:
    """Compares answers with recordings, and knows what elements of lists look like over all recordings."""

    def __init__(self, recordings: Iterable[Recording], ids: IdMap) -> None:
        self._ids = ids
        self._lists: dict[tuple[str, str], Shape] = {}
        for recording in recordings:
            if isinstance(recording.answer, dict) and recording.status == 200:
                self._learn(recording.name, recording.answer, "")

    def _learn(self, name: str, value: Any, pointer: str) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                self._learn(name, item, f"{pointer}/{key}")
        elif isinstance(value, list):
            self._lists.setdefault((name, pointer), Shape()).add(value)

    def differences(self, recording: Recording, status: int, headers: dict[str, str], body: Any) -> list[str]:
        """How an answer differs from the recorded one; empty where it is equal."""
        if status != recording.status:
            return [
                f"status {status}, recorded {recording.status}; code {error_code(body)!r}, recorded {recording.code!r}"
            ]
        wanted_type = recording.answer_headers.get("content-type", "").partition(";")[0]
        if wanted_type and (media := headers.get("content-type", "").partition(";")[0]) != wanted_type:
            return [f"content type {media!r}, recorded {wanted_type!r}"]
        if (allow := recording.answer_headers.get("allow")) is not None:
            ours = {part.strip() for part in headers.get("allow", "").split(",")}
            if ours != {part.strip() for part in allow.split(",")}:
                return [f"allow {headers.get('allow')!r}, recorded {allow!r}"]
        for name in recording.answer_headers:
            if name.startswith("x-ratelimit") and name not in headers:
                return [f"no header {name}"]
        if isinstance(recording.answer, dict) and "raw" in recording.answer:
            return self._raw(recording, body, wanted_type)
        if (code := error_code(body)) != recording.code:
            return [f"code {code!r}, recorded {recording.code!r}"]
        return list(self._exact(recording.name, recording.answer, body, ""))

    def _same(self, recorded: Any, value: Any) -> bool:
        """Whether two single elements are about the same thing, as far as ids tell."""
        known = recorded.get("_id") if isinstance(recorded, dict) else None
        return (
            not isinstance(known, str)
            or known not in self._ids
            or (isinstance(value, dict) and self._ids.get(known) == value.get("_id"))
        )

    @staticmethod
    def _raw(recording: Recording, body: Any, media: str) -> list[str]:
        if not isinstance(body, dict) or "raw" not in body:
            return ["JSON, recorded other text"]
        if media == "text/html":  # pages of the web client: only status and type count
            return []
        return [] if body["raw"].strip() == recording.answer["raw"].strip() else [f"text {body['raw']!r}"]

    def _exact(self, name: str, recorded: Any, value: Any, pointer: str) -> Iterable[str]:
        ours, theirs = type_name(value), type_name(recorded)
        if ours != theirs:
            yield f"{pointer}: {ours}, recorded {theirs}"
        elif isinstance(recorded, dict):
            open_map = pointer.rpartition("/")[2] in OPEN_MAPS
            for key, item in recorded.items():
                if key in value:
                    yield from self._exact(name, item, value[key], f"{pointer}/{key}")
                elif not open_map:
                    yield f"{pointer}/{key}: missing"
            if not open_map:
                yield from (f"{pointer}/{key}: not recorded" for key in value if key not in recorded)
        elif isinstance(recorded, list):
            if bool(recorded) != bool(value):
                yield f"{pointer}: {len(value)} elements, recorded {len(recorded)}"
            elif len(recorded) == len(value) == 1 and self._same(recorded[0], value[0]):
                yield from self._exact(name, recorded[0], value[0], f"{pointer}/0")
            else:
                yield from (
                    self._lists[(name, pointer)].differences(value, pointer) if (name, pointer) in self._lists else ()
                )
