"""Many at once: every call is whole, nothing is lost, nothing is mixed, one winner takes the chat."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from conformance.reference import Url, reference_server

API = "/api/v1/livechat"


def _login(client: httpx.Client, user: str, password: str) -> dict[str, str]:
    data = client.post("/api/v1/login", json={"user": user, "password": password}).json()["data"]
    return {"X-Auth-Token": data["authToken"], "X-User-Id": data["userId"]}


def _team(client: httpx.Client, url: Url, size: int) -> tuple[dict[str, str], list[str]]:
    """Agents who are online: the administrator's headers, and the ids of the agents."""
    admin = _login(client, url.admin_user, url.admin_password)
    agents = []
    for number in range(size):
        name = f"agent{number}"
        account = {"username": name, "password": "secret", "name": name, "email": f"{name}@shop.test"}
        agents.append(client.post("/api/v1/users.create", json=account, headers=admin).json()["user"]["_id"])
        client.post(f"{API}/users/agent", json={"username": name}, headers=admin)
        status = client.post(
            "/api/v1/users.setStatus", json={"status": "online"}, headers=_login(client, name, "secret")
        )
        assert status.status_code == 200
    return admin, agents


def _visitor(client: httpx.Client, token: str) -> str:
    """A registered visitor's new room."""
    client.post(f"{API}/visitor", json={"visitor": {"token": token, "name": token}}).raise_for_status()
    return str(client.get(f"{API}/room", params={"token": token}).json()["room"]["_id"])


def test_of_many_takes_exactly_one_wins() -> None:
    """Two agents can never have the same chat."""
    with reference_server(routing="Manual_Selection") as url, httpx.Client(base_url=url) as client:
        admin, agents = _team(client, url, 2)
        rid = _visitor(client, "queued")
        inquiry = client.get(f"{API}/inquiries.getOne", params={"roomId": rid}, headers=admin).json()["inquiry"]

        async def take_all() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=url, headers=admin) as many:
                bodies = [{"inquiryId": inquiry["_id"], "userId": agents[n % 2]} for n in range(20)]
                return await asyncio.gather(*(many.post(f"{API}/inquiries.take", json=body) for body in bodies))

        answers = asyncio.run(take_all())
        room = client.get(f"{API}/room", params={"token": "queued", "rid": rid}).json()["room"]
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"error-not-allowed"}
    assert won[0].json()["inquiry"]["servedBy"] == room["servedBy"]
    assert room["usersCount"] == 2


def test_messages_of_many_visitors_are_neither_lost_nor_mixed() -> None:
    """Every accepted message is in exactly one history, once, in the order of its visitor."""
    visitors, lines = 20, 15
    with reference_server() as url, httpx.Client(base_url=url) as client:
        _team(client, url, 2)
        rooms = {f"visitor-{number}": _visitor(client, f"visitor-{number}") for number in range(visitors)}

        async def talk(many: httpx.AsyncClient, token: str, rid: str) -> None:
            for line in range(lines):
                body = {"token": token, "rid": rid, "msg": f"{token} says {line}"}
                answer = await many.post(f"{API}/message", json=body)
                assert answer.status_code == 200

        async def talk_all() -> None:
            async with httpx.AsyncClient(base_url=url, timeout=30) as many:
                await asyncio.gather(*(talk(many, token, rid) for token, rid in rooms.items()))

        asyncio.run(talk_all())
        for token, rid in rooms.items():
            query: dict[str, Any] = {"token": token, "limit": 0}
            messages = client.get(f"{API}/messages.history/{rid}", params=query).json()["messages"]
            texts = [message["msg"] for message in reversed(messages) if message.get("token")]
            assert texts == [f"{token} says {line}" for line in range(lines)]
            times = [message["ts"] for message in messages]
            assert times == sorted(set(times), reverse=True)
            room = client.get(f"{API}/room", params={"token": token, "rid": rid}).json()["room"]
            assert (room["msgs"], room["lastMessage"]["msg"]) == (lines + 1, f"{token} says {lines - 1}")


def test_chats_are_spread_over_the_agents() -> None:
    """Whoever has the fewest chats gets the next one."""
    with reference_server() as url, httpx.Client(base_url=url) as client:
        _, agents = _team(client, url, 3)
        served = []
        for number in range(9):
            rid = _visitor(client, f"spread-{number}")
            room = client.get(f"{API}/room", params={"token": f"spread-{number}", "rid": rid}).json()["room"]
            served.append(room["servedBy"]["_id"])
    assert served == agents * 3


def test_of_many_openings_with_one_id_one_room_comes() -> None:
    """Everybody who asks with the same new id of his own gets the same room."""
    with reference_server() as url, httpx.Client(base_url=url) as client:
        _team(client, url, 1)
        client.post(f"{API}/visitor", json={"visitor": {"token": "same"}})

        async def open_all() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=url) as many:
                query = {"token": "same", "rid": "chosen"}
                return await asyncio.gather(*(many.get(f"{API}/room", params=query) for _ in range(10)))

        bodies = [answer.json() for answer in asyncio.run(open_all())]
    assert {body["room"]["_id"] for body in bodies} == {"chosen"}
    assert sorted(body["newRoom"] for body in bodies) == [False] * 9 + [True]
