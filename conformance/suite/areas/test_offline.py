"""Offline messages: what a visitor leaves while nobody is there (docs: Livechat, offline.message)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from conformance.contract import error_code
from conformance.contract.exchange import Exchange
from conformance.suite.helpers import nobody_online
from conformance.suite.judge import Judge
from conformance.target import NOBODY, RecordingClient
from conformance.world import Unavailable, World

_LOOKING_UP_S = 60.0
_NO_MAIL = "error-invalid-email-address"


def _leave(world: World, client: RecordingClient, **more: Any) -> Exchange:
    """An offline message; ``more`` adds keys to the body or replaces them.

    Raises:
        Unavailable: The target has no offline form, or nothing may be written.
    """
    absent = world.info.absent.get("offline-form")
    if absent or "offline-form" in world.settings.without:
        raise Unavailable(absent or "declared absent")
    if world.settings.read_only:
        raise Unavailable("the run is read-only, so no message is left")
    text = "left by a conformance run"
    body = {"name": f"Conformance {world.prefix}", "email": world.new_email(), "message": text, **more}
    exchange = client.send(NOBODY, "sendOfflineMessage", json=body, timeout_s=_LOOKING_UP_S)
    if not world.can_change_settings and exchange.response is not None and error_code(exchange.response) == _NO_MAIL:
        raise Unavailable("the target looks up mail domains, finds none, and its settings may not be changed")
    return exchange


def _is_refused(exchange: Exchange) -> bool:
    return exchange.status != 200


def _text(exchange: Exchange) -> Any:
    return exchange.json.get("message") if isinstance(exchange.json, dict) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


@pytest.mark.clause("LC-OFFLINE-005")
def test_an_offline_message_is_confirmed_by_a_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of an offline message holds a text that is not empty."""
    for text in ("I need help", "Zoë hätte gern Größe 42 日本語 😀\n<b>bitte</b>"):
        answer = _leave(world, client, message=text)
        if judge.accepted("LC-OFFLINE-005", answer):
            held = _is_text(_text(answer))
            judge.that("LC-OFFLINE-005", held, "there is no text", exchange=answer, observed=_text(answer))


@pytest.mark.exclusive
@pytest.mark.clause("LC-OFFLINE-006")
def test_without_the_form_an_offline_message_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """While the offline form is switched off an offline message is refused with 400 and a text under message."""
    before = _leave(world, client)
    with world.setting("Livechat_display_offline_form", False):
        # A setting takes effect a moment after it is stored.
        refused = world.eventually(partial(_leave, world, client), until=_is_refused, deadline_s=5)
    world.eventually(partial(_leave, world, client), until=lambda seen: not _is_refused(seen), deadline_s=5)
    if judge.refused("LC-OFFLINE-006", refused, status=400):
        held = _is_text(_text(refused)) and refused.json.get("success") is False
        judge.that("LC-OFFLINE-006", held, "no text under message says so", exchange=refused, observed=refused.json)
        if before.status == 200:
            different = _text(before) != _text(refused)
            judge.that("LC-OFFLINE-006", different, "the refusal has the text of a success", exchange=refused)


@pytest.mark.clause("LC-OFFLINE-007")
def test_an_unknown_department_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """An offline message for a department that nobody knows is refused with 400, one for a known one is not."""
    unknown = _leave(world, client, department=world.names.next("d"))
    judge.refused("LC-OFFLINE-007", unknown, status=400)
    if world.has_admin:
        department = world.home.department
        known = _leave(world, client, department=department.id)
        judge.accepted("LC-OFFLINE-007", known, "the message is refused for a department that exists")


@pytest.mark.exclusive
@pytest.mark.clause("LC-OFFLINE-008")
def test_an_offline_message_is_accepted_whoever_is_there(world: World, client: RecordingClient, judge: Judge) -> None:
    """An offline message is accepted whether or not an agent is online."""
    _ = world.home
    judge.accepted("LC-OFFLINE-008", _leave(world, client), "the message is refused while an agent is online")
    with nobody_online(world):
        alone = _leave(world, client)
    judge.accepted("LC-OFFLINE-008", alone, "the message is refused while nobody is online")


@pytest.mark.exclusive
@pytest.mark.clause("LC-OFFLINE-009")
def test_an_address_that_gets_no_mail_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """While mail domains are looked up, an address whose domain receives no mail is refused."""
    leave = partial(_leave, world, client, email="visitor@conformance.invalid")
    with world.setting("Livechat_validate_offline_email", True):
        # A setting takes effect a moment after it is stored.
        refused = world.eventually(leave, until=_is_refused, deadline_s=5)
    world.eventually(leave, until=lambda seen: not _is_refused(seen), deadline_s=5)
    if refused.response is None:
        judge.not_reached("LC-OFFLINE-009", f"the look-up of the domain did not end: {refused.failure}", refused)
        return
    judge.refused("LC-OFFLINE-009", refused, code=_NO_MAIL)
