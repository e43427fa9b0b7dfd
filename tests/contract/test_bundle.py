"""The document is one file for tools, as OpenAPI 3.1 and, translated, as 3.0."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from conformance.contract import Contract, load_contract
from conformance.contract.bundle import _Downward, bundle_document, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSIONS = ("2.4.14", "3.2.0", "3.4.0", "3.15.0")


def _validate(document: Mapping[str, Any]) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed")
    validator.validate(document)


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("openapi", ["3.1", "3.0"])
def test_openapi_spec_validator_accepts_every_bundle(version: str, openapi: str) -> None:
    """Both forms, for each recorded server version."""
    _validate(bundle_document(load_contract(version), openapi))


def test_the_judged_operations_alone_are_a_document_too(real: Contract) -> None:
    """No supporting operation, no link to one and no component that nobody needs is left."""
    document = bundle_document(real, "3.1", judged_only=True)
    _validate(document)
    found = [
        item[method]["operationId"]
        for item in document["paths"].values()
        for method in ("get", "put", "post", "delete")
        if method in item
    ]
    assert found == [operation.id for operation in real.judged]
    assert "supporting" not in json.dumps(document["tags"])


def test_a_bundle_shares_nothing_with_the_contract(real: Contract) -> None:
    """A caller may change what he got."""
    before = json.dumps(real.document)
    bundle_document(real, "3.0")["paths"].clear()
    assert json.dumps(real.document) == before


def test_yaml_and_json_say_the_same(real: Contract) -> None:
    """Whichever form is written, a reader gets the same document; an ordinary YAML reader too."""
    document = bundle_document(real)
    assert json.loads(to_text(document, "json")) == document
    assert yaml.safe_load(to_text(document, "yaml")) == document


@pytest.mark.parametrize(
    ("schema", "translated"),
    [
        (True, {}),
        (False, {"not": {}}),
        ({"const": 1}, {"enum": [1]}),
        ({"enum": [None, "a"]}, {"enum": [None, "a"], "nullable": True}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"type": "null"}, {"enum": [None], "nullable": True}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"exclusiveMinimum": 3}, {"minimum": 3, "exclusiveMinimum": True}),
        ({"$ref": "#/x"}, {"$ref": "#/x"}),
        ({"$ref": "#/x", "required": ["a"]}, {"allOf": [{"$ref": "#/x"}], "required": ["a"]}),
        ({"$ref": "#/x", "allOf": [{"type": "object"}]}, {"allOf": [{"type": "object"}, {"$ref": "#/x"}]}),
        ({"examples": ["a", "b"]}, {"example": "a"}),
        ({"required": []}, {}),
        ({"if": {}, "then": {}, "contains": {}, "propertyNames": {}}, {}),
        ({"prefixItems": [{"const": 1}], "items": False}, {"items": {"anyOf": [{"enum": [1]}]}}),
        (
            {"patternProperties": {"^a": {"const": 1}}, "additionalProperties": False},
            {"additionalProperties": {"anyOf": [{"enum": [1]}]}},
        ),
    ],
)
def test_each_keyword_of_3_1_is_said_otherwise_in_3_0(schema: Any, translated: dict[str, Any]) -> None:
    """What 3.0 does not know is translated, or dropped where it cannot be."""
    assert _Downward({}).schema(schema) == translated
