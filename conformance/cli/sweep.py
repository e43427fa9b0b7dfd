"""``livechat-conformance sweep``: remove what a killed run left behind."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.doctor import connection_options, refuse, settings_from
from conformance.cli.machine import json_option, write

if TYPE_CHECKING:
    from conformance.world import SweepReport


@click.command("sweep", short_help="Remove what a killed run left behind.")
@click.argument("what", metavar="LEDGER|URL")
@click.option("--prefix", metavar="TEXT", help="With a URL: only names that begin with this, for example lcx-1z.")
@json_option
@connection_options("disposable")
def command(what: str, prefix: str | None, config: str | None, as_json: bool, **given: Any) -> None:
    """Remove what a killed run left behind: from its ledger (or the folder of its report), or without it by the prefix.

    Only objects whose names carry a valid prefix of this suite are touched. Settings are restored from the ledger.
    With a URL it also removes what a run that is going on just now is using: --prefix leaves other runs alone.

    \b
    Examples:
      livechat-conformance sweep reports/latest --admin-user admin
      livechat-conformance sweep http://127.0.0.1:3000 --admin-user admin
      livechat-conformance sweep https://chat.example.com --admin-user admin --disposable --prefix lcx-1z

    \b
    Exit codes: 0 nothing of the run is left; 1 something had to stay (it is named); 2 usage, configuration or
    credentials; 3 not reachable.
    """
    from conformance.target import TargetError

    try:
        report = (
            _by_url(what, prefix, config, given, quiet=as_json)
            if "://" in what
            else _by_ledger(Path(what), prefix, config, given)
        )
    except TargetError as error:
        refuse(error.sentence, error.exit_code)
    if as_json:
        left = [
            {"kind": one.kind, "name": one.name, "id": one.id or None, "reason": one.reason}
            for one in report.left_behind
        ]
        write({"removed": report.removed, "left_behind": left, "notes": list(report.notes)})
        raise SystemExit(1 if left else 0)
    click.echo(f"Removed {report.removed}; {len(report.left_behind)} left behind.")
    for one in report.left_behind:
        click.echo(_printable(f"  {one.kind} {one.name}{f' ({one.id})' if one.id else ''}: {one.reason}"))
    for note in report.notes:
        click.echo(_printable(f"Note: {note}"))
    if report.left_behind:
        raise SystemExit(1)


def _by_url(url: str, prefix: str | None, config: str | None, given: dict[str, Any], *, quiet: bool) -> SweepReport:
    from conformance.world import sweep_server

    settings = settings_from(config, url=url, **given)
    if not settings.loopback and not settings.disposable:
        refuse(
            f"{settings.url} is not this machine: add --disposable to remove objects there, or give the ledger "
            "of the run.",
            2,
        )
    return sweep_server(settings, prefix=prefix, say=_nothing if quiet else click.echo)


def _nothing(sentence: str) -> None:
    """Say nothing: the standard output belongs to the JSON document."""


def _by_ledger(path: Path, prefix: str | None, config: str | None, given: dict[str, Any]) -> SweepReport:
    from conformance.suite.workdir import Occupied, alone
    from conformance.target import Settings
    from conformance.world.sweep import ledger_files, read_ledgers, sweep_ledgers

    if prefix is not None:
        refuse("--prefix goes with a URL: a ledger names its objects itself.", 2)
    files = ledger_files(path)
    contents = {file: content for file, content in read_ledgers(files).items() if content.waiting}
    if not contents:
        return sweep_ledgers(Settings(), files)
    urls = {content.url for content in contents.values()}
    if len(urls) > 1:
        listed = "".join(f"\n  {file}" for file in contents)
        refuse(f"{path} holds ledgers of several servers: give one file at a time.{listed}", 2)
    url = urls.pop()
    if url is None:
        refuse(f"The ledger {path} lost its first line and does not name its server: give the server's URL.", 2)
    settings = settings_from(config, url=url, **given)
    if not settings.loopback and not settings.disposable:
        # A ledger may come from anywhere, and the password goes where it says.
        refuse(f"The ledger is about {url}, which is not this machine: add --disposable to remove objects there.", 2)
    try:
        with contextlib.ExitStack() as held:
            folders = {folder for file in files for folder in (file.parent, file.parent.parent)}
            for folder in sorted(folder for folder in folders if (folder / "lock").exists()):
                held.enter_context(alone(folder))
            return sweep_ledgers(settings, list(contents))
    except Occupied:
        refuse(f"A run goes on in {path} just now: it cleans up at its end, also when it is interrupted.", 2)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)
