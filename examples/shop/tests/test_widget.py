"""A test of the implementer's own kind: it needs a Livechat server, and takes the reference server for it."""

from __future__ import annotations

import httpx

import conformance


def test_a_visitor_comes_back_as_he_was_registered() -> None:
    """A client is tried against a server that keeps the contract, without any server to set up."""
    with conformance.reference_server() as url, httpx.Client(base_url=f"{url}/api/v1/livechat") as client:
        sent = {"visitor": {"token": "t-1", "name": "Ada"}}
        registered = client.post("/visitor", json=sent).json()["visitor"]
        assert client.get("/visitor/t-1").json()["visitor"]["_id"] == registered["_id"]
        assert registered["name"] == "Ada"
