"""Reading and writing the result document, its schema, and each way in which a file can be none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.verdicts import InvalidResult, Result, read_result, schema, write_result
from conformance.verdicts.document import (
    DanglingReference,
    DigestMismatch,
    NotAResult,
    NotJson,
    UnknownFormat,
    UnreadableResult,
    WrongShape,
    digest_holds,
    digest_of,
)
from tests.report.sample import sample
from tests.verdicts.kit import Req, broken, contract, held, judge, outcome


@pytest.fixture
def result(tmp_path: Path) -> Result:
    """A small result with evidence."""
    items = outcome("a", held("LC-ROOM-001", exchanges=("gw0-0",)), broken("LC-ROOM-002", expected=1, observed=None))
    return judge(tmp_path, contract(Req("LC-ROOM-001"), Req("LC-ROOM-002")), items)


def test_a_result_survives_writing_and_reading(tmp_path: Path, result: Result) -> None:
    """Nothing is lost, and no half file is left."""
    write_result(result, tmp_path / "deep" / "result.json")
    assert read_result(tmp_path / "deep" / "result.json") == result
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["result.json"]


def test_the_document_holds_at_least_what_is_promised(tmp_path: Path, result: Result) -> None:
    """Programs rely on these members."""
    write_result(result, tmp_path / "result.json")
    document = json.loads((tmp_path / "result.json").read_text())
    promised = (
        "verdict exit_code target contract seed started duration_s requests requirements operations waivers left_behind"
    )
    assert set(promised.split()) <= set(document)
    assert {"url", "product", "version"} <= set(document["target"])
    assert {"version", "hash"} <= set(document["contract"])
    for each in document["requirements"]:
        assert {"id", "level", "confidence", "operations", "verdict", "reason", "evidence"} <= set(each)
    for each in document["operations"]:
        assert {"method", "path", "requests", "accepted", "statuses", "latency"} <= set(each)


@pytest.mark.parametrize("kind", ["passing", "failing"])
def test_results_are_valid_by_the_published_schema(tmp_path: Path, kind: str) -> None:
    """The schema is shipped in the package."""
    write_result(sample(kind), tmp_path / "result.json")
    document = json.loads((tmp_path / "result.json").read_text())
    validator = jsonschema.Draft202012Validator(json.loads(schema.PATH.read_text()))
    jsonschema.Draft202012Validator.check_schema(validator.schema)
    assert not [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("exit_code",), 9),
        (("verdict",), "fine"),
        (("requirements", 0, "level"), "PERHAPS"),
        (("requirements", 0, "verdict"), "ok"),
        (("requests",), -1),
        (("format",), 2),
        (("digest",), "x"),
    ],
)
def test_the_schema_refuses_what_is_no_result(
    tmp_path: Path, result: Result, path: tuple[str | int, ...], value: Any
) -> None:
    """It can fail, for each of these."""
    write_result(result, tmp_path / "result.json")
    document = json.loads((tmp_path / "result.json").read_text())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not jsonschema.Draft202012Validator(schema.result_schema()).is_valid(document)


def test_the_shipped_schema_is_the_one_of_the_code() -> None:
    """``python -m conformance.verdicts.schema`` writes it again."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.text()


def test_the_digest_notices_any_change(result: Result) -> None:
    """And fits what it was made of."""
    assert digest_holds(result)
    assert not digest_holds(replace(result, requests=result.requests + 1))
    assert digest_holds(digest_of(replace(result, requests=7)))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"format": 1, "verd', NotJson),
        (b"\xff\xfe", NotJson),
        (b"[]", NotAResult),
        (b'{"schemaVersion": 1}', NotAResult),
    ],
)
def test_a_file_that_is_no_result_is_named_as_what_it_is(
    tmp_path: Path, content: bytes, error: type[InvalidResult]
) -> None:
    """Each way has an exception, and its message the file."""
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(error, match=r"result\.json"):
        read_result(path)


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    """The message says why."""
    with pytest.raises(UnreadableResult, match="No such file"):
        read_result(tmp_path / "result.json")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 7}, UnknownFormat),
        ({"seed": "one"}, WrongShape),
        ({"verdict": "fine"}, WrongShape),
        ({"exchanges": {}}, DanglingReference),
        ({"items": []}, DanglingReference),
        ({"requests": 99}, DigestMismatch),
    ],
)
def test_a_result_that_was_changed_is_refused(
    tmp_path: Path, result: Result, change: dict[str, Any], error: type[InvalidResult]
) -> None:
    """Format, shape, references and digest are looked at, in this order."""
    path = tmp_path / "result.json"
    write_result(result, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(error):
        read_result(path)
