"""``livechat-conformance verify``: whether a report says what its data says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click

from conformance.cli.claim import MANIFEST
from conformance.cli.machine import json_option, write
from conformance.cli.report import usage
from conformance.report.text import one_line
from conformance.report.verify import verify_path
from conformance.verdicts import InvalidResult

_SHOWN = 20
_HELP = """Compute every number of REPORT again from the data inside it, and say whether it was altered.

    REPORT is a folder, an index.html, a result.json, or the folder of a claim.

    \b
    Examples:
      livechat-conformance verify reports/latest
      livechat-conformance verify index.html
      livechat-conformance verify public/conformance --json

    Exit codes: 0 nothing was altered; 1 something was; 2 the file is no report.
    """


@click.command(help=_HELP)
@click.argument("report", type=click.Path(path_type=Path))
@json_option
def command(report: Path, as_json: bool) -> None:
    """Verify a report."""
    try:
        outcome = verify_path(report)
    except InvalidResult as error:
        raise usage(str(error)) from error
    except OSError as error:
        raise usage(f"{report} cannot be read: {error.strerror}.") from error
    strangers = _altered_files(report)
    if as_json:
        findings = [{"where": one.where, "shown": one.shown, "computed": one.computed} for one in outcome.findings]
        intact = outcome.intact and not strangers
        write(
            {
                "intact": intact,
                "checked": outcome.checked,
                "verdict": outcome.sentence,
                "findings": findings,
                "altered_files": strangers,
            }
        )
        raise SystemExit(0 if intact else 1)
    if strangers:
        click.echo(f"Altered: the claim was made with other files than it holds now: {', '.join(strangers)}.")
        raise SystemExit(1)
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


def _altered_files(folder: Path) -> list[str]:
    """The files of a claim that are not those it was made with; empty where there is no claim."""
    manifest = folder / MANIFEST
    if not folder.is_dir() or not manifest.exists():
        return []
    try:
        known = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        digests = {str(name): str(digest) for name, digest in known.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise usage(f"{manifest} is no claim of this suite.") from error
    now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path != manifest}
    return sorted(one_line(name) for name in digests.keys() | now.keys() if digests.get(name) != now.get(name))
