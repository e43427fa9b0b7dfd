"""Every requirement has a check, and the table of both is the current one."""

from __future__ import annotations

import runpy
from pathlib import Path

from conformance.contract import load_contract

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "requirements_table.py"))


def test_every_requirement_has_a_check() -> None:
    """No clause of the contract is without a test or a check drawn from the schemas."""
    checks = SCRIPT["checks"]()
    assert [id for id in load_contract(None).requirements if not checks.get(id)] == []


def test_no_check_judges_what_the_contract_does_not_know() -> None:
    """Every id that a test is bound to is a requirement."""
    assert sorted(set(SCRIPT["bound"]()) - set(load_contract(None).requirements)) == []


def test_the_table_is_the_current_one() -> None:
    """The committed table is what the script writes today."""
    text = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    assert text == SCRIPT["render"](), "python scripts/requirements_table.py writes it anew"
