"""Answers and the shapes of refusals: what the handlers return and raise, and the JSON bodies that come of it.

The same logical error has a different body depending on how a route of the real server reports it; each operation
says which way is its own (ErrorStyle). Source of the shapes: endpoint facts, section 0.2, and the recordings.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from conformance.reference.match import UNDEFINED, MatchFailure

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"

#: The client page, which every path that is no route answers. Nothing in it counts but status and media type.
CLIENT_PAGE: Final = (
    b'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8" />\n<title>Livechat reference server</title>\n</head>\n'
    b"<body>\n<p>This is the embedded reference server. Its API is under <code>/api/v1/livechat/</code>.</p>\n"
    b"</body>\n</html>\n"
)


class ErrorStyle(enum.Enum):
    """How a route reports an error that its handler meets.

    CAUGHT: the error object itself is the body (shapes S1, S2, S3). CODE: only its code (S4).
    ESCAPED: the wrapper of all routes reports it (S5).
    """

    CAUGHT = "caught"
    CODE = "code"
    ESCAPED = "escaped"


@dataclass(slots=True)
class Answer:
    """What goes back: a JSON value, or ready bytes with their own media type.

    Attributes:
        status: HTTP status.
        body: A JSON value; ignored where ``content`` is set.
        headers: More headers, names in lower case.
        content: The body as bytes, for the few answers that are not JSON.
        media: The content type; ``None`` sends none.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    media: str | None = JSON


class Refusal(Exception):
    """An error with a code (a ``Meteor.Error`` of the real server).

    Attributes:
        code: For example ``invalid-token``.
        reason: A sentence for people, or None.
        details: More about it, or None.
        keep: Whether what the call did before stays done. False undoes it; True is for the few refusals that leave
            traces on the real server (recordings ``room/135``, ``custom-fields/104``).
    """

    def __init__(
        self, code: str, reason: str | None = None, details: dict[str, Any] | None = None, *, keep: bool = False
    ) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.details = details
        self.keep = keep

    @property
    def message(self) -> str:
        """Reason and code as the server prints them."""
        return f"{self.reason} [{self.code}]" if self.reason else f"[{self.code}]"


class Failure(Exception):
    """An error without a code (any other JavaScript error of the real server): its text shows only when it escapes.

    ``keep`` is as in Refusal.
    """

    def __init__(self, text: str = "", *, keep: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.keep = keep


class Stop(Exception):
    """Ends the handling of a call with a ready answer, for example 401 or 403; nothing it did stays done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def success(payload: dict[str, Any] | None = None, /, **more: Any) -> Answer:
    """200 with the payload and ``success``; keys with the value UNDEFINED are left out, as JSON does it."""
    body = {key: value for key, value in {**(payload or {}), **more}.items() if value is not UNDEFINED}
    body["success"] = True
    return Answer(200, body)


def failure(error: Any = UNDEFINED, **more: Any) -> Answer:
    """400 with ``success: false`` and, where given, an explicit text (shape S6)."""
    body: dict[str, Any] = {"success": False}
    if error is not UNDEFINED:
        body["error"] = error
    body.update(more)
    return Answer(400, body)


def unauthorized() -> Answer:
    """403, for a permission that a handler checks itself."""
    return Answer(403, {"success": False, "error": "unauthorized"})


def not_logged_in() -> Answer:
    """401, the same for missing, half and wrong credentials."""
    return Answer(401, {"status": "error", "message": "You must be logged in to do this."})


def no_such_method(allowed: tuple[str, ...]) -> Answer:
    """405 with the methods that the path has."""
    body = {"status": "error", "message": "API endpoint does not exist"}
    return Answer(405, body, {"allow": ", ".join((*allowed, "OPTIONS"))})


def internal_error() -> Answer:
    """500 for a bug of this server; the spelling is the real server's."""
    return Answer(500, {"success": False, "error": "Internal error occured"})


def client_page() -> Answer:
    """200 with the HTML page of the web client, for paths that are no route."""
    return Answer(200, content=CLIENT_PAGE, media=HTML)


def html_refusal(status: int, text: str) -> Answer:
    """A refusal by the body parser, before any route: an HTML page with one sentence."""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{text}</pre>\n</body>\n</html>\n"
    )
    return Answer(status, content=page.encode(), media=HTML)


_MATCH_SANITIZED: Final = {
    "isClientSafe": True,
    "error": 400,
    "reason": "Match failed",
    "message": "Match failed [400]",
    "errorType": "Meteor.Error",
}


def _caught(error: Exception) -> dict[str, Any]:
    if isinstance(error, Refusal):
        body: dict[str, Any] = {"isClientSafe": True, "error": error.code}
        if error.reason is not None:
            body["reason"] = error.reason
        if error.details is not None:
            body["details"] = error.details
        return body | {"message": error.message, "errorType": "Meteor.Error", "success": False}
    if isinstance(error, MatchFailure):
        return {
            "message": error.text,
            "path": error.path,
            "sanitizedError": dict(_MATCH_SANITIZED),
            "errorType": "Match.Error",
            "success": False,
        }
    return {"success": False}


def _code_only(error: Exception) -> dict[str, Any]:
    if isinstance(error, Refusal):
        return {"success": False, "error": error.code}
    return {"success": False}


def _escaped(error: Exception) -> dict[str, Any]:
    if isinstance(error, Refusal):
        body: dict[str, Any] = {"success": False, "error": error.message, "errorType": error.code}
        if error.details is not None:
            body["details"] = error.details
        return body
    if isinstance(error, MatchFailure):
        return {"success": False, "error": error.text}
    return {"success": False, "error": str(error)}


_BODIES: Final = {ErrorStyle.CAUGHT: _caught, ErrorStyle.CODE: _code_only, ErrorStyle.ESCAPED: _escaped}


def refusal_answer(error: Refusal | Failure | MatchFailure, style: ErrorStyle) -> Answer:
    """400 with the body that a route of this style gives to this error."""
    return Answer(400, _BODIES[style](error))


_encoder = msgspec.json.Encoder()


def encode_json(value: Any) -> bytes:
    """A JSON value as bytes."""
    return _encoder.encode(value)
