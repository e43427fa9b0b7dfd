"""A whole conversation: one visitor's room, looked at from all sides after each step.

What must hold between any two calls is judged by ``Conversation.look``; what a step itself should do is owned by the
clauses of its area, so a step that does not do it blocks the rest of the conversation.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.suite import messages, visitors
from conformance.suite.chats import SETTLE_S, author, of_room, place, read_inquiry, spot
from conformance.suite.helpers import (
    CLOCK_SLACK_S,
    listed_room,
    moment,
    rooms_named,
    served_by,
    server_clock,
    visitor_of,
)
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.messages import Entry, read_history, with_id
from conformance.target import NOBODY, Persona, RecordingClient
from conformance.world import Department, PreconditionFailed, Room, World

THROUGHOUT: Final = (
    "LC-LIFE-001",
    "LC-LIFE-002",
    "LC-LIFE-003",
    "LC-LIFE-004",
    "LC-LIFE-005",
    "LC-LIFE-006",
    "LC-LIFE-007",
    "LC-LIFE-008",
    "LC-LIFE-009",
    "LC-LIFE-010",
    "LC-LIFE-011",
    "LC-LIFE-012",
    "LC-LIFE-013",
    "LC-LIFE-014",
    "LC-LIFE-015",
    "LC-LIFE-018",
    "LC-LIFE-021",
    "LC-LIFE-022",
    "LC-LIFE-023",
    "LC-LIFE-024",
    "LC-LIFE-025",
    "LC-LIFE-026",
    "LC-LIFE-027",
    "LC-LIFE-028",
)
"""The clauses that a conversation judges under either routing method."""

_VISITOR: Final = ("_id", "username", "token")


class Conversation:
    """One visitor's room from its opening to its survey.

    Args:
        room: The room, just opened.

    Attributes:
        said: The messages that should be in the history: text by id.
    """

    def __init__(self, world: World, client: RecordingClient, judge: Judge, room: Room) -> None:
        self._world = world
        self._client = client
        self._judge = judge
        self.room = room
        self.said: dict[str, str] = {}
        self._inquiry: Any = None
        self._assigned: list[tuple[Any, float | None]] = []

    # between any two calls

    def look(self, label: str, agent: Persona | None, department: Department, owner: str) -> None:
        """Judge what must hold now.

        Args:
            label: What was done last: ``after the take``.
            agent: Who should serve the room now.
            department: Where it should be.
            owner: The clause that says so.

        Raises:
            PreconditionFailed: The room is not there.
        """
        wanted = spot(agent, department)
        users = 2 if agent else 1
        self._world.keep_online(*([agent] if agent else []), self._world.home.agent, self._world.home.second_agent)
        document, read = self._world.eventually(
            lambda: self._view(label), until=lambda now: place(now[0]) == wanted, deadline_s=SETTLE_S
        )
        if place(document) != wanted:
            raise PreconditionFailed(owner, read, f"{label} the room is at {place(document)}, not at {wanted}")
        if document.get("usersCount") != users:
            document, read = self._world.eventually(
                lambda: self._view(label), until=lambda now: now[0].get("usersCount") == users, deadline_s=1
            )
        sentence = f"{label} the usersCount of the room is not {users}"
        self._judge.equal("LC-LIFE-014", document.get("usersCount"), users, sentence, exchange=read)
        listed, listing = self._listed(label)
        for seen, exchange in ((document, read), (listed, listing)):
            self._unchanged(label, seen, exchange)
            flag = seen.get("open")
            sentence = f"{label} the open of an open room is {flag!r}"
            self._judge.equal("LC-LIFE-012", flag, True, sentence, exchange=exchange)
        self._agree(label, document, listed, listing)
        self._inquiry_of(label, document)
        self._agent_of(label, document)
        self._assignment(label, document, read)

    def _listed(self, label: str) -> tuple[dict[str, Any], Exchange]:
        """The room as the administrator lists it, and the answer.

        The visitor has no other room: what is listed as his under another ``_id`` is this one.
        """
        try:
            return listed_room(self._world, self.room)
        except PreconditionFailed:
            mine, exchange = rooms_named(self._world, self.room.visitor)
            ids = [each.get("_id") for each in mine]
            if ids and self.room.id not in ids:
                sentence = f"{label} the room is listed with another _id"
                self._judge.equal("LC-LIFE-001", ids, [self.room.id], sentence, exchange=exchange, pointer="/rooms")
            raise

    def visitor(self, label: str) -> None:
        """Judge that the visitor is the same."""
        stored = visitors.stored(self._client, self.room.token)
        observed = {key: stored.get(key) for key in ("_id", "username")}
        expected = {"_id": self.room.visitor.id, "username": self.room.visitor.username}
        self._judge.equal("LC-LIFE-004", observed, expected, f"{label} the visitor has another _id or username")

    def _view(self, label: str) -> tuple[dict[str, Any], Exchange]:
        """The room as its visitor reads it."""
        query = {"token": self.room.token, "rid": self.room.id}
        exchange = self._client.send(self.room.visitor, "openRoom", query=query)
        document: dict[str, Any] = self._judge.pick(exchange, "room")
        id = self._judge.pick(exchange, "room", "_id")
        sentence = f"{label} the room has another _id"
        if not self._judge.equal("LC-LIFE-001", id, self.room.id, sentence, exchange=exchange, pointer="/room/_id"):
            self._world.created("room", f"{self.room.token}/{id}", str(id), token=self.room.token)
            raise self._judge.missing(exchange, "the room that was asked for")
        return document, exchange

    def _unchanged(self, label: str, document: dict[str, Any], exchange: Exchange) -> None:
        room = self.room
        observed = {key: visitor_of(document).get(key) for key in _VISITOR}
        expected = {"_id": room.visitor.id, "username": room.visitor.username, "token": room.token}
        sentence = f"{label} the room names another visitor"
        self._judge.equal("LC-LIFE-002", observed, expected, sentence, exchange=exchange)
        sentence = f"{label} the room has another ts"
        self._judge.equal("LC-LIFE-003", document.get("ts"), room.data.get("ts"), sentence, exchange=exchange)
        flag = document.get("cl")
        self._judge.equal("LC-LIFE-013", flag, False, f"{label} the cl of the room is {flag!r}", exchange=exchange)

    def _agree(self, label: str, document: dict[str, Any], listed: dict[str, Any], listing: Exchange) -> None:
        wide, own = (
            {
                "_id": each.get("_id"),
                "v": {key: visitor_of(each).get(key) for key in _VISITOR},
                "servedBy": {key: served_by(each).get(key) for key in ("_id", "username", "ts")},
                "departmentId": each.get("departmentId"),
            }
            for each in (listed, document)
        )
        sentence = f"{label} a manager lists the room otherwise than its visitor reads it"
        self._judge.equal("LC-LIFE-010", wide, own, sentence, exchange=listing, pointer="/rooms")

    def _inquiry_of(self, label: str, document: dict[str, Any]) -> None:
        inquiry = read_inquiry(self._world, self._judge, self.room)
        id, status = inquiry.get("_id"), inquiry.get("status")
        self._inquiry = self._inquiry or id
        self._judge.that(
            "LC-LIFE-005",
            id is not None and id == self._inquiry,
            f"{label} the room has another inquiry, or none",
            expected=self._inquiry,
            observed=id,
            pointer="/inquiry/_id",
        )
        department = document.get("departmentId")
        sentence = f"{label} the department of the inquiry is not that of its room"
        self._judge.equal("LC-LIFE-007", inquiry.get("department"), department, sentence, pointer="/inquiry/department")
        agent = served_by(document).get("_id")
        expected = "taken" if agent else "queued"
        sentence = f"{label} the inquiry is {status!r}, though the room is {'served' if agent else 'not served'}"
        self._judge.equal("LC-LIFE-008", status, expected, sentence, pointer="/inquiry/status")
        listing = self._client.send(self._world.admin, "listInquiries", query={"count": 100})
        waiting = of_room(self._judge.pick(listing, "inquiries"), self.room)
        sentence = f"{label} the room has {len(waiting)} waiting inquiries"
        self._judge.that("LC-LIFE-006", len(waiting) <= 1, sentence, exchange=listing, observed=waiting)

    def _agent_of(self, label: str, document: dict[str, Any]) -> None:
        room = self.room
        info = self._client.send(room.visitor, "getAgentInfo", path={"rid": room.id, "token": room.token})
        config = self._client.send(NOBODY, "getConfig", query={"token": room.token})
        shown = {"agent.info": _member(info.json, "agent"), "config": _member(config.json, "config", "agent")}
        if any("hiddenInfo" in each for each in shown.values()):
            return
        observed = {name: each.get("_id") for name, each in shown.items()}
        observed["room of config"] = _member(config.json, "config", "room", "servedBy").get("_id")
        agent = served_by(document).get("_id")
        sentence = f"{label} agent.info, config and the room name different agents"
        self._judge.equal("LC-LIFE-009", observed, dict.fromkeys(observed, agent), sentence, exchange=config)

    def _assignment(self, label: str, document: dict[str, Any], read: Exchange) -> None:
        agent = served_by(document)
        known = self._assigned[-1] if self._assigned else (None, None)
        if agent.get("_id") == known[0]:
            return
        at = moment(agent.get("ts"))
        if agent:
            latest = max((ts for _, ts in self._assigned if ts is not None), default=None)
            held = at is not None and (latest is None or at > latest)
            sentence = f"{label} the ts of servedBy is not later than that of the assignment before"
            self._judge.that("LC-LIFE-011", held, sentence, exchange=read, expected=latest, observed=at)
        self._assigned.append((agent.get("_id"), at))

    # what is said

    def visitor_says(self) -> None:
        """Let the visitor write two messages, edit the first and delete the second; what is refused stays as it was."""
        room = self.room
        kept, gone = self._world.message(room, "m1"), self._world.message(room, "m2")
        edited = messages.edit(self._client, room, kept.id, "m1 edited")
        self.said[kept.id] = "m1 edited" if is_accepted(edited) else kept.text
        if not is_accepted(messages.delete(self._client, room, gone.id)):
            self.said[gone.id] = gone.text

    def agent_says(self, agent: Persona, text: str) -> None:
        """Let the agent who serves the room write; without a word where the server has no such call.

        It is no part of the Livechat API.
        """
        body = {"message": {"rid": self.room.id, "msg": text}}
        exchange = self._client.request(agent, "POST", "/api/v1/chat.sendMessage", json=body)
        id = _member(exchange.json, "message").get("_id")
        if exchange.status == 200 and isinstance(id, str):
            self.said[id] = text

    def history(self, label: str, *, owned: bool = True) -> tuple[list[Entry], Exchange]:
        """The entries of the history, after judging that it holds all that was said.

        Args:
            label: What was done last.
            owned: Whether LC-LIFE-018 is judged; before the first transfer other clauses own what is missing.
        """
        entries, exchange = read_history(self._client, self._judge, self.room)
        texts = {id: [each.get("msg") for each in with_id(entries, id)] for id in self.said}
        expected = {id: [text] for id, text in self.said.items()}
        if not owned and texts != expected:
            raise PreconditionFailed("LC-MESSAGE-009", exchange, f"{label} the history does not hold what was said")
        if owned:
            sentence = f"{label} the history does not hold all messages of the visitor and the agent"
            self._judge.equal("LC-LIFE-018", texts, expected, sentence, exchange=exchange, pointer="/messages")
        return entries, exchange

    def entry(
        self, clause: str, label: str, type: str, who: Persona | None, text: str | None = None, *, count: int = 1
    ) -> None:
        """Judge that the history holds an entry of a type by an agent, or by the visitor where none is given.

        Args:
            clause: What is judged.
            label: What was done last.
            type: The ``t`` of the entry.
            who: Its author; ``None`` is the visitor.
            text: Its ``msg``, where it matters.
            count: How many there should be at least.
        """
        by = who.user_id if who else self.room.visitor.id

        def found() -> tuple[list[Entry], Exchange]:
            entries, exchange = read_history(self._client, self._judge, self.room)
            kept = [each for each in entries if each.get("t") == type and author(each) == by]
            return [each for each in kept if text is None or each.get("msg") == text], exchange

        kept, exchange = self._world.eventually(found, until=lambda now: len(now[0]) >= count, deadline_s=SETTLE_S)
        words = f" with the text {text!r}" if text is not None else ""
        name = who.name if who else "visitor"
        sentence = f"{label} the history holds {len(kept)} entries {type} by the {name}{words}, not {count}"
        self._judge.that(clause, len(kept) >= count, sentence, exchange=exchange, observed=kept, pointer="/messages")

    # the end

    def closed(self, comment: Any) -> None:
        """Judge the room after its visitor closed it; ``comment`` is that of the answer."""
        label = "after the closing"

        def ended() -> tuple[dict[str, Any], Exchange]:
            return self._listed(label)

        document, listing = self._world.eventually(
            ended, until=lambda now: "open" not in now[0] and now[0].get("usersCount") == 1, deadline_s=SETTLE_S
        )
        self._unchanged(label, document, listing)
        flag = document.get("open")
        sentence = f"{label} the open of the room is {flag!r}"
        self._judge.that("LC-LIFE-012", "open" not in document, sentence, exchange=listing, observed=flag)
        users = document.get("usersCount")
        self._judge.equal("LC-LIFE-015", users, 1, f"{label} the usersCount of the room is {users}", exchange=listing)
        self.entry("LC-LIFE-023", label, "livechat-close", None, comment if isinstance(comment, str) else None)
        self.entry("LC-LIFE-024", label, "command", None, "promptTranscript")
        self._entries(*self.history(label))

    def surveyed(self) -> None:
        """Send the survey of the closed room and judge that it is the same room still."""
        room = self.room
        body = {"rid": room.id, "token": room.token, "data": [{"name": "satisfaction", "value": "4"}]}
        answer = self._client.send(room.visitor, "surveyRoom", json=body)
        if not is_accepted(answer):
            raise self._judge.missing(answer, "the survey of a closed room")
        rid = _member(answer.json).get("rid")
        self._judge.equal("LC-LIFE-001", rid, room.id, "the answer of the survey names another room", exchange=answer)

        def rated() -> tuple[dict[str, Any], Exchange]:
            return self._listed("after the survey")

        document, listing = self._world.eventually(rated, until=lambda now: "surveyFeedback" in now[0], deadline_s=2)
        held = "surveyFeedback" in document
        sentence = "after the survey the room with the feedback does not have the _id of the room that was opened"
        self._judge.that("LC-LIFE-001", held, sentence, exchange=listing, pointer="/rooms")
        self._unchanged("after the survey", document, listing)
        self.visitor("after the survey")

    def remembered(self) -> None:
        """Ask for the transcript, and judge that the visitor's chat history shows the same room."""
        room = self.room
        if room.visitor.email is not None:
            body = {"rid": room.id, "token": room.token, "email": room.visitor.email}
            self._client.send(room.visitor, "requestTranscript", json=body)
        path = {"roomId": room.id, "visitorId": room.visitor.id}
        exchange = self._client.send(self._world.manager(), "getChatHistory", path=path)
        found = [each for each in self._judge.pick(exchange, "history") if _member(each).get("_id") == room.id]
        sentence = f"the chat history of the visitor shows the room {len(found)} times under its _id"
        self._judge.equal("LC-LIFE-001", len(found), 1, sentence, exchange=exchange, pointer="/history")
        for each in found:
            self._unchanged("in the chat history", each, exchange)

    def _entries(self, entries: list[Entry], exchange: Exchange) -> None:
        ids = [str(each.get("_id")) for each in entries]
        sentence = "entries of the history share an _id"
        self._judge.equal("LC-LIFE-027", sorted(set(ids)), sorted(ids), sentence, exchange=exchange)
        incomplete = [each for each in entries if not _complete(each, self.room)]
        sentence = "an entry of the history lacks an _id, the rid, a ts or an author"
        self._judge.that("LC-LIFE-026", not incomplete, sentence, exchange=exchange, observed=incomplete[:2])
        system = [each for each in entries if each.get("_id") not in self.said]
        odd = [each for each in system if not each.get("t") or each.get("groupable") is not False]
        sentence = "a system entry of the history has no type, or may be grouped"
        self._judge.that("LC-LIFE-025", not odd, sentence, exchange=exchange, observed=odd[:2])
        typed = [each for each in entries if each.get("_id") in self.said and "t" in each]
        sentence = "a message of a person has a type in the history"
        self._judge.that("LC-LIFE-025", not typed, sentence, exchange=exchange, observed=typed[:2])
        opened, now = moment(self.room.data.get("ts")), server_clock(exchange)
        for each in entries:
            at = moment(each.get("ts"))
            early = at is None or (opened is not None and at < opened - CLOCK_SLACK_S / 10)
            late = at is not None and now is not None and at > now + 1 + CLOCK_SLACK_S
            if not self._judge.that(
                "LC-LIFE-028",
                not early and not late,
                "an entry of the history lies before the opening of the room, or in the future",
                exchange=exchange,
                expected=[self.room.data.get("ts"), "now"],
                observed=each.get("ts"),
            ):
                break


def _member(value: Any, *path: str) -> dict[str, Any]:
    """A JSON object inside an answer; empty where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _complete(entry: Entry, room: Room) -> bool:
    user = entry.get("u")
    return (
        bool(entry.get("_id"))
        and entry.get("rid") == room.id
        and moment(entry.get("ts")) is not None
        and isinstance(user, dict)
        and bool(user.get("_id"))
        and bool(user.get("username"))
    )
