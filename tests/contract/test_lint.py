"""The contract keeps its own rules, and each rule notices when it is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.contract import Contract, ContractError
from conformance.contract.errors import error_code
from conformance.contract.exchange import Body, Response
from conformance.contract.lint import lint_contract, lint_versions
from conformance.contract.lint_requirements import needed_kinds
from conformance.contract.pointers import follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_COUNT = "judged-operations"


def test_the_contract_keeps_its_rules() -> None:
    """No rule is broken, for any server version on which overlays differ."""
    assert [str(problem) for problem in lint_contract()] == []


def test_the_small_contract_breaks_only_the_rule_of_46(small_folder: Path) -> None:
    """It judges four operations, on purpose."""
    assert [problem.rule for problem in lint_contract(small_folder)] == [_COUNT]
    assert "3.4.0" in lint_versions(small_folder)


_OPENAPI = "openapi.yaml"
_REQUIREMENTS = "requirements.yaml"
_BROKEN = [
    (_OPENAPI, "x-persona: manager", "x-persona: king", "operation-extension", "x-persona is one of"),
    (_OPENAPI, "x-effects: creates", "x-effects: magic", "operation-extension", "x-effects is one of"),
    (_OPENAPI, "x-judged: false", "x-judged: maybe", "operation-extension", "x-judged is true or false"),
    (_OPENAPI, "tags: [messages]", "tags: [rooms]", "operation-area", "its area, messages"),
    (_OPENAPI, "x-judged: false", "x-judged: true", "operation-area", "supporting operations are not judged"),
    (_OPENAPI, "summary: List rooms", "summary: ''", "operation-summary", "no summary"),
    (
        _OPENAPI,
        "anyOf: [view-livechat-rooms]",
        "oneOf: [view-livechat-rooms]",
        "operation-permission",
        "anyOf or allOf",
    ),
    (_OPENAPI, "x-refusal: 403", "x-refusal: 404", "operation-permission", "documented 400 or 403"),
    (_OPENAPI, "name: token, pointer: /token}", "pointer: /token}", "operation-credential", "in, name and pointer"),
    (_OPENAPI, "'401':", "'402':", "operation-credentials", "no 401"),
    (
        _OPENAPI,
        "x-effects: deletes",
        "x-effects: deletes\n      x-optional: fax",
        "operation-optional",
        "fax is no feature",
    ),
    (_OPENAPI, "name: _id, in: path", "name: id, in: path", "path-parameter", "disagree about _id"),
    (_OPENAPI, ", pattern: '^[^/]+$'", "", "path-parameter", "lets no slash through"),
    (_OPENAPI, "description: The token., ", "", "parameter", "token has no description"),
    (_OPENAPI, ", example: t1}", "}", "parameter", "token has no example"),
    (_OPENAPI, "example: 10", "example: many", "example-valid", "the example example of the parameter count"),
    (_OPENAPI, "_id: r1, open: true", "_id: '', open: true", "example-valid", "room/_id"),
    (_OPENAPI, "hello: {value: {token: t1,", "hello: {value: {", "example-valid", "token is missing"),
    (_OPENAPI, "invalid-token: the token is not known", "other: x", "response-example", "shows the refusal other"),
    (
        _OPENAPI,
        "examples:\n                gone: {value: {success: true}}",
        "x-a: 1",
        "response-example",
        "200 has no example",
    ),
    (
        _OPENAPI,
        "examples:\n              own: {value: {token: t1, rid: r1}}",
        "x-a: 1",
        "request-example",
        "body has no example",
    ),
    (
        _OPENAPI,
        "operationId: sendMessage\n              requestBody",
        "operationId: say\n              requestBody",
        "link",
        "leads to no operation",
    ),
    (_OPENAPI, "$request.query.token", "$request.query.key", "link", "names no parameter"),
    (_OPENAPI, "body#/room/_id", "body#/hall/_id", "link", "no example has what"),
    (_OPENAPI, "$request.query.token", "$token", "link", "cannot be read"),
    (_OPENAPI, "  - {name: messages}\n", "", "tag", "messages is not declared"),
    (_OPENAPI, "rid: {type: string}", "rid: {type: string, lenght: 1}", "schema-keyword", "no keyword 'lenght'"),
    (_OPENAPI, "rid: {type: string}", "rid: {type: text}", "schema", "no JSON Schema"),
    (_OPENAPI, "rid: {type: string}", "rid: string", "schema", None),
    (_OPENAPI, "    MessageKey:", "    Unused: {type: object}\n    MessageKey:", "component-used", "schemas/Unused"),
    (_OPENAPI, "value: {version: 3.2.0}", "value: {version: 2020-01-01}", "yaml-quotes", "put it in quotes"),
    (_REQUIREMENTS, "operations: [openRoom]", "operations: [openHall]", "requirement", "no operation openHall"),
    (_REQUIREMENTS, "operations: [openRoom]", "operations: [getInfo]", "requirement", "getInfo is not judged"),
    (_REQUIREMENTS, "operations: [openRoom]", "operations: []", "requirement", "it names no operation"),
    (_REQUIREMENTS, "id: LC-ROOM-002", "id: LC-HALL-002", "requirement-id", "LC-HALL-002 is not"),
    (_REQUIREMENTS, "id: LC-ROOM-002", "id: LC-QUEUE-002", "requirement", "its prefix is not one of rooms"),
    (_REQUIREMENTS, "profile: visitor", "profile: ghost", "requirement", "no profile ghost"),
    (_REQUIREMENTS, 'since: "3.0.0"', 'since: "soon"', None, "'soon' is not a version"),
    (_REQUIREMENTS, "confidence: confirmed", "confidence: documented", "requirement", "a SHOULD at most"),
    (
        _REQUIREMENTS,
        "confidence: disputed",
        "confidence: observed",
        "requirement",
        "ways are given for what is disputed",
    ),
    (_REQUIREMENTS, '{server: "always', '{client: "always', "requirement", "server and documentation"),
    (_REQUIREMENTS, "check of openRoom holds.", "check of openRoom holds", "requirement", "not a sentence"),
    (
        _REQUIREMENTS,
        "kind: refuses",
        "kind: scenario",
        "requirement-kind",
        "openRoom has no requirement of kind refuses",
    ),
    (_REQUIREMENTS, "kind: scenario", "kind: refuses", "requirement-kind", "second requirement of kind refuses"),
    ("known-defects.yaml", "operation: deleteMessage", "operation: eatMessage", "known-defect", "unknown operation"),
    (
        "known-defects.yaml",
        "requirement: LC-MESSAGE-008",
        "requirement: LC-MESSAGE-800",
        "known-defect",
        "unknown requirement",
    ),
    ("known-defects.yaml", "where: request", "where: nowhere", "known-defect", "request, response or state"),
    ("known-defects.yaml", "status: 200, body", "colour: 200, body", "known-defect", "unknown key colour"),
    ("known-defects.yaml", "id: KD-002", "id: KD-001", "known-defect", "given twice"),
    (
        "recording-corrections.yaml",
        "valid_request: false",
        "valid: false",
        "correction",
        "cases, valid_request and reason",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "rule", "words"), _BROKEN)
def test_each_rule_notices_when_it_is_broken(
    broken: Callable[..., Path], file: str, old: str, new: str, rule: str | None, words: str | None
) -> None:
    """One change of the small contract, one rule that says so, with the file and a line in it."""
    folder = broken(file, old, new)
    problems = [one for one in lint_contract(folder) if one.rule != _COUNT]
    fitting = [one for one in problems if rule in (None, one.rule) and (words is None or words in one.sentence)]
    assert fitting, [str(one) for one in problems]
    assert fitting[0].file == str(folder / file)
    assert fitting[0].line > 0 or fitting[0].rule == "requirement-kind"


def test_a_contract_that_cannot_be_loaded_is_one_problem(broken: Callable[..., Path], tmp_path: Path) -> None:
    """Lint says what stopped it; without any contract it raises."""
    folder = broken("overlays/since-3.4.yaml", "schemas.Room.required", "schemas.Hall.required")
    assert [one.rule for one in lint_contract(folder) if one.rule != _COUNT] == ["overlay-target"]
    with pytest.raises(ContractError, match="no openapi"):
        lint_contract(tmp_path)


def test_46_operations_are_judged(real: Contract) -> None:
    """All of the documentation's index, each with method and path of its own."""
    assert len(real.judged) == 46
    assert len({operation.label for operation in real.judged}) == 46
    assert all(operation.path.startswith("/api/v1/livechat/") for operation in real.judged)


def test_each_judged_operation_shows_a_success_and_every_documented_answer(real: Contract) -> None:
    """Every status has an example that its schema allows, and every documented refusal is shown."""
    for operation in real.judged:
        assert any(operation.examples("response", status) for status in operation.responses if status.startswith("2"))
        shown = {error_code(Response(400, {}, Body(one.value, True))) for one in operation.examples("response")}
        assert {code for code in operation.error_codes if "…" not in code} <= shown, operation.id
        for status in operation.responses:
            assert operation.examples("response", status), f"{operation.id} {status}"
        for example in operation.examples("response"):
            media = operation.responses[example.status][example.media]
            assert real.validator(media.pointer).is_valid(example.value), f"{operation.id} {example.name}"


def test_requirements_name_what_exists_and_are_many(real: Contract) -> None:
    """At least 250 clauses, unique ids, existing operations and profiles, and a list of retired ids."""
    assert len(real.requirements) >= 250
    assert not set(real.requirements) & set(real.retired)
    assert real.requirements_source is not None
    assert "retired" in real.requirements_source.value
    for requirement in real.requirements.values():
        assert set(requirement.operations) <= set(real.operations)
        assert requirement.profile in real.profiles


def test_each_judged_operation_has_its_schema_driven_clauses(real: Contract) -> None:
    """Accepts, shape and status for all; refuses, credentials and permission where they apply."""
    for operation in real.judged:
        for kind in needed_kinds(operation):
            assert real.requirement_for(operation.id, kind), f"{operation.id} {kind}"


def test_no_optional_key_of_a_request_may_be_null(real: Contract) -> None:
    """FINDINGS 1: optional means absent or of the right type."""
    for operation in real.judged:
        for media in operation.body.values():
            pointer, schema = follow(real.document, media.pointer)
            for name in set(schema.get("properties", {})) - set(schema.get("required", ())):
                validator = real.validator((*pointer, "properties", name))
                assert not validator.is_valid(None), f"{operation.id} {name}"
