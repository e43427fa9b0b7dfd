"""Writes ``results.sarif`` (SARIF 2.1.0): a rule is a requirement, a location is its line in the contract's files."""

from __future__ import annotations

import json
from typing import Any, Final

from conformance.report.text import one_line, short_json, visible
from conformance.verdicts.outcome import Finding
from conformance.verdicts.result import Evidence, RequirementResult, Result
from conformance.verdicts.words import Verdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
REQUIREMENTS: Final = "spec/requirements.yaml"
OPERATIONS: Final = "spec/openapi.yaml"
_LEVELS: Final = {
    Verdict.FAIL: "error",
    Verdict.STALE_WAIVER: "error",
    Verdict.FLAKY: "error",
    Verdict.WAIVED: "error",
    Verdict.DEVIATION: "warning",
    Verdict.BLOCKED: "warning",
    Verdict.ERROR: "warning",
    Verdict.NOT_RUN: "note",
    Verdict.NOT_REACHED: "note",
}
_DEFAULTS: Final = {"MUST": "error", "SHOULD": "warning", "MAY": "note"}


def render_sarif(result: Result) -> str:
    """Give the result as SARIF; requirements that passed or do not apply are rules without a result."""
    rules = [each for each in result.requirements if each.verdict is not Verdict.NOT_APPLICABLE]
    index = {each.id: number for number, each in enumerate(rules)}
    findings = [
        finding for each in rules if each.verdict in _LEVELS for finding in _findings(each, index[each.id], result)
    ]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "livechat-conformance",
                        "version": result.suite.version,
                        "informationUri": "https://docs.rocket.chat/apidocs/omnichannel",
                        "rules": [_rule(each) for each in rules],
                    }
                },
                "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the checkout."}}},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": result.exit_code in (0, 1),
                        "exitCode": result.exit_code,
                        "startTimeUtc": result.started.replace("+00:00", "Z"),
                    }
                ],
                "properties": {"verdict": result.verdict.value, "sentence": result.sentence, "seed": result.seed},
                "results": findings,
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _rule(each: RequirementResult) -> dict[str, Any]:
    return {
        "id": each.id,
        "shortDescription": {"text": visible(each.clause)},
        "fullDescription": {"text": f"{visible(each.clause)} ({each.level}, {each.confidence})"},
        "help": {"text": f"Source: {visible(each.source)}"},
        "defaultConfiguration": {"level": _DEFAULTS.get(each.level, "warning")},
        "properties": {"tags": [each.area, each.level, each.kind, each.confidence]},
    }


def _findings(each: RequirementResult, index: int, result: Result) -> list[dict[str, Any]]:
    broken = [piece for piece in each.evidence if piece.finding in (Finding.BROKEN, Finding.FLAKY)]
    pieces: list[Evidence | None] = [*broken] or [None]
    return [_finding(each, piece, index, result) for piece in pieces]


def _finding(each: RequirementResult, piece: Evidence | None, index: int, result: Result) -> dict[str, Any]:
    sentence = (piece.sentence if piece else each.reason) or each.verdict.value
    text = f"{each.id}: {one_line(sentence, 500)}"
    if piece is not None and (piece.expected is not None or piece.observed is not None):
        text += f" Expected {short_json(piece.expected, 200)}, observed {short_json(piece.observed, 200)}."
    finding: dict[str, Any] = {
        "ruleId": each.id,
        "ruleIndex": index,
        "level": _LEVELS[each.verdict],
        "kind": "fail",
        "message": {"text": text},
        "locations": [_location(each, piece, result)],
        "partialFingerprints": {
            "requirementAndCheck/v1": ":".join(
                (each.id, piece.check, piece.operation or "", piece.pointer or "") if piece else (each.id, each.verdict)
            )
        },
        "properties": {"verdict": each.verdict.value, "count": piece.count + piece.others if piece else 1},
    }
    if each.verdict is Verdict.WAIVED:
        finding["suppressions"] = [{"kind": "external", "justification": visible(each.reason)}]
    return finding


def _location(each: RequirementResult, piece: Evidence | None, result: Result) -> dict[str, Any]:
    """Give the line of the operation for what the schemas found, and of the clause for all else."""
    operation = result.operation(piece.operation) if piece is not None and piece.operation else None
    from_schema = piece is not None and piece.check.startswith("contract:")
    uri, line = (OPERATIONS, operation.line) if operation and from_schema else (REQUIREMENTS, each.line)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "ROOT"},
            "region": {"startLine": max(line, 1)},
        }
    }
    if operation is not None:
        location["logicalLocations"] = [
            {"name": operation.id, "fullyQualifiedName": f"{operation.method} {operation.path}", "kind": "function"}
        ]
    return location
