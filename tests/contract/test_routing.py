"""A request finds its operation by method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract import Contract, load_contract
from conformance.contract.routing import decode_segment

if TYPE_CHECKING:
    from conformance.contract import Operation


@pytest.mark.parametrize(
    ("method", "path", "name", "values"),
    [
        ("GET", "/api/v1/livechat/room", "openRoom", {}),
        ("get", "/api/v1/livechat/room/", "openRoom", {}),
        ("GET", "/api/v1/livechat/room?token=x", "openRoom", {}),
        ("DELETE", "/api/v1/livechat/message/m%201", "deleteMessage", {"_id": "m 1"}),
        ("DELETE", "/api/v1/livechat/message/a%2Fb", "deleteMessage", {"_id": "a%2Fb"}),
        ("DELETE", "/api/v1/livechat/message/%zz", "deleteMessage", {"_id": "%zz"}),
    ],
)
def test_a_request_finds_its_operation(
    small: Contract, method: str, path: str, name: str, values: dict[str, str]
) -> None:
    """A slash at the end is tolerated, parameters are decoded but for the slash."""
    found = small.match(method, path)
    assert found is not None
    assert (found[0].id, found[1]) == (name, values)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/livechat/room"),
        ("GET", "/api/v1/livechat/Room"),
        ("DELETE", "/api/v1/livechat/message/"),
        ("DELETE", "/api/v1/livechat/message/a/b"),
        ("GET", "//api/v1/livechat/room"),
        ("GET", ""),
    ],
)
def test_what_no_operation_answers_is_not_matched(small: Contract, method: str, path: str) -> None:
    """Other methods, other cases of letters, empty and too many segments belong to no operation."""
    assert small.match(method, path) is None


def test_every_operation_of_the_contract_finds_itself(real: Contract) -> None:
    """No template hides another operation."""
    for operation in real.operations.values():
        path = operation.path
        for parameter in operation.parameters_in("path"):
            path = path.replace("{" + parameter.name + "}", quote(str(parameter.example), safe=""))
        found = real.match(operation.method, path)
        assert found is not None
        assert found[0].id == operation.id


def _users(contract: Contract) -> Operation:
    return contract.operations["getUser"]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: "/" not in text and text not in (".", ".."))
)
def test_any_text_without_a_slash_travels_in_a_path(text: str) -> None:
    """What was encoded is decoded again."""
    contract = load_contract()
    found = contract.match("GET", f"/api/v1/livechat/users/agent/{quote(text, safe='')}")
    assert found == (_users(contract), {"type": "agent", "_id": text})


@given(st.text("%aF02z/é", max_size=12))
def test_decoding_never_fails(text: str) -> None:
    """A malformed percent code is said, not thrown."""
    decoded = decode_segment(text)
    assert decoded is None or isinstance(decoded, str)
