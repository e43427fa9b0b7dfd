"""``livechat-conformance waive``: write waivers for the failures of a result."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import click

from conformance.cli.completion import names, values_of
from conformance.cli.report import load, usage
from conformance.report.text import one_line
from conformance.verdicts import Verdict, WaiverError, load_waivers
from conformance.verdicts.result import RequirementResult

_HELP = """Add a waiver for each failed requirement of RESULT to a waiver file, asking for the reason of each.

    A waived requirement is still judged. The waiver turns the run red when the requirement passes, when the
    waiver has expired, matches nothing, or has no reason.

    \b
    Examples:
      livechat-conformance waive reports/latest --link https://example.com/issues/17
      livechat-conformance waive reports/latest --requirement LC-ROOM-042 --reason "fixed in 1.3" --expires 2027-01-31

    Exit codes: 0 written, or nothing to waive; 2 no reason, or a file that cannot be read or written.
    """
_FAILED = (Verdict.FAIL, Verdict.DEVIATION)


@click.command(help=_HELP)
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default="waivers.toml", show_default=True, help="The waiver file."
)
@click.option(
    "--requirement",
    "requirements",
    multiple=True,
    metavar="ID[,ID...]",
    shell_complete=values_of("requirement"),
    help="Only these.",
)
@click.option("--reason", default="", help="Why it is accepted; asked for where it is not given.")
@click.option("--link", default="", metavar="URL", help="Where it is tracked.")
@click.option(
    "--expires", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds."
)
def command(result: Path, out: Path, requirements: tuple[str, ...], reason: str, link: str, expires: object) -> None:
    """Write waivers."""
    requirements = names(requirements)
    failed = [one for one in load(result).requirements if one.verdict in _FAILED]
    if unknown := sorted(set(requirements) - {one.id for one in failed}):
        raise usage(f"{', '.join(unknown)} did not fail in {result}, so there is nothing to waive.")
    chosen = [one for one in failed if not requirements or one.id in requirements]
    try:
        known = {waiver.requirement for waiver in load_waivers(out)} if out.exists() else set()
    except WaiverError as error:
        raise usage(str(error)) from error
    chosen = [one for one in chosen if one.id not in known]
    if not chosen:
        click.echo("Nothing to waive: no requirement failed that has no waiver yet.")
        return
    day = expires.date() if hasattr(expires, "date") else None
    entries = [_entry(one, reason or _ask(one), link, day) for one in chosen]
    try:
        with out.open("a", encoding="utf-8") as file:
            file.write("".join(entries))
    except OSError as error:
        raise usage(f"{out} cannot be written: {error.strerror}.") from error
    added = "1 waiver was" if len(entries) == 1 else f"{len(entries)} waivers were"
    click.echo(f"{added} added to {out}. Use it with: livechat-conformance run ... --waivers {out}")


def _ask(requirement: RequirementResult) -> str:
    click.echo(f"{requirement.id}: {one_line(requirement.clause)}\n  {one_line(requirement.reason)}", err=True)
    if sys.stdin is None or not sys.stdin.readable():
        raise usage("A waiver needs a reason: give it with --reason.")
    try:
        said = str(click.prompt("Why is this accepted?", default="", show_default=False, err=True)).strip()
    except click.Abort:
        said = ""
    if not said:
        raise usage(f"A waiver for {requirement.id} needs a reason: give it with --reason. Nothing was written.")
    return said


def _entry(requirement: RequirementResult, reason: str, link: str, expires: date | None) -> str:
    # A TOML basic string is a JSON string without surrogates: json escapes what TOML wants escaped.
    lines = [f"requirement = {json.dumps(requirement.id)}", f"reason = {json.dumps(reason)}"]
    if link:
        lines.append(f"link = {json.dumps(link)}")
    if expires:
        lines.append(f"expires = {expires.isoformat()}")
    return "\n[[waiver]]\n" + f"# {one_line(requirement.clause)}\n" + "\n".join(lines) + "\n"
