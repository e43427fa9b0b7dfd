"""What must be there before a recorded exchange is sent again: inferred from it, made by unrecorded calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.reference.replay_corpus import RANDOM_ID, documents
from tests.reference.replay_fixture import PASSWORD
from tests.reference.replay_presence import wanted_presence
from tests.reference.replay_rooms import Rooms

if TYPE_CHECKING:
    from tests.reference.replay_client import Reply
    from tests.reference.replay_corpus import Doc, Recording
    from tests.reference.replay_fixture import Site


class Preparer:
    """Makes the state that a recorded exchange presumes, as far as it is not there already."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ids = site.ids
        self.knowledge = site.knowledge
        self.rooms = Rooms(site)
        self.visitors = self.rooms.visitors

    def prepare(self, recording: Recording) -> None:
        """Bring settings, things, rooms, presence and the limiter to the state before the exchange."""
        self.site.log.clear()
        self.site.want_settings(
            {name: value for name, value in recording.settings.items() if "Rate_Limiter" not in name}
        )
        if recording.status in (401, 405) and "login" not in recording.name:
            self._logged_out(recording)
            self._limiter(recording)
            return
        self._users(recording)
        self.rooms.departments.prepare(recording)
        self._fields_and_triggers(recording)
        self.visitors.prepare(recording)
        self._listed(recording)
        self.rooms.prepare(recording)
        self.site.want_settings(
            {name: value for name, value in recording.settings.items() if "Rate_Limiter" not in name}
        )
        token = recording.field("token")
        self.site.want_presence(
            wanted_presence(recording, self.site, self.visitors.department(token) if token else None)
        )
        self._limiter(recording)

    def after(self, recording: Recording, reply: Reply) -> None:
        """Take note of what the exchange itself changed."""
        name = recording.name
        if name == "POST logout" and reply.status == 200:
            self.site.tokens.pop(recording.persona, None)
        elif name.startswith("POST settings"):
            self.site.settings.pop(recording.params.get("_id", ""), None)
        elif name == "POST users.setStatus" and reply.status == 200 and isinstance(recording.body, dict):
            user = self.site.logins.get(recording.persona, ("", ""))[0]
            self.site.presence[user] = recording.body.get("status", self.site.presence.get(user, "online"))
        elif name in ("POST department", "PUT department/{_id}") and reply.ok:
            self.rooms.departments.note(reply.body)
        elif name == "POST users.create" and reply.ok:
            self.site.user_ids[reply.body["user"]["username"]] = reply.body["user"]["_id"]
        self.visitors.after(recording, reply)
        self.rooms.after(recording, reply)

    def _logged_out(self, recording: Recording) -> None:
        """A persona's own token that is refused was logged out before."""
        token = recording.headers.get("x-auth-token", "")
        if (
            recording.status == 401
            and token == f"{{{{auth:{recording.persona}}}}}"
            and recording.persona in self.site.tokens
        ):
            self.site.call(recording.persona, "POST", "logout")
            del self.site.tokens[recording.persona]

    # users -----------------------------------------------------------------------------------------------------

    def _users(self, recording: Recording) -> None:
        name = recording.name
        if name == "POST users/{type}" and recording.accepted and (username := recording.field("username")):
            self._user(username)
        elif name in ("GET users/{type}/{_id}", "DELETE users/{type}/{_id}", "GET users.info", "POST users.delete"):
            recorded = recording.field("_id", "userId")
            gone = recording.code == "error-invalid-user"
            if recorded and gone and recorded in self.ids:
                self.site.call("admin", "POST", "users.delete", {"userId": self.ids.get(recorded)})
            elif recorded and not gone and RANDOM_ID.fullmatch(recorded) and recorded not in self.ids:
                self._known_user(recorded)
        elif name == "POST users.create" and recording.code == "error-field-unavailable":
            taken = str(recording.answer.get("error", "")).partition(" ")[0]
            self._user(taken.partition("@")[0])
        elif (
            recording.name == "POST login" and recording.status == 200 and (user := recording.field("user", "username"))
        ):
            self._user(user.partition("@")[0])
        if name == "GET users/{type}" and recording.accepted:
            for doc in recording.answer["users"]:
                if doc["_id"] not in self.ids:
                    self._known_user(doc["_id"], role=recording.params["type"])

    def _user(self, username: str) -> None:
        if username not in self.site.user_ids and username not in (login[0] for login in self.site.logins.values()):
            self.site.make_user(username, username, ["user"], PASSWORD)

    def _known_user(self, recorded: str, role: str | None = None) -> None:
        doc = self.knowledge.users.get(recorded, {})
        username = str(doc.get("username") or f"someone-{recorded}")
        if username not in self.site.user_ids:
            roles: list[str] = doc.get("roles") or ["user"]
            if role and not doc.get("statusLivechat"):
                roles = sorted({*roles, f"livechat-{role}"})
            self.site.make_user(username, str(doc.get("name") or username), list(roles))
            if doc.get("statusLivechat"):
                self.site.livechat("admin", "POST", "users/agent", {"username": username})
        if username in self.site.user_ids:
            self.ids.bind(recorded, self.site.user_ids[username])

    # fields, triggers ------------------------------------------------------------------------------------------

    def _fields_and_triggers(self, recording: Recording) -> None:
        if recording.name == "GET custom-fields" and recording.accepted:
            reply = self.site.livechat("manager", "GET", "custom-fields", count="0")
            there = {doc["_id"] for doc in reply.body.get("customFields", ())}
            for doc in recording.answer["customFields"]:
                if doc["_id"] not in there:
                    self.site.custom_field(
                        doc["_id"], doc["label"], doc["scope"], doc.get("regexp", ""), doc["visibility"]
                    )
        known = recording.params.get("_id") if recording.name == "GET triggers/{_id}" else None
        wanted = [doc["_id"] for doc in documents(recording.answer) if "conditions" in doc and "name" in doc]
        for recorded in [*wanted, *([known] if known and RANDOM_ID.fullmatch(known) else [])]:
            doc = self.knowledge.triggers.get(recorded)
            if doc is None or recorded in self.ids:
                continue
            reply = self.site.livechat("manager", "GET", "triggers", count="0")
            live = {one["name"]: one["_id"] for one in reply.body.get("triggers", ())}
            if doc["name"] not in live:
                self.site.trigger(
                    doc["name"], {key: doc[key] for key in doc if key not in ("_id", "name", "_updatedAt")}
                )
                reply = self.site.livechat("manager", "GET", "triggers", count="0")
                live = {one["name"]: one["_id"] for one in reply.body.get("triggers", ())}
            if doc["name"] in live:
                self.ids.bind(recorded, live[doc["name"]])

    def _fill(self, recording: Recording) -> None:
        """Make as many triggers or fields as the answer counts, where a page further back is not empty."""
        page = recording.answer.get("triggers") or recording.answer.get("customFields")
        kind = recording.name.removeprefix("GET ")
        if page and recording.answer.get("offset") and kind in ("triggers", "custom-fields"):
            live = self.site.livechat("manager", "GET", kind, count="0").body.get("total", 0)
            for number in range(live, min(recording.answer["total"], live + 10)):
                if kind == "triggers":
                    self.site.trigger(f"filler {number}", {"enabled": False, "description": "", "runOnce": False})
                else:
                    self.site.custom_field(f"filler-{number}", f"Filler {number}", "visitor", "")

    # what lists show -------------------------------------------------------------------------------------------

    def _listed(self, recording: Recording) -> None:
        """Make what a list of the answer shows, so that filters find something."""
        if not recording.accepted or not isinstance(recording.answer, dict):
            return
        if recording.name in ("GET rooms", "GET visitors.chatHistory/room/{roomId}/visitor/{visitorId}"):
            shown: list[Doc] = recording.answer.get("rooms") or recording.answer.get("history") or []
            for doc in sorted(shown, key=lambda one: str(one["ts"])):
                self.rooms.match(doc["_id"], recording, doc)
        elif recording.name == "GET inquiries.list":
            for doc in reversed(recording.answer["inquiries"]):
                self.rooms.ensure_queued(doc["rid"], recording)
        elif recording.name.startswith("GET visitors.pagesVisited"):
            self._pages(recording)
        self._fill(recording)

    def _pages(self, recording: Recording) -> None:
        rid = recording.params.get("roomId", "")
        live = self.site.livechat("manager", "GET", f"visitors.pagesVisited/{self.ids.get(rid)}", count="0")
        there = {page.get("msg") for page in live.body.get("pages", ())} if live.ok else set()
        for page in reversed(recording.answer["pages"]):
            if page["msg"] not in there:
                visit = {
                    "token": page["navigation"]["token"],
                    "rid": self.ids.get(rid),
                    "pageInfo": page["navigation"]["page"],
                }
                self.site.livechat(None, "POST", "page.visited", visit)

    # the limiter -----------------------------------------------------------------------------------------------

    def _limiter(self, recording: Recording) -> None:
        """Switch the limiter as recorded, and use up as many calls as the recorded headers say were used before."""
        for name, value in recording.settings.items():
            if "Rate_Limiter" in name:
                self.site.set_setting(name, value)

    def spent_calls(self, recording: Recording) -> int | None:
        """How many calls of the window were made before this one; None where the recording does not say."""
        left, limit = (recording.answer_headers.get(f"x-ratelimit-{part}") for part in ("remaining", "limit"))
        if recording.status == 429 and re.search("too many requests", str(recording.answer)):
            return 10**6
        return int(limit) - int(left) - 1 if left is not None and limit is not None else None
