"""Dependencies: bounded above, pinned where they decide what a seed means, and an audit cannot fail open."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ALL = [*PROJECT["dependencies"], *(each for extra in PROJECT["optional-dependencies"].values() for each in extra)]


@pytest.mark.parametrize("text", ALL)
def test_every_dependency_has_an_upper_bound(text: str) -> None:
    """A release that nobody has tried yet does not come in by itself."""
    operators = {each.operator for each in Requirement(text).specifier}
    assert operators & {"==", "<", "<=", "~="}, text


def test_what_decides_which_requests_a_seed_makes_is_pinned_exactly() -> None:
    """The engine, its generator and the validator."""
    pinned = {Requirement(each).name for each in PROJECT["dependencies"] if "==" in each}
    assert pinned >= {"schemathesis", "hypothesis", "jsonschema-rs"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    """The script that reads what pip-audit wrote."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ([{"name": "httpx", "version": "0.28.1", "vulns": []}], 0),
        ([{"name": "httpx", "version": "0.28.1", "vulns": [{"id": "X-1", "fix_versions": ["0.29"]}]}], 1),
        ([{"name": "httpx", "skip_reason": "not found"}], 3),
        ([{"name": "httpx", "skip_reason": "not found"}, {"name": "rich", "version": "14", "vulns": []}], 1),
        ([{"name": "livechat-conformance", "skip_reason": "ours"}, {"name": "rich", "version": "14", "vulns": []}], 0),
        ([], 3),
        (None, 3),
    ],
)
def test_an_audit_that_looked_nothing_up_is_no_clean_one(
    audit: ModuleType, listed: list[dict[str, Any]] | None, code: int, tmp_path: Path
) -> None:
    """Vulnerable, not looked up, and clean are three things."""
    path = tmp_path / "found.json"
    if listed is not None:
        path.write_text(json.dumps({"dependencies": listed}), encoding="utf-8")
    assert audit.main(str(path)) == code
