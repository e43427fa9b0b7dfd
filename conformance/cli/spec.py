"""``livechat-conformance spec``: the contract for people and tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.completion import names, values_of
from conformance.cli.machine import json_option
from conformance.contract import Contract, ContractError, load_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.contract.audit import Found
    from conformance.contract.recorded import Recorded


class _Told(click.ClickException):
    """A mistake of the caller, or a broken contract: one sentence, exit code 2."""

    exit_code = 2


class _SpecGroup(click.Group):
    """Turns a broken contract into a sentence, wherever it is found."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ContractError as error:
            raise _Told(str(error)) from None


def _contract_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose a contract."""
    function = click.option(
        "--server-version",
        metavar="VERSION",
        help="The server's version, which decides about overlays (default: the documented release, 3.2.0).",
    )(function)
    return click.option(
        "--spec",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        help="The folder of the contract (default: the packaged one, or spec/ of the checkout).",
    )(function)


@click.group("spec", cls=_SpecGroup)
def command() -> None:
    """Show, bundle, lint and try the contract.

    \b
    Examples:
      livechat-conformance spec show openRoom
      livechat-conformance spec show LC-ROOM-001
      livechat-conformance spec bundle --openapi 3.0 -o livechat.json
      livechat-conformance spec lint
      livechat-conformance spec check traffic/*.jsonl session.har
      livechat-conformance spec mutate --recordings traffic

    Exit codes: 0 nothing to complain about, 1 mismatches or survivors, 2 usage or contract error.
    """


@command.command("show")
@click.argument("name", required=False, shell_complete=values_of("name"))
@json_option
@_contract_options
def show(name: str | None, as_json: bool, server_version: str | None, folder: Path | None) -> None:
    """Show an operation, a requirement, an area or a profile; without NAME, the list of operations.

    NAME is an operationId (openRoom), method and path ("GET /api/v1/livechat/room"), a requirement (LC-ROOM-001),
    an area (rooms), or a profile (visitor).

    \b
    Examples:
      livechat-conformance spec show
      livechat-conformance spec show openRoom
      livechat-conformance spec show "POST /api/v1/livechat/message"
      livechat-conformance spec show LC-MESSAGE-003
      livechat-conformance spec show rooms --server-version 3.15.0

    Exit codes: 0 shown, 2 there is no such thing in the contract, or the contract is broken.
    """
    from conformance.contract.describe import describe, describe_json

    contract = load_contract(server_version, folder)
    try:
        if as_json:
            click.echo(json.dumps(describe_json(contract, name), indent=2, ensure_ascii=False))
        else:
            click.echo(describe(contract, name))
    except LookupError as error:
        raise _Told(str(error.args[0])) from None


@command.command("bundle")
@click.option("--openapi", type=click.Choice(["3.1", "3.0"]), default="3.1", show_default=True, help="OpenAPI version.")
@click.option("--format", "form", type=click.Choice(["json", "yaml"]), help="Default: by the ending of -o, else JSON.")
@click.option("--out", "-o", "output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--judged-only", is_flag=True, help="Leave the supporting operations out.")
@_contract_options
def bundle(
    openapi: str,
    form: str | None,
    output: Path | None,
    judged_only: bool,
    server_version: str | None,
    folder: Path | None,
) -> None:
    """Write the OpenAPI document, overlays applied, as one file.

    \b
    Examples:
      livechat-conformance spec bundle > livechat.json
      livechat-conformance spec bundle --openapi 3.0 -o livechat-3.0.yaml
      livechat-conformance spec bundle --server-version 3.15.0 -o livechat-3.15.json

    Exit codes: 0 written, 2 usage or contract error, or the file cannot be written.
    """
    from conformance.contract.bundle import bundle_document, to_text

    contract = load_contract(server_version, folder)
    if form is None:
        form = "yaml" if output is not None and output.suffix.lower() in (".yaml", ".yml") else "json"
    text = to_text(bundle_document(contract, openapi, judged_only=judged_only), form)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise _Told(f"{output} cannot be written: {error.strerror}") from None


@command.command("lint")
@click.option(
    "--spec",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the contract (default: the packaged one, or spec/ of the checkout).",
)
@json_option
def lint(folder: Path | None, as_json: bool) -> None:
    """Check the contract itself: one line per broken rule, FILE:LINE: sentence [rule].

    Every server version for which overlays differ is checked.

    \b
    Examples:
      livechat-conformance spec lint
      livechat-conformance spec lint --spec ../my-contract
      livechat-conformance spec lint --json

    Exit codes: 0 it keeps its own rules, 1 it breaks some, 2 usage error.
    """
    from conformance.contract.lint import lint_contract

    problems = lint_contract(folder)
    if as_json:
        rows = [{"rule": one.rule, "file": one.file, "line": one.line, "sentence": one.sentence} for one in problems]
        click.echo(json.dumps(rows, indent=2))
    else:
        for problem in problems:
            click.echo(str(problem))
        count = f"{len(problems)} broken rule{'' if len(problems) == 1 else 's'}"
        click.echo(count if problems else "The contract keeps its own rules.", err=True)
    sys.exit(1 if problems else 0)


@command.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON Lines, one mismatch a line, for scripts.")
@click.option(
    "--contract",
    "mode",
    type=click.Choice(["auto", "documented"]),
    default="auto",
    show_default=True,
    help="Overlays by the version, or none.",
)
@_contract_options
def check(
    files: tuple[Path, ...],
    as_json: bool,
    mode: str,
    server_version: str | None,
    folder: Path | None,
) -> None:
    """Check kept exchanges against the contract.

    FILES are recordings or exchanges of this suite as JSON Lines, or HAR files; a folder stands for all such files
    below it. One line per mismatch:

    \b
      FILE:LINE operation requirement pointer message

    Overlays are chosen by the version that an exchange names (server.version), else by --server-version. Defects that
    real servers of a version are known for are listed at the end, apart, and do not count.

    \b
    Examples:
      livechat-conformance spec check traffic/3.2.0/*.jsonl
      livechat-conformance spec check session.har --server-version 3.4.0
      livechat-conformance spec check reports/latest/exchanges-gw0.jsonl --json

    Exit codes: 0 no mismatch, 1 mismatches, 2 usage or contract error.
    """
    from conformance.contract.audit import Audit
    from conformance.contract.recorded import RecordedError

    audit = Audit(folder, server_version, mode)
    known: dict[str, list[Found]] = {}
    count = 0
    try:
        for found in audit.judge(_exchanges(_files(files))):
            if found.defect:
                known.setdefault(found.defect.id, []).append(found)
            else:
                count += 1
            if as_json:
                click.echo(json.dumps(_row(found), ensure_ascii=False))
            elif not found.defect:
                click.echo(str(found))
    except RecordedError as error:
        raise _Told(str(error)) from None
    if not as_json:
        for name, seen in sorted(known.items()):
            defect = seen[0].defect
            assert defect is not None
            versions = ", ".join(sorted({one.recorded.version or "?" for one in seen}))
            clause = f"{defect.operation or 'any operation'}: {defect.clause}"
            click.echo(f"known defect {name} ({len(seen)} exchanges, {versions}) {clause}")
    tally = audit.tally
    if not tally.exchanges:
        raise _Told("there is no exchange in what was given")
    click.echo(
        f"{tally.exchanges} exchanges, {count} mismatches, {sum(map(len, known.values()))} known defects, "
        f"{tally.unknown} outside of the contract's operations",
        err=True,
    )
    sys.exit(1 if count else 0)


def _row(found: Found) -> dict[str, Any]:
    one = found.mismatch
    return {
        "file": found.recorded.file,
        "line": found.recorded.line,
        "exchange": found.recorded.exchange.id,
        "version": found.recorded.version,
        "operation": one.operation,
        "requirement": one.requirement,
        "where": one.where,
        "kind": one.kind,
        "pointer": one.pointer,
        "message": one.message,
        "expected": one.expected,
        "observed": one.observed,
        "known_defect": found.defect.id if found.defect else None,
    }


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.suffix.lower() in (".jsonl", ".har"))
            if not inside:
                raise _Told(f"{path} holds no .jsonl and no .har file")
            yield from inside
        elif path.exists():
            yield path
        else:
            raise _Told(f"{path} does not exist")


def _exchanges(files: Iterable[Path]) -> Iterator[Recorded]:
    from conformance.contract.recorded import read_recorded

    for path in files:
        yield from read_recorded(path)


@command.command("mutate")
@click.option(
    "--recordings",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    envvar="LIVECHAT_RECORDINGS",
    help="A folder of recordings; they are evidence beside the contract's examples.",
)
@json_option
@click.option("--minimum", type=click.FloatRange(0, 100), default=90.0, show_default=True, help="Score to reach, in %.")
@click.option(
    "--operation",
    "only",
    multiple=True,
    metavar="ID[,ID...]",
    shell_complete=values_of("operation"),
    help="Only these operations.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that share the work."
)
@_contract_options
def mutate(
    recordings: Path | None,
    as_json: bool,
    minimum: float,
    only: tuple[str, ...],
    workers: int,
    server_version: str | None,
    folder: Path | None,
) -> None:
    """Measure how tight the contract is: loosen it in one place at a time, and see whether anything notices.

    Each required key, type, enum, pattern, bound, forbidden key, status and alternative is dropped or weakened in turn.
    A mutant is killed when one judgement changes, over the recordings (if given), the examples, and copies of both that
    were spoilt systematically. What survives is listed, with the reason from spec/mutation-survivors.yaml.

    \b
    Examples:
      livechat-conformance spec mutate
      livechat-conformance spec mutate --recordings traffic --json
      livechat-conformance spec mutate --operation openRoom --operation closeRoom

    Exit codes: 0 the score is reached and each survivor has a reason, 1 otherwise, 2 usage or contract error.
    """
    from conformance.contract.mutation import mutate_contract
    from conformance.contract.recorded import RecordedError

    contract: Contract = load_contract(server_version, folder)
    only = names(only)
    for name in only:
        if name not in contract.operations:
            raise _Told(f"the contract has no operation {name}")
    try:
        kept = list(_exchanges(_files([recordings]))) if recordings else []
        result = mutate_contract(contract, kept, only, workers)
    except RecordedError as error:
        raise _Told(str(error)) from None
    if as_json:
        click.echo(json.dumps(result.as_dict(), indent=2))
    else:
        for line in result.lines():
            click.echo(line)
    sys.exit(0 if result.score * 100 >= minimum and not result.unexplained else 1)
