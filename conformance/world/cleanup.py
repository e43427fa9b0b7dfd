"""Clean-up: removes what a ledger names, last things first, and never anything else.

Before an object is deleted its name is read back where the API allows; whatever does not carry our prefix stays. What
cannot be removed is returned with the reason, for the report.
"""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from conformance.target.errors import BudgetExhausted, TargetError
from conformance.target.login import send_proven, text_of
from conformance.target.personas import NOBODY
from conformance.world import methods
from conformance.world.errors import PreconditionFailed, Unavailable
from conformance.world.ledger import Entry
from conformance.world.names import is_own_phone, owns
from conformance.world.preparation import CHANGED, METHODS, ROUTING
from conformance.world.things import LeftBehind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.contract.exchange import Exchange
    from conformance.target.client import RecordingClient
    from conformance.target.personas import Persona
    from conformance.world.ledger import Ledger
    from conformance.world.visitors import Visitors

_ORDER: Final = ("page", "chat", "room", "phone", "visitor", "department", "user", "field", "trigger", "setting")
_INDEPENDENT: Final = {"room", "visitor"}
"""Kinds of which there are many, and of which each can be removed beside the others."""
_AT_ONCE: Final = 40
"""Agents whose chats are asked for in one call; the path must not become too long for a proxy."""
_WORTH_THREADS: Final = 24
_THREADS: Final = 6
_PATIENCE: Final = 4
"""Calls in a row without an answer after which the server is taken for gone."""


class Stay(Exception):
    """An object has to stay on the server; the text says why."""


class Remover:
    """Removes single objects of ours from a server.

    Args:
        client: Sends the calls.
        admin: The administrator, or ``None``.
    """

    def __init__(self, client: RecordingClient, admin: Persona | None) -> None:
        self.client = client
        self._admin = admin

    @property
    def admin(self) -> Persona:
        """The administrator.

        Raises:
            Stay: There are no credentials.
        """
        if self._admin is None:
            raise Stay("removing it needs admin credentials")
        return self._admin

    def remove(self, kind: str, name: str, id: str | None, facts: dict[str, Any]) -> None:
        """Remove one object; it is no error if it is gone already.

        Raises:
            Stay: It cannot be removed, or is not ours.
        """
        getattr(self, f"_{kind}")(name, id, facts)

    def _answer(self, exchange: Exchange, *, gone: Iterable[str] = ()) -> Any:
        """The body of a 200; an empty object where the answer says that the thing is gone already."""
        if exchange.failure:
            raise Stay(f"the server did not answer: {exchange.failure}")
        said = text_of(exchange)
        if exchange.status == 200 and isinstance(exchange.json, dict):
            return exchange.json
        body = exchange.json if isinstance(exchange.json, dict) else {}
        texts = " ".join(str(body.get(key, "")) for key in ("error", "errorType", "message"))
        if exchange.status is not None and exchange.status < 500 and any(code in texts for code in gone):
            return {}
        raise Stay(f"the server answered {exchange.status} ({said})")

    def _room(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        token = str(facts.get("token") or name.split("/")[0])
        if not owns(token):
            raise Stay("its visitor does not carry our prefix")
        for rid in [id] if id else self._open_rooms(token):
            exchange = self.client.send(NOBODY, "closeRoom", json={"rid": rid, "token": token})
            self._answer(exchange, gone=("room-closed", "invalid-room", "invalid-token"))

    def _open_rooms(self, token: str) -> list[str]:
        """Open rooms of a visitor, as far as the widget's configuration and the list of rooms show them."""
        found: list[str] = []
        config = self._answer(self.client.send(NOBODY, "getConfig", query={"token": token})).get("config")
        room = config.get("room") if isinstance(config, dict) else None
        if isinstance(room, dict) and isinstance(room.get("_id"), str):
            found.append(room["_id"])
        if self._admin is not None:
            exchange = self.client.send(
                self._admin, "listRooms", query={"roomName": token, "open": "true", "count": 100}
            )
            listed = exchange.json.get("rooms") if isinstance(exchange.json, dict) else None
            for each in listed if isinstance(listed, list) else ():
                visitor = each.get("v") if isinstance(each, dict) else None
                if isinstance(visitor, dict) and visitor.get("token") == token and isinstance(each.get("_id"), str):
                    found.append(each["_id"])
        return list(dict.fromkeys(found))

    def _page(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        raise Stay("no call removes pages that were visited outside of a room; the server forgets them after 30 days")

    def _chat(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        raise Stay(
            "it is a chat of somebody else: it was opened while the run went on, and the server gave it to an agent of "
            "the run, who is gone; forward it to one of yours"
        )

    def _visitor(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        if not owns(name):
            raise Stay("its token does not carry our prefix")
        for _ in range(20):
            exchange = self.client.send(NOBODY, "deleteVisitor", path={"token": name})
            if "visitor-has-open-rooms" not in str(exchange.json):
                break
            rooms = self._open_rooms(name)
            for rid in rooms:
                self.client.send(NOBODY, "closeRoom", json={"rid": rid, "token": name})
            if not rooms:
                break
        if exchange.status in {404, 405} or (exchange.status == 200 and exchange.json is None):
            raise Stay("the server has no call that removes a visitor")
        self._answer(exchange, gone=("invalid-token",))

    def _phone(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        """The visitor whom a text message made has a token of the server's choice: the list of rooms tells it."""
        if not is_own_phone(name):
            raise Stay("it is no number of ours")
        query = {"roomName": name.lstrip("+"), "count": 100}
        listed = self._answer(self.client.send(self.admin, "listRooms", query=query)).get("rooms")
        tokens: list[str] = []
        for room in listed if isinstance(listed, list) else ():
            visitor = room.get("v") if isinstance(room, dict) else None
            if not isinstance(visitor, dict) or visitor.get("username") != name.lstrip("+"):
                continue
            token, rid = visitor.get("token"), room.get("_id")
            if isinstance(token, str) and isinstance(rid, str):
                tokens.append(token)
                if room.get("open"):
                    self.client.send(NOBODY, "closeRoom", json={"rid": rid, "token": token})
        for token in dict.fromkeys(tokens):
            self._answer(self.client.send(NOBODY, "deleteVisitor", path={"token": token}), gone=("invalid-token",))

    def _department(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        for found in [id] if id else self._named("listDepartments", "departments", name):
            body = self._answer(self.client.send(self.admin, "getDepartment", path={"_id": found}))
            department = body.get("department")
            if not isinstance(department, dict):
                continue
            if not owns(department.get("name")):
                raise Stay("its name does not carry our prefix any more")
            exchange = self._proven("deleteDepartment", path={"_id": found})
            self._answer(exchange, gone=("department-not-found",))

    def _user(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        exchange = self.client.send(self.admin, "getUserInfo", query={"userId": id} if id else {"username": name})
        user = self._answer(exchange, gone=("User not found", "error-invalid-user", "not found")).get("user")
        if not isinstance(user, dict) or not isinstance(user.get("_id"), str):
            return
        if not owns(user.get("username")):
            raise Stay("its name does not carry our prefix")
        roles = user.get("roles")
        if isinstance(roles, list) and "livechat-agent" in roles:
            # Takes him out of all departments as well.
            self._answer(self._proven("removeUser", path={"type": "agent", "_id": user["_id"]}))
        exchange = self._proven("deleteUser", json={"userId": user["_id"]})
        self._answer(exchange, gone=("error-invalid-user",))

    def chats_of_others(self, agents: Sequence[str]) -> list[str]:
        """Ids of open rooms of other people's visitors that the server gave to agents of ours: not ours to change.

        Args:
            agents: Ids of agents, also of removed ones.
        """
        found: list[str] = []
        for first in range(0, len(agents), _AT_ONCE):
            query = [("open", "true"), ("count", "100"), *(("agents[]", id) for id in agents[first : first + _AT_ONCE])]
            with contextlib.suppress(Stay, TargetError):
                listed = self._answer(self.client.send(self.admin, "listRooms", query=query)).get("rooms")
                for room in listed if isinstance(listed, list) else ():
                    server = room.get("servedBy") if isinstance(room, dict) else None
                    visitor = room.get("v") if isinstance(room, dict) else None
                    # A visitor whom a text message made has a token of the server's choice.
                    names = [visitor.get(key) for key in ("token", "username")] if isinstance(visitor, dict) else []
                    if isinstance(server, dict) and server.get("_id") in agents and not any(map(owns, names)):
                        found.append(str(room.get("_id")))
        return found

    def _field(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        body = self._answer(self.client.send(self.admin, "getCustomField", path={"_id": id or name}))
        field = body.get("customField")
        if not isinstance(field, dict):
            return
        if not owns(field.get("_id")):
            raise Stay("its name does not carry our prefix")
        self._method("livechat:removeCustomField", field["_id"])

    def _trigger(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        for found in [id] if id else self._named("listTriggers", "triggers", name):
            trigger = self._answer(self.client.send(self.admin, "getTrigger", path={"_id": found})).get("trigger")
            if not isinstance(trigger, dict):
                continue
            if not owns(trigger.get("name")):
                raise Stay("its name does not carry our prefix any more")
            self._method("livechat:removeTrigger", found)

    def _setting(self, name: str, id: str | None, facts: dict[str, Any]) -> None:
        # Whoever wrote the ledger: no other setting is ever changed, and none that is not as a run left it.
        if name not in CHANGED:
            raise Stay("it is no setting that a run of this suite changes")
        if "before" not in facts or "after" not in facts:
            raise Stay("the ledger does not say what it was before, and to what it was changed")
        current = self._answer(self.client.send(self.admin, "getSetting", path={"_id": name})).get("value")
        if current == facts["before"]:
            return
        if current not in (METHODS if name == ROUTING else [facts["after"]]):
            raise Stay("somebody else has changed it meanwhile")
        exchange = self._proven("setSetting", path={"_id": name}, json={"value": facts["before"]})
        if exchange.status != 200:
            now = self._answer(self.client.send(self.admin, "getSetting", path={"_id": name})).get("value")
            if now != facts["before"]:
                self._answer(exchange)

    # helpers

    def _named(self, operation_id: str, key: str, name: str) -> list[str]:
        """Ids of all objects of exactly this name, through all pages of a list."""
        found: list[str] = []
        for page in range(1000):
            body = self._answer(self.client.send(self.admin, operation_id, query={"count": 100, "offset": 100 * page}))
            listed = body.get(key)
            if not isinstance(listed, list) or not listed:
                break
            found += [
                each["_id"]
                for each in listed
                if isinstance(each, dict) and each.get("name") == name and isinstance(each.get("_id"), str)
            ]
        return found

    def _proven(self, operation_id: str, **how: Any) -> Exchange:
        return send_proven(self.client, self.admin, operation_id, **how)

    def _method(self, method: str, id: str) -> None:
        message = json.dumps({"msg": "method", "id": "1", "method": method, "params": [id]})
        for attempt in range(methods.TRIES):
            exchange = self.client.send(self.admin, "callMethod", path={"method": method}, json={"message": message})
            try:
                result = json.loads(self._answer(exchange).get("message") or "{}")
            except (ValueError, TypeError, RecursionError):
                result = {}
            error = result.get("error") if isinstance(result, dict) else None
            pause = methods.pause_after(error)
            if pause is None or attempt == methods.TRIES - 1:
                break
            self.client.throttle.wait(pause, f"the method {method} was called too often")
        if error and "not-found" not in str(error) and "not found" not in str(error):
            raise Stay(f"{method} refused: {str(error)[:200]}")


def remove_entries(
    remover: Remover, ledger: Ledger | None, entries: Iterable[Entry], deadline_s: float
) -> list[LeftBehind]:
    """Remove what is still open of a ledger's entries, last things first.

    Args:
        remover: Removes single objects.
        ledger: Where the outcome is written down, or ``None``.
        entries: Of one ledger or of several.
        deadline_s: Seconds that it may take.

    Returns:
        What had to stay, with reasons.
    """
    sweep = _Removal(remover, ledger, time.monotonic() + deadline_s)
    waiting = [entry for entry in entries if entry.open]
    for kind in _ORDER:
        chosen = sorted((entry for entry in waiting if entry.kind == kind), key=lambda entry: -entry.number)
        if kind in _INDEPENDENT and len(chosen) >= _WORTH_THREADS:
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="clean-up") as pool:
                list(pool.map(sweep.one, chosen))
        else:
            for entry in chosen:
                sweep.one(entry)
        if kind == "user":
            # Our own rooms are closed by now, and nobody of ours can be given another chat.
            sweep.name_chats([entry.id for entry in chosen if entry.id])
    return sweep.left


class _Removal:
    """One pass over entries: removes each, writes down what became of it, and stops when the server is gone."""

    def __init__(self, remover: Remover, ledger: Ledger | None, end: float) -> None:
        self.left: list[LeftBehind] = []
        self._remover = remover
        self._ledger = ledger
        self._end = end
        self._failures = 0

    def name_chats(self, agents: Sequence[str]) -> None:
        """Write down which chats of other people were with agents who are gone now, so that all are named."""
        for room in self._remover.chats_of_others(agents):
            entry = self._ledger.intend("chat", room) if self._ledger else Entry(0, "chat", room)
            self.one(entry)

    def one(self, entry: Entry) -> None:
        """Remove one object, or add it to what is left."""
        try:
            if self._failures >= _PATIENCE:
                raise Stay("the server no longer answers")
            if time.monotonic() > self._end:
                raise Stay("the time for clean-up was over")
            self._remover.remove(entry.kind, entry.name, entry.id, entry.facts)
        except (Stay, TargetError, Unavailable, PreconditionFailed) as problem:
            reason = str(problem)
            # A server that lets nobody through any more is as good as gone.
            self._failures += "did not answer" in reason or isinstance(problem, BudgetExhausted)
            self.left.append(LeftBehind(entry.kind, entry.name, entry.id, reason))
            if self._ledger is not None:
                self._ledger.left(entry, reason)
            return
        self._failures = 0
        if self._ledger is not None:
            self._ledger.gone(entry)


def tidy(world: Visitors, entries: list[Entry]) -> list[Entry]:
    """Remove visitors and rooms that are not needed any more, as far as a rate limiter does not make that wait.

    Args:
        world: The world that made them.
        entries: Of its ledger.

    Returns:
        Those that have to wait for another time.
    """
    throttle, remover = world.client.throttle, Remover(world.client, None)
    routes = {name: world.contract.operations[name] for name in ("closeRoom", "deleteVisitor", "getConfig")}
    spare = {name: f"{route.method} {route.path}" for name, route in routes.items()}
    waiting: list[Entry] = []
    for entry in sorted(entries, key=lambda each: (_ORDER.index(each.kind), each.number)):
        busy = any(each.kind == "room" and each.name.split("/")[0] == entry.name for each in waiting)
        needed = ("closeRoom",) if entry.kind == "room" and entry.id else tuple(spare)
        if not entry.open:
            continue
        if busy or not all(throttle.spare(spare[name]) for name in needed):
            waiting.append(entry)
            continue
        # What cannot be removed now is tried again, and named, at the end of the run.
        with contextlib.suppress(Stay, TargetError, Unavailable, PreconditionFailed):
            remover.remove(entry.kind, entry.name, entry.id, entry.facts)
            world.ledger.gone(entry)
    return waiting


def time_to_remove(world: Visitors) -> float:
    """Seconds that a target with a rate limiter needs to let all that is left be removed; 0 without a limiter."""
    limiter = world.client.throttle.limiter
    if limiter is None:
        return 0.0
    kinds = [entry.kind for entry in world.ledger.entries.values() if entry.open]
    most = max((kinds.count(kind) for kind in set(kinds)), default=0)
    return (most / max(limiter.calls, 1) + 1) * limiter.ms / 1000


def clean_up(world: Visitors, deadline_s: float) -> list[LeftBehind]:
    """Remove all that a world made; see ``World.clean_up``."""
    world.client.item = ""
    if world.settings.read_only:
        return []  # names were given out, but nothing can have come to be under them
    throttle = world.client.throttle
    before, throttle.deadline = throttle.deadline, time.time() + deadline_s + 1
    try:
        with contextlib.suppress(Unavailable, PreconditionFailed, TargetError):
            world.restore_routing()
        admin = None
        if world.has_admin:
            with contextlib.suppress(TargetError, Unavailable):
                admin = world.admin
        return remove_entries(
            Remover(world.client, admin),
            world.ledger,
            list(world.ledger.entries.values()),
            deadline_s,
        )
    finally:
        throttle.deadline = before
