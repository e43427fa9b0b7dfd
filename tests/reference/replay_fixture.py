"""The fixture of the recordings: users, agents online, departments, custom fields, a trigger and settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.reference.replay_client import Reply, Wire

if TYPE_CHECKING:
    from tests.reference.replay_corpus import Doc, Knowledge, Recording
    from tests.reference.replay_ids import IdMap

PASSWORD = "agent-pass"
AGENTS = ("agent1", "agent2")
ACCOUNTS = {
    "agent": ("agent1", "Agent One", ["user", "livechat-agent"]),
    "agent 2": ("agent2", "Agent Two", ["user", "livechat-agent"]),
    "manager": ("manager1-x", "Mana Ger", ["user", "livechat-manager"]),
    "plain user": ("plain1-x", "Plain User", ["user"]),
}
DEPARTMENTS: tuple[tuple[str, bool, tuple[str, ...], str | None], ...] = (
    ("Support", True, AGENTS, "d"),
    ("Sales-x", True, ("agent1",), None),
    ("Billing-x", True, ("agent2",), None),
    ("Empty-x", True, (), None),
    ("Both-x", True, AGENTS, "two agents"),
    ("Archive-x", False, ("agent1",), None),
)
BASE_SETTINGS: Doc = {
    "Livechat_enabled": True,
    "Livechat_validate_offline_email": False,
    "Livechat_offline_email": "support@example.test",
    "Livechat_enable_transcript": True,
    "API_Enable_Rate_Limiter": False,
}


class Site:
    """The live server as the personas of the recordings use it: logins, presence, settings, and preparation calls."""

    def __init__(self, wire: Wire, admin_user: str, admin_password: str, ids: IdMap, knowledge: Knowledge) -> None:
        self.wire = wire
        self.ids = ids
        self.knowledge = knowledge
        self.logins = {"admin": (admin_user, admin_password)}
        self.logins.update({persona: (account[0], PASSWORD) for persona, account in ACCOUNTS.items()})
        self.tokens: dict[str, tuple[str, str]] = {}
        self.user_ids: dict[str, str] = {}
        self.department_ids: dict[str, str] = {}
        self.department_agents: dict[str, set[str]] = {}
        self.presence: dict[str, str] = {}
        self.unavailable: set[str] = set()
        self.settings: Doc = {}
        self.defaults: Doc = {}
        self.log: list[str] = []

    # calls -----------------------------------------------------------------------------------------------------

    def headers(self, persona: str) -> dict[str, str]:
        """The credentials of a persona, logged in when needed."""
        if persona not in self.tokens:
            user, password = self.logins[persona]
            reply = self.wire.call("POST", "login", {"user": user, "password": password})
            if reply.status != 200:
                raise RuntimeError(f"{persona} could not log in: {reply.status} {reply.body}")
            data = reply.body["data"]
            self.tokens[persona] = (data["authToken"], data["userId"])
            self.user_ids[user] = data["userId"]
        token, user_id = self.tokens[persona]
        return {"x-auth-token": token, "x-user-id": user_id}

    def call(self, persona: str | None, method: str, path: str, body: Any = None, **query: str) -> Reply:
        """One preparation call, relative to /api/v1/; what it answered is kept in `log`."""
        headers = self.headers(persona) if persona else {}
        reply = self.wire.call(method, path, body, tuple(query.items()), headers)
        self.log.append(
            f"{method} {path} {json.dumps(body or query)[:160]} -> {reply.status} {json.dumps(reply.body)[:120]}"
        )
        return reply

    def livechat(self, persona: str | None, method: str, path: str, body: Any = None, **query: str) -> Reply:
        """A preparation call, relative to /api/v1/livechat/."""
        return self.call(persona, method, f"livechat/{path}", body, **query)

    def method(self, persona: str, name: str, *params: Any) -> Reply:
        """Call a server method."""
        message = json.dumps({"msg": "method", "id": "1", "method": name, "params": list(params)})
        return self.call(persona, "POST", f"method.call/{name}", {"message": message})

    # settings and presence -------------------------------------------------------------------------------------

    def set_setting(self, name: str, value: Any) -> None:
        """Store a setting unless it already has the value."""
        if self.settings.get(name, object()) != value or type(self.settings.get(name)) is not type(value):
            self.call("admin", "POST", f"settings/{name}", {"value": value})
            self.settings[name] = value

    def want_settings(self, differing: Doc) -> None:
        """Bring all settings to the base of the recordings, but for the differing ones."""
        for name, value in {**self.defaults, **BASE_SETTINGS, **differing}.items():
            self.set_setting(name, value)

    def want_presence(self, wanted: dict[str, str]) -> None:
        """Give the two agents the wanted status; `not-available` switches the agent off by his own switch."""
        for persona, user in (("agent", "agent1"), ("agent 2", "agent2")):
            status = wanted.get(user, "online")
            if (status == "not-available") != (user in self.unavailable):
                self.method(persona, "livechat:changeLivechatStatus")
                self.unavailable ^= {user}
            status = "online" if status == "not-available" else status
            if self.presence.get(user) != status:
                self.call(persona, "POST", "users.setStatus", {"status": status})
                self.presence[user] = status

    # things ----------------------------------------------------------------------------------------------------

    def make_user(self, username: str, name: str, roles: list[str], password: str = PASSWORD) -> str | None:
        """Create an account with a verified address; its id, or None where the server refuses."""
        body = {
            "username": username, "name": name, "email": f"{username}@example.test", "password": password,
            "roles": roles, "verified": True, "active": True, "joinDefaultChannels": False, "sendWelcomeEmail": False,
        }  # fmt: skip
        reply = self.call("admin", "POST", "users.create", body)
        if not reply.ok:
            return None
        self.user_ids[username] = reply.body["user"]["_id"]
        return str(reply.body["user"]["_id"])

    def make_department(
        self, name: str, enabled: bool, agents: dict[str, str] | None, own_id: str | None = None, **more: Any
    ) -> str:
        """Create a department, under the recorded id where there is one; `agents` maps usernames to live ids."""
        department = {
            "enabled": enabled, "showOnRegistration": False, "showOnOfflineForm": True, "email": "dep@example.test",
            "name": name, **more,
        }  # fmt: skip
        if own_id:
            department["_id"] = own_id
        body: Doc = {"department": department}
        if agents is not None:
            body["agents"] = [{"agentId": live, "username": user} for user, live in agents.items()]
        reply = self.livechat("manager", "POST", "department", body)
        made = reply.body["department"]["_id"] if reply.ok else (own_id or name)
        if own_id:
            self.ids.bind(own_id, made)
        self.department_ids[name] = made
        self.department_agents[made] = {user for user in agents or () if user in AGENTS}
        return str(made)

    def set_up(self, recordings: list[Recording]) -> None:
        """Build the whole fixture; raises RuntimeError where the server refuses a part of it."""
        self.headers("admin")
        for recording in recordings:
            user_id, token = recording.headers.get("x-user-id"), recording.headers.get("x-auth-token", "")
            if user_id and token == f"{{{{auth:{recording.persona}}}}}" and recording.persona not in ACCOUNTS:
                self.ids.bind(user_id, self.tokens["admin"][1])
        self.want_settings({})
        for persona, (username, name, roles) in ACCOUNTS.items():
            if self.make_user(username, name, roles) is None:
                raise RuntimeError(f"the fixture's user {username} was refused: {self.log[-1]}")
            self.headers(persona)
        for recording in recordings:
            if (
                recording.headers.get("x-auth-token") == f"{{{{auth:{recording.persona}}}}}"
                and recording.persona in ACCOUNTS
            ):
                self.ids.bind(recording.headers["x-user-id"], self.tokens[recording.persona][1])
        for recorded, user in self.knowledge.users.items():
            if user.get("username") in self.user_ids:
                self.ids.bind(recorded, self.user_ids[user["username"]])
        for agent in AGENTS:
            self.livechat("admin", "POST", "users/agent", {"username": agent})
        for manager in ("manager1-x", self.logins["admin"][0]):
            self.livechat("admin", "POST", "users/manager", {"username": manager})
        self.want_presence({})
        own = {doc.get("name"): recorded for recorded, doc in self.knowledge.departments.items()}
        for name, enabled, agents, description in DEPARTMENTS:
            more = {"description": description} if description else {}
            self.make_department(name, enabled, {user: self.user_ids[user] for user in agents}, own.get(name), **more)
        self.custom_field("plan", "Plan", "visitor", "")
        self.custom_field("orderId", "Order", "room", "^[0-9]+$")
        self.trigger("hello", {"enabled": True, "description": "", "runOnce": False})
        names = {name for recording in recordings for name in recording.settings}
        for name in sorted(names - BASE_SETTINGS.keys()):
            reply = self.call("admin", "GET", f"settings/{name}")
            self.defaults[name] = reply.body.get("value")
            self.settings[name] = self.defaults[name]

    def custom_field(self, field: str, label: str, scope: str, regexp: str, visibility: str = "visible") -> None:
        """Define a custom field."""
        doc = {"field": field, "label": label, "scope": scope, "visibility": visibility, "regexp": regexp}
        self.method("admin", "livechat:saveCustomField", None, doc)

    def trigger(self, name: str, more: Doc) -> None:
        """Define a trigger."""
        action = {"name": "send-message", "params": {"sender": "queue", "msg": "Can I help?", "name": "bot"}}
        doc = {"name": name, "conditions": [{"name": "time-on-site", "value": "5"}], "actions": [action], **more}
        self.method("admin", "livechat:saveTrigger", doc)
