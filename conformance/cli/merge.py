"""``livechat-conformance merge``: join the results of shards."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.completion import values_of
from conformance.cli.machine import document, json_option, write
from conformance.cli.report import chosen, load, usage
from conformance.report import write_reports
from conformance.report.text import one_line
from conformance.verdicts.merge import MergeError, merge

_HELP = """Join the results of shards into one result and report, as one run would have given them.

    \b
    Examples:
      livechat-conformance merge shard-*/result.json --report reports/latest
      livechat-conformance merge shard-1 shard-2 shard-3 shard-4

    Exit codes: that of the joined verdict; 2 where the results do not belong together.
    """


@click.command(help=_HELP)
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/latest"),
    show_default=True,
    help="The folder for the joined report.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[,NAME...]",
    shell_complete=values_of("format"),
    help="What to draw (default: all but har).",
)
@json_option
def command(results: tuple[Path, ...], folder: Path, formats: tuple[str, ...], as_json: bool) -> None:
    """Merge shards."""
    names = chosen(formats)
    try:
        merged = merge([load(path) for path in results])
        write_reports(merged, folder, names)
    except MergeError as error:
        raise usage(str(error)) from error
    except OSError as error:
        raise usage(f"The report cannot be written to {folder}: {error.strerror}.") from error
    if as_json:
        write(document(merged, folder))
        raise SystemExit(merged.exit_code)
    click.echo(one_line(merged.sentence, 500))
    click.echo(f"The report is in {folder}.")
    raise SystemExit(merged.exit_code)
