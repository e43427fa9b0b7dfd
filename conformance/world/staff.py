"""Staff: agents, managers, users without rights, departments, custom fields and triggers; made by an administrator."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from conformance.target.login import log_in, text_of
from conformance.target.personas import Persona
from conformance.world import methods
from conformance.world.errors import Unavailable
from conformance.world.serverside import ServerSide
from conformance.world.things import MOST_PAGES, CustomField, Department, Home, Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.contract.exchange import Exchange

_STATUS_LASTS_S = 8.0
"""Seconds after which a status is sent again before an agent is used: servers may forget one without a connection."""
_OLD_STATUS_LASTS_S = 30.0
"""The same for servers before 3.1, which let an account set its status five times a minute only."""


class Staff(ServerSide):
    """Builders that need an administrator."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._standing: dict[str, Persona] = {}
        self._home: Home | None = None
        self._online_since: dict[str, float] = {}
        self._method_calls: bool | None = None
        self._status_message: dict[str, str] = {}

    # users

    def _user(self, name: str, roles: Sequence[str] = ("user",)) -> Persona:
        self._writable()
        _ = self.admin  # without one nothing is written down, for nothing will be made
        # Long, and with every kind of character that a password policy may ask for.
        password = f"Lc1!{secrets.token_hex(14)}"
        for _ in range(5):
            username = self.names.next("u")
            entry = self.ledger.intend("user", username)
            self.client.redactor.learn(password, f"password:{name}")
            exchange = self._admin_send(
                "createUser",
                json={
                    "name": f"{name} {username}",
                    "email": f"{username}@example.com",
                    "username": username,
                    "password": password,
                    "roles": list(roles),
                    # A verified address would make servers from 3.1 on ask for a code sent by mail at each login.
                    "verified": False,
                    "active": True,
                    "joinDefaultChannels": False,
                    "requirePasswordChange": False,
                    "sendWelcomeEmail": False,
                },
            )
            if exchange.status == 400 and "already in use" in text_of(exchange):
                self.ledger.gone(entry)
                continue
            break
        user = self._object(exchange, "user")
        user_id = user.get("_id")
        if exchange.status in {400, 403}:
            self.ledger.gone(entry)
            raise Unavailable(f"the server does not let the admin make users ({exchange.status} {text_of(exchange)})")
        self._need(isinstance(user_id, str), exchange, "createUser", f"no {name} could be made")
        self.ledger.done(entry, str(user_id))
        return log_in(self.client, username, password, name)

    def _register(self, persona: Persona, type: str) -> None:
        exchange = self._admin_send("registerUser", path={"type": type}, json={"username": persona.username})
        self._need(
            self._object(exchange, "user"), exchange, "registerUser", f"{persona.username} could not be made {type}"
        )

    def agent(self, *, online: bool = True, name: str = "agent") -> Persona:
        """A fresh agent, logged in; online unless said otherwise."""
        persona = self._user(name)
        self._register(persona, "agent")
        if online:
            self.set_status(persona, "online")
        return persona

    def manager(self, *, fresh: bool = False) -> Persona:
        """A manager who is no agent: the worker's standing one, or a fresh one."""
        return self._stand("manager", fresh, ("manager",))

    def plain_user(self, *, fresh: bool = False) -> Persona:
        """A user with the role ``user`` alone: the worker's standing one, or a fresh one."""
        return self._stand("plain user", fresh, ())

    def both_roles(self, *, fresh: bool = False) -> Persona:
        """An agent who is a manager as well, online: the worker's standing one, or a fresh one."""
        persona = self._stand("agent and manager", fresh, ("agent", "manager"))
        self.keep_online(persona)
        return persona

    def _stand(self, name: str, fresh: bool, types: Sequence[str]) -> Persona:
        with self._lock:
            if not fresh and name in self._standing:
                return self._standing[name]
            persona = self._user(name)
            for type in types:
                self._register(persona, type)
            if not fresh:
                self._standing[name] = persona
            return persona

    def set_status(self, persona: Persona, status: str) -> None:
        """Set a persona's status: ``online``, ``away``, ``busy`` or ``offline``.

        Up to 3.0 a status needs a text, and at all times a text is limited to five a minute: so it is sent only where
        it is needed.
        """
        message = {"message": ""} if self.version_below("3.1.0") else {}
        exchange = self._write(persona, "setUserStatus", json={"status": status, **message})
        if exchange.status == 400 and not message:
            exchange = self._write(persona, "setUserStatus", json={"status": status, "message": ""})
        self._need(exchange.status == 200, exchange, "setUserStatus", f"{persona.name} could not be set {status}")
        if persona.user_id:
            self._online_since[persona.user_id] = time.monotonic() if status == "online" else 0.0

    def keep_online(self, *personas: Persona) -> None:
        """Send the status online again for agents who were not told so lately."""
        lasts = _OLD_STATUS_LASTS_S if self.version_below("3.1.0") else _STATUS_LASTS_S
        for persona in personas:
            since = self._online_since.get(persona.user_id or "", 0.0)
            if not since or time.monotonic() - since > lasts:
                self.set_status(persona, "online")

    @property
    def home(self) -> Home:
        """Our standing department with two agents, both online now; shared by tests, so nobody may change it.

        Raises:
            Unavailable: There are no admin credentials, or the run is read-only.
        """
        with self._lock:
            if self._home is None:
                first, second = self.agent(name="agent"), self.agent(name="second agent")
                self._home = Home(self.department(agents=(first, second)), first, second)
            self.keep_online(self._home.agent, self._home.second_agent)
            return self._home

    # departments

    def department(
        self, *, agents: Sequence[Persona] = (), name: str | None = None, enabled: bool = True, **fields: Any
    ) -> Department:
        """A department of ours.

        Args:
            agents: Its agents.
            name: Its name; must come from ``new_department_name``.
            enabled: Whether it is enabled.
            fields: Further fields of the body's ``department``, or other values for those sent by default.
        """
        self._writable()
        _ = self.admin
        name = name or self.new_department_name()
        body = {
            "enabled": enabled,
            "name": name,
            "description": "made by a conformance run",
            # Departments shown at registration catch every visitor who names none: also those of other people.
            "showOnRegistration": False,
            "showOnOfflineForm": False,
            "email": f"{name}@example.com",
            **fields,
        }
        links = [{"agentId": a.user_id, "username": a.username, "count": 0, "order": 0} for a in agents]
        exchange = self._admin_send("createDepartment", json={"department": body, "agents": links})
        data = self._object(exchange, "department")
        if exchange.status == 200 and not isinstance(data.get("_id"), str):
            # 3.4.0 makes the department and does not say so; whoever judges the answer says that, the world goes on.
            data = self._department_named(name)
        self._need(
            isinstance(data.get("_id"), str), exchange, "createDepartment", f"the department {name} could not be made"
        )
        self.created("department", name, data["_id"])
        return Department(data["_id"], name, tuple(agents), data)

    def _department_named(self, name: str) -> dict[str, Any]:
        for page in range(MOST_PAGES):
            query = {"count": 100, "offset": 100 * page, "sort": {"_updatedAt": -1}}
            exchange = self.client.send(self.admin, "listDepartments", query=query)
            listed = exchange.json.get("departments") if isinstance(exchange.json, dict) else None
            if not isinstance(listed, list) or not listed:
                break
            for each in listed:
                if isinstance(each, dict) and each.get("name") == name:
                    return each
        return {}

    # custom fields and triggers: made through method calls, the REST API only reads them

    def call_method(self, who: Persona, method: str, params: Sequence[Any]) -> Any:
        """Call a method of the server over REST (from 3.0 on); a login that called too often waits, and calls again.

        Raises:
            Unavailable: The server has no method calls, or the method refused.
            PreconditionFailed: The call was not answered as it should.
        """
        if self._method_calls is False:
            raise Unavailable("the server has no method.call, so custom fields and triggers cannot be made")
        for attempt in range(methods.TRIES):
            result = self._method_result(who, method, params)
            error = result.get("error")
            pause = methods.pause_after(error)
            if pause is None or attempt == methods.TRIES - 1:
                break
            self.client.throttle.wait(pause, f"the method {method} was called too often")
        if "error" in result:
            said = error.get("message") or error.get("error") if isinstance(error, dict) else error
            raise Unavailable(f"the method {method} refused: {str(said)[:200]}")
        return result.get("result")

    def _method_result(self, who: Persona, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """What one call of a method came to: an object with ``result`` or ``error``."""
        inner = json.dumps({"msg": "method", "id": "1", "method": method, "params": list(params)})
        exchange = self._write(who, "callMethod", path={"method": method}, json={"message": inner})
        if exchange.status in {404, 405} or (exchange.status == 200 and not _is_json(exchange)):
            self._method_calls = False
            raise Unavailable(
                "the server has no method.call (before 3.0), so custom fields and triggers cannot be made"
            )
        body = exchange.json if isinstance(exchange.json, dict) else {}
        try:
            result = json.loads(body.get("message") or "")
        except (ValueError, TypeError, RecursionError):
            result = None
        self._need(
            exchange.status == 200 and isinstance(result, dict), exchange, "callMethod", f"{method} could not be called"
        )
        self._method_calls = True
        return result if isinstance(result, dict) else {}

    def custom_field(self, scope: str = "visitor", *, regexp: str = "", visibility: str = "visible") -> CustomField:
        """A custom field of ours, for visitors or for rooms (``scope`` ``visitor`` or ``room``).

        Raises:
            Unavailable: The server has no method calls (2.4), or no admin credentials were given.
        """
        self._writable()
        admin = self.admin
        name = self.names.next("f")
        entry = self.ledger.intend("field", name)
        sent = {"field": name, "label": f"{name} label", "scope": scope, "visibility": visibility, "regexp": regexp}
        try:
            self.call_method(admin, "livechat:saveCustomField", [None, sent])
        except Unavailable:
            self.ledger.gone(entry)
            raise
        self.ledger.done(entry, name)
        return CustomField(name, scope, sent["label"])

    def trigger(self, *, enabled: bool = True) -> Trigger:
        """A trigger of ours.

        Raises:
            Unavailable: The server has no method calls (2.4), or no admin credentials were given.
        """
        self._writable()
        admin = self.admin
        name = self.names.next("t")
        entry = self.ledger.intend("trigger", name)
        sent = {
            "name": name,
            "description": "made by a conformance run",
            "enabled": enabled,
            "runOnce": True,
            "conditions": [{"name": "page-url", "value": f"https://example.com/{name}"}],
            "actions": [{"name": "send-message", "params": {"sender": "custom", "name": "bot", "msg": name}}],
        }
        try:
            result = self.call_method(admin, "livechat:saveTrigger", [sent])
        except Unavailable:
            self.ledger.gone(entry)
            raise
        id = result if isinstance(result, str) else self._trigger_named(name)
        if id is None:
            raise Unavailable("a trigger was made, but the server does not show it")
        self.ledger.done(entry, id)
        return Trigger(id, name, sent)

    def _trigger_named(self, name: str) -> str | None:
        for page in range(MOST_PAGES):
            exchange = self.client.send(self.admin, "listTriggers", query={"count": 100, "offset": 100 * page})
            listed = exchange.json.get("triggers") if isinstance(exchange.json, dict) else None
            if not isinstance(listed, list) or not listed:
                break
            for each in listed:
                if isinstance(each, dict) and each.get("name") == name and isinstance(each.get("_id"), str):
                    return str(each["_id"])
        return None


def _is_json(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.body.is_json
