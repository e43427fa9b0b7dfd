"""Misbehaviour of TCP and of HTTP's framing: when the bytes come, how many, and how they are told apart."""

from __future__ import annotations

import socket

from tests.chaos.kinds import AWAY, BROKEN, HARMLESS, OPEN, kind
from tests.chaos.proxy import Answer, Call, Line, drip, faithful, flood

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@kind(AWAY, spared=0, words="No answer from", name="silent from the start")
@kind(OPEN, name="silent in the middle", arguments=("--timeout", "0.5"))
def silent(line: Line, call: Call) -> None:
    """Take the request and say nothing."""
    line.wait(25)


@kind(HARMLESS)
def slow(line: Line, call: Call) -> None:
    """Answer late, but in time."""
    line.wait(0.05)
    faithful(line, call)


@kind(AWAY, spared=0, name="half closed from the start")
@kind(BROKEN, name="half closed in the middle")
def half_closed(line: Line, call: Call) -> None:
    """Close the sending side without an answer, and go on listening."""
    line.socket.shutdown(socket.SHUT_WR)
    line.wait(3)


@kind(AWAY, spared=0, name="closed at once from the start")
@kind(OPEN, name="closed at once in the middle")
def closed(line: Line, call: Call) -> None:
    """Close the connection instead of answering."""
    line.close()


@kind(BROKEN)
def reset_every_third_call(line: Line, call: Call) -> None:
    """Reset the connection now and then."""
    if call.number % 3 == 0:
        line.reset()
    faithful(line, call)


@kind(BROKEN)
def reset_inside_the_body(line: Line, call: Call) -> None:
    """Reset the connection when half of the body is sent."""
    wire = line.forward(call).wire()
    line.send(wire[:-5])
    line.reset()


@kind(BROKEN)
def early_close(line: Line, call: Call) -> None:
    """Close in order before the body is whole."""
    line.send(line.forward(call).wire()[:-3])
    line.close()


@kind(AWAY, spared=0, name="endless body from the start", words="Endless answer")
@kind(BROKEN, name="endless body in the middle")
def endless(line: Line, call: Call) -> None:
    """Send a body that never ends."""
    line.send(_OK + b"\r\n" + b'{"success":true,"config":"')
    flood(line, b"x" * 65536)


@kind(BROKEN)
def endless_chunks(line: Line, call: Call) -> None:
    """Send chunks that never end."""
    line.send(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    flood(line, b"10000\r\n" + b" " * 65536 + b"\r\n")


@kind(AWAY, spared=0, name="endless headers from the start")
@kind(BROKEN, name="endless headers in the middle")
def endless_headers(line: Line, call: Call) -> None:
    """Send headers that never end."""
    line.send(_OK)
    flood(line, b"X-More: and more\r\n" * 500)


@kind(BROKEN)
def gigantic_length(line: Line, call: Call) -> None:
    """Promise a body of a terabyte and send a good part of it."""
    line.send(_OK + b"Content-Length: 1099511627776\r\n\r\n")
    flood(line, b" " * 65536)


@kind(BROKEN)
def content_length_too_short(line: Line, call: Call) -> None:
    """Promise less than is sent."""
    answer = line.forward(call)
    line.send(answer.wire(length=len(answer.body) // 2))


@kind(BROKEN, arguments=("--timeout", "0.5"))
def content_length_too_long(line: Line, call: Call) -> None:
    """Promise more than is sent, and keep the connection."""
    answer = line.forward(call)
    line.send(answer.wire(length=len(answer.body) + 10))


@kind(BROKEN)
def two_content_lengths(line: Line, call: Call) -> None:
    """Give two lengths that contradict each other."""
    answer = line.forward(call).with_header(b"content-length", b"1")
    line.send(answer.wire())


@kind(OPEN)
def extra_bytes_after_the_body(line: Line, call: Call) -> None:
    """Send bytes behind the body that look like an answer to the next request."""
    answer = line.forward(call)
    line.send(answer.wire() + Answer(200, ((b"content-type", b"application/json"),), b'{"success":false}').wire())


@kind(HARMLESS)
def some_line_ends_after_the_body(line: Line, call: Call) -> None:
    """Send an answer on a connection of its own, with line ends behind it, as old servers do."""
    line.send(line.forward(call).with_header(b"connection", b"close").wire() + b"\r\n\r\n")
    line.close()


@kind(AWAY, spared=0, name="chunked garbage from the start")
@kind(BROKEN, name="chunked garbage in the middle")
def chunked_garbage(line: Line, call: Call) -> None:
    """Say that chunks follow, and send none."""
    line.send(_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + line.forward(call).body + b"\r\n0\r\n\r\n")


@kind(HARMLESS)
def chunks_of_one_byte_with_extensions(line: Line, call: Call) -> None:
    """Send odd but lawful chunks, and a trailer."""
    answer = line.forward(call).with_header(b"transfer-encoding", b"chunked")
    chunks = b"".join(b'1;name="a;b"\r\n%c\r\n' % byte for byte in answer.body)
    line.send(answer.wire(framed=False)[: -len(answer.body) or None] + chunks + b"0\r\nX-Sum: 1\r\n\r\n")


@kind(BROKEN)
def a_chunk_is_missing(line: Line, call: Call) -> None:
    """Close before the last chunk."""
    body = line.forward(call).body
    line.send(_OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body))
    line.close()


@kind(AWAY, spared=0, name="slow loris body from the start", words="No answer from")
@kind(BROKEN, name="slow loris body in the middle", arguments=("--timeout", "0.6"))
def slow_loris(line: Line, call: Call) -> None:
    """Send the body byte by byte, slower than anybody can wait for."""
    wire = line.forward(call).wire()
    line.send(wire[:-40])
    drip(line, wire[-40:], 0.4)


@kind(BROKEN, arguments=("--timeout", "0.6"))
def slow_loris_headers(line: Line, call: Call) -> None:
    """Send the headers byte by byte."""
    drip(line, line.forward(call).wire(), 0.1)


@kind(HARMLESS)
def http_1_0(line: Line, call: Call) -> None:
    """Speak HTTP/1.0: no length, and the end of the connection is the end of the body."""
    line.send(line.forward(call).wire(version=b"HTTP/1.0", framed=False))
    line.close()


@kind(HARMLESS)
def http_9(line: Line, call: Call) -> None:
    """Speak a version of HTTP that does not exist."""
    line.send(line.forward(call).wire(version=b"HTTP/9.9"))
    line.close()


@kind(AWAY, spared=0, name="another protocol from the start")
@kind(BROKEN, name="another protocol in the middle")
def another_protocol(line: Line, call: Call) -> None:
    """Answer as a mail server would."""
    line.send(b"220 mail.example.com ESMTP ready\r\n502 command not implemented\r\n")
    line.close()


@kind(BROKEN)
def binary_rubbish(line: Line, call: Call) -> None:
    """Answer with bytes that mean nothing."""
    line.send(bytes(range(256)) * 40)
    line.close()


@kind(HARMLESS)
def keep_alive_closed_silently(line: Line, call: Call) -> None:
    """Keep the connection by the header, and close it all the same."""
    line.send(line.forward(call).with_header(b"connection", b"keep-alive").wire())
    line.close()


@kind(HARMLESS)
def hundred_continue_first(line: Line, call: Call) -> None:
    """Send interim answers before the answer."""
    line.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    faithful(line, call)


@kind(BROKEN, arguments=("--timeout", "1"))
def hundred_continue_for_ever(line: Line, call: Call) -> None:
    """Send interim answers, and nothing else."""
    flood(line, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@kind(BROKEN)
def upgrade(line: Line, call: Call) -> None:
    """Switch to another protocol that nobody asked for."""
    line.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
    line.wait(2)
    line.close()
