"""Misbehaviour in bodies: encodings, media types, and JSON that is none or too much."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from datetime import datetime, timedelta
from functools import cache

from tests.chaos.kinds import AWAY, BROKEN, HARMLESS, OPEN, kind
from tests.chaos.proxy import Answer, Call, Line

_JSON = ((b"content-type", b"application/json"),)
_TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"')


@cache
def _bomb() -> bytes:
    """A gigabyte of spaces, compressed to a megabyte; the same block again and again, so that it is quickly made."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    piece = b" " * (1 << 20)
    start = squeeze.compress(piece) + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(piece) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return start + block * 1023


@kind(AWAY, spared=0, name="compressed huge from the start", words="Endless answer")
@kind(BROKEN, name="compressed huge in the middle")
def compressed_huge(line: Line, call: Call) -> None:
    """Send a small body that unfolds to a gigabyte."""
    line.send(Answer(200, (*_JSON, (b"content-encoding", b"gzip")), _bomb()).wire())


@kind(AWAY, spared=0, name="gigantic body from the start", words="Endless answer")
@kind(BROKEN, name="gigantic body in the middle")
def gigantic(line: Line, call: Call) -> None:
    """Send a well-formed body of 20 MB."""
    line.send(Answer(200, _JSON, b'{"success":true,"config":{"text":"' + b"x" * 20_000_000 + b'"}}').wire())


@kind(OPEN, arguments=("--max-time", "30s"))
def almost_too_large(line: Line, call: Call) -> None:
    """Send a well-formed body of 4 MB, made of very many members."""
    body = b'{"success":true,"config":{' + b",".join(b'"k%d":[]' % number for number in range(300_000)) + b"}}"
    line.send(Answer(200, _JSON, body).wire())


@kind(HARMLESS)
def gzip_without_being_asked(line: Line, call: Call) -> None:
    """Compress what nobody asked to be compressed."""
    answer = line.forward(call).with_header(b"content-encoding", b"gzip")
    line.send(Answer(answer.status, answer.headers, gzip.compress(answer.body)).wire())


@kind(BROKEN)
def truncated_gzip(line: Line, call: Call) -> None:
    """Compress, and lose the end."""
    answer = line.forward(call).with_header(b"content-encoding", b"gzip")
    line.send(Answer(answer.status, answer.headers, gzip.compress(answer.body)[:-12]).wire())


@kind(BROKEN)
def gzip_that_is_none(line: Line, call: Call) -> None:
    """Say that the body is compressed when it is not."""
    line.send(line.forward(call).with_header(b"content-encoding", b"gzip").wire())


@kind(BROKEN)
def an_unknown_encoding(line: Line, call: Call) -> None:
    """Use an encoding that nobody knows."""
    answer = line.forward(call).with_header(b"content-encoding", b"rot13")
    line.send(Answer(answer.status, answer.headers, answer.body[::-1]).wire())


@kind(BROKEN)
def broken_utf8(line: Line, call: Call) -> None:
    """Put bytes into texts that are no UTF-8."""
    answer = line.forward(call)
    line.send(Answer(answer.status, answer.headers, answer.body.replace(b"{", b'{"\xff\xfe":"\xc3\x28",', 1)).wire())


@kind(BROKEN)
def utf16(line: Line, call: Call) -> None:
    """Send JSON as UTF-16."""
    answer = line.forward(call)
    line.send(Answer(answer.status, answer.headers, answer.body.decode().encode("utf-16")).wire())


@kind(BROKEN)
def byte_order_mark(line: Line, call: Call) -> None:
    """Put a byte order mark before the JSON."""
    answer = line.forward(call)
    line.send(Answer(answer.status, answer.headers, b"\xef\xbb\xbf" + answer.body).wire())


@kind(AWAY, spared=0, name="deeply nested from the start", words="Not JSON")
@kind(BROKEN, name="deeply nested in the middle")
def deeply_nested(line: Line, call: Call) -> None:
    """Nest arrays a hundred thousand levels deep."""
    line.send(Answer(200, _JSON, b'{"success":true,"config":' + b"[" * 100_000 + b"]" * 100_000 + b"}").wire())


@kind(BROKEN)
def nested_a_little_deep(line: Line, call: Call) -> None:
    """Nest objects as deep as readers just allow."""
    line.send(Answer(200, _JSON, b'{"success":true,"config":' + b'{"a":' * 190 + b"1" + b"}" * 191).wire())


@kind(BROKEN)
def duplicate_keys(line: Line, call: Call) -> None:
    """Say one thing and its opposite under the same key, the good one last."""
    answer = line.forward(call)
    line.send(Answer(answer.status, answer.headers, answer.body.replace(b"{", b'{"success":false,', 1)).wire())


@kind(BROKEN)
def null_bytes(line: Line, call: Call) -> None:
    """Answer with nothing but null bytes."""
    answer = line.forward(call)
    line.send(Answer(answer.status, answer.headers, b"\0" * len(answer.body)).wire())


@kind(BROKEN)
def null_characters_in_texts(line: Line, call: Call) -> None:
    """Answer with texts and keys of control characters and halves of characters."""
    line.send(Answer(200, _JSON, b'{"success":true,"config":{"\\u0000\\ud800":"\\udfff\\u001b[31m"}}').wire())


@kind(BROKEN)
def numbers_without_measure(line: Line, call: Call) -> None:
    """Answer with numbers that no machine can hold."""
    body = b'{"success":true,"config":' + b"9" * 4000 + b',"visitor":1e999,"a":-1E+99999,"b":0.' + b"1" * 5000 + b"}"
    line.send(Answer(200, _JSON, body).wire())


@kind(BROKEN)
def integers_beyond_conversion(line: Line, call: Call) -> None:
    """Answer with an integer of a hundred thousand digits."""
    line.send(Answer(200, _JSON, b'{"success":true,"config":' + b"9" * 100_000 + b"}").wire())


@kind(BROKEN)
def nan(line: Line, call: Call) -> None:
    """Answer with what is a number to some languages and no JSON."""
    line.send(Answer(200, _JSON, b'{"success":true,"config":NaN,"visitor":Infinity}').wire())


@kind(BROKEN)
def empty_answers(line: Line, call: Call) -> None:
    """Answer with success and nothing in it."""
    line.send(Answer(200, _JSON, b"").wire())


@kind(AWAY, spared=0, name="wrong media type from the start", words="Not JSON")
@kind(BROKEN, name="a web page in the middle")
def web_page(line: Line, call: Call) -> None:
    """Answer with a page for people."""
    page = b"<!DOCTYPE html><html><title>Welcome</title><script>alert(1)</script></html>"
    line.send(Answer(200, ((b"content-type", b"text/html"),), page).wire())


@kind(BROKEN)
def wrong_media_type(line: Line, call: Call) -> None:
    """Call JSON a picture."""
    line.send(line.forward(call).with_header(b"content-type", b"image/png").wire())


@kind(BROKEN)
def nonsense_for_a_media_type(line: Line, call: Call) -> None:
    """Send a media type that is none."""
    line.send(line.forward(call).with_header(b"content-type", b';;=\xff"/\x01').wire())
    line.close()


@kind(BROKEN, name="an array instead of an object")
def array(line: Line, call: Call) -> None:
    """Answer with JSON of another type."""
    line.send(Answer(200, _JSON, b"[" + line.forward(call).body + b"]").wire())


@kind(HARMLESS, spared=0)
def clock_skew_in_times(line: Line, call: Call) -> None:
    """Be a day ahead in every time of every body."""
    answer = line.forward(call)

    def later(found: re.Match[bytes]) -> bytes:
        moved = datetime.fromisoformat(found[1].decode()) + timedelta(days=1)
        return json.dumps(moved.isoformat(timespec="milliseconds") + "Z").encode()

    line.send(Answer(answer.status, answer.headers, _TIME.sub(later, answer.body)).wire())


@kind(HARMLESS)
def odd_but_lawful_json(line: Line, call: Call) -> None:
    """Write the same JSON with every character escaped and with much space."""
    answer = line.forward(call)
    try:
        body = json.dumps(json.loads(answer.body), indent=7, ensure_ascii=False).replace("a", "\\u0061").encode()
        body = b" \r\n\t" + body.replace(b"f\\u0061lse", b"false") + b"\n" * 100
    except ValueError:
        body = answer.body
    line.send(Answer(answer.status, answer.headers, body).wire())
