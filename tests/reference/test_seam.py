"""The seam: named behaviours, replaced and wrapped for one server alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from conformance.reference import reference_server
from conformance.reference.envelope import Answer
from conformance.reference.routing import OPERATIONS
from conformance.reference.seam import BEHAVIOURS, SeamError, behaviour, plant
from conformance.reference.seeds import open_site
from conformance.reference.site import Site, new_id
from conformance.reference.visitors import find_visitor

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Planted:
    """Something to plant."""

    replace: dict[str, Callable[..., Any]] = field(default_factory=dict)
    wrap: dict[str, Callable[..., Any]] = field(default_factory=dict)


def test_a_replaced_behaviour_answers_for_one_site_alone() -> None:
    """Two servers in one process never share a fault."""
    broken = open_site()
    plant(broken.overrides, (Planted(replace={"ids.new": lambda site: "same"}),))
    sound = open_site()
    assert new_id(broken) == "same"
    assert new_id(sound) != "same"
    broken.close()
    sound.close()


def test_a_wrapped_behaviour_gets_what_stood_there_before() -> None:
    """Wraps are stacked, the last one outermost, around a replacement as well."""
    first = Planted(replace={"ids.new": lambda site: "a"}, wrap={"ids.new": lambda inner, site: inner(site) + "b"})
    second = Planted(wrap={"ids.new": lambda inner, site: inner(site) + "c"})
    site = open_site()
    plant(site.overrides, (first, second))
    assert new_id(site) == "abc"
    site.close()


def test_an_unknown_name_is_refused() -> None:
    """A fault that names nothing would prove nothing."""
    with pytest.raises(SeamError, match=r"no\.such"):
        plant({}, [Planted(replace={"no.such": lambda site: None})])
    with pytest.raises(SeamError, match=r"no\.such"):
        plant({}, [Planted(wrap={"no.such": lambda inner, site: None})])


def test_a_name_is_declared_once() -> None:
    """Two behaviours with one name could not be told apart."""
    with pytest.raises(SeamError, match="twice"):
        behaviour("ids.new")(lambda site: None)


def test_every_behaviour_says_what_it_does() -> None:
    """The catalogue shows the first line of each docstring."""
    silent = [name for name, each in BEHAVIOURS.items() if not each.sentence.endswith((".", ";"))]
    assert not silent
    assert len(BEHAVIOURS) > 150


def test_every_operation_is_a_behaviour() -> None:
    """A handler can be replaced by its operationId."""
    assert {f"operation.{identifier}" for identifier in OPERATIONS} <= set(BEHAVIOURS)


def test_every_answer_passes_the_last_behaviour() -> None:
    """A fault may change an answer just before it is sent, and knows the operation and the call."""
    seen: list[tuple[str | None, str]] = []

    def change(inner: Any, site: Site, operation_id: str | None, call: Any, answer: Answer) -> Answer:
        seen.append((operation_id, call.method))
        answer.status = 418
        changed: Answer = inner(site, operation_id, call, answer)
        return changed

    with reference_server(faults=[Planted(wrap={"http.answer": change})]) as url, httpx.Client(base_url=url) as client:
        assert client.get("/api/v1/livechat/config").status_code == 418
        assert client.get("/nowhere").status_code == 418
    assert seen == [("getConfig", "GET"), (None, "GET")]


def test_a_fault_may_be_a_coroutine() -> None:
    """A slow or racing handler gives the thread away, a right one never does."""

    async def slow(inner: Any, site: Site, call: Any) -> Answer:
        answer: Answer = inner(site, call)
        answer.headers["x-slow"] = "yes"
        return answer

    fault = Planted(wrap={"operation.getConfig": slow})
    with reference_server(faults=[fault]) as url, httpx.Client(base_url=url) as client:
        assert client.get("/api/v1/livechat/config").headers["x-slow"] == "yes"


def test_a_fault_in_an_inner_behaviour_is_seen_outside() -> None:
    """A behaviour is called through the site from everywhere."""
    fault = Planted(wrap={"visitors.find_by_token": lambda inner, site, token: inner(site, token.lower())})
    site = open_site()
    plant(site.overrides, (fault,))
    site.visitors.insert({"_id": "v", "token": "abc", "username": "guest"})
    found = find_visitor(site, "ABC")
    assert found is not None
    assert found["_id"] == "v"
    site.close()


def test_an_unexpected_error_is_a_500_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    """A bug answers the envelope of an internal error, is logged, and undoes what the call did."""

    def burst(inner: Any, site: Site, *arguments: Any) -> None:
        raise ZeroDivisionError

    fault = Planted(wrap={"visitors.store_fields": burst})
    with reference_server(faults=[fault]) as url, httpx.Client(base_url=url) as client:
        answer = client.post("/api/v1/livechat/visitor", json={"visitor": {"token": "t"}})
        assert answer.status_code == 500
        assert answer.json() == {"success": False, "error": "Internal error occured"}
        assert client.get("/api/v1/livechat/visitor/t").json() == {"success": True}
    assert "ZeroDivisionError" in caplog.text
