"""The stage: the target made ready before the first test, and left as it was found after the last."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from conformance.contract import Contract
from conformance.runner.errors import RunError
from conformance.runner.progress import Reporter
from conformance.runner.serving import serve_app
from conformance.suite.recorder import Recorder
from conformance.suite.workdir import Workdir
from conformance.target import RecordingClient, Settings, TargetError, TargetInfo, TargetUnreachable, Throttle
from conformance.target.health import check_health
from conformance.target.login import admin_persona, log_out
from conformance.target.vigil import GONE
from conformance.verdicts import Finding, ItemOutcome, Judgement, LeftBehind
from conformance.world import Gate, Ledger, World, blast, neighbours, prepare, read_ledger, run_prefix, sweep_ledgers
from conformance.world.sweep import UNFINISHED

_PATIENT_S = 300.0
_HURRIED_S = 60.0
_WORKS_AGAIN_S = 8.0
"""Seconds for which a target that fails after the tests is asked again: it may only just restart."""


def with_target(settings: Settings, app: str | Any | None, held: ExitStack, told: Reporter) -> Settings:
    """Settings with a URL: the given one, a served app's, or that of the embedded reference server.

    Raises:
        RunError: A URL and an app were both given, or the app cannot be imported.
    """
    if app is not None and settings.url is not None:
        raise RunError("a URL and an app were both given: judge one of them", 2)
    if app is not None:
        url = held.enter_context(serve_app(load_app(app)))
        return dataclasses.replace(settings, url=url)
    if settings.url is not None:
        return settings
    from conformance.reference import reference_server
    from conformance.reference.site import Options

    # The documented answer of video calls, so that a run without any server of one's own reaches every operation.
    server = held.enter_context(reference_server(options=Options(working_video_call=True)))
    told.say(f"No URL was given: judging the embedded reference server at {server}.")
    return settings.for_embedded(str(server), server.admin_user, server.admin_password)


def load_app(app: str | Any) -> Any:
    """An app object from ``module:attribute``; an object is taken as it is.

    Raises:
        RunError: There is no such module or attribute.
    """
    if not isinstance(app, str):
        return app
    module, _, attribute = app.partition(":")
    if not module or not attribute:
        raise RunError(f"{app!r} is no app: name it as module:attribute, for example shop.main:app", 2)
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except Exception as error:
        raise RunError(f"the app {app!r} cannot be loaded: {type(error).__name__}: {error}", 2) from None
    return found


def set_up(
    settings: Settings, contract: Contract, info: TargetInfo, workdir: Workdir, held: ExitStack, told: Reporter
) -> tuple[Settings, list[str]]:
    """Check that the target may be written to, then change the settings that every run needs (they are restored).

    What an earlier run into the same folder left on this target is removed first: this run would take a setting that
    was not restored for the server's own.

    Returns:
        The settings of the run: where the target limits calls, with as many workers as that takes; and what else the
        report should say of the target.

    Raises:
        RunError: The target may not be written to as it is.
    """
    plan = blast.plan(settings, info, settings.level)
    if not settings.loopback or plan.refusal:
        for line in plan.lines:
            told.say(line)
    if plan.refusal:
        raise RunError(plan.refusal, 2, settings)
    recorder = held.enter_context(Recorder(contract, workdir.spool("stage"), "stage"))
    client = held.enter_context(
        RecordingClient(settings, contract, recorder, Throttle(max_rate=settings.max_rate), worker="stage")
    )
    ledger = held.enter_context(Ledger(workdir.ledger("stage")))
    gate = Gate(workdir.path / "gate", client, info)
    world = World(client, info, contract, ledger, settings, gate, seed=settings.seed, worker="stage")
    _finish_earlier(settings, workdir, told)
    notes: list[str] = []
    try:
        if world.has_admin and not settings.read_only:
            # Nothing is judged here, so that nothing is recorded.
            with RecordingClient(settings, contract, None, client.throttle, worker="stage") as unheard:
                notes = neighbours.look(unheard, world.admin, world.prefix, part=settings.shard is not None)
        changed = prepare(world) if world.has_admin and settings.may_write else []
    except neighbours.SameNames as problem:
        raise RunError(str(problem), 2, settings) from None
    finally:
        world.log_out()
    for note in notes:
        told.say(note)
    if info.limiter is None or blast.LIMITER in changed:
        return settings, notes
    # All workers together have no more calls than one; but while one waits for a route, others use other routes.
    workdir.pace()
    told.say(blast.pace(settings, info, settings.level))
    return dataclasses.replace(settings, workers=max(settings.workers, blast.PACED_WORKERS)), notes


def _finish_earlier(settings: Settings, workdir: Workdir, told: Reporter) -> None:
    """Remove what earlier runs into the same folder left on this target; what they left elsewhere is told."""
    if settings.read_only:
        return
    unfinished = workdir.unfinished()
    here = [path for path, content in unfinished.items() if content.url == settings.url]
    if here:
        told.say("An earlier run into this folder did not remove all that it made: that is done first.")
        swept = sweep_ledgers(settings, here, deadline_s=_HURRIED_S)
        for one in (*swept.left_behind, *swept.logins):
            told.say(f"Still there: {one.kind} {one.id or one.name}: {one.reason}.")
    for url in {content.url for path, content in unfinished.items() if path not in here}:
        told.say(
            f"An earlier run into this folder left something on {url}: `livechat-conformance sweep "
            f"{workdir.path / UNFINISHED}` removes it."
        )


def still_works(settings: Settings, workdir: Workdir) -> str | None:
    """Look at the target once more after the tests; why it works no more, or ``None`` where it does.

    What was judged of a target that broke down on the way cannot be told from what was judged before.
    """
    if workdir.gone():
        return GONE
    if workdir.paced:
        return None  # being refused for calling too often says nothing, and waiting takes minutes
    give_up = time.monotonic() + _WORKS_AGAIN_S
    with RecordingClient(settings) as client:
        while True:
            try:
                check_health(client)
                return None
            except TargetError as error:
                # Only a server that restarts is waited for; one that answers otherwise would go on to do so.
                if not isinstance(error, TargetUnreachable) or time.monotonic() > give_up:
                    return f"after the tests the target works no more: {error.sentence}"
            time.sleep(1)


def other_runs(settings: Settings, contract: Contract, workdir: Workdir) -> list[str]:
    """What the report should say of other runs that are on the target at the end of this one, when its own are gone."""
    if settings.read_only or not settings.has_admin or workdir.paced or workdir.gone():
        return []
    with RecordingClient(settings, contract) as client, contextlib.suppress(TargetError):
        admin = admin_persona(client, settings)
        if admin is None:
            return []
        try:
            return neighbours.look(client, admin, run_prefix(settings.seed, "stage", settings.shard))
        except neighbours.SameNames:
            return []  # what this run could not remove, and names by itself
        finally:
            if settings.admin_password:
                log_out(client, admin)
    return []


def without_its_end(outcome: ItemOutcome, gone: frozenset[str]) -> ItemOutcome:
    """An outcome in which nothing is held against a target for the requests by which it was found to be gone."""

    def fair(one: Judgement) -> Judgement:
        ended = one.finding is Finding.BROKEN and gone.intersection(one.exchanges)
        return dataclasses.replace(one, finding=Finding.NOT_REACHED, sentence=f"{GONE}.") if ended else one

    return dataclasses.replace(outcome, judgements=tuple(map(fair, outcome.judgements)))


def clean_up(settings: Settings, workdir: Workdir, *, hurried: bool) -> list[LeftBehind]:
    """Finish what the workers could not remove, restore the settings, and name what stays.

    Args:
        settings: Those of the run.
        workdir: Where the ledgers are.
        hurried: Whether the run's end is bounded as its time was; `sweep` can go on later.
    """
    if settings.read_only:
        return []
    swept = sweep_ledgers(settings, workdir.ledgers(), deadline_s=_HURRIED_S if hurried else _PATIENT_S)
    return [LeftBehind(one.kind, one.id or one.name, one.reason) for one in (*swept.left_behind, *swept.logins)]


def still_there(workdir: Workdir) -> list[LeftBehind]:
    """What the ledgers of a run name that may still be on the target, after its clean-up was broken off."""
    return [
        LeftBehind(entry.kind, entry.id or entry.name, "cleaning up was interrupted; `sweep` finishes it")
        for path in workdir.ledgers()
        for entry in read_ledger(path).entries
        if entry.open
    ]
