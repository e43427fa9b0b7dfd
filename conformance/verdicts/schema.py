"""The published JSON Schema of ``result.json``, drawn from the dataclasses so that it cannot say anything else.

``result.schema.json`` is shipped with the package; ``python -m conformance.verdicts.schema`` writes it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.verdicts.result import FORMAT, Result

PATH: Final = Path(__file__).with_name("result.schema.json")
ID: Final = f"https://livechat-conformance.example/result-{FORMAT}.schema.json"
_ALWAYS: Final = ("format", "counts", "requirements", "operations", "waivers", "left_behind", "requests", "digest")


def result_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a result document."""
    schema = msgspec.json.schema(Result)
    definitions = schema["$defs"]
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = definition["description"].split("\n\n")[0]
        for member in definition.get("properties", {}).values():
            member.pop("default", None)
    result = definitions["Result"]
    result["required"] = sorted({*result["required"], *_ALWAYS})
    result["properties"]["format"] = {"const": FORMAT}
    result["properties"]["started"] = {"type": "string", "format": "date-time"}
    result["properties"]["digest"] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    requirement = definitions["RequirementResult"]["properties"]
    requirement["level"] = {"enum": ["MUST", "SHOULD", "MAY"]}
    requirement["confidence"] = {"enum": ["confirmed", "observed", "documented", "disputed"]}
    definitions["ItemResult"]["properties"]["state"] = {"enum": ["ran", "error", "not run", "left out"]}
    definitions["WaiverResult"]["properties"]["state"] = {"enum": ["active", "stale", "unused", "out of range"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Result of a Livechat conformance run",
        "$ref": "#/$defs/Result",
        "$defs": dict(sorted(definitions.items())),
    }


def text() -> str:
    """Give the schema as it stands in the file."""
    return json.dumps(result_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
