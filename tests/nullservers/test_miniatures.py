"""Miniatures: a server that looks healthy and keeps next to nothing is not conformant, under the right clauses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nullservers.conftest import Server, Verdict
from tests.nullservers.miniatures import MINIATURES, contract


@pytest.fixture(autouse=True, scope="module")
def _contract_is_read() -> None:
    """The contract is read before the first request, which would else wait for it."""
    contract()


@pytest.mark.parametrize("name", MINIATURES)
def test_a_miniature_is_red_under_the_right_clauses(
    serve: Callable[[Server], str], judge: Callable[..., Verdict], name: str
) -> None:
    """Exit code 1, the cause in the first line, every clause of the caricature named as failed, no traceback."""
    mini = MINIATURES[name]
    only = ",".join(mini.breaks)
    verdict = judge(
        serve(mini.server), "--only", only, "--level", "quick", "--timeout", "1s", "--max-time", "60s", limit_s=120
    )
    assert verdict.code == 1, verdict.said
    assert verdict.lines[0].startswith("Not conformant to the Livechat contract"), verdict.said
    assert mini.cause in verdict.lines[0], verdict.said
    assert set(mini.breaks) <= verdict.failed, verdict.said


def test_every_miniature_has_a_cause_and_a_clause() -> None:
    """Each is red for a cause, under a clause."""
    assert len(MINIATURES) >= 12
    assert all(mini.breaks and mini.cause for mini in MINIATURES.values())
