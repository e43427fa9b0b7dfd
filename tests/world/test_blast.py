"""The blast radius: what a run would do is said first, and only on servers that may be changed it begins."""

from __future__ import annotations

import pytest

from conformance.target import Identity, Settings, TargetInfo
from conformance.world import blast

ADMIN = Identity("u", "root", ("admin",), ())


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        (Settings(url="http://127.0.0.1:3000"), False),
        (Settings(url=None), False),
        (Settings(url="https://chat.example.com"), True),
        (Settings(url="https://chat.example.com", disposable=True), False),
        (Settings(url="https://chat.example.com", read_only=True), False),
    ],
)
def test_only_our_own_machine_and_disposable_servers_are_written_to(settings: Settings, refused: bool) -> None:
    """Everything else stops with a sentence that names both ways on."""
    plan = blast.plan(settings, TargetInfo(settings.url or ""), "standard")
    assert bool(plan.refusal) is refused
    if plan.refusal:
        assert "--disposable" in plan.refusal
        assert "--read-only" in plan.refusal


def test_a_plan_names_what_is_made_changed_and_restored() -> None:
    """With an administrator: staff and settings, too."""
    settings = Settings(url="http://127.0.0.1:1", admin_user="root", admin_password="some-word", seed=36)
    plan = blast.plan(settings, TargetInfo("http://127.0.0.1:1", version="3.2.0", admin=ADMIN), "quick")
    text = " ".join(plan.lines)
    assert plan.power == "admin"
    for part in ("3.2.0", "lcx-10-", "Livechat_Routing_Method", "API_Enable_Rate_Limiter", "departments", "requests"):
        assert part in text


def test_a_read_only_plan_writes_nothing() -> None:
    """It says so, and names no setting."""
    plan = blast.plan(Settings(url="https://a.example", read_only=True), TargetInfo("https://a.example"), "deep")
    assert plan.power == "read-only"
    assert "Nothing is written" in plan.lines[1]
    assert "Changes" not in " ".join(plan.lines)
