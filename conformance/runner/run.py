"""One run: prepare it, let pytest do the judging, finish it with a result document and its reports."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import conformance
from conformance.contract import Contract, ContractError, load_contract
from conformance.report import FORMATS, write_reports
from conformance.runner import child, stage
from conformance.runner.errors import RunError
from conformance.runner.features import (
    absent_features,
    beyond_reading,
    beyond_rights,
    features_in_force,
    profiles_in_force,
)
from conformance.runner.progress import Reporter, Silent, spell
from conformance.runner.signals import Signals
from conformance.suite.selection import Selection, SelectionError
from conformance.suite.workdir import Occupied, Workdir, alone
from conformance.target import Settings, TargetError, TargetInfo, load_settings, probe
from conformance.verdicts import (
    DeclaredItem,
    Kill,
    LeftBehind,
    ProofInfo,
    Result,
    RunInfo,
    Suite,
    Target,
    Waiver,
    WaiverError,
    build_result,
    digest_of,
    load_waivers,
    write_result,
)
from conformance.verdicts.merge import shard_sentence

_PINNED = ("schemathesis", "hypothesis", "jsonschema-rs", "pytest", "httpx")
_NOTHING_COLLECTED = 5


@dataclass
class Run:
    """A prepared run.

    Attributes:
        settings: Resolved, with the URL of the target.
        contract: In force for the target's version.
        info: What the probe found.
        workdir: What the processes of the run share.
        waivers: Known failures that are accepted.
        formats: The reports to write.
        held: What must be let go at the end: the embedded server, the served app, the changed settings.
        guard: What holds until the reports are written: the folder is ours alone.
        signals: Interrupt the run.
        reporter: Is told what happens.
        endings: What cut the run short.
    """

    settings: Settings
    contract: Contract
    info: TargetInfo
    workdir: Workdir
    waivers: Sequence[Waiver] = ()
    formats: Sequence[str] = FORMATS
    held: ExitStack = field(default_factory=ExitStack)
    guard: ExitStack = field(default_factory=ExitStack)
    signals: Signals = field(default_factory=Signals)
    reporter: Reporter = field(default_factory=Silent)
    endings: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.time)
    interrupted: bool = False
    error: str | None = None

    def judge(self, reporter: Reporter) -> None:
        """Run the tests."""
        ending = child.run_tests(self.settings, self.workdir, reporter, self.workdir.deadline())
        self.endings += ending.reasons
        self.interrupted = ending.interrupted
        if ending.code not in (0, 1, _NOTHING_COLLECTED) and not ending.reasons:
            log = self.workdir.path / "pytest.log"
            self.endings.append(f"the process that runs the tests ended with status {ending.code}; {log.name} says why")

    def finish(self, proof: Sequence[Kill] = (), proof_info: ProofInfo | None = None) -> Result:
        """Clean up, decide the verdicts, and write the reports.

        Args:
            proof: What the self-test proved, to be shown.
            proof_info: When and how.
        """
        with self.guard:
            left = self._clean_up()
            self.held.close()
            result = self._result(left, proof)
            if proof_info is not None:
                result = digest_of(replace(result, proof_info=proof_info))
            write_reports(result, Path(self.settings.report), formats=self.formats)
        return result

    def _clean_up(self) -> list[LeftBehind]:
        """Look at the target once more, and remove what is left on it. The second interrupt of a run ends that, too."""
        hurried = self.settings.max_time is not None or self.interrupted
        if not self.interrupted:
            self.signals.spare(self._interrupted_late)
        try:
            if not self.interrupted and (broken_down := stage.still_works(self.settings, self.workdir)):
                self.endings.append(broken_down)
            left = stage.clean_up(self.settings, self.workdir, hurried=hurried)
            seen = stage.other_runs(self.settings, self.contract, self.workdir)
            self.info = replace(self.info, notes=tuple(dict.fromkeys((*self.info.notes, *seen))))
            return left
        except KeyboardInterrupt:
            self.interrupted = True
            self.endings.append("cleaning up was interrupted")
            return stage.still_there(self.workdir)

    def _interrupted_late(self) -> None:
        self.interrupted = True
        self.reporter.say("Interrupted: the tests are over, and what the run made is being removed.")

    def _waited(self) -> list[str]:
        """How long the run waited for its target's rate limiter, where it had to."""
        # Workers wait at the same time.
        seconds = max((wait.total_s for wait in self.workdir.waits()), default=0.0)
        if seconds < 1:
            return []
        sentence = (
            f"The run waited {spell(seconds)} because the target limits how often it may be called. To go faster, "
            "switch API_Enable_Rate_Limiter off for the run."
        )
        return [sentence]

    def _asked_in_vain(self, beyond: Mapping[str, str]) -> list[str]:
        """A sentence where ``--only`` names what this user's rights leave nothing of: the run is not what was asked."""
        vain = [
            name
            for name in self.settings.only
            if (chosen := Selection(self.contract, (name,)).selected()) and beyond.keys() >= set(chosen)
        ]
        return [f"{', '.join(vain)} could not be judged with the rights of the given user"] if vain else []

    def _result(self, left: Sequence[LeftBehind], proof: Sequence[Kill]) -> Result:
        selection = Selection(self.contract, self.settings.only, self.settings.skip)
        chosen = set(selection.selected())
        left_out = {
            one: "it was left out by --only or --skip" for one in self.contract.requirements if one not in chosen
        }
        partial = (
            [f"only {len(chosen)} of {len(self.contract.requirements)} requirements were selected"] if left_out else []
        )
        beyond = beyond_rights(self.contract, self.settings, self.info)
        if beyond:
            left_out = {**beyond, **left_out}
            partial.append(
                "credentials were given, but their user may not make agents and departments, so only the visitor's "
                "profile was judged: take an account with the role admin"
            )
        if self.settings.read_only:
            left_out = {**beyond_reading(self.contract), **left_out}
            partial.append("the run was read-only: what needs calls that write was not judged")
        if self.settings.shard:
            number, total = self.settings.shard.split("/")
            partial.append(shard_sentence(int(number), int(total)))
        profiles = profiles_in_force(self.settings, self.info)
        gone = self.workdir.gone()
        outcomes = [stage.without_its_end(one, gone) for one in self.workdir.outcomes()]
        run = RunInfo(
            target=Target(
                url=self.settings.url or "",
                product=self.info.product,
                version=self.info.version,
                newer_than_contract=self.info.newer_than_contract,
                routing=self.info.routing,
                limiter=str(self.info.limiter) if self.info.limiter else None,
                notes=(*self.info.notes, *self._waited()),
            ),
            suite=suite_info(),
            profile=profiles[-1],
            profiles=(*profiles, *features_in_force(self.contract, profiles)),
            absent=absent_features(self.settings, self.info),
            left_out=left_out,
            partial=tuple(partial),
            level=self.settings.level,
            seed=self.settings.seed,
            started=datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            duration_s=time.time() - self.started,
            settings=self.settings.redacted(),
            strict=self.settings.strict,
            mode=self.settings.contract,
            endings=(*self.endings, *self._asked_in_vain(beyond)),
            left_behind=tuple(left),
            proof=tuple(proof),
        )
        declared = [DeclaredItem(name, ids) for name, ids in self.workdir.plan().items()]
        other = "It belongs to another shard."
        declared += [DeclaredItem(name, ids, left_out=other) for name, ids in self.workdir.elsewhere().items()]
        return build_result(
            run, self.contract, outcomes, self.workdir.spools(), declared=declared, waivers=self.waivers
        )


def suite_info() -> Suite:
    """The versions of what judges."""
    return Suite(
        conformance.__version__,
        platform.python_version(),
        {name: importlib.metadata.version(name) for name in _PINNED},
    )


def prepare(
    settings: Settings,
    *,
    app: str | Any | None = None,
    formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Run:
    """Reach the target, load the contract for its version, and make everything ready for the tests.

    Args:
        settings: Resolved settings; without a URL the embedded reference server is started.
        app: An ASGI or WSGI app (or ``module:app``) to judge instead of a URL.
        formats: The reports to write.
        reporter: Is told what happens.

    Raises:
        RunError: The run cannot begin.
    """
    told = reporter or Silent()
    held, guard, signals = ExitStack(), ExitStack(), Signals()
    workdir: Workdir | None = None
    guard.enter_context(signals)
    try:
        waivers = load_waivers(Path(settings.waivers)) if settings.waivers else ()
        folder = _report_folder(settings)
        guard.enter_context(alone(folder / "work"))
        settings = stage.with_target(settings, app, held, told)
        info = probe(settings)
        told.say(f"{settings.url} is {info.product or 'a server'} {info.version or 'of an unknown version'}.")
        contract = load_contract(info.version, mode=settings.contract)
        if not Selection(contract, settings.only, settings.skip).selected():
            raise RunError("the selection is empty: --only and --skip leave nothing to judge", 5, settings)
        deadline = time.time() + settings.max_time if settings.max_time else None
        workdir = Workdir.create(folder / "work", settings, info, deadline)
        settings, notes = stage.set_up(settings, contract, info, workdir, held, told)
    except BaseException as error:
        with guard, held:
            left = stage.clean_up(settings, workdir, hurried=True) if workdir is not None else []
        reason = _no_run(error, settings, left)
        if reason is error:
            raise
        raise reason from error
    info = replace(info, notes=(*info.notes, *notes))
    return Run(settings, contract, info, workdir, waivers, formats, held, guard, signals, told)


def _no_run(error: BaseException, settings: Settings, left: Sequence[LeftBehind]) -> BaseException:
    """What to raise for what kept a run from beginning; all that it had changed is restored by then, or named."""
    stays = f" On the server stay: {', '.join(f'{one.kind} {one.id}' for one in left)}." if left else ""
    if isinstance(error, RunError):
        return RunError(f"{error}{stays}", error.exit_code, settings) if left else error
    if isinstance(error, ContractError | SelectionError | WaiverError):
        return RunError(f"{error}{stays}", 2, settings)
    if isinstance(error, TargetError):
        return RunError(f"{error.sentence}{stays}", error.exit_code, settings)
    if isinstance(error, Occupied):
        return RunError(
            f"another run writes into {settings.report} just now: wait for its end, or choose another folder with "
            "--report",
            2,
            settings,
        )
    if isinstance(error, KeyboardInterrupt):
        return RunError(f"interrupted before the first test: nothing was judged.{stays}", 4, settings)
    return error


def _report_folder(settings: Settings) -> Path:
    folder = Path(settings.report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < 1024 * 1024:
            raise OSError("it cannot be written to, or the disk is full")
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError(
            f"the report cannot go to {folder}: {why}. Choose another folder with --report.", 2, settings
        ) from None
    return folder.resolve()


def unhealthy_result(error: RunError, formats: Sequence[str] = FORMATS, started: float | None = None) -> Result | None:
    """The result of a run that could not begin because of its target: everything *not run*, the cause first."""
    if error.settings is None or error.exit_code != 3:
        return None
    settings = error.settings
    contract = load_contract(None, mode=settings.contract)
    begun = started or time.time()
    result = build_result(
        RunInfo(
            target=Target(url=settings.url or ""),
            suite=suite_info(),
            profile=settings.profile,
            level=settings.level,
            seed=settings.seed,
            started=datetime.fromtimestamp(begun, UTC).isoformat(timespec="seconds"),
            duration_s=time.time() - begun,
            settings=settings.redacted(),
            strict=settings.strict,
            mode=settings.contract,
            unhealthy=str(error),
        ),
        contract,
        (),
    )
    write_reports(result, Path(settings.report), formats=formats)
    return result


def run(
    url: str | None = None,
    *,
    app: Any | None = None,
    config: Path | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Result:
    """Judge a server and return the result document; the reports are written as well.

    Args:
        url: The server; ``None`` for the embedded reference server, or together with ``app``.
        app: An ASGI or WSGI app object to judge; it is served on loopback.
        config: A settings file.
        reporter: Is told how far the run is.
        options: Any setting by its field, for example ``level="quick"``, ``report="out"``.

    Raises:
        RunError: The run cannot begin; ``exit_code`` says why.
    """
    settings = resolve({"url": url, **options}, config)
    prepared = prepare(settings, app=app, reporter=reporter)
    try:
        prepared.judge(reporter or Silent())
    finally:
        result = prepared.finish()
    return result


def resolve(given: Mapping[str, Any], config: Path | None = None) -> Settings:
    """Settings from what was given, the environment and the file.

    Raises:
        RunError: They contradict themselves or name nothing that exists.
    """
    try:
        return load_settings(given, os.environ, config)
    except TargetError as error:
        raise RunError(error.sentence, error.exit_code) from None


def prepare_for_pytest(given: Mapping[str, Any], *, app: str | None, config: Path | None) -> Run:
    """Prepare a run that pytest itself drives; ``url`` may be ``reference``.

    Raises:
        RunError: The run cannot begin.
    """
    named = {name: value for name, value in given.items() if (name, value) != ("url", "reference")}
    prepared = prepare(resolve(named, config), app=app)
    # Workers read the settings from the work directory, and secrets from the environment, never from a file.
    os.environ.update(prepared.settings.secrets_env())
    return prepared


__all__ = [
    "Run",
    "RunError",
    "prepare",
    "prepare_for_pytest",
    "resolve",
    "run",
    "suite_info",
    "unhealthy_result",
    "write_result",
]
