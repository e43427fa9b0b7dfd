"""The recordings: read them, put them into the order in which they were made, and learn what they say of each thing.

A recording names things (visitors, rooms, messages, agents) that were prepared without being recorded. `Knowledge`
collects every document of every answer by its id, so that the replay can make such a thing before it is first needed.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Doc: TypeAlias = dict[str, Any]

AREA_ORDER = (
    "general", "users", "department", "triggers", "custom-fields", "appearance", "integrations", "office-hours",
    "visitor", "room", "message", "rooms", "inquiries", "queue", "agent", "config", "offline-message", "transcript",
    "sms", "lifecycle-manual", "lifecycle-auto", "video-call", "limiter",
)  # fmt: skip
"""The order in which the areas were recorded, as the running numbers of the visitors' tokens show it."""

RANDOM_ID = re.compile(r"[A-Za-z0-9]{17}")
"""What a server makes up as an id."""


DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
"""How the API writes times."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded exchange: what was sent, and what a real server answered."""

    index: int
    id: str
    area: str
    operation: str
    case: str
    kind: str
    persona: str
    settings: Doc
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: Any
    status: int
    answer_headers: dict[str, str]
    answer: Any
    params: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The id without the version: `room/071`."""
        return self.id.split("/", 1)[1]

    @property
    def name(self) -> str:
        """Method and last fixed part of the route: `GET room`, `POST message`, `GET visitor/{token}`."""
        method, _, route = self.operation.partition(" ")
        return f"{method} {route.removeprefix('/api/v1/').removeprefix('livechat/')}"

    @property
    def code(self) -> str | None:
        """The error code of the answer, normalised."""
        return error_code(self.answer)

    @property
    def accepted(self) -> bool:
        """Whether the answer is a success."""
        answer = self.answer
        return (
            self.status == 200
            and isinstance(answer, dict)
            and "raw" not in answer
            and answer.get("success") is not False
        )

    @property
    def sent(self) -> Doc:
        """The object that the body means, whether it was sent as JSON, as a form, or with an odd content type."""
        body = self.body
        if isinstance(body, dict) and set(body) == {"raw"}:
            try:
                body = json.loads(body["raw"])
            except ValueError:
                body = dict(parse_qsl(body["raw"]))
        return body if isinstance(body, dict) else {}

    def field(self, *names: str) -> str | None:
        """The first text among the named fields of path, query and body."""
        sources: list[Doc] = [self.params, dict(self.query)]
        body = self.sent
        sources.append(body)
        sources.extend(body[key] for key in ("visitor", "message") if isinstance(body.get(key), dict))
        for name in names:
            for source in sources:
                if isinstance(value := source.get(name), str) and value:
                    return value
        return None


def error_code(body: Any) -> str | None:
    """The error code of an answer, normalised over the six shapes of error bodies; None where there is none.

    Texts of database errors are one code, because the recordings do not vouch for their wording.
    """
    if not isinstance(body, dict) or (body.get("success") is not False and body.get("status") != "error"):
        return None
    kind, error, message = body.get("errorType"), body.get("error"), body.get("message")
    if kind == "Match.Error" or any(
        isinstance(text, str) and text.startswith("Match error:") for text in (error, message)
    ):
        return "validation"
    if isinstance(kind, str) and kind != "Meteor.Error":
        return kind
    if isinstance(error, str):
        if re.search(r"BSON|\$sort|\$limit|\$skip|E11000", error):
            return "database"
        found = re.search(r"\[([^\]]+)\]\s*$", error)
        return found.group(1) if found else error
    if "errmsg" in body:
        return "database"
    return str(error) if error is not None else None


def read_recordings(folder: Path) -> list[Recording]:
    """All recordings of a version's folder, in the order in which they were made."""
    lines: list[Doc] = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as stream:
            lines.extend(json.loads(line) for line in stream if line.strip())
    rank = {area: number for number, area in enumerate(AREA_ORDER)}

    def place(line: Doc) -> tuple[int, str, str]:
        _, area, number = line["id"].split("/")
        return rank.get(area, len(rank)), area, number

    return [_recording(index, line) for index, line in enumerate(sorted(lines, key=place))]


def _recording(index: int, line: Doc) -> Recording:
    request, response = line["request"], line["response"]
    route = line.get("route") or line["operation"]
    return Recording(
        index=index,
        id=line["id"],
        area=line["id"].split("/")[1],
        operation=route if " " in route else line["operation"],
        case=line["case"],
        kind=line["class"],
        persona=line["persona"],
        settings=line["settings"],
        method=request["method"],
        path=request["path"],
        query=tuple((name, value) for name, value in request.get("query") or ()),
        headers=dict(request.get("headers") or {}),
        body=request.get("body"),
        status=response["status"],
        answer_headers=dict(response.get("headers") or {}),
        answer=response["body"],
        params=_params(route, request["path"]),
    )


def _params(route: str, path: str) -> dict[str, str]:
    template = route.partition(" ")[2]
    pattern = re.sub(r"\\\{([^}]+)\\\}", r"(?P<\1>[^/?]+)", re.escape(template))
    found = re.match(pattern + "/?$", path.partition("?")[0])
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else {}


def documents(value: Any) -> Iterator[Doc]:
    """Every object inside an answer, the outer ones first."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from documents(item)
    elif isinstance(value, list):
        for item in value:
            yield from documents(item)


def is_room(doc: Doc) -> bool:
    """Whether an object is a room: it has a visitor and is not an entry about a room."""
    return "_id" in doc and isinstance(doc.get("v"), dict) and "rid" not in doc


def is_message(doc: Doc) -> bool:
    """Whether an object is a message of a room."""
    return {"_id", "rid", "msg", "u"} <= doc.keys()


def is_visitor(doc: Doc) -> bool:
    """Whether an object is a visitor's document, whole or as the widget sees it."""
    return {"_id", "token", "username"} <= doc.keys() and "rid" not in doc and "status" not in doc


UNKNOWN_THING = frozenset({"invalid-token", "invalid-room", "cannot-access-room", "error-invalid-room", "validation"})


class Knowledge:
    """What the recordings say of rooms, visitors, messages, inquiries, users and departments, by recorded id."""

    def __init__(self, recordings: list[Recording]) -> None:
        self.rooms: dict[str, list[tuple[int, Doc]]] = defaultdict(list)
        self.visitors: dict[str, list[tuple[int, Doc]]] = defaultdict(list)
        self.messages: dict[str, list[tuple[int, Doc]]] = defaultdict(list)
        self.tokens: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.inquiries: dict[str, str] = {}
        self.users: dict[str, Doc] = {}
        self.departments: dict[str, Doc] = {}
        self.links: dict[str, set[str]] = defaultdict(set)
        self.triggers: dict[str, Doc] = {}
        self.made: dict[tuple[str, str], int] = {}
        self.moved: dict[str, int] = {}
        self.alive: dict[str, int] = {}
        self.waiting: dict[str, Doc] = {}
        self.message_calls: dict[str, list[Recording]] = defaultdict(list)
        for recording in recordings:
            self._learn_request(recording)
            for doc in documents(recording.answer):
                self._learn(recording.index, doc)
            self._learn_made(recording)

    def _learn_request(self, recording: Recording) -> None:
        rid, token = recording.field("rid", "roomId"), recording.field("token")
        if rid and token and recording.status in (200, 400) and recording.code not in UNKNOWN_THING:
            new = isinstance(recording.answer, dict) and recording.answer.get("newRoom")
            telling = recording.accepted or (recording.code is not None and recording.name != "GET room")
            if telling and not new and "page" not in recording.name:
                self.owners.setdefault(rid, token)
        if rid and recording.accepted and recording.name in ("POST room.transfer", "POST room.forward"):
            self.moved.setdefault(rid, recording.index)
        if rid and recording.accepted and recording.name in ("POST room.close", "POST message", "POST room.transfer"):
            self.alive[rid] = recording.index
        if "message/{_id}" in recording.name and "_id" in recording.params:
            self.message_calls[recording.params["_id"]].append(recording)

    def _learn_made(self, recording: Recording) -> None:
        answer = recording.answer
        if not recording.accepted:
            return
        if recording.name == "POST visitor" and isinstance(answer.get("visitor"), dict):
            self.made.setdefault(("visitor", answer["visitor"].get("token", "")), recording.index)
        elif recording.name == "GET room" and answer.get("newRoom"):
            self.made.setdefault(("room", answer["room"]["_id"]), recording.index)
        elif recording.name in ("POST message", "POST chat.sendMessage"):
            self.made.setdefault(("message", answer["message"]["_id"]), recording.index)
        elif recording.name == "POST department":
            self.made.setdefault(("department", answer["department"]["_id"]), recording.index)
        elif recording.name == "POST users.create":
            self.made.setdefault(("user", answer["user"]["_id"]), recording.index)

    def _learn(self, index: int, doc: Doc) -> None:
        if is_room(doc):
            self.rooms[doc["_id"]].append((index, doc))
            if doc.get("open"):
                self.alive[doc["_id"]] = index
            visitor = doc["v"]
            if "token" in visitor:
                name = {"name": doc["fname"]} if doc.get("fname") not in (None, visitor.get("username")) else {}
                self._learn_visitor(index, {**visitor, **name})
                self.owners[doc["_id"]] = visitor["token"]
            if served := doc.get("servedBy"):
                self.users.setdefault(served["_id"], {}).setdefault("username", served["username"])
                if department := doc.get("departmentId"):
                    self.links[department].add(served["_id"])
            if department := doc.get("departmentId"):
                known = self.departments.setdefault(department, {"_id": department})
                known.update(doc.get("department") or {})
                if doc.get("tags"):
                    known["chatClosingTags"] = doc["tags"]
        elif is_message(doc):
            self.messages[doc["_id"]].append((index, doc))
            if isinstance(doc.get("token"), str):
                self.owners.setdefault(doc["rid"], doc["token"])
                self._learn_visitor(index, {**doc["u"], "token": doc["token"]})
        elif "rid" in doc and "status" in doc and "name" in doc:
            self.inquiries[doc["_id"]] = doc["rid"]
            self.alive[doc["rid"]] = index
            self.waiting[doc["rid"]] = doc
            if isinstance(doc.get("v"), dict) and "token" in doc["v"]:
                self.owners[doc["rid"]] = doc["v"]["token"]
                self._learn_visitor(index, doc["v"])
        elif is_visitor(doc):
            self._learn_visitor(index, doc)
        elif {"agentId", "departmentId"} <= doc.keys():
            self.links[doc["departmentId"]].add(doc["agentId"])
            self.users.setdefault(doc["agentId"], {}).setdefault("username", doc.get("username"))
        elif "showOnRegistration" in doc and "_id" in doc:
            self.departments.setdefault(doc["_id"], {}).update(doc)
        elif "conditions" in doc and "name" in doc:
            self.triggers[doc["_id"]] = doc
        elif {"_id", "username"} <= doc.keys() and doc["_id"] is not None and doc.keys() & {"emails", "roles"}:
            self.users.setdefault(doc["_id"], {}).update(doc)

    def _learn_visitor(self, index: int, doc: Doc) -> None:
        self.visitors[doc["token"]].append((index, doc))
        self.tokens[doc["_id"]] = doc["token"]

    def visitor(self, token: str, index: int) -> Doc:
        """What is known of a visitor at a moment: the first words about him from then on, else the last before."""
        found: Doc = {}
        seen = self.visitors.get(token, [])
        moved = min((at for rid, at in self.moved.items() if self.owners.get(rid) == token), default=None)
        if moved is not None and moved >= index:  # what his department was before cannot be seen from later answers
            seen = [(at, doc if at < moved else {**doc, "department": None}) for at, doc in seen]
        for _, doc in [*(item for item in seen if item[0] < index), *reversed([i for i in seen if i[0] >= index])]:
            found.update(doc)
        return found

    def first_department(self, token: str) -> str | None:
        """The department that a visitor was in when his first room was opened, as far as answers tell."""
        for rid, seen in self.rooms.items():
            at, first = seen[0]
            if first["v"].get("token") == token and at < self.moved.get(rid, at + 1):
                department = first.get("departmentId")
                return department if isinstance(department, str) else None
        for rid, inquiry in self.waiting.items():
            if self.owners.get(rid) == token and rid not in self.moved:
                department = inquiry.get("department")
                return department if isinstance(department, str) else None
        return None

    def room(self, rid: str, index: int) -> Doc:
        """The first document of a room from a moment on, else the last one before; empty where none is known."""
        seen = self.rooms.get(rid, [])
        after = [doc for at, doc in seen if at >= index]
        return after[0] if after else (seen[-1][1] if seen else {})
