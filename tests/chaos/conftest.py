"""What the chaos tests share: a healthy server, a certificate that nobody signed, and runs that go on side by side."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.site import Options
from tests.chaos import child
from tests.chaos.kinds import Kind
from tests.chaos.proxy import Elsewhere, Proxy, running

ALL = bool(os.environ.get("LIVECHAT_CHAOS_ALL"))
"""Whether the long versions of the tests were asked for."""
ONLY = "LC-CONFIG-007,LC-CONFIG-008,LC-CONFIG-016,LC-VISITOR-001,LC-VISITOR-002,LC-VISITOR-003"


class Ran:
    """A run against one kind of misbehaviour: what it did, and what its target saw."""

    def __init__(self, kind: Kind, done: child.Done, proxy: Proxy, elsewhere: Elsewhere, behind: str) -> None:
        self.kind = kind
        self.done = done
        self.proxy = proxy
        self.elsewhere = elsewhere
        self.behind = behind


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-out", str(paths[0]), "-keyout", str(paths[1])),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return paths


def judge(kind: Kind, folder: Path, certificate: tuple[Path, Path] | None = None) -> Ran:
    """Run the main job against one kind of misbehaviour, in front of a healthy server of its own."""
    elsewhere = Elsewhere()
    try:
        with reference_server(options=Options()) as server:
            proxy = Proxy(
                str(server), kind.act, kind.spared, certificate if kind.tls else None, elsewhere=elsewhere.url
            )
            with running(proxy):
                arguments = ["run", proxy.url, "--level", "quick", "--only", ONLY, "--report", "out", "-q"]
                arguments += ["--format", "json", "--seed", "3"]
                if "--timeout" not in kind.arguments:
                    arguments += ["--timeout", "3"]
                further = [str(certificate[0]) if certificate and one == "{ca}" else one for one in kind.arguments]
                arguments += ["--admin-user", server.admin_user] if kind.admin else []
                password = server.admin_password if kind.admin else ""
                done = child.call(folder, *arguments, *further, LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=password)
            return Ran(kind, done, proxy, elsewhere, str(server))
    finally:
        elsewhere.close()


@pytest.fixture(scope="session")
def side_by_side() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    """Lets two runs go on at once: each waits for its target most of the time."""
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("LIVECHAT_CHAOS_AT_ONCE", "3"))) as pool:
        yield pool
        pool.shutdown(wait=False, cancel_futures=True)


Run = Callable[[Kind], Ran]
