"""Serving an app object on loopback, so that it is judged over HTTP like any other server."""

from __future__ import annotations

import inspect
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from conformance.runner.errors import RunError

_START_S = 15.0


@contextmanager
def serve_app(app: Any) -> Iterator[str]:
    """Serve an ASGI or WSGI app on a free port of the loopback interface; yields its URL.

    Raises:
        RunError: The app does not start.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, interface="asgi3" if is_asgi(app) else "wsgi", log_level="warning", lifespan="auto", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="served-app", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RunError("the app did not start; run it by itself to see why", 3)
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def is_asgi(app: Any) -> bool:
    """Whether an app is a coroutine callable of ASGI; otherwise it is taken for WSGI."""
    call = app if inspect.isroutine(app) else getattr(app, "__call__", app)  # noqa: B004
    return inspect.iscoroutinefunction(call)
