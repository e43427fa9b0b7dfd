"""The reference server under schemathesis, through the contract: no 5xx, no stack trace, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from conformance.contract import load_contract
from conformance.reference import Url, reference_server

_CONTRACT = load_contract("3.2.0")
_CONFIG = {"cache": {"enabled": False}, "generation": {"database": "none"}}
_EXAMPLES = 8
_TRACES = ("Traceback", 'File "', "conformance/reference", "sqlite3")


@pytest.fixture(scope="module")
def server() -> Iterator[Url]:
    """A server with data in it, so that well-formed calls find something."""
    with reference_server(seed_demo=True) as url:
        yield url


@pytest.fixture(scope="module")
def credentials(server: Url) -> dict[str, str]:
    """The administrator's login."""
    import httpx

    body = {"user": server.admin_user, "password": server.admin_password}
    data = httpx.post(f"{server}/api/v1/login", json=body).json()["data"]
    return {"X-Auth-Token": data["authToken"], "X-User-Id": data["userId"]}


@pytest.fixture(scope="module")
def schema() -> Any:
    """The contract as schemathesis reads it."""
    return schemathesis.openapi.from_dict(_CONTRACT.document, config=schemathesis.Config.from_dict(_CONFIG))


@pytest.mark.parametrize("operation", [each.id for each in _CONTRACT.judged])
def test_no_drawn_request_breaks_the_server(
    operation: str, server: Url, credentials: dict[str, str], schema: Any
) -> None:
    """Drawn well-formed and ill-formed requests are answered below 500, and tell nothing of the inside."""
    subject = _CONTRACT.operations[operation]
    drawn = schema[subject.path][subject.method]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @seed(7)
        @settings(
            max_examples=_EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn.as_strategy(generation_mode=mode))
        def send(case: schemathesis.Case[Any]) -> None:
            response = case.call(base_url=str(server), headers=credentials, timeout=10)
            assert response.status_code < 500, response.text
            assert not any(trace in response.text for trace in _TRACES), response.text

        try:
            send()
        except Exception as error:
            # An operation without anything to break has no ill-formed requests to draw.
            if type(error).__name__ != "Unsatisfiable":
                raise
