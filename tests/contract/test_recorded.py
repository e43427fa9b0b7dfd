"""Kept exchanges are read in three formats and judged by the contract of their own server version."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from conformance.contract import Body, ContractError, Exchange, Request, Response
from conformance.contract.audit import Audit, Found
from conformance.contract.defects import expand_cases, read_defects
from conformance.contract.recorded import RecordedError, read_recorded

if TYPE_CHECKING:
    from pathlib import Path

_JSON = {"content-type": "application/json"}
_ROOM = {"room": {"_id": "r1", "ts": "2020-04-20T13:05:06.563Z"}, "success": True}
_REFUSED = {"message": "Match error: Missing key 'token'", "errorType": "Match.Error", "success": False}


def _line(
    *,
    query: list[list[str]] | None = None,
    status: int = 200,
    answer: Any = None,
    valid: bool | None = True,
    kind: str = "success",
    version: str = "3.2.0",
    case: str = "room/001",
    path: str = "/api/v1/livechat/room",
    method: str = "GET",
    body: Any = None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": method,
        "path": path,
        "query": query if query is not None else [["token", "t"]],
    }
    request["headers"] = _JSON if body is not None else {}
    if body is not None:
        request["body"] = body
    return {
        "id": f"{version}/{case}",
        "server": {"product": "Rocket.Chat", "version": version},
        "operation": "GET /x",
        "route": "GET /x",
        "class": kind,
        "persona": "nobody",
        "valid_request": valid,
        "request": request,
        "response": {"status": status, "headers": _JSON, "body": _ROOM if answer is None else answer},
    }


def _write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def _judge(spec: Path, path: Path, version: str | None = None) -> list[Found]:
    return list(Audit(spec, version).judge(read_recorded(path)))


def test_a_recording_in_order_has_no_mismatch(small_folder: Path, tmp_path: Path) -> None:
    """A good room is a good room."""
    assert _judge(small_folder, _write(tmp_path / "a.jsonl", _line())) == []


def test_a_mismatch_is_one_line_with_its_place(small_folder: Path, tmp_path: Path) -> None:
    """File, line, operation, requirement, pointer and message."""
    path = _write(tmp_path / "a.jsonl", _line(), _line(answer={"room": {"_id": "r1"}, "success": True}))
    found = _judge(small_folder, path)
    assert [str(one) for one in found] == [f"{path}:2 openRoom LC-ROOM-002 /room/ts ts is missing"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (_line(query=[]), "the server answered 200 to a request that the contract refuses: token is missing"),
        (_line(query=[], status=400, answer=_REFUSED), None),
        (
            _line(
                query=[], status=400, answer={"error": "invalid-token", "errorType": "Meteor.Error", "success": False}
            ),
            "the contract refuses a request that is recorded as well-formed: token is missing",
        ),
        (_line(query=[], status=400, answer=_REFUSED, valid=False, kind="shape"), None),
        (
            _line(status=400, answer=_REFUSED, valid=False, kind="shape"),
            "the request is accepted by the contract although it is recorded as ill-formed",
        ),
        (_line(status=400, answer=_REFUSED, valid=False, kind="odd"), None),
        (_line(status=418), "GET /api/v1/livechat/room does not answer 418"),
        (_line(path="/api/v1/nowhere"), None),
    ],
)
def test_the_recorders_judgement_is_compared(
    small_folder: Path, tmp_path: Path, line: dict[str, Any], message: str | None
) -> None:
    """A request flagged as well-formed must be accepted, one of class shape flagged as ill-formed refused.

    A validation error of the server is a better witness than the flag; a success for a refused request always counts.
    """
    found = [one.mismatch.message for one in _judge(small_folder, _write(tmp_path / "a.jsonl", line))]
    assert found == ([message] if message else [])


def test_a_corrected_flag_is_used(small_folder: Path, tmp_path: Path) -> None:
    """Only for the cases and versions that the correction names."""
    refused = {"error": "invalid-token", "errorType": "Meteor.Error", "success": False}
    cases = (("room/010", "2.4.14"), ("room/011", "2.4.14"), ("room/014", "2.4.14"))
    others = (("room/013", "2.4.14"), ("room/010", "3.2.0"))
    lines = [
        _line(query=[], status=400, answer=refused, case=case, version=version) for case, version in (*cases, *others)
    ]
    found = _judge(small_folder, _write(tmp_path / "a.jsonl", *lines))
    assert [one.recorded.exchange.id for one in found] == ["2.4.14/room/013", "3.2.0/room/010"]


def test_the_overlays_of_the_recorded_version_are_used(small_folder: Path, tmp_path: Path) -> None:
    """From 3.4 on a room has custom fields."""
    path = _write(tmp_path / "a.jsonl", _line(version="3.2.0"), _line(version="3.4.1"))
    assert [one.mismatch.pointer for one in _judge(small_folder, path)] == ["/room/customFields"]
    bad = _write(tmp_path / "b.jsonl", _line(version="soon"))
    with pytest.raises(ContractError, match=f"{bad}:1: 'soon' is not a version"):
        _judge(small_folder, bad)


def test_known_defects_are_told_apart(small_folder: Path, tmp_path: Path) -> None:
    """By version and by what the exchange looks like, not by its name."""
    body = {"token": "t", "rid": {"$ne": None}}
    delete: dict[str, Any] = {
        "path": "/api/v1/livechat/message/m1",
        "method": "DELETE",
        "query": [],
        "answer": {"success": True},
    }
    path = _write(
        tmp_path / "a.jsonl",
        _line(**delete, body=body, valid=False),
        _line(**delete, body=body, valid=False, version="2.4.14"),
        _line(**delete, body={"token": "t", "rid": 7}, valid=False),
        _line(answer={"success": True}, version="3.4.0"),
        _line(answer={"success": True}, version="3.5.0"),
    )
    found = [(one.recorded.line, one.defect.id if one.defect else None) for one in _judge(small_folder, path)]
    assert found == [(1, "KD-001"), (2, None), (3, None), (4, "KD-002"), (5, None)]


def test_a_supporting_operation_is_judged_leniently(small_folder: Path, tmp_path: Path) -> None:
    """Its undocumented statuses are nobody's business, its documented answers are."""
    info: dict[str, Any] = {"path": "/api/info", "query": []}
    path = _write(tmp_path / "a.jsonl", _line(**info, status=503), _line(**info, answer={"version": 3}))
    assert [(one.recorded.line, one.mismatch.pointer) for one in _judge(small_folder, path)] == [(2, "/version")]


def test_our_own_lines_are_read(small_folder: Path, tmp_path: Path) -> None:
    """What a run keeps can be checked again, with the version that the caller names."""
    exchange = Exchange(
        "gw0-1",
        "openRoom",
        "visitor A",
        Request("GET", "/api/v1/livechat/room", (("token", "t"),)),
        Response(200, _JSON, Body(json={"room": {"_id": "r"}, "success": True}, is_json=True, size=9)),
    )
    path = tmp_path / "exchanges-gw0.jsonl"
    path.write_bytes(msgspec.json.encode(exchange) + b"\n\n" + msgspec.json.encode(exchange) + b"\n")
    found = _judge(small_folder, path)
    assert [(one.recorded.line, one.mismatch.pointer) for one in found] == [(1, "/room/ts"), (3, "/room/ts")]
    assert len(_judge(small_folder, path, "3.4.0")) == 4


def _entry(status: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "time": 12.5,
        "request": {
            "method": "GET",
            "url": "https://chat.example.test/prefix/api/v1/livechat/room?token=t",
            "headers": [{"name": "Accept", "value": "*/*"}],
            **more,
        },
        "response": {"status": status, "headers": [], "content": {"mimeType": "application/json", "text": text}},
    }


@pytest.mark.parametrize("indent", [None, 2])
def test_har_files_are_read_with_their_lines(small_folder: Path, tmp_path: Path, indent: int | None) -> None:
    """The target's path prefix is cut, bodies in base64 are decoded, an entry without an answer is skipped."""
    encoded = _entry(200, base64.b64encode(b'{"success":true}').decode())
    encoded["response"]["content"]["encoding"] = "base64"
    post = _entry(200, '{"success":true}')
    post["request"].update(
        method="POST",
        url="http://h/api/v1/livechat/message",
        postData={"mimeType": "application/json", "text": '{"token":"t","rid":"r","msg":"x"}'},
    )
    har = {"log": {"version": "1.2", "entries": [_entry(200, json.dumps(_ROOM)), encoded, post, _entry(0, "")]}}
    path = tmp_path / "session.har"
    path.write_text(json.dumps(har, indent=indent), "utf-8")
    found = _judge(small_folder, path)
    assert [one.mismatch.pointer for one in found] == ["/room"]
    text = path.read_text("utf-8").splitlines()
    line = found[0].recorded.line
    assert line == 1 if indent is None else text[line - 1].strip() == "{"
    assert [one.exchange.id for one in read_recorded(path)] == ["har-1", "har-2", "har-3", "har-4"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", "{}\n", "a.jsonl:1: this line is no exchange: it has no request"),
        ("a.jsonl", '{"request": {}}\n', "a.jsonl:1: this line is no exchange"),
        ("a.jsonl", '{"valid_request": true, "request": {"path": "/"}}\n', "'method' is missing"),
        ("a.jsonl", "not JSON\n", "a.jsonl:1: this line is no exchange"),
        ("a.har", "{}", "a.har: this is no HAR file"),
        ("a.har", '{"log": {"entries": [{}]}}', "a.har:1: entry 1 of the HAR file is broken"),
    ],
)
def test_what_is_no_exchange_is_refused_with_file_and_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    """Nothing is passed over in silence."""
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(RecordedError, match=words.replace(".", r"\.")):
        list(read_recorded(path))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The sentence names it."""
    with pytest.raises(RecordedError, match="cannot be read: No such file"):
        list(read_recorded(tmp_path / "absent.jsonl"))


def test_cases_are_named_in_short() -> None:
    """Area, numbers and ranges of numbers, the area only once."""
    assert expand_cases("room/015 016 020-022") == ["room/015", "room/016", "room/020", "room/021", "room/022"]
    assert expand_cases("visitor/1 room/2-3 odd") == ["visitor/1", "room/2", "room/3", "odd"]


def test_every_known_defect_gives_its_reason(real: Any) -> None:
    """Each names a clause and a sentence."""
    defects = read_defects(real.folder / "known-defects.yaml")
    assert defects
    for defect in defects:
        assert defect.reason.endswith("."), defect.id
        assert defect.operation is None or defect.operation in real.operations


@pytest.mark.parametrize("version", ["2.4.14", "3.2.0", "3.4.0", "3.15.0"])
def test_no_recording_contradicts_the_contract(recordings: Path, version: str) -> None:
    """Zero mismatches on recorded traffic, known defects of those servers apart."""
    folder = recordings / version
    if not folder.is_dir():
        pytest.skip(f"there are no recordings of {version}")
    audit = Audit()
    found = [one for path in sorted(folder.glob("*.jsonl")) for one in audit.judge(read_recorded(path))]
    assert [str(one) for one in found if one.defect is None] == []
    assert audit.tally.exchanges > 1000


def test_every_known_defect_is_seen_where_it_says(recordings: Path) -> None:
    """The recordings that an entry names show it (or another one first), unless no exchange can show it."""
    audit = Audit()
    seen: dict[str, set[str]] = {}
    for path in sorted(recordings.glob("*/*.jsonl")):
        for one in audit.judge(read_recorded(path)):
            if one.defect:
                seen.setdefault(one.defect.id, set()).add(one.recorded.case)
    everywhere = set().union(*seen.values())
    for defect in audit.defects:
        if defect.where != "state":
            assert seen.get(defect.id), defect.id
            assert set(defect.recordings) <= everywhere, defect.id
