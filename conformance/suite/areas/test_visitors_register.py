"""Registering visitors (documentation: Livechat visitor, registration)."""

from __future__ import annotations

import pytest

from conformance.suite.judge import Judge
from conformance.suite.visitors import addresses, numbers, read, register, visitor_in
from conformance.target import RecordingClient
from conformance.world import World


@pytest.mark.clause("LC-VISITOR-005", "LC-VISITOR-006", "LC-VISITOR-007", "LC-VISITOR-008", "LC-VISITOR-011")
def test_the_answer_shows_what_was_sent(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of a registration carries the token, name, e-mail, phone and username that were sent."""
    token, email, phone, username = world.new_token(), world.new_email(), world.new_phone(), world.new_username()
    exchange = register(client, token, name="Ada Lovelace", email=email, phone=phone, username=username)
    visitor = visitor_in(judge, exchange)
    judge.equal(
        "LC-VISITOR-005",
        visitor.get("token"),
        token,
        "the token is another one",
        exchange=exchange,
        pointer="/visitor/token",
    )
    judge.equal(
        "LC-VISITOR-006",
        visitor.get("name"),
        "Ada Lovelace",
        "the name is another one",
        exchange=exchange,
        pointer="/visitor/name",
    )
    judge.equal(
        "LC-VISITOR-007",
        addresses(visitor),
        [email],
        "the e-mail is not the one entry of visitorEmails",
        exchange=exchange,
        pointer="/visitor/visitorEmails",
    )
    judge.equal(
        "LC-VISITOR-008",
        numbers(visitor),
        [phone],
        "the phone number is not the one entry of phone",
        exchange=exchange,
        pointer="/visitor/phone",
    )
    judge.equal(
        "LC-VISITOR-011",
        visitor.get("username"),
        username,
        "the username that was sent was not kept",
        exchange=exchange,
        pointer="/visitor/username",
    )


@pytest.mark.clause("LC-VISITOR-009", "LC-VISITOR-010", "LC-VISITOR-012")
def test_visitors_are_told_apart(world: World, client: RecordingClient, judge: Judge) -> None:
    """Visitors without a username get one each, and every token makes a visitor with an id of his own."""
    answers = [register(client, world.new_token(), name="Same Name") for _ in range(3)]
    visitors = [visitor_in(judge, each) for each in answers]
    usernames, ids = [each.get("username") for each in visitors], [each.get("_id") for each in visitors]
    judge.that(
        "LC-VISITOR-009",
        all(str(each).startswith("guest-") for each in usernames),
        "a given username does not begin with guest-",
        exchange=answers[-1],
        expected="guest-<number>",
        observed=usernames,
        pointer="/visitor/username",
    )
    judge.that(
        "LC-VISITOR-010",
        len(set(usernames)) == 3,
        "two visitors got the same username",
        exchange=answers[-1],
        expected="three usernames",
        observed=usernames,
        pointer="/visitor/username",
    )
    judge.that(
        "LC-VISITOR-012",
        len(set(ids)) == 3,
        "two tokens made one visitor",
        exchange=answers[-1],
        expected="three ids",
        observed=ids,
        pointer="/visitor/_id",
    )


@pytest.mark.clause(
    "LC-VISITOR-013", "LC-VISITOR-014", "LC-VISITOR-015", "LC-VISITOR-016", "LC-VISITOR-017", "LC-VISITOR-043"
)
def test_the_same_token_updates_the_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """A second registration with the same token updates that visitor, and what it leaves out stays as it was."""
    token, email, phone, later = world.new_token(), world.new_email(), world.new_phone(), world.new_phone()
    first = visitor_in(judge, register(client, token, name="Before", email=email, phone=phone))
    read(client, token)  # what was read before the update must not be what is read after it
    second = register(client, token, name="After", phone=later, username=world.new_username())
    updated = visitor_in(judge, second)
    judge.equal(
        "LC-VISITOR-013",
        updated.get("_id"),
        first.get("_id"),
        "the same token made another visitor",
        exchange=second,
        pointer="/visitor/_id",
    )
    judge.equal(
        "LC-VISITOR-014",
        updated.get("username"),
        first.get("username"),
        "the username changed",
        exchange=second,
        pointer="/visitor/username",
    )
    judge.equal(
        "LC-VISITOR-015",
        updated.get("name"),
        "After",
        "the name did not change",
        exchange=second,
        pointer="/visitor/name",
    )
    judge.equal(
        "LC-VISITOR-016",
        numbers(updated),
        [later],
        "the phone number did not change",
        exchange=second,
        pointer="/visitor/phone",
    )
    judge.equal(
        "LC-VISITOR-017",
        addresses(updated),
        [email],
        "the e-mail that was left out changed",
        exchange=second,
        pointer="/visitor/visitorEmails",
    )
    seen = read(client, token)
    judge.equal(
        "LC-VISITOR-043",
        visitor_in(judge, seen).get("name"),
        "After",
        "reading shows the old name",
        exchange=seen,
        pointer="/visitor/name",
    )
    third = register(client, token)
    bare = visitor_in(judge, third)
    kept = {"name": bare.get("name"), "email": addresses(bare), "phone": numbers(bare)}
    judge.equal(
        "LC-VISITOR-017",
        kept,
        {"name": "After", "email": [email], "phone": [later]},
        "what was left out changed",
        exchange=third,
        pointer="/visitor",
    )


@pytest.mark.clause("LC-VISITOR-018", "LC-VISITOR-019", "LC-VISITOR-020")
def test_a_known_email_brings_its_visitor_back(world: World, client: RecordingClient, judge: Judge) -> None:
    """A new token with the e-mail of a known visitor is handed to him, whatever its case; his old one ends."""
    old, new, newest, email = world.new_token(), world.new_token(), world.new_token(), world.new_email()
    known = visitor_in(judge, register(client, old, name="Known", email=email))
    exchange = register(client, new, email=email)
    found = visitor_in(judge, exchange)
    expected = {"_id": known.get("_id"), "token": new}
    judge.equal(
        "LC-VISITOR-018",
        {name: found.get(name) for name in expected},
        expected,
        "the known visitor did not get the new token",
        exchange=exchange,
        pointer="/visitor",
    )
    gone = read(client, old)
    by_old = gone.json.get("visitor") if isinstance(gone.json, dict) else None
    judge.that(
        "LC-VISITOR-019",
        not by_old,
        "the visitor is still found by his old token",
        exchange=gone,
        expected="no visitor",
        observed=by_old,
        pointer="/visitor",
    )
    shouted = register(client, newest, email=email.upper())
    again = visitor_in(judge, shouted)
    judge.equal(
        "LC-VISITOR-020",
        again.get("_id"),
        known.get("_id"),
        "the same e-mail in upper case made another visitor",
        exchange=shouted,
        pointer="/visitor/_id",
    )
