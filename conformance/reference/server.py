"""Running the reference server: one uvicorn in a thread, on a real socket of the loopback interface."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from conformance.reference.app import Application
from conformance.reference.demo import seed_demo as add_demo
from conformance.reference.seam import plant
from conformance.reference.seeds import open_site
from conformance.reference.site import Options, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.reference.seam import Plantable

_SECONDS = 15.0


class ServerError(RuntimeError):
    """The server did not start, for example because its port is taken."""


class Url(str):
    """The address of a running server, and what a test needs to know of it.

    Attributes:
        admin_user: Name of the administrator's account.
        admin_password: Its password.
        site: The server's inside, for tests of the server itself; no test of a target may look at it.
    """

    __slots__ = ("admin_password", "admin_user", "site")

    admin_user: str
    admin_password: str
    site: Site


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ServerError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServerError(f"Cannot listen on {host}:{port}: {error}.") from error
    return listener


@contextlib.contextmanager
def running(site: Site, host: str = "127.0.0.1", port: int = 0) -> Iterator[Url]:
    """Serve a site until the block ends, then stop the server and close the site.

    Raises:
        ServerError: The server does not start.
    """
    listener = listen(host, port)
    config = uvicorn.Config(
        Application(site),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="reference-server", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise ServerError("The reference server did not start.")
            time.sleep(0.002)
        shown = f"[{host}]" if ":" in host else host
        url = Url(f"http://{shown}:{listener.getsockname()[1]}")
        url.admin_user = site.options.admin_user
        url.admin_password = site.options.admin_password
        url.site = site
        yield url
    finally:
        server.should_exit = True
        thread.join(_SECONDS)
        listener.close()
        site.close()


@contextlib.contextmanager
def reference_server(
    port: int = 0,
    data: Path | str | None = None,
    routing: str | None = "Auto_Selection",
    rate_limit: bool = False,
    seed_demo: bool = False,
    faults: Sequence[Plantable] = (),
    spool: Path | str | None = None,
    options: Options | None = None,
) -> Iterator[Url]:
    """Run a reference server on the loopback interface for the length of a block.

    Args:
        port: 0 takes a free one.
        data: A file that keeps the state over a restart; None keeps it in memory.
        routing: ``Auto_Selection`` or ``Manual_Selection``; None leaves what the data file says.
        rate_limit: Whether the limiter is on: 10 calls in 60 seconds per route and client.
        seed_demo: Whether agents, departments, visitors and conversations are there from the start.
        faults: What is planted into the server; see ``seam.Plantable``.
        spool: A folder that gets one ``.eml`` file for each mail.
        options: All options at once, instead of those above.

    Yields:
        The address, with ``admin_user`` and ``admin_password``.

    Raises:
        ServerError: The server does not start.
        SeamError: A fault names a behaviour that does not exist.
        StoreError: The data file cannot be used.
    """
    chosen = options or Options(
        data=None if data is None else Path(data),
        routing=routing,
        rate_limit=rate_limit,
        spool=None if spool is None else Path(spool),
    )
    site = open_site(chosen)
    if seed_demo:
        add_demo(site)
    plant(site.overrides, faults)
    with running(site, port=port) as url:
        yield url
