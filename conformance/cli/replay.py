"""``livechat-conformance replay``: judge again what a report found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from conformance.cli.completion import values_of
from conformance.cli.doctor import connection_options, in_full
from conformance.cli.machine import json_option, write
from conformance.cli.report import load, usage
from conformance.report.text import one_line
from conformance.verdicts import Finding, Result
from conformance.verdicts.result import RequirementResult

_HELP = """Judge one requirement of a report again, with its seed and level, and say whether the finding stands.

    The objects of the first run are gone; the same test makes new ones and sends the same requests.
    URL is needed where the run was not on the embedded reference server; how it is reached is said as with run.

    \b
    Examples:
      livechat-conformance replay LC-ROOM-042
      livechat-conformance replay LC-ROOM-042 http://127.0.0.1:3000 --admin-user admin
      livechat-conformance replay LC-ROOM-042 http://127.0.0.1:3000 --from runs/17 --json

    Exit codes: 0 the finding is gone; 1 it stands; 2 usage; 3 target not reachable; 4 it could not be judged.
    """


@click.command(help=_HELP)
@click.argument("requirement", metavar="ID", shell_complete=values_of("requirement"))
@click.argument("url", required=False)
@click.option(
    "--from", "source", type=click.Path(path_type=Path), default="reports/latest", show_default=True, help="The report."
)
@click.option(
    "--report", default="reports/replay", show_default=True, metavar="DIR", help="The folder for the new report."
)
@json_option
@connection_options("disposable")
def command(
    requirement: str,
    url: str | None,
    source: Path,
    report: str,
    as_json: bool,
    config: str | None,
    **given: Any,
) -> None:
    """Judge one requirement again."""
    from conformance.runner.run import RunError, run

    before = load(source)
    first = _of(before, requirement)
    if first is None:
        raise usage(f"{source} knows no requirement {requirement}.")
    options: dict[str, Any] = {
        "only": [requirement],
        "seed": before.seed,
        "level": before.level,
        "report": report,
        "contract": before.contract.mode,
    }
    options |= {name: value for name, value in given.items() if value is not None}
    try:
        after = run(url, config=Path(config) if config else None, **options)
    except RunError as error:
        mistake = usage(in_full(str(error)))
        vars(mistake)["exit_code"] = error.exit_code
        raise mistake from None
    again = _of(after, requirement)
    old, new = _broken(first), _broken(again)
    code = 1 if new else 4 if after.exit_code not in {0, 1} or again is None else 0
    if as_json:
        write(
            {
                "requirement": requirement,
                "then": first.verdict.value,
                "now": again.verdict.value if again else None,
                "stands": bool(new),
                "same": [sentence for _, sentence in sorted(new & old)],
                "another": [sentence for _, sentence in sorted(new - old)],
                "gone": [sentence for _, sentence in sorted(old - new)] if code != 4 else [],
                "exit_code": code,
            }
        )
        raise SystemExit(code)
    click.echo(f"{requirement}: {one_line(first.clause)}")
    click.echo(f"  then: {first.verdict.value}; now: {again.verdict.value if again else 'not judged'}")
    for check, sentence in sorted(new):
        same = "the same" if (check, sentence) in old else "another"
        click.echo(f"  {same} finding of {check}: {one_line(sentence)}")
    if code == 4:
        click.echo(
            f"  It could not be judged, so nobody knows whether the finding stands: {one_line(after.sentence, 500)}"
        )
        raise SystemExit(code)
    for check, sentence in sorted(old - new):
        click.echo(f"  gone, from {check}: {one_line(sentence)}")
    raise SystemExit(code)


def _of(result: Result, requirement: str) -> RequirementResult | None:
    return next((one for one in result.requirements if one.id == requirement), None)


def _broken(requirement: RequirementResult | None) -> set[tuple[str, str]]:
    evidence = requirement.evidence if requirement else ()
    return {(one.check, one.sentence) for one in evidence if one.finding is Finding.BROKEN}
