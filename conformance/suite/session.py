"""The session: binds tests to requirements, hands out fixtures, and turns each item into an outcome.

It is a pytest plug-in module that ``conformance.plugin`` registers when a run was asked for. What a run is, stands in
a work directory (see ``conformance.suite.workdir``), so that pytest-xdist workers find it as well.
"""

from __future__ import annotations

import random
import time
import traceback
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.contract import Contract
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.suite.levels import BUDGETS, Budget
from conformance.suite.recorder import ItemRecord, Recorder, shows_life
from conformance.suite.selection import Selection
from conformance.suite.workdir import Workdir
from conformance.target import (
    NOBODY,
    RecordingClient,
    Settings,
    TargetError,
    TargetInfo,
    Throttle,
    Vigil,
    WriteRefused,
)
from conformance.target.health import CONFIG
from conformance.verdicts.outcome import Finding, ItemOutcome, Judgement
from conformance.world import Gate, Ledger, PreconditionFailed, Unavailable, World

PROPERTY = "livechat-outcome"
_AUTO, _MANUAL = "Auto_Selection", "Manual_Selection"


class Session:
    """What one worker process holds for the length of a run."""

    def __init__(self, config: pytest.Config, workdir: Workdir, worker: str) -> None:
        self.config = config
        self.workdir = workdir
        self.worker = worker
        self.settings: Settings = workdir.settings()
        self.info: TargetInfo = workdir.target()
        self.contract: Contract = workdir.contract()
        self.selection = Selection(self.contract, self.settings.only, self.settings.skip)
        self.budget: Budget = BUDGETS[self.settings.level]
        self.recorder = Recorder(self.contract, workdir.spool(worker), worker)
        self.judges: dict[str, Judge] = {}
        self.errors: dict[str, str] = {}
        self.started: dict[str, float] = {}
        self.closing: dict[str, tuple[Finding, str, str | None]] = {}
        self.lifeless: dict[str, str] = {}

    def broken_in(self, item: pytest.Item) -> list[Judgement]:
        """What the running item found broken so far, by its own checks and by the schemas."""
        own = self.judges[item.nodeid].judgements
        drawn = self.recorder.item.judgements.values() if self.recorder.item else ()
        return [one for one in (*own, *drawn) if one.finding is Finding.BROKEN]

    def is_red(self, requirement: str) -> bool:
        """Whether breaking a requirement makes a run red: a MUST whose source is not in doubt."""
        clause = self.contract.requirements[requirement]
        binding = clause.level == "MUST" and clause.confidence in {"confirmed", "observed"}
        return binding and self.contract.applies(clause, self.info.version)


SESSION = pytest.StashKey[Session]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open the work directory in each process that runs tests."""
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    config.stash[SESSION] = Session(config, Workdir(Path(config.option.livechat_workdir)), worker)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what the session holds open."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.recorder.close()


def clauses_of(item: pytest.Item) -> tuple[str, ...]:
    """The requirement ids that a test is bound to, in the order given."""
    found = [str(one) for marker in item.iter_markers("clause") for one in marker.args]
    return tuple(dict.fromkeys(found))


def check_name(item: pytest.Item) -> str:
    """The stable name of a test: module without ``test_``, and function without parameters."""
    module = Path(str(item.path)).stem.removeprefix("test_")
    return f"{module}::{getattr(item, 'originalname', None) or item.name}"


def item_name(item: pytest.Item) -> str:
    """The stable name of an item: as ``check_name``, with its parameters."""
    return f"{Path(str(item.path)).stem.removeprefix('test_')}::{item.name}"


def _order(item: pytest.Item) -> tuple[int, str]:
    """Items that share one routing method run together; those that need the whole server come last."""
    routing = item.get_closest_marker("routing")
    phase = 2 if item.get_closest_marker("exclusive") else int(bool(routing and routing.args[0] == _MANUAL))
    return phase, ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests without a clause, leave out what is not selected, and order the rest by what they share."""
    session = config.stash[SESSION]
    unbound = [one.nodeid for one in items if not clauses_of(one)]
    unknown = sorted({one for item in items for one in clauses_of(item)} - set(session.contract.requirements))
    if unbound:
        raise pytest.UsageError(f"tests without @clause(...), so nobody can say what they judge: {', '.join(unbound)}")
    if unknown:
        raise pytest.UsageError(
            f"tests are bound to requirements that the contract does not have: {', '.join(unknown)}"
        )
    kept = [one for one in items if session.selection.runs(clauses_of(one))]
    dropped = [one for one in items if one not in set(kept)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    here = _of_shard(kept, session.settings.shard)
    items[:] = sorted(_spread(here) if session.workdir.paced else here, key=_order)
    elsewhere = {item_name(one): clauses_of(one) for one in kept if one not in set(here)}
    session.workdir.write_plan(session.worker, {item_name(one): clauses_of(one) for one in items}, elsewhere)


def _spread(items: list[pytest.Item]) -> list[pytest.Item]:
    """Items of all modules in turn: a rate limiter counts by route, and a module asks for one route again and again."""
    sizes = Counter(item.path for item in items)
    seen: Counter[Path] = Counter()
    place: dict[pytest.Item, float] = {}
    for item in items:
        place[item] = (seen[item.path] + 0.5) / sizes[item.path]
        seen[item.path] += 1
    return sorted(items, key=lambda item: place[item])


def _of_shard(items: list[pytest.Item], shard: str | None) -> list[pytest.Item]:
    """The items of one part of a split run: dealt out by name, so that every machine deals alike."""
    if shard is None:
        return items
    part, parts = (int(one) for one in shard.split("/"))
    dealt = {name: number % parts + 1 for number, name in enumerate(sorted(item_name(one) for one in items))}
    return [one for one in items if dealt[item_name(one)] == part]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Open the item's record before its fixtures, so that what they send belongs to it."""
    session = item.config.stash[SESSION]
    session.recorder.item = ItemRecord(item_name(item))
    session.recorder.last = None
    session.judges[item.nodeid] = Judge(
        session.contract, check_name(item), clauses_of(item), lambda: session.recorder.last
    )
    session.started[item.nodeid] = time.monotonic()
    result = yield
    session.recorder.item = None
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Sort what ended a test into findings and faults of our own; hand the outcome over when the item is done."""
    session = item.config.stash[SESSION]
    if call.excinfo is not None:
        _sort_exception(session, item, call.excinfo.value)
    if call.when == "teardown":
        item.user_properties.append((PROPERTY, msgspec.json.encode(_outcome(session, item)).decode()))
    report = yield
    _tell_pytest(session, item, call, report)
    return report


def _tell_pytest(session: Session, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Show findings to people who live in pytest: a broken MUST is a failed test, what does not apply a skipped one."""
    if call.excinfo is not None and isinstance(call.excinfo.value, Unavailable | WriteRefused):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"Skipped: {call.excinfo.value}")
    elif call.when == "call" and report.passed:
        broken = [one for one in session.broken_in(item) if session.is_red(one.requirement)]
        if broken:
            report.outcome = "failed"
            report.longrepr = "\n".join(f"{one.requirement}: {one.sentence}" for one in broken)


def _sort_exception(session: Session, item: pytest.Item, error: BaseException) -> None:
    record = session.recorder.item
    if isinstance(error, PreconditionFailed):
        _judge_own_precondition(session, item, error)
        session.closing[item.nodeid] = (Finding.BLOCKED, str(error), error.requirement_id or None)
    elif isinstance(error, Unavailable | WriteRefused | pytest.skip.Exception):
        session.closing[item.nodeid] = (Finding.NOT_APPLICABLE, str(error), None)
    elif isinstance(error, TargetError):
        session.closing[item.nodeid] = (Finding.NOT_REACHED, str(error), None)
    elif (
        isinstance(error, KeyError | TypeError | IndexError | AttributeError | ValueError) and record and record.broken
    ):
        # The answer was not what the schema says, so a test that reads it stumbles: the clause on the shape owns that.
        broken = record.broken
        session.closing[item.nodeid] = (Finding.BLOCKED, broken.sentence, broken.requirement)
    else:
        session.errors[item.nodeid] = "".join(traceback.format_exception(error))


def _judge_own_precondition(session: Session, item: pytest.Item, error: PreconditionFailed) -> None:
    """A test about what an operation accepts, whose own preparation that operation refused, has found its answer.

    Else such a clause would be blocked by nothing but itself, and nobody would say that it is broken.
    """
    clause = session.contract.requirements.get(error.requirement_id or "")
    own = clause is not None and clause.kind == "accepts" and clause.id in clauses_of(item)
    if clause is not None and own and error.exchange is not None and not is_accepted(error.exchange):
        session.judges[item.nodeid].that(
            clause.id,
            False,
            str(error),
            exchange=error.exchange,
            expected="200 with success true",
            observed=describe(error.exchange),
        )


def _outcome(session: Session, item: pytest.Item) -> ItemOutcome:
    judge, record = session.judges.pop(item.nodeid), session.recorder.item
    assert record is not None
    error = session.errors.pop(item.nodeid, None)
    closing = session.closing.pop(item.nodeid, None)
    lifeless = session.lifeless.pop(item.nodeid, None)
    if closing is not None:
        judge.close(*closing)
    elif error is None and session.settings.read_only:
        judge.close(
            Finding.NOT_APPLICABLE, "the run is read-only, and this shows itself only when something is written"
        )
    elif error is None:
        judge.close(Finding.NOT_REACHED, "the test ended without seeing what the clause speaks of")
    strangers = session.recorder.strangers
    found = (*judge.judgements, *record.judgements.values())
    kind = item.get_closest_marker("kind")
    doc = (getattr(getattr(item, "function", None), "__doc__", None) or "").strip().splitlines()
    return ItemOutcome(
        item=item_name(item),
        kind=str(kind.args[0]) if kind else _kind_by_folder(item),
        title=doc[0] if doc else item.name,
        requirements=clauses_of(item),
        judgements=tuple(strangers.judgement(_unless(lifeless, one)) for one in found),
        duration_s=round(time.monotonic() - session.started.pop(item.nodeid), 3),
        exchanges=tuple(record.exchanges),
        error=None if error is None else strangers.words(error),
        counters=record.counters,
    )


def _unless(lifeless: str | None, judgement: Judgement) -> Judgement:
    """A judgement as it is, or as *not reached* where the target did not work while the clause seemed to be kept."""
    if lifeless is None or judgement.finding is not Finding.HELD:
        return judgement
    return replace(judgement, finding=Finding.NOT_REACHED, sentence=lifeless)


def _kind_by_folder(item: pytest.Item) -> str:
    return {"scenarios": "scenario", "property": "property"}.get(Path(str(item.path)).parent.name, "area")


@pytest.fixture(scope="session")
def session(pytestconfig: pytest.Config) -> Session:
    """The worker's session."""
    return pytestconfig.stash[SESSION]


@pytest.fixture(scope="session")
def contract(session: Session) -> Contract:
    """The contract in force for the target's version."""
    return session.contract


@pytest.fixture(scope="session")
def target(session: Session) -> TargetInfo:
    """What the probe found."""
    return session.info


@pytest.fixture(scope="session")
def budget(session: Session) -> Budget:
    """How much work the level allows."""
    return session.budget


@pytest.fixture(scope="session")
def client(session: Session) -> Iterator[RecordingClient]:
    """The recording client: every exchange is kept, and judged by the schemas as it passes."""
    # Workers that share a rate limiter are refused now and then, and have their turn in a later window.
    patience: dict[str, Any] = {"attempts": 60, "max_wait_s": 3600.0} if session.workdir.paced else {}
    throttle = Throttle(
        max_rate=session.settings.max_rate,
        deadline=session.workdir.deadline(),
        **patience,
        on_wait=lambda seconds, why: session.workdir.tell_wait(session.worker, throttle.waited_s, seconds, why),
    )
    vigil = Vigil(lambda unanswered: session.workdir.tell_gone(session.worker, unanswered))
    with RecordingClient(
        session.settings, session.contract, session.recorder, throttle, vigil=vigil, worker=session.worker
    ) as made:
        yield made


@pytest.fixture(scope="session")
def onlooker(session: Session, client: RecordingClient) -> Iterator[RecordingClient]:
    """A client whose exchanges belong to no test, and to no evidence."""
    with RecordingClient(session.settings, None, None, client.throttle, vigil=client.vigil) as made:
        yield made


@pytest.fixture(autouse=True)
def life(
    request: pytest.FixtureRequest, session: Session, client: RecordingClient, onlooker: RecordingClient
) -> Iterator[None]:
    """Ask for the configuration after a test that saw nothing but refusals and errors.

    A server that answers the same to everything, or nothing at all, keeps many a clause by chance. Once the target is
    gone no test begins: it would note things to be removed that it cannot make.
    """
    if client.vigil:
        client.vigil.before()
    if session.workdir.orphaned():
        request.session.shouldstop = "nobody waits for the tests any more"
    yield
    record = session.recorder.item
    if record is None or record.lively:
        return
    try:
        exchange = onlooker.request(NOBODY, "GET", CONFIG)
    except TargetError as error:
        session.lifeless[request.node.nodeid] = str(error)
        return
    if not shows_life(exchange):
        session.lifeless[request.node.nodeid] = (
            f"no answer to this test shows a working server, and {CONFIG} answered {describe(exchange)}"
        )


@pytest.fixture(scope="session")
def shared_world(session: Session, client: RecordingClient) -> Iterator[World]:
    """The worker's world: its agents and departments serve many tests; all of it is removed at the end."""
    gate = Gate(session.workdir.path / "gate", client, session.info)
    with Ledger(session.workdir.ledger(session.worker)) as ledger:
        made = World(
            client,
            session.info,
            session.contract,
            ledger,
            session.settings,
            gate,
            seed=session.settings.seed,
            worker=session.worker,
        )
        yield made
        made.clean_up()


@pytest.fixture
def world(request: pytest.FixtureRequest, shared_world: World) -> Iterator[World]:
    """The world as one test sees it: under the gate that its markers ask for, so that nobody moves the ground."""
    exclusive = request.node.get_closest_marker("exclusive") is not None
    marker = request.node.get_closest_marker("routing")
    # Without a marker a test gets the default method, so that what it sees does not hang on who ran before it.
    routing = str(marker.args[0]) if marker else _AUTO if shared_world.can_change_settings else None
    gate = shared_world.gate
    shared_world.begin(item_name(request.node))
    since = shared_world.ledger.next_number
    with gate.exclusive(routing) if exclusive else gate.shared(routing):
        yield shared_world
    # Property-based tests share visitors and rooms.
    if _kind_by_folder(request.node) != "property":
        shared_world.tidy(since)


@pytest.fixture
def judge(request: pytest.FixtureRequest, session: Session) -> Judge:
    """The judge of this test."""
    return session.judges[request.node.nodeid]


@pytest.fixture
def record(session: Session) -> ItemRecord:
    """The record of this item: its exchanges and counters."""
    assert session.recorder.item is not None
    return session.recorder.item


@pytest.fixture
def rng(request: pytest.FixtureRequest, session: Session) -> random.Random:
    """Random numbers that depend on the run's seed and the item's name, and on nothing else."""
    return random.Random(f"{session.settings.seed}:{item_name(request.node)}")
