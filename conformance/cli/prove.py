"""``livechat-conformance prove``: prove that each check can fail, by seeded faults."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from conformance.cli.completion import names, values_of
from conformance.cli.doctor import in_full

_HELP = """Prove the suite: plant faults into the reference server, one at a time, and see that the suite names them.

    The run without faults comes first and must be green. A fault counts as killed only where the suite names a
    requirement that this fault breaks.

    \b
    Examples:
      livechat-conformance prove --quick
      livechat-conformance prove --area rooms --area messages
      livechat-conformance prove --fault rooms.closed-reopens
      livechat-conformance prove --depth rare,race
      livechat-conformance prove --shard 1/4
      livechat-conformance prove --generic all --report reports/proof

    \b
    Exit codes: 0 everything killed; 1 something missed, or the run without faults is not green;
    2 usage error; 3 the reference server cannot be judged.
    """


@click.command("prove", help=_HELP, short_help="Prove that each check can fail, by seeded faults.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="ID[,ID...]",
    shell_complete=values_of("fault"),
    help="Only these faults.",
)
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="NAME[,NAME...]",
    shell_complete=values_of("area"),
    help="Only the faults of these areas.",
)
@click.option(
    "--depth",
    "depths",
    multiple=True,
    metavar="NAME",
    help="Only faults of this depth (repeatable): shallow, room, relation, rare, race.",
)
@click.option("--shard", metavar="PART/PARTS", help="One part of the faults, for example 1/4.")
@click.option("--quick", is_flag=True, help="A subset of all areas at level quick, for CI.")
@click.option(
    "--generic",
    type=click.Choice(["all", "sample", "none"]),
    help="The faults drawn from the contract: all, a sample, or none. Default: a sample; none with --fault or --area; "
    "all at level deep.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    help="With how many seeds a fault is tried that is rare, a race, or found by random requests (default: 20; 1 with "
    "--quick).",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="The first seed.")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="Processes (default: one a core).")
@click.option("--level", type=click.Choice(["quick", "standard", "deep"]), help="The level (default: standard).")
@click.option("--report", default="reports/proof", show_default=True, metavar="DIR", help="The folder for the report.")
@click.option("--keep-going", is_flag=True, help="Prove even where the run without faults is not green.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON to the standard output, for scripts.")
def command(
    faults: tuple[str, ...],
    areas: tuple[str, ...],
    depths: tuple[str, ...],
    shard: str | None,
    quick: bool,
    generic: str | None,
    seeds: int | None,
    seed: int,
    workers: int | None,
    level: str | None,
    report: str,
    keep_going: bool,
    as_json: bool,
) -> None:
    """Prove faults and show the kill table."""
    from conformance.faults import prove_table
    from conformance.faults.prove import SEEDS, ControlIsRed, Proved, prove
    from conformance.faults.prove_choice import Choice, choose
    from conformance.faults.prove_plan import UnknownFault
    from conformance.faults.prove_pool import PoolError
    from conformance.runner.progress import LiveReporter, PlainReporter, Reporter
    from conformance.runner.run import RunError

    console, out = Console(stderr=True), Console()
    choice = Choice(
        faults=names(faults),
        areas=names(areas),
        depths=names(depths),
        shard=shard,
        quick=quick,
        generic=generic,
        level=level or ("quick" if quick else "standard"),
    )
    try:
        selected = choose(choice)
        if not selected:
            raise UnknownFault("there is no fault to prove")
        with ExitStack() as stack:
            reporter: Reporter = PlainReporter(console)
            if console.is_terminal:
                reporter = stack.enter_context(LiveReporter(console, "proving"))

            def seen(one: Proved) -> None:
                if not one.killed or choice.named:
                    reporter.say(prove_table.line_of(one))

            proof = prove(
                selected,
                level=choice.level,
                seed=seed,
                seeds=seeds or (1 if quick else SEEDS),
                workers=workers or os.cpu_count() or 1,
                report=report,
                partial=choice.named,
                measure=not (quick or choice.named),
                keep_going=keep_going,
                told=reporter,
                seen=seen,
            )
    except UnknownFault as error:
        raise click.UsageError(in_full(str(error))) from None
    except RunError as error:
        _leave(console, str(error), error.exit_code)
    except (ControlIsRed, PoolError) as error:
        _leave(console, str(error), 1)
    path = prove_table.write(proof, Path(report))
    if as_json:
        click.echo(json.dumps(prove_table.document(proof), ensure_ascii=False))
    for line in prove_table.lines(proof):
        (console if as_json else out).print(line, markup=False, highlight=False, soft_wrap=True)
    (console if as_json else out).print(f"Report: {Path(report) / 'index.html'} and {path}", markup=False)
    sys.exit(0 if proof.holds else 1)


def _leave(console: Console, sentence: str, code: int) -> None:
    console.print(f"Error: {in_full(sentence)}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
