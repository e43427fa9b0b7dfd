"""``livechat-conformance completion``: what a shell needs to complete commands, options and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.target.options import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHELLS = ("bash", "zsh", "fish")
_HELP = """Write the script that teaches a shell to complete this command.

    Commands, options and values are completed: levels, profiles, areas, operations, requirement ids, faults.

    \b
    Examples:
      livechat-conformance completion bash > ~/.local/share/bash-completion/completions/livechat-conformance
      livechat-conformance completion zsh > "${fpath[1]}/_livechat-conformance"
      livechat-conformance completion fish > ~/.config/fish/completions/livechat-conformance.fish
      eval "$(livechat-conformance completion bash)"

    Exit codes: 0 written; 2 there is no such shell.
    """


def values_of(name: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Give the completion of an option's value; behind a comma the next name of a list is completed.

    Args:
        name: An option of the table of options, or ``format``, ``name``, ``requirement``, ``operation``, ``fault``
            or ``area``.
    """

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{one}" for one in _known(name) if one.casefold().startswith(last.casefold())]

    return complete


def names(values: Iterable[str]) -> tuple[str, ...]:
    """Give the names of a list that was given several times, or joined by commas, or both."""
    return tuple(part.strip() for one in values for part in one.split(",") if part.strip())


def _known(name: str) -> Iterable[str]:
    option = BY_NAME.get(name)
    if option is not None and option.choices:
        return option.choices
    if name == "format":
        from conformance.report import ALL_FORMATS

        return ALL_FORMATS
    if name == "fault":
        from conformance.faults.catalogue import catalogue

        return sorted(catalogue())
    if name in ("only", "skip", "name", "requirement", "operation", "area"):
        return _names(name)
    return ()


def _names(name: str) -> list[str]:
    from conformance.contract import load_contract

    contract = load_contract()
    areas = sorted({one.area for one in contract.judged})
    operations = [one.id for one in contract.judged]
    requirements = sorted(contract.requirements)
    return {
        "area": areas,
        "operation": operations,
        "requirement": requirements,
        "name": [*areas, *contract.operations, *requirements, *contract.profiles],
    }.get(name, [*areas, *operations, *requirements])


@click.command("completion", help=_HELP)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Write a completion script."""
    from click.shell_completion import get_completion_class

    from conformance.cli import PROGRAM, cli

    kind = get_completion_class(shell)
    assert kind is not None
    completion = kind(cli, {}, PROGRAM, f"_{PROGRAM.upper().replace('-', '_')}_COMPLETE")
    # Only the script: asking the shell itself for its version, as click does, would need that shell on this machine.
    click.echo(completion.source_template % completion.source_vars())
