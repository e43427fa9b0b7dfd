"""Messages that a recorded exchange presumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference.replay_corpus import RANDOM_ID, documents, is_message

if TYPE_CHECKING:
    from tests.reference.replay_corpus import Doc, Recording
    from tests.reference.replay_fixture import Site
    from tests.reference.replay_rooms import Rooms

PERSONAS = {"agent1": "agent", "agent2": "agent 2"}


class Messages:
    """The messages that exist on the live server, by recorded id."""

    def __init__(self, site: Site, rooms: Rooms) -> None:
        self.site = site
        self.ids = site.ids
        self.knowledge = site.knowledge
        self.rooms = rooms
        self.there: set[str] = set()

    def of_room(self, rid: str, recording: Recording) -> None:
        """Write the messages of a room that were in it before an exchange, oldest first."""
        seen = [docs[0] for docs in self.knowledge.messages.values() if docs[0][1]["rid"] == rid]
        for at, doc in sorted(seen, key=lambda item: str(item[1].get("ts"))):
            if at <= recording.index and ("message", doc["_id"]) not in self.knowledge.made:
                self._write(doc)
        for mid, calls in self.knowledge.message_calls.items():
            named = [call for call in calls if call.field("rid") == rid and call.accepted]
            if named and mid not in self.knowledge.messages:
                self.ensure(mid, recording)

    def before_room(self, rid: str, token: str) -> None:
        """Visit the pages that a visitor had visited before the room was opened: they expire, unlike later ones."""
        for docs in self.knowledge.messages.values():
            page = docs[0][1]
            if page["rid"] == rid and "expireAt" in page and "navigation" in page:
                visit = {"token": token, "pageInfo": page["navigation"]["page"]}
                self.site.livechat(None, "POST", "page.visited", visit)

    def shown(self, recording: Recording) -> None:
        """Write the messages that an answer shows and that nobody wrote yet, oldest first."""
        docs = [doc for doc in documents(recording.answer) if is_message(doc)]
        for doc in sorted(docs, key=lambda one: str(one.get("ts"))):
            made = self.knowledge.made.get(("message", doc["_id"]))
            if made is None or made < recording.index:
                self._write(doc)

    def ensure(self, mid: str, recording: Recording) -> None:
        """Write a message that an exchange names."""
        made = self.knowledge.made.get(("message", mid))
        if mid in self.there or (made is not None and made >= recording.index):
            return
        if known := self.knowledge.messages.get(mid):
            self.rooms.ensure(known[0][1]["rid"], recording)
            self._write(known[0][1])
            return
        calls = self.knowledge.message_calls.get(mid, [])
        good = next((call for call in calls if call.accepted), None)
        if good is not None:
            rid, token = good.field("rid"), good.field("token")
        elif RANDOM_ID.fullmatch(mid) and recording.code != "invalid-message":
            switched_off = any(name.startswith("Message_Allow") for name in recording.settings)
            rid, token = recording.field("rid"), recording.field("token")
            if recording.code == "error-action-not-allowed" and not switched_off:
                rid, token = f"other-{mid}", "spare-visitor"
        else:
            return
        if rid and token:
            self.rooms.ensure(
                rid,
                recording,
                None if rid in self.knowledge.owners else {"_id": rid, "v": {"token": token}, "servedBy": {}},
            )
            self._write({"_id": mid, "rid": rid, "token": token, "msg": "prepared", "u": {}})

    def _write(self, doc: Doc) -> None:
        mid, rid = doc["_id"], doc["rid"]
        if mid in self.there or "t" in doc or rid not in self.rooms.owners:
            return
        if rid in self.rooms.closed:
            self._adopt(mid, rid)
            return
        room = self.ids.get(rid)
        if isinstance(doc.get("token"), str):
            token = self.rooms.owners[rid]
            if "file" in doc:
                self._upload(room, token)
                self.there.add(mid)
                return
            body = {"token": token, "rid": room, "msg": doc["msg"], "_id": mid}
            reply = self.site.livechat(None, "POST", "message", body)
            if reply.ok and doc.get("editedAt"):
                body = {"token": token, "rid": room, "msg": doc["msg"]}
                self.site.livechat(None, "PUT", f"message/{mid}", body)
        elif (persona := PERSONAS.get(doc["u"].get("username", ""))) is not None:
            reply = self.site.call(
                persona, "POST", "chat.sendMessage", {"message": {"rid": room, "msg": doc["msg"], "_id": mid}}
            )
        else:
            return
        if reply.ok:
            self.there.add(mid)
            if isinstance(doc.get("ts"), str):
                self.ids.bind(doc["ts"], reply.body["message"]["ts"])

    def _upload(self, room: str, token: str) -> None:
        part = 'Content-Disposition: form-data; name="file"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\nhello'
        headers = {"content-type": "multipart/form-data; boundary=x", "x-visitor-token": token}
        self.site.wire.send(
            "POST", f"/api/v1/livechat/upload/{room}", (), headers, f"--x\r\n{part}\r\n--x--\r\n".encode()
        )

    def _adopt(self, mid: str, rid: str) -> None:
        """Let a message that is in a closed room already stand for one that was not recorded."""
        token = self.rooms.owners[rid]
        reply = self.site.livechat(None, "GET", f"messages.history/{self.ids.get(rid)}", token=token, limit="0")
        taken = {self.ids.get(one) for one in self.there}
        for message in reply.body.get("messages", ()) if reply.ok else ():
            if message.get("token") == token and "t" not in message and message["_id"] not in taken:
                self.ids.bind(mid, message["_id"])
                self.there.add(mid)
                return
