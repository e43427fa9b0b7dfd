"""``livechat-conformance verify``: whether a report says what its data says."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.report import usage
from conformance.report.text import one_line
from conformance.report.verify import verify_path
from conformance.verdicts import InvalidResult

_SHOWN = 20
_HELP = """Compute every number of REPORT again from the data inside it, and say whether it was altered.

    REPORT is a folder, an index.html or a result.json.

    \b
    Examples:
      livechat-conformance verify reports/latest
      livechat-conformance verify index.html

    Exit codes: 0 nothing was altered; 1 something was; 2 the file is no report.
    """


@click.command(help=_HELP)
@click.argument("report", type=click.Path(path_type=Path))
def command(report: Path) -> None:
    """Verify a report."""
    try:
        outcome = verify_path(report)
    except InvalidResult as error:
        raise usage(str(error)) from error
    except OSError as error:
        raise usage(f"{report} cannot be read: {error.strerror}.") from error
    if outcome.intact:
        click.echo(f"Intact: {outcome.checked:,} values were computed again, and all of them agree.")
        click.echo(one_line(outcome.sentence, 500))
        return
    click.echo(f"Altered: {len(outcome.findings):,} of {outcome.checked:,} values do not agree with the data.")
    for finding in outcome.findings[:_SHOWN]:
        click.echo(f"  {one_line(finding.where)}: {one_line(finding.shown)}; computed: {one_line(finding.computed)}")
    if len(outcome.findings) > _SHOWN:
        click.echo(f"  and {len(outcome.findings) - _SHOWN} more")
    raise SystemExit(1)
