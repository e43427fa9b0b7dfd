"""Misbehaviour on the level of HTTP: statuses, headers, redirects, limits, restarts."""

from __future__ import annotations

import email.utils
import time

from tests.chaos.kinds import AWAY, BROKEN, HARMLESS, OPEN, kind
from tests.chaos.proxy import Answer, Call, Line, faithful

_TEXT = ((b"content-type", b"text/plain"),)


@kind(AWAY, spared=0, name="redirect loop from the start", words="Redirect")
@kind(BROKEN, name="redirect loop in the middle")
def redirect_loop(line: Line, call: Call) -> None:
    """Send everybody back to where he came from."""
    line.send(Answer(302, ((b"location", call.target.encode()),), b"").wire())


@kind(AWAY, spared=0, admin=True, name="redirect to another host from the start", words="Redirects are not followed")
@kind(BROKEN, spared=26, admin=True, name="redirect to another host in the middle")
def redirect_elsewhere(line: Line, call: Call) -> None:
    """Send everybody, with his credentials, to another host."""
    to = f"{line.proxy.elsewhere}{call.target}".encode()
    line.send(Answer(307, ((b"location", to),), b"").wire())


@kind((2, 3), spared=2, admin=True, name="redirect of the login to another host")
def redirect_of_the_login(line: Line, call: Call) -> None:
    """Send only those who log in to another host."""
    if "login" in call.target:
        redirect_elsewhere(line, call)
    else:
        faithful(line, call)


@kind(BROKEN)
def refresh_and_links_to_another_host(line: Line, call: Call) -> None:
    """Name another host in every header that a browser would follow, and answer 300."""
    to = line.proxy.elsewhere.encode()
    answer = line.forward(call).with_header(b"refresh", b"0; url=" + to).with_header(b"location", to)
    answer = answer.with_header(b"alt-svc", b'h2="' + to[7:] + b'"').with_header(b"link", b"<" + to + b">; rel=next")
    line.send(Answer(300, answer.headers, answer.body).wire())


@kind(AWAY, spared=0, name="503 from the start", words="Server error")
@kind(BROKEN, name="503 in the middle")
def unavailable(line: Line, call: Call) -> None:
    """Answer like a proxy whose server is down."""
    line.send(Answer(503, _TEXT, b"no server is available").wire())


@kind(BROKEN)
def http_503_in_between(line: Line, call: Call) -> None:
    """Answer every fourth call with 503."""
    if call.number % 4 == 0:
        unavailable(line, call)
    else:
        faithful(line, call)


@kind(AWAY, spared=0, name="401 of a proxy from the start", words="Access refused")
@kind(OPEN, name="401 of a proxy in the middle")
def asks_for_a_login(line: Line, call: Call) -> None:
    """Ask for credentials of one's own."""
    line.send(Answer(401, (*_TEXT, (b"www-authenticate", b"Basic")), b"who are you?").wire())


def _limited(line: Line, *headers: tuple[bytes, bytes]) -> None:
    body = b'{"success":false,"error":"Error, too many requests."}'
    line.send(Answer(429, ((b"content-type", b"application/json"), *headers), body).wire())


@kind(HARMLESS)
def http_429_with_retry_after(line: Line, call: Call) -> None:
    """Refuse every tenth call and say when to come back, as proxies do."""
    if call.number % 10 == 0:
        _limited(line, (b"retry-after", b"1"))
    else:
        faithful(line, call)


@kind(HARMLESS)
def http_429_with_a_date(line: Line, call: Call) -> None:
    """Refuse every tenth call and name the time at which to come back."""
    if call.number % 10 == 0:
        _limited(line, (b"retry-after", email.utils.formatdate(time.time() + 1, usegmt=True).encode()))
    else:
        faithful(line, call)


@kind(HARMLESS)
def http_429_without_retry_after(line: Line, call: Call) -> None:
    """Refuse every tenth call without a word on when to come back."""
    if call.number % 10 == 0:
        _limited(line)
    else:
        faithful(line, call)


@kind(AWAY, spared=0, name="429 for ever from the start", words="Rate limit")
@kind((1, 3, 4), spared=4, name="429 for ever in the middle", arguments=("--max-time", "30s"))
def http_429_for_ever(line: Line, call: Call) -> None:
    """Refuse every call."""
    _limited(line, (b"retry-after", b"0"))


@kind(OPEN, name="429 with a long wait", arguments=("--max-time", "30s"))
def http_429_for_a_day(line: Line, call: Call) -> None:
    """Refuse every call for a day."""
    _limited(line, (b"retry-after", b"86400"))


@kind(HARMLESS, spared=0)
def clock_skew_in_date(line: Line, call: Call) -> None:
    """Be three years ahead, by the header."""
    skewed = email.utils.formatdate(time.time() + 1e8, usegmt=True).encode()
    line.send(line.forward(call).with_header(b"date", skewed).wire())


@kind(HARMLESS, spared=0)
def no_sense_in_date(line: Line, call: Call) -> None:
    """Send a date that is none."""
    line.send(line.forward(call).with_header(b"date", b"Tue, 99 Foo 99999 99:99:99 +9999999").wire())


@kind(HARMLESS, spared=0)
def no_sense_in_the_limits(line: Line, call: Call) -> None:
    """Send headers of a limiter that make no sense."""
    answer = line.forward(call).with_header(b"x-ratelimit-limit", b"-1e99").with_header(b"retry-after", b"soon")
    line.send(answer.with_header(b"x-ratelimit-remaining", b"NaN").with_header(b"x-ratelimit-reset", b"1e400").wire())


@kind(HARMLESS)
def many_headers(line: Line, call: Call) -> None:
    """Send three hundred headers more."""
    answer = line.forward(call)
    more = tuple((b"x-more-%d" % number, b"value") for number in range(300))
    line.send(Answer(answer.status, (*answer.headers, *more), answer.body).wire())


@kind(BROKEN)
def too_many_headers(line: Line, call: Call) -> None:
    """Send more headers than anybody can take."""
    answer = line.forward(call)
    more = tuple((b"x-more-%d" % number, b"value" * 10) for number in range(20_000))
    line.send(Answer(answer.status, (*answer.headers, *more), answer.body).wire())
    line.close()


@kind(BROKEN)
def a_header_of_a_megabyte(line: Line, call: Call) -> None:
    """Send one header that is longer than anybody can take."""
    line.send(line.forward(call).with_header(b"x-long", b"y" * 1_000_000).wire())
    line.close()


@kind(HARMLESS, spared=0)
def oddities_of_header_names(line: Line, call: Call) -> None:
    """Write the names of headers in all cases, and spaces around values."""
    answer = line.forward(call)
    names = tuple((_odd(name), b"  " + value + b" \t") for name, value in answer.headers)
    wire = Answer(answer.status, names, answer.body).wire()
    line.send(wire.replace(b"Content-Length", b"cOnTeNt-LENGTH", 1))


def _odd(name: bytes) -> bytes:
    return bytes(byte ^ 32 if number % 2 and chr(byte).isalpha() else byte for number, byte in enumerate(name))


@kind(HARMLESS, spared=0)
def bare_line_feeds(line: Line, call: Call) -> None:
    """End the lines of the headers with a line feed alone."""
    head, _, body = line.forward(call).wire().partition(b"\r\n\r\n")
    line.send(head.replace(b"\r\n", b"\n") + b"\n\n" + body)


@kind(BROKEN)
def headers_without_a_colon(line: Line, call: Call) -> None:
    """Send a header that is none."""
    head, _, body = line.forward(call).wire().partition(b"\r\n\r\n")
    line.send(head + b"\r\nthis is no header\r\n\r\n" + body)
    line.close()


@kind(BROKEN)
def status_999(line: Line, call: Call) -> None:
    """Answer with a status that does not exist."""
    answer = line.forward(call)
    line.send(Answer(999, answer.headers, answer.body).wire())


@kind(BROKEN)
def status_without_a_number(line: Line, call: Call) -> None:
    """Answer with a status line that has no status."""
    line.send(b"HTTP/1.1 fine thanks\r\nContent-Length: 0\r\n\r\n")
    line.close()


@kind(BROKEN)
def status_204(line: Line, call: Call) -> None:
    """Answer everything with no content."""
    line.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@kind(BROKEN, spared=10)
def restart_in_the_middle(line: Line, call: Call) -> None:
    """Be away for two seconds, as a server that is started again, and then be as healthy as before."""
    back = line.proxy.memory.setdefault("back", time.monotonic() + 2)
    if isinstance(back, float) and time.monotonic() < back:
        line.reset()
    faithful(line, call)


@kind(AWAY, spared=0, tls=True, name="self signed certificate", words="certificate is not trusted")
@kind(HARMLESS, spared=0, tls=True, name="self signed certificate with --insecure", arguments=("--insecure",))
@kind(HARMLESS, spared=0, tls=True, name="self signed certificate with --ca", arguments=("--ca", "{ca}"))
def secured(line: Line, call: Call) -> None:
    """Speak TLS with a certificate that nobody has signed."""
    faithful(line, call)


@kind(HARMLESS, spared=0)
def cookies(line: Line, call: Call) -> None:
    """Hand out cookies; nobody may bring them back."""
    line.send(line.forward(call).with_header(b"set-cookie", b"sid=1; Path=/; Domain=127.0.0.1").wire())


@kind(OPEN, spared=10)
def the_answer_before(line: Line, call: Call) -> None:
    """Answer with what the call before should have got, as a broken cache does."""
    now = line.forward(call)
    before = line.proxy.memory.get("before")
    line.proxy.memory["before"] = now
    line.send((before if isinstance(before, Answer) else now).wire())


@kind(BROKEN)
def always_the_same_200(line: Line, call: Call) -> None:
    """Answer everything with success."""
    line.send(Answer(200, ((b"content-type", b"application/json"),), b'{"success":true}').wire())
