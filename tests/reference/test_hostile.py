"""Hostile input never gets a 5xx: every operation, odd values everywhere, by a seeded random walk."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
import pytest

from conformance.reference import reference_server
from conformance.reference.routing import OPERATIONS

if TYPE_CHECKING:
    from conformance.reference.request import Operation

_ODD: Final[tuple[Any, ...]] = (
    "",
    None,
    0,
    -1,
    1.5,
    1e308,
    10**30,
    True,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"$ne": None},
    {"$gt": ""},
    "x" * 5000,
    "\0",
    "\ud800",
    "日本 😀 \u202eRTL",
    "../../etc/passwd",
    "'; DROP TABLE rooms; --",
    "__proto__",
    {"__proto__": 1},
    {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}},
    "2020-13-45",
    "GENERAL",
    "rocket.cat",
    "true",
    "[",
    "(",
    '{"bad',
    "9" * 400,
)
_BODIES: Final = (b"{", b"\xff\xfe", b"[" * 50_000, b'{"a": 1e999}', b"", b"null", b"{}")
_TYPES: Final = (
    *("application/json",) * 8,
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=x",
    "nonsense",
)
_KEYS: Final = (
    *("token", "rid", "msg", "visitor", "department", "departmentId", "data", "email", "name", "message", "key"),
    *("value", "overwrite", "customFields", "pageInfo", "roomId", "userId", "username", "inquiryId", "agents", "_id"),
    *(
        "count",
        "offset",
        "sort",
        "fields",
        "query",
        "text",
        "open",
        "tags",
        "createdAt",
        "closedAt",
        "roomName",
        "limit",
    ),
    *("end", "ls", "payload", "From", "Body", "NumMedia", "user", "password", "status", "permissions", "foo"),
)


class Walk:
    """Random calls about things that exist, with something odd in most of them."""

    def __init__(self, seed: int, client: httpx.Client, good: dict[str, Any]) -> None:
        self.random = random.Random(seed)
        self.client = client
        self.good = good

    def value(self, key: str, oddness: float = 0.4) -> Any:
        """A value for a key: a good one, or an odd one."""
        if self.random.random() < oddness or key not in self.good:
            return self.random.choice(_ODD)
        return self.good[key]

    def path(self, operation: Operation) -> str:
        """The path of an operation with its parameters filled in."""

        def fill(found: re.Match[str]) -> str:
            value = self.value(found.group(1), 0.3)
            text = value if isinstance(value, str) and value else "x"
            return quote(text.encode("utf-8", "replace"), safe="")

        return re.sub(r"\{(\w+)\}", fill, operation.path)

    def query(self) -> str:
        """A query with brackets where nobody expects them."""
        parts = []
        for _ in range(self.random.choice((0, 0, 1, 2, 4))):
            key = self.random.choice(_KEYS)
            value = self.value(key)
            text = value if isinstance(value, str) else json.dumps(value)
            mark = self.random.choice(("", "", "", "[]", "[$ne]", "[0]", "[a][b]", "[", "]"))
            parts.append(f"{key}{mark}={quote(text.encode('utf-8', 'replace'))}")
        if self.random.random() < 0.05:
            parts.append(self.random.choice(("%zz=%", "=", "&&", "a=%ff", "[]=1", "a[b[c]=1")))
        return "?" + "&".join(parts) if parts else ""

    def body(self) -> bytes:
        """A body: an object with good and odd values, or something else entirely."""
        if self.random.random() < 0.05:
            return self.random.choice(_BODIES)
        keys = self.random.sample(_KEYS, self.random.randint(0, 6))
        content: Any = {key: self.value(key) for key in keys}
        if self.random.random() < 0.1:
            content = self.random.choice(_ODD)
        if self.random.random() < 0.3:
            content = {**self.good, **(content if isinstance(content, dict) else {})}
        return json.dumps(content).encode("utf-8", "surrogatepass")

    def step(self, operation: Operation, credentials: dict[str, str]) -> httpx.Response:
        """One call of an operation."""
        headers = dict(credentials) if self.random.random() < 0.9 else {}
        content = None
        if operation.method != "GET":
            content = self.body()
            headers["content-type"] = self.random.choice(_TYPES)
        return self.client.request(
            operation.method, self.path(operation) + self.query(), headers=headers, content=content
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_input_gets_a_5xx(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    """No operation answers a server error, whatever it is sent; nothing unexpected is logged."""
    spared = {"logout", "deleteUser", "updatePermissions"}
    operations = [each for each in OPERATIONS.values() if each.id not in spared]
    with reference_server(seed_demo=True) as url, httpx.Client(base_url=url, timeout=20) as client:
        login = client.post("/api/v1/login", json={"user": url.admin_user, "password": url.admin_password}).json()[
            "data"
        ]
        credentials = {"X-Auth-Token": login["authToken"], "X-User-Id": login["userId"]}
        config = client.get("/api/v1/livechat/config", params={"token": "demo-vera"}).json()["config"]
        good = {
            "token": "demo-vera",
            "rid": config["room"]["_id"],
            "roomId": config["room"]["_id"],
            "userId": config["agent"]["_id"],
            "agentId": config["agent"]["_id"],
            "department": config["departments"][0]["_id"],
            "_id": config["departments"][1]["_id"],
            "type": "agent",
            "service": "twilio",
            "username": "ada",
            "msg": "text",
            "visitor": {"token": "demo-vera", "name": "Vera"},
            "data": [{"name": "satisfaction", "value": "5"}],
            "pageInfo": {"change": "url", "title": "t", "location": {"href": "h"}},
            "key": "plan",
            "value": "gold",
            "overwrite": True,
            "From": "+55 1",
        }
        walk = Walk(seed, client, good)
        answers = [(each.id, walk.step(each, credentials)) for _ in range(15) for each in operations]
    failed = [
        f"{name}: {answer.request.method} {answer.request.url}" for name, answer in answers if answer.status_code > 499
    ]
    assert not failed
    assert "Unexpected error" not in caplog.text
    assert {answer.status_code for _, answer in answers} >= {200, 400, 401}


def test_operators_are_text_or_refused() -> None:
    """Query operators of a database mean nothing here: they open no door."""
    with reference_server(seed_demo=True) as url, httpx.Client(base_url=url) as client:
        config = client.get("/api/v1/livechat/config", params={"token": "demo-vera"}).json()["config"]
        rid = config["room"]["_id"]
        for path in (
            f"messages.history/{rid}?token[$ne]=x",
            f"room?token[$ne]=x&rid={rid}",
            f"message/abc?token[$ne]=x&rid={rid}",
            "config?token[$ne]=x",
        ):
            assert client.get(f"/api/v1/livechat/{path}").status_code == 400, path
        sms = {"From": {"$ne": None}, "To": "1", "Body": "x"}
        assert client.post("/api/v1/livechat/sms-incoming/twilio", json=sms).status_code == 400


@pytest.mark.parametrize("path", ["room.close", "room.transfer", "room.survey", "message", "transcript"])
def test_an_empty_room_id_is_no_room(path: str) -> None:
    """The real server takes it for any room of the visitor; this one refuses it and changes nothing."""
    with reference_server(seed_demo=True) as url, httpx.Client(base_url=url) as client:
        bodies: dict[str, dict[str, Any]] = {
            "room.transfer": {"department": "x"},
            "room.survey": {"data": [{"name": "satisfaction", "value": "5"}]},
            "message": {"msg": "x"},
            "transcript": {"email": "a@b.test"},
        }
        body = {"token": "demo-vera", "rid": "", **bodies.get(path, {})}
        answer = client.post(f"/api/v1/livechat/{path}", json=body)
        config = client.get("/api/v1/livechat/config", params={"token": "demo-vera"}).json()["config"]
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid-room", "error-invalid-room")
    assert config["room"]["open"] is True


def test_an_empty_token_is_nobody() -> None:
    """It registers nobody and finds nobody."""
    with reference_server() as url, httpx.Client(base_url=url) as client:
        answer = client.post("/api/v1/livechat/visitor", json={"visitor": {"token": ""}})
        assert (answer.status_code, answer.json()["path"]) == (400, "visitor.token")
        assert "guest" not in client.get("/api/v1/livechat/config?token=").json()["config"]
