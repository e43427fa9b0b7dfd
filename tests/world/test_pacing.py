"""Pacing: with a rate limiter a run says how long it takes, and removes its things while it has to wait anyway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import cli
from conformance.contract import load_contract
from conformance.reference import reference_server
from conformance.reference.server import Url
from conformance.suite.workdir import Workdir
from conformance.target import Identity, Limiter, RecordingClient, Settings, TargetInfo, probe
from conformance.world import Gate, Ledger, World, blast
from conformance.world.cleanup import time_to_remove

ADMIN = Identity("u", "root", ("admin",), ())
LIMITED = TargetInfo("http://127.0.0.1:1", version="3.2.0", limiter=Limiter(10, 60_000))


@pytest.fixture
def limited() -> Iterator[Url]:
    """A server with the limiter that every new server has."""
    with reference_server(rate_limit=True) as url:
        yield url


@pytest.fixture
def world(limited: Url, tmp_path: Path) -> Iterator[World]:
    """A visitor's world on it."""
    settings = Settings(url=str(limited), seed=7)
    info, contract = probe(settings), load_contract()
    with RecordingClient(settings, contract) as client, Ledger(tmp_path / "ledger.jsonl") as ledger:
        gate = Gate(tmp_path / "gate", client, info)
        yield World(client, info, contract, ledger, settings, gate, seed=7, worker="main")


def test_what_a_test_made_goes_while_the_run_has_to_wait_anyway(world: World, limited: Url) -> None:
    """Only what this test made, and only while there are calls to spare: nothing is waited for."""
    kept = world.visitor()
    since = world.ledger.next_number
    made = [world.visitor() for _ in range(3)]
    world.tidy(since)
    tokens = {each["token"] for each in limited.site.visitors.find()}
    assert kept.token in tokens
    assert not tokens & {each.token for each in made}
    assert world.client.throttle.waited_s == 0.0
    assert [entry.name for entry in world.ledger.entries.values() if entry.open] == [kept.token]


def test_what_would_have_to_wait_is_kept_for_later(world: World, limited: Url) -> None:
    """The calls of a route are used up to the last one, which is the next test's; the rest is remembered."""
    since = world.ledger.next_number
    visitors = [world.visitor() for _ in range(10)]
    for number in range(6):
        world.client.request(visitors[0], "DELETE", f"/api/v1/livechat/visitor/nobody-{number}")
    world.tidy(since)
    left = [entry for entry in world.ledger.entries.values() if entry.open]
    assert len(left) == 7
    assert world.client.throttle.waited_s == 0.0
    assert time_to_remove(world) == pytest.approx((7 / 10 + 1) * 60, rel=0.1)


def test_without_a_limiter_nothing_is_removed_before_the_end(tmp_path: Path) -> None:
    """Then it costs nothing to do it all at once."""
    with reference_server() as url, Ledger(tmp_path / "ledger.jsonl") as ledger:
        settings = Settings(url=str(url), seed=7)
        info, contract = probe(settings), load_contract()
        with RecordingClient(settings, contract) as client:
            gate = Gate(tmp_path / "gate", client, info)
            made = World(client, info, contract, ledger, settings, gate, seed=7, worker="main")
            made.visitor()
            made.tidy(1)
            assert [entry.open for entry in ledger.entries.values()] == [True]
            assert time_to_remove(made) == 0.0


@pytest.mark.parametrize("admin", [False, True])
def test_the_plan_tells_how_long_the_limiter_makes_a_run_take(admin: bool) -> None:
    """Who may switch it off does; who may not is told in minutes, and what would help."""
    settings = Settings(url=LIMITED.url)
    if admin:
        settings = Settings(url=LIMITED.url, admin_user="root", admin_password="some-word")
    info = TargetInfo(LIMITED.url, version="3.2.0", limiter=LIMITED.limiter, admin=ADMIN if admin else None)
    text = " ".join(blast.plan(settings, info, "quick").lines)
    assert "API_Enable_Rate_Limiter" in text
    assert ("off for the run" in text) is admin
    assert ("10 calls of a route pass in 60 s" in text) is not admin
    assert ("minutes" in text) is not admin


def test_doctor_says_it_beforehand(limited: Url) -> None:
    """How many calls, how long a run takes, and what to switch off."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["doctor", str(limited), "--level", "quick"])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "on: 10 calls in 60 s for each route" in said
    assert "takes about" in said
    assert "API_Enable_Rate_Limiter" in said


def test_waits_are_told_between_the_processes(tmp_path: Path) -> None:
    """The latest wait of each worker, with all that it has waited before."""
    workdir = Workdir.create(tmp_path / "work", Settings(url=LIMITED.url), LIMITED, None)
    assert workdir.waits() == []
    assert not workdir.paced
    workdir.tell_wait("gw0", 0.0, 20.0, "the rate limit of GET /a is used up")
    workdir.tell_wait("gw0", 20.0, 30.0, "the rate limit of GET /b is used up")
    workdir.tell_wait("gw1", 5.0, 1.0, "GET /c was answered with 429")
    workdir.pace()
    assert [(wait.total_s, wait.reason.split()[-1]) for wait in workdir.waits()] == [(50.0, "up"), (6.0, "429")]
    assert workdir.paced
    assert not Workdir.create(tmp_path / "work", Settings(url=LIMITED.url), LIMITED, None).paced
