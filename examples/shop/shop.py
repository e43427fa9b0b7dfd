"""A shop with a chat of its own: it registers visitors and serves the widget's configuration, as the Livechat API does.

It is the implementer's side of this example, an ordinary ASGI app that knows nothing of the suite. It implements three
operations: ``registerVisitor``, ``getVisitor`` and ``getConfig``.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_TEXTS = ("name", "email", "phone", "department", "username")
_NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}

WIDGET: dict[str, Any] = {
    "enabled": True,
    "online": False,
    "settings": {
        "registrationForm": True,
        "allowSwitchingDepartments": True,
        "nameFieldRegistrationForm": True,
        "emailFieldRegistrationForm": True,
        "displayOfflineForm": True,
        "videoCall": False,
        "fileUpload": False,
        "language": "",
        "transcript": False,
        "historyMonitorType": "url",
        "forceAcceptDataProcessingConsent": False,
        "showConnecting": False,
        "agentHiddenInfo": False,
    },
    "theme": {
        "title": "The shop",
        "color": "#C1272D",
        "offlineTitle": "Leave a message",
        "offlineColor": "#666666",
        "actionLinks": [
            {"icon": "icon-videocam", "i18nLabel": "Accept", "method_id": "createLivechatCall", "params": ""},
            {"icon": "icon-cancel", "i18nLabel": "Decline", "method_id": "denyLivechatCall", "params": ""},
        ],
    },
    "messages": {
        "offlineMessage": "",
        "offlineSuccessMessage": "",
        "offlineUnavailableMessage": "",
        "conversationFinishedMessage": "Thank you",
        "conversationFinishedText": "",
        "transcriptMessage": "",
        "registrationFormMessage": "",
        "dataProcessingConsentText": "",
    },
    "survey": {
        "items": ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"],
        "values": ["1", "2", "3", "4", "5"],
    },
    "triggers": [],
    "departments": [],
    "resources": {"sound": "https://shop.example.com/chime.mp3", "emojis": []},
}


class Refused(Exception):
    """A request that the API does not take; the message says why."""


def answer(**body: Any) -> Response:
    """An answer of the API that succeeded."""
    return JSONResponse({**body, "success": True}, headers=_NEVER_KEPT)


def refusal(why: str) -> Response:
    """The validation error of the API."""
    inner = {
        "isClientSafe": True,
        "error": 400,
        "reason": "Match failed",
        "message": "Match failed [400]",
        "errorType": "Meteor.Error",
    }
    body = {
        "message": f"Match error: {why}",
        "path": "",
        "sanitizedError": inner,
        "errorType": "Match.Error",
        "success": False,
    }
    return JSONResponse(body, 400, headers=_NEVER_KEPT)


def both(path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> list[Route]:
    """A route with and without a slash at its end: the API takes both."""
    return [Route(each, endpoint, methods=[method]) for each in (path, f"{path}/")]


class Shop:
    """The visitors of one shop, by token.

    Args:
        survey: The values that the survey offers; a test gives others to see that the suite notices.
    """

    def __init__(self, survey: list[str] | None = None) -> None:
        self._visitors: dict[str, dict[str, Any]] = {}
        self._widget = {**WIDGET, "survey": {**WIDGET["survey"], "values": survey or WIDGET["survey"]["values"]}}

    def app(self) -> Starlette:
        """The ASGI app."""
        prefix = "/api/v1/livechat"
        routes = [
            Route("/api/info", self._wrapped(self.info)),
            *both(f"{prefix}/config", self._wrapped(self.config), "GET"),
            *both(f"{prefix}/visitor", self._wrapped(self.register), "POST"),
            *both(f"{prefix}/visitor/{{token}}", self._wrapped(self.read), "GET"),
        ]
        shop = Starlette(routes=routes)
        shop.router.redirect_slashes = False
        return shop

    @staticmethod
    def _wrapped(operation: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await operation(request)
            except Refused as error:
                return refusal(str(error))

        return endpoint

    async def info(self, request: Request) -> Response:
        """GET /api/info: which version of the API this is."""
        return answer(version="3.2.0")

    async def config(self, request: Request) -> Response:
        """GET config: what the widget needs, and who the visitor is."""
        query = request.query_params
        for name in query:
            if name not in ("token", "department"):
                raise Refused(f"Unknown key in field {name}")
            if len(query.getlist(name)) > 1:
                raise Refused(f"Expected string, got object in field {name}")
        visitor = self._visitors.get(query.get("token", ""))
        guest = {"guest": visitor} if visitor else {}
        return answer(config={**self._widget, **guest})

    async def register(self, request: Request) -> Response:
        """POST visitor: make a visitor, or change the one who has the token."""
        given = self._checked(await request.body(), request.headers.get("content-type", "application/json"))
        token = given["token"]
        known = self._visitors.get(token)
        if known is None and given.get("email"):
            known = self._recognised(given["email"])
        visitor = dict(known or {"_id": secrets.token_hex(8), "username": self._username(given)})
        self._visitors.pop(visitor.get("token", ""), None)
        visitor["token"] = token
        visitor["_updatedAt"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if given.get("name"):
            visitor["name"] = given["name"]
        if given.get("email"):
            visitor["visitorEmails"] = [{"address": given["email"]}]
        if given.get("phone"):
            visitor["phone"] = [{"phoneNumber": given["phone"]}]
        self._visitors[token] = visitor
        return answer(visitor=visitor)

    async def read(self, request: Request) -> Response:
        """GET visitor/{token}: the visitor, or a success without one."""
        visitor = self._visitors.get(request.path_params["token"])
        return answer(visitor=visitor) if visitor else answer()

    def _username(self, given: dict[str, Any]) -> str:
        return given.get("username") or f"guest-{len(self._visitors) + 1}-{secrets.token_hex(3)}"

    def _recognised(self, email: str) -> dict[str, Any] | None:
        for visitor in self._visitors.values():
            if any(each["address"].lower() == email.lower() for each in visitor.get("visitorEmails", ())):
                return visitor
        return None

    @staticmethod
    def _checked(body: bytes, content_type: str) -> dict[str, Any]:
        whole = _read(body, content_type)
        if not isinstance(whole, dict) or set(whole) != {"visitor"} or not isinstance(whole["visitor"], dict):
            raise Refused("Missing key 'visitor', or another key beside it")
        given: dict[str, Any] = whole["visitor"]
        if not isinstance(given.get("token"), str):
            raise Refused("Missing key 'token'")
        for name in _TEXTS:
            if name in given and not isinstance(given[name], str):
                raise Refused(f"Expected string, got another type in field visitor.{name}")
        fields = given.get("customFields", [])
        if not isinstance(fields, list) or not all(_is_field(each) for each in fields):
            raise Refused("Expected key, value and overwrite in field visitor.customFields")
        return given


def _read(body: bytes, content_type: str) -> Any:
    """The body of a request: JSON, or a form whose keys stand in brackets, as in ``visitor[token]=abc``."""
    try:
        text = body.decode("utf-8-sig")
        if "json" in content_type:
            return json.loads(text)
    except ValueError:
        raise Refused("the body is not JSON") from None
    whole: dict[str, Any] = {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        for key, value in parse_qsl(text, keep_blank_values=True):
            *outer, last = re.findall(r"[^\[\]]+", key)
            inner = whole
            for name in outer:
                inner = inner.setdefault(name, {})
                if not isinstance(inner, dict):
                    raise Refused(f"{key} is both a text and more than that")
            inner[last] = value
    return _lists(whole)


def _lists(value: Any) -> Any:
    """The same, with lists where the keys are numbers, as in ``customFields[0][key]=size``."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    return list(inner.values()) if inner and all(name.isdigit() for name in inner) else inner


def _is_field(field: Any) -> bool:
    return (
        isinstance(field, dict)
        and {"key", "value", "overwrite"} <= set(field)
        and isinstance(field["key"], str)
        and isinstance(field["value"], str)
        and field["overwrite"] in (True, False, "true", "false")
    )


app = Shop().app()
