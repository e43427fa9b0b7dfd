"""No false alarm: a server that rightly differs from the reference server is not told that it is wrong.

Each variant is judged by the clauses that its difference touches; the whole contract at ``quick`` takes minutes for
each and is marked ``slow``: ``pytest -m slow tests/variants``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.variants.catalogue import VARIANTS
from tests.variants.variant import Variant, serve

_ROOT = Path(__file__).resolve().parents[2]
_RED = ("fail", "blocked", "error", "flaky", "not run")

#: What of the contract a difference touches: areas, operations and ids.
# fmt: off
TOUCHED: dict[str, tuple[str, ...]] = {
    "slow": ("surveyRoom", "LC-PAGE-017", "LC-LIFE-014", "LC-LIFE-030", "LC-ISOLATION-007", "LC-VISITOR-031"),
    "era": ("LC-SECURITY-012", "LC-SECURITY-017", "registerVisitor", "receiveSms", "closeRoom"),
    "v3_4_0": (
        "departments", "getOfficeHours", "sendOfflineMessage", "LC-TRANSCRIPT-011", "LC-LIFE-025", "LC-LIMIT-009",
    ),
    "v2_4_14": (
        "getConfig", "departments", "getInquiry", "listCustomFields", "LC-LIFE-014", "LC-ROOM-079", "LC-AGENT-021",
        "LC-SECURITY-001",
    ),
    "v3_15_0": ("getConfig", "departments", "getOfficeHours", "takeInquiry", "LC-LIFE-025", "LC-SECURITY-024"),
    "v3_1": ("getInquiry", "setCustomField", "LC-LIFE-014", "LC-TRANSFER-016", "LC-INQUIRY-032", "LC-ROOM-054"),
    "settings_late": (
        "LC-CONFIG-005", "LC-CONFIG-021", "LC-CONFIG-030", "LC-AGENT-010", "LC-AGENT-036", "LC-PAGE-013", "LC-ROOM-020",
    ),
    "methods_limited": ("LC-FIELD-021", "LC-FIELD-033", "LC-TRIGGER-006"),
    "two_factor": ("LC-CONFIG-005", "LC-CONFIG-026", "LC-CONFIG-027"),
    "limited": ("LC-CONFIG-014", "LC-CONFIG-017", "LC-LIMIT-001", "LC-LIMIT-003"),
    "forgetful": ("LC-AGENT-004", "LC-AGENT-012", "LC-ROOM-020"),
    "fresh": ("LC-CONFIG-005", "LC-CONFIG-007", "LC-CONFIG-014", "LC-CONFIG-017", "LC-ISOLATION-023"),
    "busy": ("getQueue", "listTriggers", "LC-DEPARTMENT-006", "LC-ROOM-064"),
}
# fmt: on


def judge(url: str, folder: Path, *more: str, admin: str | None = "admin") -> tuple[int, dict[str, Any]]:
    """Run the suite against a server; the exit code and the result document."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LIVECHAT_CONFORMANCE_")}
    command = [sys.executable, "-m", "conformance", "run", url, "--level", "quick", "--seed", "11", "--quiet"]
    command += ["--report", str(folder), "--format", "json", "--workers", "2", *more]
    if admin is not None:
        command += ["--admin-user", admin]
        environment["LIVECHAT_CONFORMANCE_ADMIN_PASSWORD"] = "reference-admin"
    done = subprocess.run(
        command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    document = folder / "result.json"
    assert document.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(document.read_text(encoding="utf-8"))


def red(result: dict[str, Any]) -> dict[str, str]:
    """The clauses that are not met, with the reasons; those that bind nobody are left out."""
    return {
        each["id"]: f"{each['verdict']}: {each['reason']}"
        for each in result["requirements"]
        if each["verdict"] in _RED and each["level"] == "MUST"
    }


def _agrees(variant: Variant, result: dict[str, Any]) -> None:
    selected = {each["id"] for each in result["requirements"] if each["verdict"] != "not applicable"}
    found = red(result)
    assert {id: found[id] for id in found if id not in variant.defects} == {}
    assert sorted(set(found)) == sorted(selected & set(variant.defects))


@pytest.mark.parametrize("name", TOUCHED)
def test_a_difference_is_no_fault(name: str, tmp_path: Path) -> None:
    """The clauses that a right difference touches are met, but for the known defects, which are found."""
    variant = VARIANTS[name]
    with serve(variant) as url:
        code, result = judge(str(url), tmp_path, "--only", ",".join(TOUCHED[name]))
    _agrees(variant, result)
    assert code == (1 if red(result) else code)
    assert any(each["verdict"] == "pass" for each in result["requirements"])


def test_what_needs_livechat_switched_on_is_left_out_where_nobody_may_do_it(tmp_path: Path) -> None:
    """A server as it was installed, without credentials: its empty configuration is held against nobody."""
    with serve(VARIANTS["fresh"]) as url:
        code, result = judge(str(url), tmp_path, "--only", "getConfig", admin=None)
    assert red(result) == {}
    assert code == 0, result["sentence"]
    reasons = {each["id"]: each["reason"] for each in result["requirements"]}
    assert "switched off" in reasons["LC-CONFIG-014"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", TOUCHED)
def test_a_variant_gets_no_false_alarm(name: str, tmp_path: Path) -> None:
    """The whole contract is met at quick, but for the known defects, which are found."""
    variant = VARIANTS[name]
    with serve(variant) as url:
        code, result = judge(str(url), tmp_path)
    _agrees(variant, result)
    assert code == (1 if variant.defects else variant.exit_code), result["sentence"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["with_an_agent", "with_nobody", "fresh", "off_with_an_agent"])
def test_a_server_is_judged_without_credentials(name: str, tmp_path: Path) -> None:
    """Without credentials nothing is held against a server, whether or not an agent is there or Livechat is on."""
    variant = VARIANTS[name]
    with serve(variant) as url:
        code, result = judge(str(url), tmp_path, admin=None)
    assert red(result) == {}
    assert code == 0, result["sentence"]


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_the_limiter_of_every_new_server_is_waited_for(tmp_path: Path) -> None:
    """Ten calls a minute and route, and nobody who could switch that off: it takes long, and no verdict is false."""
    base = VARIANTS["with_an_agent"]
    limited = dataclasses.replace(base, options=dataclasses.replace(base.options, rate_limit=True))
    with serve(limited) as url:
        code, result = judge(str(url), tmp_path, admin=None)
    assert red(result) == {}
    assert code == 0, result["sentence"]
    assert any("switch API_Enable_Rate_Limiter off" in note for note in result["target"]["notes"])
    assert {each["kind"] for each in result["left_behind"]} <= {"phone"}
