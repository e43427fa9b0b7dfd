"""``livechat-conformance doctor``: say whether a target can be judged, and how. It changes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.cli.completion import values_of
from conformance.cli.machine import json_option, write
from conformance.cli.streams import at_terminal
from conformance.target.options import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.contract import Contract
    from conformance.target import Settings, TargetInfo
    from conformance.target.options import Option

_METAVARS = {"count": "NUMBER", "duration": "TIME", "secret": "TEXT", "shard": "K/N", "path": "FILE", "report": "DIR"}
CONNECTION = ("admin-user", "admin-password", "admin-token", "admin-id", "insecure", "ca", "timeout", "max-rate")
"""The options that say how a target is reached and who calls."""


def metavar_of(option: Option) -> str:
    """What stands for the value of an option in a help text."""
    if option.kind == "list":
        return "NAME[,NAME...]"
    return "|".join(option.choices) or _METAVARS.get(option.name) or _METAVARS.get(option.kind, option.kind.upper())


def connection_options(*more: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Click options from the table of options: those of a connection, and the named ones."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed((*CONNECTION, *more)):
            option = BY_NAME[name]
            if option.kind == "flag":
                add = click.option(
                    f"--{name}", option.field, is_flag=True, flag_value=True, default=None, help=option.help
                )
            else:
                add = click.option(
                    f"--{name}",
                    option.field,
                    metavar=metavar_of(option),
                    multiple=option.kind == "list",
                    shell_complete=values_of(name),
                    help=option.help,
                )
            function = add(function)
        return click.option(
            "--config", metavar="FILE", help="Settings file (default: livechat-conformance.toml here)."
        )(function)

    return decorate


def in_full(sentence: str) -> str:
    """A sentence as it is shown: it begins with a capital and has an end."""
    ended = sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
    return ended[:1].upper() + ended[1:]


def refuse(sentence: str, exit_code: int) -> NoReturn:
    """End the command with a sentence for the user and an exit code."""
    click.echo(f"Error: {in_full(sentence)}", err=True)
    raise SystemExit(exit_code)


def settings_from(config: str | None, **given: Any) -> Settings:
    """Settings from the command line, the environment and the file; a password is asked for at a terminal.

    Raises:
        SystemExit: They contradict themselves or name nothing that exists; the sentence was shown.
    """
    from conformance.target import SettingsError, load_settings

    def ask(question: str) -> str:
        return str(click.prompt(question, hide_input=True, err=True))

    try:
        return load_settings(given, dict(os.environ), config, prompt=ask if at_terminal() else None)
    except SettingsError as error:
        refuse(error.sentence, error.exit_code)


@click.command("doctor", short_help="Say whether a target can be judged, and how.")
@click.argument("url", required=False, metavar="[URL]")
@json_option
@connection_options("profile", "level", "contract", "without", "read-only", "disposable")
def command(url: str | None, config: str | None, as_json: bool, **given: Any) -> None:
    """Reach a target, log in, and say what a run could judge there, what not, and what to do about it.

    Nothing is changed: only calls that read are sent, and a login if credentials were given.

    \b
    Examples:
      livechat-conformance doctor http://127.0.0.1:3000
      livechat-conformance doctor https://chat.example.com --admin-user admin --ca company.pem
      livechat-conformance doctor http://127.0.0.1:3000 --json

    \b
    Exit codes: 0 it can be judged; 2 usage, configuration or credentials; 3 not reachable or not healthy.
    """
    from conformance.contract import ContractError, load_contract
    from conformance.target import TargetError, probe

    settings = settings_from(config, url=url, **given)
    if settings.url is None:
        refuse(
            "There is no URL to look at: give one, for example livechat-conformance doctor http://127.0.0.1:3000.", 2
        )
    try:
        info = probe(settings)
        contract = load_contract(info.version, mode=settings.contract)
    except TargetError as error:
        refuse(error.sentence, error.exit_code)
    except ContractError as error:
        refuse(str(error), 2)
    if as_json:
        write(_document(settings, info, contract))
        return
    console = Console()
    for block in _blocks(settings, info, contract):
        console.print(block, highlight=False, soft_wrap=True)


def _blocks(settings: Settings, info: TargetInfo, contract: Contract) -> Iterator[Text | Table]:
    yield Text(f"{info.url} can be judged.", style="bold")
    yield _facts(info, contract)
    if info.role_rights:
        yield _rights(info, contract)
    for heading, lines in (
        ("What a run would do", _plan(settings, info)),
        ("What would not be judged", _not_judged(settings, info, contract)),
        ("What to know", list(info.notes)),
    ):
        if lines:
            yield Text(f"\n{heading}", style="bold")
            for line in lines:
                yield Text(f"- {line}")


def _document(settings: Settings, info: TargetInfo, contract: Contract) -> dict[str, Any]:
    """The same for scripts; who is not logged in has no name, and what cannot be seen is null."""
    limiter = {"calls": info.limiter.calls, "ms": info.limiter.ms} if info.limiter else None
    return {
        "url": info.url,
        "product": info.product,
        "version": info.version,
        "newer_than_contract": info.newer_than_contract,
        "contract": {"version": contract.version, "overlays": [str(each) for each in contract.overlays]},
        "livechat_enabled": info.livechat_enabled,
        "online": info.online,
        "routing": info.routing,
        "limiter": limiter,
        "user": {"name": info.admin.username, "roles": list(info.admin.roles)} if info.admin else None,
        "second_factor": info.second_factor,
        "features": dict(info.features),
        "rights": {role: list(rights) for role, rights in info.role_rights.items()},
        "would_do": _plan(settings, info),
        "would_not_judge": _not_judged(settings, info, contract),
        "notes": list(info.notes),
    }


def _facts(info: TargetInfo, contract: Contract) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    limiter = "off, or not shown"
    if info.limiter:
        limiter = f"on: {info.limiter.calls} calls in {info.limiter.ms / 1000:g} s for each route"
    who = "nobody (no credentials)"
    if info.admin:
        who = f"{info.admin.username} with the roles {', '.join(info.admin.roles) or 'none'}"
    rows = {
        "product": f"{info.product} {info.version or '(version unknown)'}",
        "contract": f"{contract.version}, overlays: {', '.join(map(str, contract.overlays)) or 'none'}",
        "livechat": _yes(info.livechat_enabled, "switched on", "switched off"),
        "agents": _yes(info.online, "somebody is online", "nobody is online"),
        "routing": info.routing or "unknown",
        "rate limiter": limiter,
        "we are": who,
        "second factor": {"off": "not asked for", "password": "the password is sent as second factor"}.get(
            info.second_factor, "unknown until a setting is written"
        ),
    }
    for feature, there in info.features.items():
        if there is not None:
            rows[feature] = "there" if there else "absent"
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(_printable(value)))
    return table


def _rights(info: TargetInfo, contract: Contract) -> Table:
    table = Table(title="Rights of the roles that personas get", title_justify="left", box=None, pad_edge=False)
    roles = list(info.role_rights)
    table.add_column("permission")
    for role in roles:
        table.add_column(role.removeprefix("livechat-"))
    asked = {right for one in contract.operations.values() for rights in one.permissions.values() for right in rights}
    for right in sorted(asked & {right for rights in info.role_rights.values() for right in rights}):
        table.add_row(_printable(right), *("yes" if right in info.role_rights[role] else "-" for role in roles))
    return table


def _plan(settings: Settings, info: TargetInfo) -> list[str]:
    from conformance.world import blast

    plan = blast.plan(settings, info, settings.level)
    return [*plan.lines[1:], *([plan.refusal] if plan.refusal else [])]


def _not_judged(settings: Settings, info: TargetInfo, contract: Contract) -> list[str]:
    """One line for each reason, with how many requirements it concerns and what would help."""
    from conformance.runner.features import beyond_reading

    reasons: dict[str, int] = {}
    writing = beyond_reading(contract) if settings.read_only else {}

    def count(reason: str) -> None:
        reasons[reason] = reasons.get(reason, 0) + 1

    for requirement in contract.requirements.values():
        profile = requirement.profile
        if not contract.applies(requirement, info.version or contract.version):
            count(f"they are about other versions than {info.version or contract.version}")
        elif requirement.id in writing:
            count("each of their calls writes, which --read-only rules out")
        elif profile in settings.without:
            count(f"{profile} was declared absent (--without {profile})")
        elif profile in info.absent:
            count(f"{info.absent[profile]}")
        elif profile in {"agent", "manager", "office-hours"} and not info.is_admin:
            if info.admin is None:
                count("they need an agent or a manager: add --admin-user, and LIVECHAT_CONFORMANCE_ADMIN_PASSWORD")
            else:
                count("they need rights that the given account does not have: take an account with the role admin")
    lines = [
        f"{number} requirements: {reason}." for reason, number in sorted(reasons.items(), key=lambda each: -each[1])
    ]
    if info.admin is None and info.online is False:
        lines.append("Nobody is online, so no room can be opened: put an agent online, or add --admin-user.")
    return [_printable(line) for line in lines]


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "cannot be seen" if value is None else yes if value else no


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)
