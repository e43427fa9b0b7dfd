"""What the table of calls is made of: a call of the command line, what it gives, and what it used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from conformance.cli import PROGRAM, cli

_CONTEXT: dict[str, Any] = dict(cli.context_settings)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a user types it.

    Attributes:
        line: The words after the program's name; ``{name}`` stands for a place or a server that the test makes.
        code: The exit code.
        says: What stands in the output, both streams together.
        typed: What the user types when he is asked.
        until: The command goes on until it has said this and is interrupted.
    """

    line: str
    code: int = 0
    says: str = ""
    typed: str | None = None
    until: str = ""

    @property
    def command(self) -> str:
        """The command, with its group: ``spec lint``."""
        words = self.line.split()
        return " ".join(words[: 2 if words[0] == "spec" else 1])


def commands() -> dict[str, click.Command]:
    """Every command that there is, by its full name; groups themselves are left out."""
    found: dict[str, click.Command] = {}
    context = click.Context(cli, info_name=PROGRAM)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                one = command.get_command(context, inner)
                assert one is not None
                found[f"{name} {inner}"] = one
        else:
            found[name] = command
    return found


def parsed(line: str) -> tuple[str, dict[str, object]]:
    """The command of a line, and the parameters that it gives; click itself reads it, nothing is run.

    Raises:
        click.UsageError: The line names something that does not exist.
    """
    call = Call(line)
    words = line.split()[len(call.command.split()) :]
    command = commands()[call.command]
    with command.make_context(call.command, words, resilient_parsing=True, **_CONTEXT) as context:
        given = {
            parameter.name: context.params.get(parameter.name)
            for parameter in command.params
            if parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        }
    return call.command, given


def help_of(name: str) -> str:
    """The help text of a command, as it is shown."""
    command = commands()[name]
    return command.get_help(click.Context(command, info_name=name, **_CONTEXT))


def examples_of(text: str) -> Iterator[str]:
    """The examples of a help text, each without the program's name."""
    for line in text.splitlines():
        if line.strip().startswith(f"{PROGRAM} "):
            yield line.strip().removeprefix(f"{PROGRAM} ")


def documented_codes(text: str) -> set[int]:
    """The exit codes that a help text names."""
    found = re.search(r"Exit codes?:(.*?)(?:\n\s*\n|\Z)", text, re.DOTALL)
    if found is None:
        return set()
    codes = {int(code) for code in re.findall(r"(?:^|[;,:]\s+|\s)(\d)\s", found[1])}
    return codes | ({0, 1, 4, 5} if "that of the joined verdict" in found[1] else set())
