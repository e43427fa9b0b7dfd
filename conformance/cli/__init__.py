"""The command line, ``livechat-conformance``: one table of commands, each loaded only when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from conformance import __version__
from conformance.cli.streams import OutputLost, forget_output, is_output_lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("conformance.cli.run", "Judge a server against the contract."),
    "serve": ("conformance.cli.serve", "Start the reference server."),
    "prove": ("conformance.cli.prove", "Prove that each check can fail, by seeded faults."),
    "compare": ("conformance.cli.compare", "Compare the results of two runs."),
    "report": ("conformance.cli.report", "Draw reports from a result document."),
    "verify": ("conformance.cli.verify", "Say whether a report was altered."),
    "merge": ("conformance.cli.merge", "Join the results of shards."),
    "replay": ("conformance.cli.replay", "Judge again what a report found."),
    "waive": ("conformance.cli.waive", "Write waivers for known failures."),
    "claim": ("conformance.cli.claim", "Write a folder that an implementer can publish."),
    "sweep": ("conformance.cli.sweep", "Remove what a killed run left behind."),
    "doctor": ("conformance.cli.doctor", "Say whether a target can be judged, and how."),
    "spec": ("conformance.cli.spec", "Show, bundle, lint and try the contract."),
    "completion": ("conformance.cli.completion", "Teach a shell to complete this command."),
}
"""Every command: the module that holds it as ``command``, and its line in the list of commands."""

PROGRAM = "livechat-conformance"
"""The name of the command, as it is installed."""

USAGE_ERROR = 2
"""The exit code of a usage, configuration or contract error."""

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
_HELP = """Judge any server against the Rocket.Chat Livechat REST contract, clause by clause, with evidence.

\b
Start here:
  livechat-conformance run                           judge the embedded reference server
  livechat-conformance doctor http://127.0.0.1:3000  what can be judged there, and what not
  livechat-conformance run http://127.0.0.1:3000     judge a server of yours
  livechat-conformance serve --seed-demo             a local server that keeps the contract
  livechat-conformance spec show openRoom            what the contract says of one operation

\b
Exit codes: 0 conformant; 1 not conformant; 2 usage, configuration or contract error;
3 target not reachable or not healthy; 4 incomplete; 5 nothing tested.
"""


class LazyGroup(click.Group):
    """A group that imports the module of a command when the command is used, so that ``--help`` is quick."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what no file system and no terminal can carry, before any command stumbles over it."""
        for argument in args:
            try:
                os.fsencode(argument)
            except UnicodeEncodeError:
                raise click.UsageError("An argument holds half a character: write it again.", ctx) from None
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a file or an output that the system does not let it use is said in a sentence."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except OSError as error:
            if is_output_lost(error):
                raise OutputLost(error, USAGE_ERROR) from None
            whole = str(error.filename or "a file")
            name = "".join(each if each.isprintable() else "�" for each in whole[:60])
            more = "…" if len(whole) > 60 else ""
            raise click.UsageError(f"{name}{more} cannot be used: {error.strerror or error}.", ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands that are installed, in the order of the table."""
        return [name for name, (module, _) in COMMANDS.items() if _exists(module)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was asked for; where there is none, the nearest name is proposed."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(args[0][:40], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " --help lists the commands."
            raise click.UsageError(f"No such command {args[0][:40]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS or not _exists(COMMANDS[cmd_name][0]):
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command from the table, without importing any of them."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=COMMANDS[name][1]) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@click.command(cls=LazyGroup, help=_HELP, context_settings=_CONTEXT)
@click.version_option(__version__, "-V", "--version", prog_name=PROGRAM)
def cli() -> None:
    """The group itself does nothing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    A broken contract is said in one sentence and is exit code 2; a reader that went away is no error, and an output
    that cannot be written to is said.
    """
    from conformance.contract.problems import ContractError

    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name=PROGRAM)
    except ContractError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(USAGE_ERROR)
    except BrokenPipeError:
        forget_output()
        sys.exit(1)
    except OSError as error:
        # What click itself writes: the help and the version.
        if not is_output_lost(error):
            raise
        lost = OutputLost(error, USAGE_ERROR)
        lost.show()
        sys.exit(lost.exit_code)
