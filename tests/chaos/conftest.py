"""What the chaos tests share: a healthy server, a certificate that nobody signed, and runs that go on side by side."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.reference import reference_server
from conformance.reference.site import Options
from tests.chaos import child
from tests.chaos.kinds import Kind
from tests.chaos.proxy import Elsewhere, Proxy, running

BUDGET_S = 120.0
"""The time that a run is given, where its kind does not say another one."""
CLEAN_UP_S = 90.0
"""The most that ending the tests and cleaning up may take after that."""
ONLY = "LC-CONFIG-007,LC-CONFIG-008,LC-CONFIG-016,LC-VISITOR-001,LC-VISITOR-002,LC-VISITOR-003"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the long versions of the tests."""
    parser.addoption("--chaos-all", action="store_true", help="all kinds, moments and objects; takes an hour")


def pytest_configure(config: pytest.Config) -> None:
    """Let the option and the environment variable mean the same, before the tests are collected."""
    if config.getoption("--chaos-all", default=False):
        os.environ["LIVECHAT_CHAOS_ALL"] = "1"


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
                if "--max-time" not in kind.arguments:
                    arguments += ["--max-time", f"{BUDGET_S:g}s"]
                further = [str(certificate[0]) if certificate and one == "{ca}" else one for one in kind.arguments]
                arguments += ["--admin-user", server.admin_user] if kind.admin else []
                password = server.admin_password if kind.admin else ""
                done = child.call(folder, *arguments, *further, LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=password)
            return Ran(kind, done, proxy, elsewhere, str(server))
    finally:
        elsewhere.close()
