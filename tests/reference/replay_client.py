"""A small HTTP client that sends exactly what was recorded: raw paths, odd headers, bodies that are not JSON."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered: status, headers (names in lower case), and the body (JSON, or {"raw": text})."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def ok(self) -> bool:
        """Whether the answer is a success of the API."""
        return self.status == 200 and isinstance(self.body, dict) and self.body.get("success") is not False


class Wire:
    """One kept-alive connection to the server; opened again when the server closed it."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send(
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Send one request; raises OSError or http.client.HTTPException when the server does not answer."""
        if query:
            pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
            path = f"{path}{'&' if '?' in path else '?'}{pairs}"
        for attempt in (1, 2):
            try:
                self._connection.request(
                    method, path, body=content, headers={"user-agent": "replay", **(headers or {})}
                )
                response = self._connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                self._connection.close()
                if attempt == 2:
                    raise
        text = response.read().decode("utf-8", "surrogatepass")
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, _body(text, names.get("content-type", "")))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a well-formed request of the API; the path is relative to /api/v1/."""
        content = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"content-type": "application/json"}
        return self.send(method, quote(f"/api/v1/{path}"), query, {**kind, **(headers or {})}, content)


def _body(text: str, media: str) -> Any:
    if "json" in media:
        try:
            return json.loads(text)
        except ValueError:
            return {"raw": text}
    return {"raw": text}
