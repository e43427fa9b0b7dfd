"""The shop keeps the contract of the Livechat API, as far as it implements it."""

from __future__ import annotations

from pathlib import Path

from shop import Shop, app

import conformance

SETTINGS = Path(__file__).parent.parent / "livechat-conformance.toml"


def test_the_shop_keeps_the_contract(tmp_path: Path) -> None:
    """The app object is served on loopback and judged over HTTP; the result says what was found."""
    result = conformance.run(app=app, config=SETTINGS, report=str(tmp_path))
    assert result.exit_code == 0, f"{result.sentence} See {tmp_path / 'index.html'}."


def test_a_wrong_survey_is_found(tmp_path: Path) -> None:
    """A gate is worth something only if it can fail: numbers from 0 on are not what the contract says."""
    wrong = Shop(survey=["0", "1", "2"]).app()
    result = conformance.run(app=wrong, config=SETTINGS, only=["LC-CONFIG-008"], waivers=None, report=str(tmp_path))
    (survey,) = (one for one in result.requirements if one.id == "LC-CONFIG-008")
    assert result.exit_code == 1
    assert survey.verdict == "fail"
