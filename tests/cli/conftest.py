"""What calls of the command line stand on: servers with and without a fault, reports of them, files that are wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from conformance.cli import cli
from conformance.faults.catalogue import catalogue
from conformance.reference import reference_server
from conformance.report import write_reports
from conformance.verdicts.merge import merge
from tests.report.sample import sample

FAULT = "config.survey-numbers"
CLAUSE = "LC-CONFIG-008"
RECORDED = (
    '{"id":"3.2.0/room/001","server":{"version":"3.2.0"},"route":"x","class":"success","valid_request":true,'
    '"request":{"method":"GET","path":"/api/v1/livechat/room","query":[["token","t"]]},'
    '"response":{"status":200,"headers":{"content-type":"application/json"},"body":{"success":true}}}\n'
)
SMALL = Path(__file__).parent.parent / "contract" / "fixtures" / "spec"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the ``{names}`` of a call stand for."""
    folder = tmp_path_factory.mktemp("places")
    for kind in ("passing", "failing"):
        write_reports(sample(kind), folder / kind)
    write_reports(
        merge([replace(sample("passing"), endings=("The time was over.",))]), folder / "incomplete", ("json",)
    )
    (folder / "exchanges.jsonl").write_text(RECORDED, encoding="utf-8")
    (folder / "empty.toml").write_text("", encoding="utf-8")
    (folder / "hurried.toml").write_text('max-time = "1s"\n', encoding="utf-8")
    (folder / "altered").mkdir()
    page = (folder / "failing" / "index.html").read_text(encoding="utf-8")
    (folder / "altered" / "index.html").write_text(page.replace(">7<", ">0<"), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}"
    with reference_server() as good, reference_server(faults=[catalogue()[FAULT]]) as bad:
        account = {"user": good.admin_user, "password": good.admin_password}
        login = httpx.post(f"{good}/api/v1/login", json=account).json()["data"]
        run = CliRunner().invoke(
            cli, ["run", str(bad), "--only", CLAUSE, "--seed", "1", "--level", "quick", "--report", str(folder / "bad")]
        )
        assert run.exit_code == 1, run.output
        yield {
            "tmp": str(folder),
            "passing": str(folder / "passing"),
            "failing": str(folder / "failing"),
            "altered": str(folder / "altered"),
            "incomplete": str(folder / "incomplete"),
            "badrun": str(folder / "bad"),
            "exchanges": str(folder / "exchanges.jsonl"),
            "empty": str(folder / "empty.toml"),
            "hurried": str(folder / "hurried.toml"),
            "small": str(SMALL),
            "server": str(good),
            "port": good.rpartition(":")[2],
            "bad": str(bad),
            "dead": dead,
            "deadtls": dead.replace("http:", "https:"),
            "admin": good.admin_user,
            "password": good.admin_password,
            "token": login["authToken"],
            "id": login["userId"],
        }
