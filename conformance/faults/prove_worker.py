"""A worker of the proof: collects the suite once, then judges one faulty server after another in forked children.

The worker imports and collects everything before the first trial. A trial is then a fork: the child starts a fresh
reference server with its fault, prepares a run the way ``run`` does, and runs tests until one names the fault. Trials
come as JSON lines on the standard input, what was seen goes out as JSON lines on the standard output.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from conformance.contract.exchange import Exchange
from conformance.faults.every import every_fault
from conformance.faults.model import Fault
from conformance.faults.prove_children import Children
from conformance.faults.prove_trial import CONTROL, Seen, Trial
from conformance.faults.prove_witness import bound_first, shown_again
from conformance.faults.servers import bare, faulty_server
from conformance.report.reproduce import curl_line
from conformance.report.text import one_line
from conformance.runner.child import arguments
from conformance.runner.run import RunError, prepare
from conformance.suite import session as suite_session
from conformance.suite.session import PROPERTY, SESSION, Session, item_name
from conformance.suite.workdir import Workdir
from conformance.verdicts import Finding, ItemOutcome, Judgement, read_spool

_LINE_LIMIT = 400


class Trials:
    """The pytest plug-in that takes the place of pytest's own loop over the tests.

    Args:
        folder: Each trial gets a work directory in it, which is removed when the trial is over.
        orders: The file descriptor through which trials come, one JSON document a line.
        answers: Gets what was seen, one JSON document a line.
    """

    def __init__(self, folder: Path, orders: int, answers: BinaryIO) -> None:
        self._folder = folder
        self._orders = orders
        self._answers = answers
        self._outcomes: list[ItemOutcome] = []
        self._server = contextlib.ExitStack()  # never left: a server ends with the process of its trial

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Make the trials that are asked for until there are no more."""
        controller = session.config.pluginmanager.unregister(name="livechat-controller")
        assert controller is not None
        items = {item_name(one): one for one in session.items}
        faults = every_fault()
        gc.collect()
        gc.freeze()  # what is there now is shared by all children; a collection would only copy it
        self._answer({"ready": len(items)})

        def make(trial: Trial, folder: Path) -> Seen:
            name = trial.fault
            fault = bare(faults[name.removeprefix(f"{CONTROL}:")]) if name.startswith(CONTROL) else faults[name]
            return self._make(trial, fault, session, items, folder)

        Children(self._folder, make, self._answer).serve(self._orders)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test handed over."""
        if report.when == "teardown":
            self._outcomes += [
                msgspec.json.decode(str(value), type=ItemOutcome)
                for name, value in report.user_properties
                if name == PROPERTY
            ]

    def _answer(self, what: object) -> None:
        self._answers.write(msgspec.json.encode(what) + b"\n")
        self._answers.flush()

    def _make(
        self, trial: Trial, fault: Fault, session: pytest.Session, items: dict[str, pytest.Item], folder: Path
    ) -> Seen:
        base: Session = session.config.stash[SESSION]
        started = time.monotonic()
        self._outcomes.clear()
        url = self._server.enter_context(faulty_server(fault))
        settings = dataclasses.replace(
            base.settings.for_embedded(str(url), url.admin_user, url.admin_password),
            seed=trial.seed,
            report=str(folder),
            timeout_s=10.0,
        )
        os.environ.update(settings.secrets_env())
        try:
            run = prepare(settings, formats=())
        except RunError as error:
            return Seen(trial.fault, trial.seed, failure=f"the run could not begin: {error}")
        own = Session(session.config, run.workdir, "main")
        session.config.stash[SESSION] = own
        return self._judge(trial, fault, own, _ordered(items, trial, fault), started)

    def _judge(self, trial: Trial, fault: Fault, own: Session, items: list[pytest.Item], started: float) -> Seen:
        wanted = frozenset(fault.breaks)
        others: dict[str, None] = {}
        errors: list[str] = []
        tests = 0
        failure = None
        for number, item in enumerate(items):
            if time.monotonic() - started > trial.limit_s:
                failure = f"it was given up after {trial.limit_s:g} s"
                break
            following = items[number + 1] if number + 1 < len(items) else item
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            for outcome in self._outcomes:
                tests += 1
                if outcome.error:
                    errors.append(f"{outcome.item}: {one_line(outcome.error.strip().splitlines()[-1], _LINE_LIMIT)}")
                for judgement in _broken(outcome, own):
                    if judgement.requirement in wanted:
                        seen = _found(trial, judgement, outcome, own, started, errors, tests)
                        return shown_again(seen, judgement, outcome, own, fault) if trial.reproduce else seen
                    if own.is_red(judgement.requirement):
                        others[judgement.requirement] = None
            self._outcomes.clear()
        return Seen(
            trial.fault,
            trial.seed,
            requests=_count(own.workdir),
            seconds=round(time.monotonic() - started, 3),
            others=tuple(others),
            errors=tuple(errors),
            tests=tests,
            failure=failure,
        )


def _ordered(items: dict[str, pytest.Item], trial: Trial, fault: Fault) -> list[pytest.Item]:
    """The tests in the order of the trial: those that can see the fault, then all the others where it asks for them."""
    chosen = dict.fromkeys(trial.first or bound_first(items, fault))
    first = [items[name] for name in chosen if name in items]
    return first + [one for name, one in items.items() if trial.rest and name not in chosen]


def _broken(outcome: ItemOutcome, own: Session) -> Iterator[Judgement]:
    """What an outcome says is broken, of the requirements that apply to this server."""
    for one in outcome.judgements:
        if one.finding is Finding.BROKEN and own.contract.applies(
            own.contract.requirements[one.requirement], own.info.version
        ):
            yield one


def _found(
    trial: Trial,
    judgement: Judgement,
    outcome: ItemOutcome,
    own: Session,
    started: float,
    errors: Iterable[str],
    tests: int,
) -> Seen:
    seconds = round(time.monotonic() - started, 3)
    deciding = (*judgement.steps, *judgement.exchanges)[-1:]
    count, exchange = 0, None
    for one in _exchanges(own.workdir):
        count += 1
        exchange = one if one.id in deciding else exchange
    return Seen(
        trial.fault,
        trial.seed,
        requirement=judgement.requirement,
        check=judgement.check,
        item=outcome.item,
        sentence=one_line(judgement.sentence, _LINE_LIMIT),
        directly=outcome.item in trial.first,
        requests=count,
        seconds=seconds,
        reproduction=_line(exchange),
        errors=tuple(errors),
        tests=tests,
    )


def _line(exchange: Exchange | None) -> str:
    """A request as one curl line, cut where it is long; the server of a trial is gone, so it has no address."""
    return one_line(curl_line(exchange, "$URL").replace("\\\n ", ""), _LINE_LIMIT) if exchange else ""


def _exchanges(workdir: Workdir) -> Iterator[Exchange]:
    return read_spool(workdir.spools())


def _count(workdir: Workdir) -> int:
    return sum(path.read_bytes().count(b"\n") for path in workdir.spools())


def main(folder: Path) -> int:
    """Collect the suite over the work directory ``folder`` and make trials until the standard input ends."""
    orders, answers = os.dup(0), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what tests print belongs into the log, which the standard error is connected to
    workdir = Workdir(folder)
    options = arguments(workdir.settings(), workdir)[3:]
    trials = Trials(folder, orders, answers)
    # The session plug-in is loaded by the option; importing it here first keeps its module out of the trials' time.
    assert suite_session is not None
    return int(pytest.main([*options, "-s", "-p", "no:faulthandler"], plugins=[trials]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
