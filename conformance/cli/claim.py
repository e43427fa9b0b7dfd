"""``livechat-conformance claim``: a folder for an implementer to publish."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import click

from conformance.cli.report import load, usage
from conformance.report import render_html
from conformance.report.text import one_line
from conformance.report.verify import verify_path
from conformance.verdicts import InvalidResult, Result, weaknesses
from conformance.verdicts.document import write_result

_HELP = """Write a folder that an implementer can publish: the unmodified report, its result, and how to repeat the run.

    A run that judged only a part, or that was not conformant, makes a claim that says so.
    `livechat-conformance verify DIR` checks the folder.

    \b
    Examples:
      livechat-conformance claim public/conformance
      livechat-conformance claim public/conformance --from reports/latest --name "Example Chat 1.2"

    Exit codes: 0 written; 2 the report was altered, or a file cannot be read or written.
    """
MANIFEST = "claim.json"


@click.command(help=_HELP)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from", "source", type=click.Path(path_type=Path), default="reports/latest", show_default=True, help="The report."
)
@click.option("--name", default="", help="The name and version of the implementation.")
def command(folder: Path, source: Path, name: str) -> None:
    """Write a claim."""
    result = load(source)
    if source.is_dir():
        try:
            outcome = verify_path(source)
        except (InvalidResult, OSError) as error:
            raise usage(f"{source} is no report that can be claimed: {error}.") from error
        if not outcome.intact:
            raise usage(f"{source} was altered: {len(outcome.findings)} values do not agree with its data.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(render_html(result), encoding="utf-8")
        write_result(result, folder / "result.json")
        for extra in ("junit.xml", "summary.md", "badge.svg"):
            if source.is_dir() and (source / extra).exists():
                shutil.copyfile(source / extra, folder / extra)
        (folder / "REPRODUCE.md").write_text(steps(result, name), encoding="utf-8")
        (folder / MANIFEST).write_text(json.dumps(manifest(result, folder, name), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise usage(f"{folder} cannot be written: {error.strerror or error}.") from error
    click.echo(f"{_kind(result)}: {one_line(result.sentence, 500)}")
    click.echo(f"The claim is in {folder}; check it with: livechat-conformance verify {folder}")


def _kind(result: Result) -> str:
    whole = result.exit_code == 0 and not result.partial and not result.endings
    return (
        "Claim of conformance"
        if whole
        else "Partial claim"
        if result.exit_code in {0, 4}
        else "No claim of conformance"
    )


def manifest(result: Result, folder: Path, name: str) -> dict[str, Any]:
    """What the claim says of itself: the verdict, what it was judged by, and a digest of each file."""
    files = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    return {
        "kind": _kind(result),
        "implementation": name or f"{result.target.product or 'server'} {result.target.version or ''}".strip(),
        "verdict": result.sentence,
        "exit_code": result.exit_code,
        "profile": result.profile,
        "level": result.level,
        "contract": {
            "version": result.contract.version,
            "hash": result.contract.hash,
            "overlays": list(result.contract.overlays),
        },
        "suite": result.suite.version,
        "weakened_by": list(weaknesses(result)),
        "settings": dict(result.settings),
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def steps(result: Result, name: str) -> str:
    """How anybody repeats the run, as a page of Markdown."""
    options = [
        f"--{option} {value}" if value is not True else f"--{option}"
        for option, value in result.settings.items()
        if option in {"profile", "level", "contract", "seed", "strict"} and value not in (None, False)
    ]
    server = f"{result.target.product or 'the implementation'} {result.target.version or ''}".strip()
    return "\n".join(
        [
            f"# How to repeat this run{f' of {name}' if name else ''}",
            "",
            f"{result.sentence}",
            "",
            f"1. Start the server: {server}.",
            f"2. `pip install livechat-conformance=={result.suite.version}`, or `pip install .` in its checkout.",
            "3. Set `LIVECHAT_CONFORMANCE_ADMIN_PASSWORD` to the administrator's password.",
            f"4. `livechat-conformance run URL --admin-user NAME {' '.join(options)}`",
            "",
            f"Contract {result.contract.version}, hash `{result.contract.hash}`, seed {result.seed}.",
            "",
        ]
    )
