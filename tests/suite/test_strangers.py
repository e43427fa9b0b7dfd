"""What belongs to other people is hidden where it is written down, and what is ours stays as it is."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.report.script import plan
from conformance.suite.strangers import Strangers
from conformance.verdicts import Finding, Judgement
from conformance.world.names import Names, run_prefix

_NAMES = Names(run_prefix(7, "main"))
_HOOK = "https://hooks.example:8443/services/T024/part"


def _exchange(answer: Any = None, *, path: str = "/api/v1/x", sent: Any = None, text: str | None = None) -> Exchange:
    request = Request("POST", path, body=None if sent is None else Body(sent, is_json=True))
    body = Body(text=text) if text is not None else Body(answer, is_json=True)
    return Exchange("main-000001", "listRooms", "agent", request, Response(200, body=body))


def _setting(value: str) -> dict[str, Any]:
    return {"_id": "Livechat_webhookUrl", "value": value, "success": True}


def test_what_other_people_are_reached_by_has_a_placeholder_for_each_value() -> None:
    """Equal stays equal, different stays different, and all else stays as it is."""
    strangers = Strangers("gw1")
    seen = strangers.exchange(
        _exchange(
            {
                "rooms": [{"_id": "r1", "v": {"token": "his", "username": "guest-1"}}, {"v": {"token": "hers"}}],
                "messages": [{"token": "his", "navigation": {"token": "his"}, "msg": "hello"}],
                "visitor": {"visitorEmails": [{"address": "a@b.example"}], "phone": [{"phoneNumber": "+49301"}]},
                "agents": [{"emails": [{"address": "c@b.example", "verified": True}], "location": {"address": "Rome"}}],
                "token": None,
            }
        )
    )
    his, hers = "{{token of somebody else gw1-1}}", "{{token of somebody else gw1-2}}"
    assert seen.json == {
        "rooms": [{"_id": "r1", "v": {"token": his, "username": "guest-1"}}, {"v": {"token": hers}}],
        "messages": [{"token": his, "navigation": {"token": his}, "msg": "hello"}],
        "visitor": {
            "visitorEmails": [{"address": "{{e-mail address of somebody else gw1-1}}"}],
            "phone": [{"phoneNumber": "{{telephone number of somebody else gw1-1}}"}],
        },
        "agents": [
            {
                "emails": [{"address": "{{e-mail address of somebody else gw1-2}}", "verified": True}],
                "location": {"address": "Rome"},
            }
        ],
        "token": None,
    }


def test_what_is_ours_stays() -> None:
    """By its prefix; or because it was sent, however wrong: in a path, a query, a body that is JSON or that is none."""
    strangers = Strangers()
    ours = {"token": _NAMES.next("v"), "email": _NAMES.email(), "phoneNumber": _NAMES.phone()}
    assert strangers.exchange(_exchange(ours)).json == ours
    wrong = {"token": ["cx-1-broken", "Upper Case", "in the path/é", "x" * 5000, "kept"]}
    echo = [{"token": each} for each in wrong["token"]]
    strangers.exchange(_exchange(path="/api/v1/visitor/in%20the%20path%2F%C3%A9", sent=wrong | {"again": "KEPT "}))
    assert strangers.exchange(_exchange(echo)).json == echo
    for text in ('{"token":"twice","token":"twice"}', "token=twice&rid=1"):
        fresh = Strangers()
        sent = Request("POST", "/x", body=Body(text=text))
        answer = Response(400, body=Body({"token": "twice"}, is_json=True))
        exchange = Exchange("main-1", None, "nobody", sent, answer)
        assert fresh.exchange(exchange) == exchange


def test_a_token_that_the_server_made_for_one_of_ours_stays() -> None:
    """Who wrote a text message is known by his number; his messages and his rooms have the token, too."""
    visitor = {"username": _NAMES.phone()[1:], "token": "made-by-the-server"}
    answer = [{"u": {"username": visitor["username"]}, "token": visitor["token"]}, visitor, {"v": {**visitor}}]
    assert Strangers().exchange(_exchange(answer)).json == answer


def test_placeholders_of_secrets_stay() -> None:
    """What the client has replaced already has a better name."""
    exchange = _exchange({"token": "{{auth:agent}}"})
    assert Strangers().exchange(exchange) == exchange


@pytest.mark.parametrize("inner", [False, True])
def test_json_in_texts_is_read_too(inner: bool) -> None:
    """JSON that was cut, also within a value; and the JSON that a method call answers with."""
    answer = json.dumps({"rooms": [{"token": "stran\u00e9er"}, {"token": _NAMES.prefix}]})
    if inner:
        seen = Strangers().exchange(_exchange({"message": answer})).json["message"]
        assert json.loads(seen)["rooms"][0] == {"token": "{{token of somebody else main-1}}"}
    else:
        text = json.dumps({"message": answer})[:-3] + ', "address": "half@of-an-add'
        seen = str(Strangers().exchange(_exchange(text=text)).response)
        assert "half@" not in seen
    assert "stran" not in seen
    assert "{{token of somebody else main-1}}" in seen
    assert _NAMES.prefix in seen


def test_a_webhook_shows_its_host_alone_and_is_bound_by_scripts() -> None:
    """Giving the setting its old value back repeats the placeholder; a script takes it out of the earlier answer."""
    strangers = Strangers()
    path = "/api/v1/settings/Livechat_webhookUrl"
    read = strangers.exchange(_exchange(_setting(_HOOK), path=path))
    ours = "https://example.com/ours"
    assert strangers.exchange(_exchange(_setting(ours), path=path, sent={"value": ours})).json == _setting(ours)
    restored = strangers.exchange(_exchange({"success": True}, path=path, sent={"value": _HOOK}))
    hidden = "{{webhook at hooks.example main-1}}"
    assert read.json["value"] == hidden
    assert restored.request.body == Body({"value": hidden}, is_json=True)
    assert strangers.exchange(_exchange(_setting(""), path=path)).json["value"] == ""
    made = plan([read, restored])
    assert made.asked == ()
    assert [each.path for each in made.steps[0].bindings] == ["/value"]


def test_a_script_asks_for_nobody_elses_token() -> None:
    """A placeholder that only stands in an answer is nothing that a reader has to supply."""
    seen = Strangers().exchange(_exchange({"token": "somebody-elses"}, sent={"rid": "1"}))
    assert plan([seen]).asked == ()


def test_judgements_say_nothing_of_it_either() -> None:
    """Neither in their sentences nor in their values; a short word is left alone."""
    strangers = Strangers()
    strangers.exchange(_exchange([{"token": "somebody-elses"}, {"token": "word"}]))
    told = strangers.judgement(
        Judgement("LC-X-001", "x", Finding.BROKEN, "got 'somebody-elses', a word.", observed=[{"token": "new"}, "word"])
    )
    assert told.sentence == "got '{{token of somebody else main-1}}', a word."
    assert told.observed == [{"token": "{{token of somebody else main-3}}"}, "word"]


def test_a_large_answer_costs_little() -> None:
    """All that is kept of an answer, 256 KB, is read in a moment, and names without end fill no memory."""
    strangers = Strangers()
    rooms = [{"_id": f"room{number}", "v": {"token": f"token-{number}"}} for number in range(5000)]
    began = time.process_time()
    strangers.exchange(_exchange({"rooms": rooms}))
    assert time.process_time() - began < 1
    for number in range(30_000):
        last = strangers.exchange(_exchange({"token": f"more-{number}"}))
    assert last.json == {"token": "{{token of somebody else}}"}
