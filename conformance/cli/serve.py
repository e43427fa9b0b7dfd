"""The command ``serve``: the reference server for people, on the command line."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

import click

from conformance.cli.doctor import refuse
from conformance.reference.demo import seed_demo as add_demo
from conformance.reference.seeds import open_site
from conformance.reference.server import ServerError, running
from conformance.reference.site import Options
from conformance.reference.store import StoreError


def _mail_server(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.BadParameter("must be HOST:PORT, for example 127.0.0.1:1025")
    return host.strip("[]"), int(port)


def _log_to_stdout() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("conformance.reference")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the state in this file over a restart (default: in memory).",
)
@click.option("--seed-demo", is_flag=True, help="Start with agents, departments, visitors and some conversations.")
@click.option("--rate-limit", is_flag=True, help="Allow 10 calls in 60 seconds per route and client.")
@click.option(
    "--routing", type=click.Choice(["Auto_Selection", "Manual_Selection"]), help="How chats find their agents."
)
@click.option(
    "--spool",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each mail into this folder, one .eml file each.",
)
@click.option("--smtp", metavar="HOST:PORT", callback=_mail_server, help="Give each mail to this mail server.")
@click.option(
    "--working-video-call", is_flag=True, help="Answer video.call as documented, not with the bare 400 of servers 3.x."
)
@click.option("--quiet", "-q", is_flag=True, help="Do not log a line for each request.")
def command(
    host: str,
    port: int,
    data: Path | None,
    seed_demo: bool,
    rate_limit: bool,
    routing: str | None,
    spool: Path | None,
    smtp: tuple[str, int] | None,
    working_video_call: bool,
    quiet: bool,
) -> None:
    """Run a local Livechat server that keeps the contract, until it is interrupted.

    Its address and its accounts are said first. It listens on this machine alone unless --host says otherwise.

    \b
    Examples:
      livechat-conformance serve --seed-demo
      livechat-conformance serve --port 0 --routing Manual_Selection --rate-limit
      livechat-conformance serve --data livechat.json --spool mails

    \b
    Exit codes: 0 it was stopped by Ctrl-C or a signal; 2 it cannot listen, or a file cannot be used.
    """
    options = Options(
        data=data,
        routing=routing,
        rate_limit=rate_limit,
        working_video_call=working_video_call,
        spool=spool,
        smtp=smtp,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if not quiet:
        _log_to_stdout()
    try:
        site = open_site(options)
        accounts = add_demo(site) if seed_demo else []
        with running(site, host, port) as url:
            click.echo(f"Livechat reference server (behaves as {site.version}) on {url}")
            click.echo(f"  administrator: {url.admin_user} / {url.admin_password}")
            for account in accounts:
                click.echo(f"  {account.role}: {account.username} / {account.password}")
            click.echo("Stop it with Ctrl-C.")
            sys.stdout.flush()
            stop.wait()
            click.echo("Stopped.")
    except (ServerError, StoreError, OSError) as error:
        hint = " Choose another with --port; 0 takes a free one." if isinstance(error, ServerError) else ""
        refuse(f"{error}{hint}", 2)
