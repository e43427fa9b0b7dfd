"""``livechat-conformance report``: draw reports from a result document."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.completion import values_of
from conformance.report import ALL_FORMATS, FORMATS, write_reports
from conformance.report.text import one_line
from conformance.verdicts import InvalidResult, Result, read_result

_HELP = """Draw reports from RESULT, a result.json (or the folder that holds it).

    \b
    Examples:
      livechat-conformance report reports/latest/result.json
      livechat-conformance report reports/latest --format html --format sarif --out public
      livechat-conformance report reports/latest --format har

    \b
    Formats: html (index.html), junit (junit.xml), summary (summary.md), sarif (results.sarif),
    badge (badge.svg, badge.json), json (result.json), har (exchanges.har, only on request).

    Exit codes: 0 written; 2 the file is not a result, or cannot be written.
    """


def load(path: Path) -> Result:
    """Read a result for a command; a folder stands for its ``result.json``.

    Raises:
        UserMistake: It is no result.
    """
    try:
        return read_result(path / "result.json" if path.is_dir() else path)
    except InvalidResult as error:
        hint = "" if path.exists() else " Give a result.json, or the folder of a report that `run` has written."
        raise usage(f"{error}{hint}") from error


class UserMistake(click.ClickException):
    """A mistake of the user: a sentence, and exit code 2."""

    exit_code = 2


def usage(sentence: str) -> UserMistake:
    """Give the exception for a mistake of the user; the sentence may hold text from anywhere."""
    return UserMistake(one_line(sentence, 500))


def chosen(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Give the formats that were asked for, repeated or joined by commas; all but HAR where none was.

    Raises:
        UserMistake: There is no such format.
    """
    names = tuple(part.strip() for each in formats for part in each.split(",") if part.strip())
    for name in names:
        if name not in ALL_FORMATS:
            raise usage(f"There is no format {name!r}; choose of {', '.join(ALL_FORMATS)}.")
    return names or FORMATS


@click.command(help=_HELP)
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[,NAME...]",
    shell_complete=values_of("format"),
    help="What to draw (default: all but har).",
)
@click.option(
    "--out",
    "-o",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write (default: beside RESULT).",
)
def command(result: Path, formats: tuple[str, ...], out: Path | None) -> None:
    """Draw reports."""
    names = chosen(formats)
    loaded = load(result)
    folder = out or (result if result.is_dir() else result.parent)
    try:
        written = write_reports(loaded, folder, names)
    except OSError as error:
        raise usage(f"The report cannot be written to {folder}: {error.strerror}.") from error
    click.echo(one_line(loaded.sentence, 500))
    for path in written.values():
        click.echo(f"  {path}")
