"""``livechat-conformance compare``: what changed between runs, or differs between servers."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.machine import json_option
from conformance.cli.report import load, usage
from conformance.report.comparison import headline, render_html, render_json, render_text
from conformance.report.write import write_text
from conformance.verdicts.compare import Change, compare

_HELP = """Compare two or more results, requirement by requirement: the first is the baseline.

    \b
    Examples:
      livechat-conformance compare before/result.json after/result.json
      livechat-conformance compare a b c --html comparison.html
      livechat-conformance compare main/ branch/ --json > changes.json
      livechat-conformance compare old=runs/1 new=runs/2

    Exit codes: 0 nothing regressed; 1 something regressed; 2 a file is not a result.
    """


def _named(argument: str) -> tuple[str, Path]:
    """Give the name of a run and its file: ``name=path``, or a path whose folder gives the name."""
    name, sign, rest = argument.partition("=")
    if sign and name and not Path(argument).exists():
        return name, Path(rest)
    path = Path(argument)
    stem = path.parent.name if path.name == "result.json" else path.name.removesuffix(".json")
    return stem or path.resolve().name, path


def _unique(names: list[str]) -> list[str]:
    """Number names that come more than once."""
    return [
        f"{name} ({names[: number + 1].count(name)})" if names.count(name) > 1 else name
        for number, name in enumerate(names)
    ]


@click.command(help=_HELP)
@click.argument("results", nargs=-1, required=True)
@json_option
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML matrix to this file.")
def command(results: tuple[str, ...], as_json: bool, html: Path | None) -> None:
    """Compare runs."""
    if len(results) < 2:
        raise usage("Give two results at least: the first is what the others are compared with.")
    pairs = [_named(each) for each in results]
    names = _unique([name for name, _ in pairs])
    comparison = compare([(name, load(path)) for name, (_, path) in zip(names, pairs, strict=True)])
    if html is not None:
        try:
            write_text(html, render_html(comparison))
        except OSError as error:
            raise usage(f"The comparison cannot be written to {html}: {error.strerror}.") from error
        click.echo(headline(comparison) if not as_json else "", nl=not as_json, err=as_json)
    if as_json:
        click.echo(render_json(comparison), nl=False)
    elif html is None:
        click.echo(render_text(comparison), nl=False)
    raise SystemExit(1 if any(cell.change is Change.REGRESSED for row in comparison.rows for cell in row.cells) else 0)
