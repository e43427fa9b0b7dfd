"""A server with thousands of agents, fields and departments is judged like a small one."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.verdicts import Verdict, read_result
from tests.chaos import child, foreign

_MANY = 5_000
"""Half of them are agents: more than fit on the first twenty pages."""
_ONLY = "LC-CONFIG-010,LC-AGENT-021,LC-PAGING-011"


@pytest.mark.timeout(280)
def test_nothing_is_overlooked_on_a_large_server(tmp_path: Path) -> None:
    """Who is online is known although our agents come late in the list, and so do our items in a sorted one."""
    with reference_server() as url:
        foreign.fill(url, _MANY)
        done = child.call(
            tmp_path,
            *("run", str(url), "--admin-user", url.admin_user, "--only", _ONLY, "--level", "quick", "-q"),
            *("--report", "out", "--format", "json", "--workers", "1", "--seed", "3"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
        )
    assert done.code == 0, done.said
    wanted = set(_ONLY.split(","))
    found = {one.id: one.verdict for one in read_result(tmp_path / "out" / "result.json").requirements}
    assert {name: found[name] for name in wanted} == dict.fromkeys(wanted, Verdict.PASS)
