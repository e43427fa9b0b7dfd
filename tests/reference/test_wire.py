"""What happens on the wire before an operation is asked: routes, methods, bodies, queries."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from conformance.reference import querystring, reference_server
from conformance.reference.jsontext import BadJson, parse_json
from conformance.reference.routing import OPERATIONS, BadPath, Router, decode_segment

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/v1/livechat"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a fresh server."""
    with reference_server() as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nowhere",
        "/api/v1/",
        "/api/v1/nosuch",
        "/API/V1/LIVECHAT/CONFIG",
        f"{API}/Config",
        "/api/v1//livechat/config",
    ],
)
def test_an_unknown_path_is_the_client_page(client: httpx.Client, path: str) -> None:
    """A path that is no route answers HTML with 200."""
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["config", "config/", "config/?token="])
def test_a_trailing_slash_is_accepted(client: httpx.Client, path: str) -> None:
    """The same answer with and without it."""
    answer = client.get(f"{API}/{path}")
    assert answer.json()["success"] is True
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "config", "GET, OPTIONS"),
        ("GET", "visitor", "POST, OPTIONS"),
        ("PATCH", "message/abc", "GET, PUT, DELETE, OPTIONS"),
        ("PUT", "department", "GET, POST, OPTIONS"),
        ("POST", "visitor/abc", "GET, DELETE, OPTIONS"),
    ],
)
def test_a_wrong_method_is_405_with_the_right_ones(client: httpx.Client, method: str, path: str, allowed: str) -> None:
    """The header Allow names what the path has."""
    answer = client.request(method, f"{API}/{path}", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.json() == {"status": "error", "message": "API endpoint does not exist"}


def test_head_is_the_client_page(client: httpx.Client) -> None:
    """HEAD never reaches a resource."""
    answer = client.head(f"{API}/rooms")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (
        200,
        "text/html; charset=utf-8",
        b"",
    )


def test_options_knows_preflight(client: httpx.Client) -> None:
    """Without the preflight header 404, with it 405 while CORS is off."""
    assert client.options(f"{API}/config").status_code == 404
    answer = client.options(f"{API}/config", headers={"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 405
    assert "CORS not enabled" in answer.text
    assert client.options(f"{API}/no.such.route").status_code == 200


@pytest.mark.parametrize("path", [f"{API}/triggers/%zz", f"{API}/visitor/%ff", f"{API}/visitor/%"])
def test_a_malformed_percent_code_is_answered(client: httpx.Client, path: str) -> None:
    """The real server never answers these; this one refuses them."""
    assert client.get(httpx.URL(client.base_url.join("/")).copy_with(raw_path=path.encode())).status_code == 400


def test_a_slash_in_a_parameter_stays_encoded() -> None:
    """Other percent codes are decoded."""
    assert decode_segment("a%2Fb%C3%B6") == "a%2Fbö"
    assert Router(OPERATIONS).find(f"{API}/visitor/a%2fb") is not None
    with pytest.raises(BadPath):
        decode_segment("%zz")


_BODY = b'{"visitor": {"token": "wire", "name": "W"}}'


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/json"}, _BODY, 200),
        ({"content-type": "application/vnd.api+json"}, _BODY, 200),
        ({"content-type": "application/json; charset=utf-8"}, _BODY, 200),
        ({"content-type": "application/json"}, b"\xef\xbb\xbf" + _BODY, 200),
        ({}, _BODY, 200),
        ({"content-type": "application/json", "content-encoding": "gzip"}, gzip.compress(_BODY, mtime=0), 200),
        ({"content-type": "application/x-www-form-urlencoded"}, b"visitor%5Btoken%5D=wire", 200),
        ({"content-type": "text/plain"}, _BODY, 400),
        ({"content-type": "application/json"}, b"", 400),
        ({"content-type": "application/json"}, b'{"visitor"', 400),
        ({"content-type": "application/json"}, b'"text"', 400),
        ({"content-type": "application/json"}, b"null", 400),
        ({"content-type": "application/json"}, b"[" * 100_000, 400),
        ({"content-type": "application/json; charset=klingon"}, _BODY, 415),
        ({"content-type": "application/json", "content-encoding": "br"}, _BODY, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, b"no gzip", 400),
    ],
)
def test_bodies_are_read_as_the_real_server_reads_them(
    client: httpx.Client, headers: dict[str, str], body: bytes, status: int
) -> None:
    """Types, charsets and encodings; recordings ``general/186`` to ``201``."""
    assert client.post(f"{API}/visitor", headers=headers, content=body).status_code == status


def test_a_body_that_is_too_large_is_413(client: httpx.Client) -> None:
    """Packed or not, 50 MB are the limit."""
    bomb = gzip.compress(b" " * (51 * 1024 * 1024))
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert client.post(f"{API}/visitor", headers=headers, content=bomb).status_code == 413


def test_odd_texts_survive(client: httpx.Client) -> None:
    """NUL is kept, a lone surrogate becomes the replacement character."""
    raw = b'{"visitor": {"token": "odd", "name": "a\\u0000b\\ud800"}}'
    answer = client.post(f"{API}/visitor", headers={"content-type": "application/json"}, content=raw)
    assert answer.json()["visitor"]["name"] == "a\0b\ufffd"


def test_a_number_beyond_all_bounds_is_echoed_as_a_number(client: httpx.Client) -> None:
    """Large numbers come back, infinite ones are null, as JavaScript writes them."""
    page = {"change": "url", "title": "t", "location": {"href": "h"}, "big": 10**30, "nan": None}
    raw = json.dumps({"token": "t", "pageInfo": page}).replace("null", "1e999").encode()
    answer = client.post(f"{API}/page.visited", headers={"content-type": "application/json"}, content=raw)
    echoed = answer.json()["page"]["navigation"]["page"]
    assert echoed["big"] == 10**30
    assert echoed["nan"] is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("a=1&b=%20x+y", {"a": "1", "b": " x y"}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("a[]=1", {"a": ["1"]}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        ("a[$ne]=x", {"a": {"$ne": "x"}}),
        ("a[0]=x", {"a": ["x"]}),
        ("a[100]=x", {"a": {"100": "x"}}),
        ("a", {"a": ""}),
        ("a=%zz", {"a": "%zz"}),
        ("__proto__=1&a[constructor]=2&b=3", {"b": "3"}),
        ("a=1&a[b]=2", {"a": ["1", {"b": "2"}]}),
        ("a[b]=1&a=c", {"a": [{"b": "1"}, "c"]}),
        ("a[]=1&a[b]=2", {"a": {"0": "1", "b": "2"}}),
    ],
)
def test_a_query_is_read_with_its_brackets(text: str, value: Any) -> None:
    """Arrays, objects, repeated names, and keys that are never taken."""
    assert querystring.parse(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{bad", "Unexpected token b in JSON at position 1"),
        ("{", "Unexpected end of JSON input"),
        ("NaN", "Unexpected token N in JSON at position 0"),
        ("", "Unexpected end of JSON input"),
    ],
)
def test_bad_json_has_the_words_of_the_real_server(text: str, words: str) -> None:
    """The texts are those of its parser."""
    with pytest.raises(BadJson) as caught:
        parse_json(text)
    assert str(caught.value) == words


def test_wrong_credentials_are_401_everywhere(client: httpx.Client) -> None:
    """Missing, half and wrong ones are answered alike, before anything else is looked at."""
    for entry in OPERATIONS.values():
        if entry.auth:
            path = entry.path.replace("{", "").replace("}", "")
            for headers in ({}, {"X-User-Id": "x"}, {"X-Auth-Token": "x", "X-User-Id": "rocket.cat"}):
                answer = client.request(entry.method, path, headers=headers)
                assert answer.status_code == 401, entry.id
                assert answer.json() == {"status": "error", "message": "You must be logged in to do this."}
