"""Visitors that a recorded exchange presumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.reference.replay_corpus import RANDOM_ID, documents, is_visitor

if TYPE_CHECKING:
    from tests.reference.replay_client import Reply
    from tests.reference.replay_corpus import Doc, Recording
    from tests.reference.replay_departments import Departments
    from tests.reference.replay_fixture import Site

PREPARED_TOKEN = "vtok-"
"""How the tokens of the visitors begin that were prepared for the cases."""


class Visitors:
    """The visitors that exist on the live server, by token."""

    def __init__(self, site: Site, departments: Departments) -> None:
        self.departments = departments
        self.site = site
        self.ids = site.ids
        self.knowledge = site.knowledge
        self.live: set[str] = set()
        self._departments: dict[str, str] = {}

    def department(self, token: str) -> str | None:
        """The live id of a visitor's department, as far as it is known."""
        return self._departments.get(token)

    def prepare(self, recording: Recording) -> None:
        """Make the visitors whom the exchange names, and give the one it shows what the answer presumes."""
        token = recording.field("token") or recording.headers.get("x-visitor-token")
        if token and denies(recording, token):
            if token in self.live and recording.name != "POST visitor":
                self.site.livechat(None, "DELETE", f"visitor/{token}")
                self.live.discard(token)
        elif token and self._existed(token, recording):
            self.ensure(token, recording)
        visitor_id = recording.params.get("visitorId") or recording.field("visitorId")
        if visitor_id and (owner := self.knowledge.tokens.get(visitor_id)):
            self.ensure(owner, recording)
        elif visitor_id and RANDOM_ID.fullmatch(visitor_id) and visitor_id not in self.ids:
            made = self.site.livechat(None, "POST", "visitor", {"visitor": {"token": f"for-{visitor_id}"}})
            self.ids.bind(visitor_id, made.body["visitor"]["_id"])
        if recording.accepted and token:
            shown = next((doc for doc in documents(recording.answer) if is_visitor(doc)), None)
            if shown is not None:
                self._complete(shown, recording)

    def after(self, recording: Recording, reply: Reply) -> None:
        """Take note of a visitor that the exchange made or removed."""
        if recording.name == "POST visitor" and reply.ok and isinstance(reply.body.get("visitor"), dict):
            visitor = reply.body["visitor"]
            if self.knowledge.tokens.get(visitor["_id"]) not in (None, visitor["token"]):
                self.live.discard(self.knowledge.tokens[visitor["_id"]])
            self.live.add(visitor["token"])
            self._note(visitor)
        elif recording.name == "DELETE visitor/{token}" and reply.ok:
            self.live.discard(recording.params["token"])

    def _note(self, visitor: Doc) -> None:
        if "department" in visitor:
            self._departments[visitor["token"]] = visitor["department"]
        else:
            self._departments.pop(visitor["token"], None)

    def _existed(self, token: str, recording: Recording) -> bool:
        shown = (doc for doc in documents(recording.answer) if is_visitor(doc))
        if recording.name != "POST visitor" and any(doc["token"] == token for doc in shown):
            return True
        made = self.knowledge.made.get(("visitor", token))
        if made is not None and made >= recording.index:
            return made == recording.index and self._unexplained(token, recording)
        if recording.name == "POST visitor":
            return recording.accepted and self._unexplained(token, recording)
        known = token in self.knowledge.visitors or token.startswith(PREPARED_TOKEN)
        return known or (recording.persona.startswith("visitor") and recording.accepted)

    def _unexplained(self, token: str, recording: Recording) -> bool:
        """Whether the answer to a registration shows more than was sent: the visitor was there before."""
        sent, got = recording.sent, recording.answer
        if not isinstance(got, dict):
            return False
        request, visitor = sent.get("visitor") or {}, got.get("visitor") or {}
        pairs = {"name": "name", "phone": "phone", "visitorEmails": "email", "livechatData": "customFields"}
        if any(shown in visitor and not request.get(key) for shown, key in pairs.items()):
            return True
        return "department" in visitor and not self._known_department(request.get("department"))

    def _known_department(self, text: Any) -> bool:
        """Whether a department is named by an id or a name that exists."""
        return isinstance(text, str) and (text in self.ids or text in self.site.department_ids)

    def ensure(self, token: str, recording: Recording) -> None:
        """Make a visitor who is not there yet, with what the recordings say of him."""
        if token in self.live:
            return
        known = self.knowledge.visitor(token, recording.index)
        visitor: Doc = {"token": token, **self._attributes(known, recording)}
        reply = self.site.livechat(None, "POST", "visitor", {"visitor": visitor})
        if reply.ok:
            self.live.add(token)
            self._note(reply.body["visitor"])
            if "_id" in known:
                self.ids.bind(known["_id"], reply.body["visitor"]["_id"])
            if "username" in known:
                self.ids.bind(known["username"], reply.body["visitor"]["username"])

    def _attributes(self, known: Doc, recording: Recording) -> Doc:
        found: Doc = {}
        if isinstance(known.get("name"), str):
            found["name"] = known["name"]
        if isinstance(username := known.get("username"), str) and not username.startswith("guest-"):
            found["username"] = username
        if emails := known.get("visitorEmails"):
            found["email"] = emails[0]["address"]
        if phones := known.get("phone"):
            found["phone"] = phones[0]["phoneNumber"]
        fields = known.get("livechatData")
        if isinstance(fields, dict):
            found["customFields"] = [{"key": key, "value": value, "overwrite": True} for key, value in fields.items()]
        department = known.get("department") or self.knowledge.first_department(known.get("token") or "")
        department = department or self._hinted(recording)
        if isinstance(department, str):
            if RANDOM_ID.fullmatch(department) and department not in self.site.department_ids.values():
                self.departments.ensure(department, recording)
            found["department"] = self.ids.get(department)
        return found

    def _hinted(self, recording: Recording) -> str | None:
        """The department that the words of a case put the visitor into."""
        words = recording.case.lower()
        if recording.name != "GET room" or "department" not in words:
            return None
        if "without agents" in words or "agent list is empty" in words:
            return self.site.department_ids.get("Empty-x")
        if "disabled" in words:
            return self.site.department_ids.get("Archive-x")
        return None

    def _complete(self, shown: Doc, recording: Recording) -> None:
        """Give a visitor what the answer shows of him and what the exchange itself does not bring."""
        token = shown["token"]
        sent: Doc = recording.sent.get("visitor") or {}
        if token not in self.live or (recording.name == "POST visitor" and not self._unexplained(token, recording)):
            return
        reply = self.site.livechat(None, "GET", f"visitor/{token}")
        live = reply.body.get("visitor") if reply.ok else None
        if not isinstance(live, dict):
            return
        missing: Doc = {}
        for key, name in (
            ("name", "name"),
            ("phone", "phone"),
            ("visitorEmails", "email"),
            ("department", "department"),
        ):
            brought = self._known_department(sent.get(name)) if name == "department" else bool(sent.get(name))
            if key in shown and key not in live and not brought:
                missing[key] = shown[key]
        fields: dict[str, Any] = shown.get("livechatData") or {}
        sent_fields = {one.get("key") for one in sent.get("customFields") or () if isinstance(one, dict)}
        lacking = {
            key: fields[key] for key in fields if key not in (live.get("livechatData") or {}) and key not in sent_fields
        }
        if lacking:
            missing["livechatData"] = lacking
        surplus = "department" in live and "department" not in shown and recording.name != "POST visitor"
        if missing or surplus:
            visitor = {"token": token, **self._attributes({**missing, "token": None}, recording)}
            if "department" in live and not surplus:
                visitor.setdefault("department", live["department"])
            again = self.site.livechat(None, "POST", "visitor", {"visitor": visitor})
            if again.ok:
                self._note(again.body["visitor"])


def denies(recording: Recording, token: str) -> bool:
    """Whether the answer says that there is no visitor with the token."""
    answer = recording.answer if isinstance(recording.answer, dict) else {}
    if recording.code == "invalid-token":
        return True
    if recording.name == "GET visitor/{token}" and recording.status == 200:
        return "visitor" not in answer
    if recording.name == "GET config" and recording.status == 200:
        config = answer.get("config") or {}
        return bool(config.get("enabled")) and "guest" not in config
    return token.startswith("no-such")
