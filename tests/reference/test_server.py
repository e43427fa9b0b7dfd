"""The server as a thing: it starts, keeps its data, sends mail, and stops."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.reference import reference_server
from conformance.reference.seeds import open_site
from conformance.reference.server import ServerError
from conformance.reference.site import Options, iso, milliseconds, new_id, now

if TYPE_CHECKING:
    from pathlib import Path

API = "/api/v1/livechat"


def _register(client: httpx.Client, token: str) -> None:
    client.post(f"{API}/visitor", json={"visitor": {"token": token}}).raise_for_status()


def test_it_runs_on_a_free_port_and_stops() -> None:
    """Two servers at once have two addresses; afterwards nobody answers."""
    with reference_server() as one, reference_server() as two:
        assert one != two
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", one)
        assert httpx.get(f"{two}{API}/config").json()["success"] is True
        assert (one.admin_user, bool(one.admin_password)) == ("admin", True)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{one}{API}/config")


def test_a_taken_port_is_a_sentence() -> None:
    """The server says what it could not listen on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"127.0.0.1:{port}"), reference_server(port=port):
            pass


def test_a_file_keeps_the_state_over_a_restart(tmp_path: Path) -> None:
    """What one server stored the next one knows; without a file nothing stays."""
    file = tmp_path / "data.db"
    with reference_server(data=file) as url, httpx.Client(base_url=url) as client:
        _register(client, "kept")
    with reference_server(data=file, routing=None) as url, httpx.Client(base_url=url) as client:
        assert client.get(f"{API}/visitor/kept").json()["visitor"]["token"] == "kept"
    with reference_server() as url, httpx.Client(base_url=url) as client:
        assert client.get(f"{API}/visitor/kept").json() == {"success": True}


def test_the_demo_has_people_and_conversations() -> None:
    """Agents are online, departments are offered, a visitor has an open room."""
    with reference_server(seed_demo=True) as url, httpx.Client(base_url=url) as client:
        config = client.get(f"{API}/config", params={"token": "demo-vera"}).json()["config"]
    assert config["online"] is True
    assert {each["name"] for each in config["departments"]} == {"Sales", "Support"}
    assert config["room"]["open"] is True
    assert config["agent"]["username"] == "ada"


def test_a_mail_goes_to_the_spool(tmp_path: Path) -> None:
    """A transcript is one file with the text of the chat; an address without @ is skipped."""
    with reference_server(seed_demo=True, spool=tmp_path) as url, httpx.Client(base_url=url) as client:
        rid = client.get(f"{API}/config", params={"token": "demo-vera"}).json()["config"]["room"]["_id"]
        for address in ("vera@shop.example.test", "nonsense"):
            body = {"rid": rid, "token": "demo-vera", "email": address}
            assert client.post(f"{API}/transcript", json=body).status_code == 200
    (file,) = tmp_path.iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == "vera@shop.example.test"
    assert "Do you ship to Norway?" in mail.get_content()


def test_a_mail_goes_to_the_mail_server() -> None:
    """The offline message reaches the configured server."""
    received: list[str] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def converse() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as wire:
                wire.write(b"220 ready\r\n")
                wire.flush()
                data = False
                for line in wire:
                    received.append(line.decode())
                    if data:
                        data = line != b".\r\n"
                        if data:
                            continue
                    data = data or line.upper().startswith(b"DATA")
                    wire.write(b"354 go on\r\n" if data else b"250 fine\r\n")
                    wire.flush()
                    if line.upper().startswith(b"QUIT"):
                        break
            done.set()

        thread = threading.Thread(target=converse)
        thread.start()
        options = Options(smtp=("127.0.0.1", listener.getsockname()[1]))
        with reference_server(options=options) as url, httpx.Client(base_url=url) as client:
            url.site.settings.save(
                {**(url.site.settings.get("Livechat_offline_email") or {}), "value": "team@shop.test"}
            )
            url.site.store.commit()
            body = {"name": "Vera", "email": "vera@shop.test", "message": "Nobody there?"}
            assert client.post(f"{API}/offline.message", json=body).status_code == 200
            assert done.wait(10)
        thread.join(10)
    text = "".join(received)
    assert "RCPT TO:<team@shop.test>" in text.replace("rcpt TO", "RCPT TO")
    assert "Nobody there?" in text


@pytest.mark.parametrize(("working", "status"), [(True, 200), (False, 400)])
def test_the_video_call_works_as_documented_or_as_recorded(working: bool, status: int) -> None:
    """An option chooses between the documented answer and the bare refusal of the servers of the era."""
    options = Options(working_video_call=working)
    with reference_server(options=options) as url, httpx.Client(base_url=url) as client:
        url.site.settings.save({"_id": "Livechat_accept_chats_with_no_agents", "value": True})
        url.site.store.commit()
        _register(client, "caller")
        answer = client.get(f"{API}/video.call/caller")
    assert answer.status_code == status
    if working:
        assert set(answer.json()["videoCall"]) == {"rid", "domain", "provider", "room", "timeout"}
    else:
        assert answer.json() == {"success": False}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_cleanly(number: signal.Signals) -> None:
    """The command prints its address and the demo accounts, logs requests, and ends with 0 on a signal."""
    start = "from conformance.cli.serve import command; command()"
    arguments = [sys.executable, "-c", start, "--port", "0", "--seed-demo"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Stop it"):
                break
        found = re.search(r"http://\S+", lines[0])
        assert found is not None
        assert httpx.get(f"{found.group()}{API}/config").status_code == 200
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(15) == 0
    assert any("administrator: admin / " in line for line in lines)
    assert any("agent: ada / " in line for line in lines)
    assert "GET /api/v1/livechat/config 200" in rest
    assert rest.rstrip().endswith("Stopped.")


def test_serve_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A sentence instead of a trace."""
    file = tmp_path / "data.db"
    file.write_text("no database " * 200)
    start = "from conformance.cli.serve import command; command()"
    arguments = [sys.executable, "-c", start, "--port", "0", "--data", str(file)]
    process = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    assert process.returncode != 0
    assert "cannot be used" in process.stderr
    assert "Traceback" not in process.stderr


def test_ids_and_times_look_as_they_should() -> None:
    """Seventeen letters and digits; UTC with milliseconds, never backwards."""
    site = open_site()
    assert re.fullmatch(r"[0-9A-Za-z]{17}", new_id(site))
    assert len({new_id(site) for _ in range(1000)}) == 1000
    times = [now(site) for _ in range(100)]
    assert times == sorted(times)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", times[0])
    assert iso(milliseconds(times[0])) == times[0]
    site.close()
