"""The recording client: every misbehaviour of a server ends in an exchange, in time and with bounded memory."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.contract.exchange import LARGEST_BODY, Exchange
from conformance.target import NOBODY, Persona, RecordingClient, Settings, SettingsError, WriteRefused

Start = Callable[..., Any]


def send(reply: bytes) -> Callable[[socket.socket, bytes], None]:
    """A handler that always sends the same bytes."""
    return lambda connection, head: connection.sendall(reply)


def send_and_close(reply: bytes) -> Callable[[socket.socket, bytes], None]:
    """A handler that sends bytes and closes."""

    def handle(connection: socket.socket, head: bytes) -> None:
        connection.sendall(reply)
        connection.shutdown(socket.SHUT_RDWR)

    return handle


def get(client: Any, path: str = "/", **how: Any) -> Exchange:
    """One request as nobody."""
    exchange: Exchange = client.request(NOBODY, "GET", path, **how)
    return exchange


def test_an_exchange_holds_all_that_is_needed_to_repeat_it(raw_server: Start, client_for: Start, reply: Start) -> None:
    """Method, path, query, headers and body go out as given, and are kept as they went out."""
    server = raw_server(send(reply(b'{"a":[1,"x"]}')))
    exchange = client_for(server.url).request(
        Persona("agent", "u1", "token-123456"),
        "post",
        "/api/v1/%zz/a b/ü",
        query={"sort": {"ts": -1}, "agents[]": ["a", "b"], "open": True, "none": None},
        json={"k": None, "t": "ü\ud800"},
        headers={"X-More": "1"},
    )
    head, _, body = server.heads[0].partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0]
    assert (
        line
        == b"POST /api/v1/%zz/a%20b/%C3%BC?sort=%7B%22ts%22%3A-1%7D&agents%5B%5D=a&agents%5B%5D=b&open=true HTTP/1.1"
    )
    assert json.loads(body) == {"k": None, "t": "ü\ud800"}
    assert exchange.request.method == "POST"
    assert exchange.request.path == "/api/v1/%zz/a%20b/%C3%BC"
    assert exchange.request.query == (("sort", '{"ts":-1}'), ("agents[]", "a"), ("agents[]", "b"), ("open", "true"))
    assert exchange.request.headers == {
        "x-auth-token": "{{auth:agent}}",
        "x-user-id": "u1",
        "content-type": "application/json",
        "x-more": "1",
    }
    assert exchange.request.body is not None
    assert exchange.request.body.json == {"k": None, "t": "ü\ufffd"}
    assert exchange.json == {"a": [1, "x"]}
    assert exchange.response is not None
    assert exchange.response.elapsed_ms > 0
    assert exchange.failure is None
    assert exchange.id == "main-000001"


def test_form_fields_and_raw_content_go_out_as_they_are(raw_server: Start, client_for: Start, reply: Start) -> None:
    """Malformed JSON and form bodies can be sent, too."""
    server = raw_server(send(reply()))
    client = client_for(server.url)
    form = client.request(NOBODY, "POST", "/f", data={"a": "1 2", "b": "ü"})
    raw = client.request(NOBODY, "POST", "/r", content=b'{"a":', headers={"content-type": "application/json"})
    empty = client.request(NOBODY, "POST", "/e")
    assert server.heads[0].endswith(b"a=1+2&b=%C3%BC")
    assert server.heads[1].endswith(b'{"a":')
    assert b"content-length: 0" in server.heads[2].lower()
    assert form.request.body is not None
    assert form.request.body.text == "a=1+2&b=%C3%BC"
    assert raw.request.body is not None
    assert (raw.request.body.is_json, raw.request.body.text) == (False, '{"a":')
    assert empty.request.body is None


def test_connections_are_kept_alive_and_cookies_are_not(raw_server: Start, client_for: Start, reply: Start) -> None:
    """One connection serves many requests, and no cookie of one persona reaches another."""
    server = raw_server(send(reply(headers={"Set-Cookie": "rc_token=secret-cookie; Path=/"})))
    client = client_for(server.url)
    for _ in range(5):
        assert get(client).status == 200
    assert server.connections == 1
    assert not any(b"cookie" in head.lower() for head in server.heads)


@pytest.mark.parametrize("location", ["http://127.0.0.1:{other}/login", "/login", "//127.0.0.1:{other}/x"])
def test_a_redirect_is_never_followed(raw_server: Start, client_for: Start, reply: Start, location: str) -> None:
    """A redirect is an answer like any other; credentials never reach another origin."""
    other = raw_server(send(reply()))
    place = location.format(other=other.url.rsplit(":", 1)[1])
    server = raw_server(send(reply(b"", status="302 Found", headers={"Location": place})))
    exchange = client_for(server.url).request(Persona("admin", "u", "token-123456"), "GET", "/x")
    assert exchange.status == 302
    assert other.connections == 0
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    ("bytes_sent", "part"),
    [
        (b"", "disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "disconnected"),
        (b"hello there\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "without sending complete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", "cannot be read"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
            + gzip.compress(b"x" * 99, mtime=0)[:-12],
            "cannot be read",
        ),
    ],
)
def test_an_answer_that_is_not_http_is_a_failure_with_a_sentence(
    raw_server: Start, client_for: Start, bytes_sent: bytes, part: str
) -> None:
    """Half answers, wrong lengths and noise: no response, and why."""
    exchange = get(client_for(raw_server(send_and_close(bytes_sent)).url))
    assert exchange.response is None
    assert exchange.failure is not None
    assert part in exchange.failure
    assert exchange.failure.endswith(".")


def test_a_reset_is_a_failure_and_the_next_request_works(raw_server: Start, client_for: Start, reply: Start) -> None:
    """A server that resets every second connection does not end the run."""
    count = iter(range(100))

    def handle(connection: socket.socket, head: bytes) -> None:
        if next(count) % 2 == 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            connection.sendall(reply())

    client = client_for(raw_server(handle).url)
    statuses = [get(client).status for _ in range(6)]
    assert statuses == [None, 200] * 3


@pytest.mark.parametrize("kind", ["silent", "head by drops", "body by drops", "half a body"])
def test_a_slow_answer_ends_at_the_deadline(raw_server: Start, client_for: Start, kind: str) -> None:
    """No way of being slow holds a request longer than it may take in all."""

    def handle(connection: socket.socket, head: bytes) -> None:
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        if kind == "half a body":
            connection.sendall(whole + b"x")
        if kind == "body by drops":
            connection.sendall(whole)
        for _ in range(60):
            if kind.endswith("drops"):
                connection.sendall(b"H" if kind == "head by drops" else b"x")
            time.sleep(0.1)

    started = time.monotonic()
    exchange = get(client_for(raw_server(handle).url, timeout_s=0.6))
    assert exchange.failure == "No whole answer came within 0.6 s."
    assert time.monotonic() - started < 3


def test_an_endless_body_is_cut(raw_server: Start, client_for: Start) -> None:
    """Reading stops at the limit, and the body says that it was cut."""

    def handle(connection: socket.socket, head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100_000):
            connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")

    exchange = get(client_for(raw_server(handle).url, max_bytes=1_000_000, timeout_s=5))
    assert exchange.response is not None
    body = exchange.response.body
    assert (body.cut, body.is_json) == (True, False)
    assert len(body.text or "") <= 64 * 1024
    assert body.size > 1_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_a_compressed_answer_is_read_and_a_bomb_is_cut(
    raw_server: Start, client_for: Start, reply: Start, encoding: str
) -> None:
    """A small answer that unfolds to a gigabyte does not fill the memory."""

    def packed(data: bytes) -> bytes:
        if encoding == "gzip":
            return gzip.compress(data, mtime=0)
        if encoding == "deflate":
            return zlib.compress(data)
        maker = zlib.compressobj(wbits=-15)
        return maker.compress(data) + maker.flush()

    name = encoding.removeprefix("raw ")
    small = get(client_for(raw_server(send(reply(packed(b'{"a":1}'), headers={"Content-Encoding": name}))).url))
    assert small.json == {"a": 1}
    maker = zlib.compressobj(wbits={"gzip": 31, "deflate": 15}.get(encoding, -15))
    bomb = b"".join(maker.compress(b"\0" * 1_000_000) for _ in range(300)) + maker.flush()
    exchange = get(
        client_for(
            raw_server(send(reply(bomb, headers={"Content-Encoding": name}))).url, max_bytes=500_000, timeout_s=10
        )
    )
    assert exchange.response is not None
    assert exchange.response.body.cut
    assert exchange.response.body.size <= 500_001


def test_an_unknown_encoding_is_kept_as_it_came(raw_server: Start, client_for: Start, reply: Start) -> None:
    """What cannot be unpacked is text that is no JSON."""
    exchange = get(client_for(raw_server(send(reply(b"\x01\x02", headers={"Content-Encoding": "br"}))).url))
    assert exchange.response is not None
    assert not exchange.response.body.is_json


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"\xff\xfe"}',
        b"",
        b"<html></html>",
        b'{"a":NaN}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b'{"a":' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
    ids=["broken UTF-8", "empty", "HTML", "NaN", "deep list", "deep object", "giant number", "byte order mark"],
)
def test_a_body_that_is_no_json_is_kept_as_text(
    raw_server: Start, client_for: Start, reply: Start, body: bytes
) -> None:
    """Nothing that a server sends makes reading it fail."""
    exchange = get(client_for(raw_server(send(reply(body))).url, timeout_s=5))
    assert exchange.response is not None
    kept = exchange.response.body
    assert (kept.is_json, kept.json, kept.size) == (False, None, len(body))
    (kept.text or "").encode()


def test_half_a_surrogate_pair_can_be_written_down(raw_server: Start, client_for: Start, reply: Start) -> None:
    """Texts of an exchange are always valid Unicode."""
    exchange = get(client_for(raw_server(send(reply(b'{"k\\ud800":"a\\udfffb","ok":"\\ud83d\\ude00"}'))).url))
    assert exchange.json == {"k\ufffd": "a\ufffdb", "ok": "\U0001f600"}
    json.dumps(exchange.json, ensure_ascii=False).encode()


def test_http_1_0_and_odd_headers_are_read(raw_server: Start, client_for: Start) -> None:
    """Old servers and headers that are not ASCII are no failure."""
    reply = b"HTTP/1.0 200 Fine\r\nContent-Type: application/json\r\nX-Odd: \xc3\xbc\r\nX-Two: a\r\nx-two: b\r\n\r\n{}"
    exchange = get(client_for(raw_server(send_and_close(reply)).url))
    assert exchange.response is not None
    assert exchange.response.headers["x-two"] == "a, b"
    assert exchange.response.headers["x-odd"] == "ü"


def test_nothing_listening_is_a_failure_with_its_cause(client_for: Start) -> None:
    """A refused connection says so."""
    assert get(client_for("http://127.0.0.1:1")).failure == "No connection: Connection refused."


def test_many_threads_share_one_client(raw_server: Start, client_for: Start, reply: Start) -> None:
    """Parallel requests get their own answers and their own ids."""

    def echo(connection: socket.socket, head: bytes) -> None:
        connection.sendall(reply(json.dumps({"path": head.split(b" ")[1].decode()}).encode()))

    client = client_for(raw_server(echo).url, timeout_s=10)
    found: list[Exchange] = []

    def work(number: int) -> None:
        found.extend(get(client, f"/{number}/{turn}") for turn in range(10))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each.json == {"path": each.request.path} for each in found)
    assert len({each.id for each in found}) == 80
    assert client.sent == 80


def test_a_read_only_run_sends_nothing_that_writes(raw_server: Start, reply: Start) -> None:
    """Writing calls are refused before they are sent; reading and logging in go out."""
    server = raw_server(send(reply()))
    with RecordingClient(Settings(url=server.url, read_only=True)) as client:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            with pytest.raises(WriteRefused):
                client.request(NOBODY, method, "/api/v1/livechat/visitor")
        assert client.request(NOBODY, "GET", "/x").status == 200
        assert client.request(NOBODY, "POST", "/api/v1/login", json={}).status == 200
    assert len(server.heads) == 2


def test_authorities_that_cannot_be_read_are_a_sentence() -> None:
    """A wrong --ca is said at once, and is a mistake of the user, not of the target."""
    with pytest.raises(SettingsError, match="PEM") as caught:
        RecordingClient(Settings(url="https://127.0.0.1:1", ca="/nowhere.pem"))
    assert caught.value.exit_code == 2


def test_a_request_that_http_forbids_is_our_own_mistake(raw_server: Start, client_for: Start, reply: Start) -> None:
    """A header with a line break is never sent."""
    server = raw_server(send(reply()))
    with pytest.raises(ValueError, match="no request that HTTP allows"):
        get(client_for(server.url), headers={"x-a": "b\r\nx-c: d"})
    assert server.heads == []


def test_a_long_list_is_read_whole(raw_server: Start, client_for: Start, reply: Start) -> None:
    """Twelve megabytes from a server with much data are JSON like any other."""
    room = {"_id": "r", "t": "l", "fname": "A customer, with [signs]", "v": {"_id": "v", "username": "guest-1"}}
    body = json.dumps({"rooms": [{**room, "_id": f"r{number}"} for number in range(110_000)]}).encode()
    assert 10_000_000 < len(body) < LARGEST_BODY
    exchange = get(client_for(raw_server(send(reply(body))).url, timeout_s=30))
    assert exchange.response is not None
    assert (exchange.response.body.is_json, exchange.response.body.cut) == (True, False)
    assert len(exchange.json["rooms"]) == 110_000


def test_too_long_an_answer_is_called_that_and_nothing_else(raw_server: Start, client_for: Start, reply: Start) -> None:
    """Beyond the limit nothing is parsed, and the contract says "larger than", not "no JSON"."""
    body = b'{"rooms":["' + b"x" * LARGEST_BODY + b'"]}'
    contract = load_contract()
    client = client_for(raw_server(send(reply(body))).url, timeout_s=30)
    exchange = get(client, "/api/v1/livechat/rooms")
    assert exchange.response is not None
    found = contract.check_response(contract.operations["listRooms"], exchange.response)
    assert [(each.kind, each.message) for each in found] == [
        ("media", "the answer is larger than 16 MB, and was not read to its end")
    ]


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"0,", b'"":[[]],'])
def test_an_answer_of_very_many_values_is_not_parsed(
    raw_server: Start, client_for: Start, reply: Start, piece: bytes
) -> None:
    """Each value takes a hundred bytes of memory, however short it is: too many are a failure with a sentence."""
    opening, closing = (b"{", b"}") if b":" in piece else (b"[", b"]")
    body = opening + piece * (LARGEST_BODY // len(piece) - 2) + piece.rstrip(b",") + closing
    exchange = get(client_for(raw_server(send(reply(body))).url, timeout_s=30))
    assert exchange.response is None
    assert exchange.failure is not None
    assert "values, and more than" in exchange.failure


def test_signs_inside_of_texts_are_no_values(raw_server: Start, client_for: Start, reply: Start) -> None:
    """A long text full of commas and brackets is one value."""
    body = b'{"a":"' + b'\\",[{' * 1_000_000 + b'"}'
    assert get(client_for(raw_server(send(reply(body))).url, timeout_s=30)).json == {"a": '",[{' * 1_000_000}


def test_connections_that_are_closed_at_once_are_not_used_twice(
    raw_server: Start, client_for: Start, reply: Start
) -> None:
    """A server that says keep-alive and closes: no request goes out on a connection that is about to be closed."""
    server = raw_server(send_and_close(reply(b'{"a":1}')))
    client = client_for(server.url)
    statuses = []
    for _ in range(20):
        statuses.append(get(client).status)
        time.sleep(0.01)
    assert statuses == [200] * 20
