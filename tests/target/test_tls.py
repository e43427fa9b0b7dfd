"""TLS: an untrusted certificate is refused with what to do, --ca and --insecure do what they say."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.target import NOBODY, RecordingClient, Settings, TargetUnreachable, probe

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs the command openssl to make a certificate"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
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


@pytest.fixture
def url(certificate: tuple[Path, Path], reply: Callable[..., bytes]) -> Iterator[str]:
    """A server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.settimeout(5)
                    while secure.recv(65536):
                        secure.sendall(reply(b'{"version":"3.2.0","success":true,"config":{"enabled":true}}'))
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    # Closing alone does not wake a thread that waits in accept.
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_a_self_signed_certificate_is_refused_with_both_ways_on(url: str) -> None:
    """The cause first, then --ca and --insecure."""
    with pytest.raises(TargetUnreachable, match=r"^The TLS certificate is not trusted") as caught:
        probe(Settings(url=url))
    assert "--ca" in caught.value.sentence
    assert "--insecure" in caught.value.sentence


def test_its_authority_makes_it_trusted(url: str, certificate: tuple[Path, Path]) -> None:
    """With --ca the certificate is checked and found good."""
    found = probe(Settings(url=url, ca=str(certificate[0])))
    assert found.version == "3.2.0"
    assert not any("certificates are not checked" in note for note in found.notes)


def test_insecure_takes_any_certificate_and_says_so(url: str) -> None:
    """The note goes into every report."""
    found = probe(Settings(url=url, insecure=True))
    assert any("certificates are not checked" in note for note in found.notes)


def test_a_certificate_for_another_name_is_refused(url: str, certificate: tuple[Path, Path]) -> None:
    """Trusting the authority does not mean trusting every host."""
    other = url.replace("127.0.0.1", "localhost")
    with RecordingClient(Settings(url=other, ca=str(certificate[0]))) as client:
        failure = client.request(NOBODY, "GET", "/").failure
    assert failure is not None
    assert "certificate is not trusted" in failure
