"""``livechat-conformance run``: judge a server."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console

from conformance.cli.completion import values_of
from conformance.cli.doctor import in_full, metavar_of
from conformance.cli.streams import OutputLost, at_terminal
from conformance.target.options import OPTIONS, Option

if TYPE_CHECKING:
    from conformance.verdicts import Kill, ProofInfo, Result

_SHOWN_FAILURES = 12
_HELP = """Judge a server against the Livechat REST contract, clause by clause.

    Without URL the embedded reference server is started on a free port and judged.

    \b
    Examples:
      livechat-conformance run
      livechat-conformance run http://127.0.0.1:3000 --admin-user admin
      livechat-conformance run https://chat.example.com --read-only --level quick
      livechat-conformance run http://127.0.0.1:3000 --only rooms --seed 7 -x
      livechat-conformance run --app shop.main:app --json

    The administrator's password comes from LIVECHAT_CONFORMANCE_ADMIN_PASSWORD, the settings file
    or a prompt. Every option can also be set as LIVECHAT_CONFORMANCE_<OPTION>, or in
    livechat-conformance.toml. Lists take names joined by commas, or the option several times.

    \b
    Exit codes: 0 conformant; 1 not conformant; 2 usage, configuration or contract error;
    3 target not reachable or not healthy; 4 incomplete; 5 nothing tested.
    """


def _click_option(option: Option) -> click.Option:
    """One click option from the table of options; values are read by the settings, so that all sources agree."""
    names = [f"--{option.name}"]
    if option.name == "fail-fast":
        names.append("-x")
    common: dict[str, Any] = {"help": option.help, "default": None, "shell_complete": values_of(option.name)}
    if option.kind == "flag":
        return click.Option([*names, option.field], is_flag=True, flag_value=True, type=click.BOOL, **common)
    if option.kind == "list":
        return click.Option([*names, option.field], multiple=True, metavar=metavar_of(option), **common)
    return click.Option([*names, option.field], metavar=metavar_of(option), **common)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """What the command line really said; lists may be repeated or joined by commas."""
    given: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, tuple):
            value = tuple(part.strip() for one in value for part in one.split(",") if part.strip()) or None
        if value is not None:
            given[name] = value
    return given


def _judge(
    url: str | None,
    config: str | None,
    formats: tuple[str, ...],
    quiet: bool,
    app: str | None,
    as_json: bool,
    proof: Path | None,
    **values: Any,
) -> None:
    from conformance.cli.report import chosen as chosen_formats
    from conformance.runner.progress import LiveReporter, PlainReporter, Reporter, Silent
    from conformance.runner.run import RunError, prepare, unhealthy_result
    from conformance.target import SettingsError, load_settings

    console = Console(stderr=True)
    chosen = chosen_formats(formats)
    kills, proof_info = _proof(proof)
    reporter: Reporter = Silent() if quiet else PlainReporter(console)
    interrupted = False
    try:
        settings = load_settings(
            _given({"url": url, **values}), _environment(), config, prompt=_ask if at_terminal() else None
        )
    except SettingsError as error:
        raise _Refusal(error.sentence, error.exit_code) from None
    try:
        with ExitStack() as stack:
            if console.is_terminal and not quiet:
                reporter = stack.enter_context(LiveReporter(console))
            run = prepare(settings, app=app, formats=chosen, reporter=reporter)
            try:
                run.judge(reporter)
            finally:
                result = run.finish(kills, proof_info)
                interrupted = run.interrupted
    except RunError as error:
        unhealthy = unhealthy_result(error, chosen)
        if unhealthy is None or error.settings is None:
            raise _Refusal(str(error), error.exit_code) from None
        _leave(unhealthy, error.settings.report, as_json=as_json)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        raise _Refusal(
            f"Interrupted twice. What was done by then is in {Path(settings.report) / 'work'}; "
            f"`livechat-conformance sweep {settings.report}` removes what is left of it on the server.",
            4,
        ) from None
    except OSError as error:
        place = f" to {error.filename}" if error.filename else ""
        raise _Refusal(
            f"Something could not be written{place}: {error.strerror or error}. What was done by then is in "
            f"{Path(settings.report) / 'work'}; `livechat-conformance sweep {settings.report}` removes what is left of "
            "it on the server.",
            4,
        ) from None
    _leave(result, settings.report, as_json=as_json, least=4 if interrupted else 0)


def _leave(result: Result, report: str, *, as_json: bool, least: int = 0) -> NoReturn:
    """Say the verdict and end with its code, which also holds where the verdict cannot be said.

    Args:
        result: The run.
        report: The folder of its report.
        as_json: Say it as JSON.
        least: The code where the verdict's own is 0.
    """
    code = result.exit_code or least
    try:
        _tell(result, report, as_json=as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(error, code) from None
    sys.exit(code)


def _proof(path: Path | None) -> tuple[tuple[Kill, ...], ProofInfo | None]:
    """What an earlier proof came to, to be shown in the report of this run."""
    if path is None:
        return (), None
    from conformance.cli.report import load, usage

    proved = load(path)
    if not proved.proof:
        raise usage(f"{path} holds no proof; `livechat-conformance prove` writes one to reports/proof.")
    return proved.proof, proved.proof_info


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _ask(question: str) -> str:
    return str(click.prompt(question, hide_input=True, err=True))


class _Refusal(click.ClickException):
    """A run that could not begin."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(in_full(sentence))
        vars(self)["exit_code"] = exit_code


def _tell(result: Any, report: str, *, as_json: bool) -> None:
    """The verdict sentence first, then what failed, then where the report is; or the same as JSON."""
    from conformance.cli import machine
    from conformance.report.text import one_line
    from conformance.verdicts import Verdict, weaknesses

    if as_json:
        machine.write(machine.document(result, report))
        return
    console = Console()

    def say(text: str, indent: int = 0) -> None:
        console.print(" " * indent + one_line(text, 2000), markup=False, highlight=False, soft_wrap=True)

    say(result.sentence)
    bad = (Verdict.FAIL, Verdict.STALE_WAIVER, Verdict.FLAKY, Verdict.ERROR, Verdict.BLOCKED)
    failed = [one for verdict in bad for one in result.requirements if one.verdict is verdict]
    if failed:
        say("")
    for one in failed[:_SHOWN_FAILURES]:
        say(f"{one.verdict.value}: {one.id} {one.clause}", indent=2)
        if one.reason:
            say(one.reason, indent=6)
    if len(failed) > _SHOWN_FAILURES:
        say(f"and {len(failed) - _SHOWN_FAILURES} more", indent=2)
    # Where the target could not be judged at all, the first line has said why; the rest follows from it.
    for note in (*weaknesses(result), *result.target.notes) if result.unhealthy is None else ():
        say(f"note: {note}", indent=2)
    say("")
    work = f"{result.requests} requests, {result.duration_s:.1f} s, seed {result.seed}."
    page = Path(report) / "index.html"
    say(f"{work} Report: {page if page.exists() else page.parent}")


command = click.Command(
    "run",
    callback=_judge,
    help=_HELP,
    short_help="Judge a server, clause by clause.",
    params=[
        click.Argument(["url"], required=False, metavar="[URL]"),
        *(_click_option(option) for option in OPTIONS if option.name != "url"),
        click.Option(["--config"], metavar="FILE", help="Settings file (default: livechat-conformance.toml here)."),
        click.Option(["--app"], metavar="MODULE:APP", help="Judge an ASGI or WSGI app, served on loopback."),
        click.Option(
            ["--format", "formats"],
            multiple=True,
            metavar="NAME[,NAME...]",
            shell_complete=values_of("format"),
            help="Write only these reports: html, junit, summary, sarif, badge, json, har (default: all but har).",
        ),
        click.Option(
            ["--proof"],
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Show in the report what this proof proved (what prove wrote, for example reports/proof).",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Write JSON to the standard output, for scripts."),
        click.Option(["--quiet", "-q"], is_flag=True, help="No progress."),
    ],
)
