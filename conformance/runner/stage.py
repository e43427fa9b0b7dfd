"""The stage: the target made ready before the first test, and left as it was found after the last."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.suite.recorder import Recorder
from conformance.target import RecordingClient, Settings, Throttle
from conformance.verdicts import LeftBehind
from conformance.world import Gate, Ledger, World, blast, prepare, sweep_ledgers

if TYPE_CHECKING:
    from conformance.runner.progress import Reporter
    from conformance.runner.run import Run


_PATIENT_S = 300.0
_HURRIED_S = 60.0


def with_target(settings: Settings, app: str | Any | None, held: ExitStack, told: Reporter) -> Settings:
    """Settings with a URL: the given one, a served app's, or that of the embedded reference server.

    Raises:
        RunError: A URL and an app were both given, or the app cannot be imported.
    """
    from conformance.runner.run import RunError

    if app is not None and settings.url is not None:
        raise RunError("a URL and an app were both given: judge one of them", 2)
    if app is not None:
        from conformance.runner.serving import serve_app

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
    from conformance.runner.run import RunError

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


def set_up(run: Run, told: Reporter) -> None:
    """Check that the target may be written to, then change the settings that every run needs (they are restored).

    Raises:
        RunError: The target may not be written to as it is.
    """
    from conformance.runner.run import RunError

    plan = blast.plan(run.settings, run.info, run.settings.level)
    if not run.settings.loopback or plan.refusal:
        for line in plan.lines:
            told.say(line)
    if plan.refusal:
        raise RunError(plan.refusal, 2, run.settings)
    recorder = run.held.enter_context(Recorder(run.contract, run.workdir.spool("stage")))
    client = run.held.enter_context(
        RecordingClient(run.settings, run.contract, recorder, Throttle(max_rate=run.settings.max_rate), worker="stage")
    )
    ledger = run.held.enter_context(Ledger(run.workdir.ledger("stage")))
    world = World(
        client,
        run.info,
        run.contract,
        ledger,
        run.settings,
        Gate(run.workdir.path / "gate", client, run.info),
        seed=run.settings.seed,
        worker="stage",
    )
    try:
        changed = prepare(world) if world.has_admin and run.settings.may_write else []
    finally:
        world.log_out()
    if run.info.limiter is not None and blast.LIMITER not in changed:
        # All workers together have no more calls than one; but while one waits for a route, others use other routes.
        run.settings = dataclasses.replace(run.settings, workers=max(run.settings.workers, blast.PACED_WORKERS))
        run.workdir.pace()
        told.say(blast.pace(run.settings, run.info, run.settings.level))


def clean_up(run: Run) -> list[LeftBehind]:
    """Finish what the workers could not remove, restore the settings, and name what stays.

    Where the time of the run is bounded, its end is as well; `sweep` can go on later.
    """
    if run.settings.read_only:
        return []
    patience = _HURRIED_S if run.settings.max_time or run.interrupted else _PATIENT_S
    swept = sweep_ledgers(run.settings, run.workdir.ledgers(), deadline_s=patience)
    return [LeftBehind(one.kind, one.id or one.name, one.reason) for one in (*swept.left_behind, *swept.logins)]
