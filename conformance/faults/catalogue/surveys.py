"""Faults of the survey."""

from __future__ import annotations

import html
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, forgiven, otherwise, unchecked_token
from conformance.reference.envelope import success
from conformance.reference.operations.config import SURVEY_ITEMS
from conformance.reference.site import save


def _accepts(rule: Any) -> Any:
    """Replace the rule by which pairs are taken: ``rule(name, value, before)``."""
    return {
        "survey.accepts": lambda original, site, form, name, value: rule(name, value, original(site, form, name, value))
    }


def _stored_as(change: Any) -> Any:
    """Store other texts than were sent."""

    def store(original: Any, site: Any, room: Any, answers: Any) -> None:
        original(site, room, {name: change(value) for name, value in answers.items()})

    return store


def _merged(original: Any, site: Any, room: Any, answers: Any) -> None:
    original(site, room, {**room.get("surveyFeedback", {}), **answers})


def _only_first(original: Any, site: Any, room: Any, answers: Any) -> None:
    if "surveyFeedback" not in room:
        original(site, room, answers)


def _all_rooms(original: Any, site: Any, room: Any, answers: Any) -> None:
    original(site, room, answers)
    for other in site.rooms.find({"v.token": room["v"]["token"]}):
        if other["_id"] != room["_id"]:
            other["surveyFeedback"] = answers
            save(site, site.rooms, other)


def _strict_names(original: Any, site: Any, data: Any) -> Any:
    from conformance.reference.envelope import Refusal

    if any(each["name"] not in (*SURVEY_ITEMS, "additionalFeedback") for each in data):
        raise Refusal("invalid-data")
    return original(site, data)


def _keeps_all(original: Any, site: Any, data: Any) -> Any:
    original(site, data)
    return {each["name"]: each["value"] for each in data}


def _empty_is_fine(original: Any, site: Any, data: Any) -> Any:
    return original(site, data) if data else {}


def _empties_first(original: Any, site: Any, call: Any) -> Any:
    from conformance.reference.envelope import Refusal

    try:
        return original(site, call)
    except Refusal as error:
        room = site.rooms.get(call.body.get("rid"))
        if error.code == "invalid-data" and room is not None:
            room.pop("surveyFeedback", None)
            save(site, site.rooms, room)
            error.keep = True
        raise


def _open_only(original: Any, site: Any, call: Any) -> Any:
    from conformance.reference.envelope import Refusal

    room = site.rooms.get(call.body.get("rid")) if isinstance(call.body, dict) else None
    if room is not None and not room.get("open"):
        raise Refusal("invalid-room")
    return original(site, call)


def _other_id(site: Any, call: Any, body: Any) -> None:
    body["rid"] = site.rooms.get(body["rid"])["v"]["_id"]


def _pairs(site: Any, call: Any, body: Any) -> None:
    body["data"] = [{"name": name, "value": value} for name, value in body["data"].items()]


_SURVEY, _LISTED = ("surveyRoom",), ("surveyRoom", "listRooms")
_STATE, _VALID, _LIVE, _RELATION = Kind.STATE, Kind.VALIDATION, Depth.LIVE_ROOM, Depth.RELATION
_CORRECT = {"agentResposiveness": "agentResponsiveness"}

FAULTS: tuple[Fault, ...] = (
    Fault(
        "surveys.answer-of-visitor",
        ("LC-SURVEY-005",),
        _SURVEY,
        _STATE,
        _LIVE,
        "The answer of the survey holds the id of the visitor as rid.",
        wrap=answered("surveyRoom", _other_id),
    ),
    Fault(
        "surveys.answer-as-list",
        ("LC-SURVEY-006",),
        _SURVEY,
        Kind.SCHEMA,
        _LIVE,
        "The answer of the survey repeats the pairs as a list.",
        wrap=answered("surveyRoom", _pairs),
    ),
    Fault(
        "surveys.answer-loses-last",
        ("LC-SURVEY-006",),
        _SURVEY,
        Kind.DATA_LOSS,
        _RELATION,
        "The answer of the survey leaves out the last of several pairs.",
        wrap=answered("surveyRoom", lambda site, call, body: len(body["data"]) > 1 and body["data"].popitem()),
    ),
    Fault(
        "surveys.not-stored",
        ("LC-SURVEY-007",),
        _LISTED,
        Kind.DATA_LOSS,
        _LIVE,
        "A survey is answered and not stored.",
        wrap={"survey.store": lambda original, site, room, answers: None},
    ),
    Fault(
        "surveys.stores-first-pair",
        ("LC-SURVEY-007",),
        _LISTED,
        Kind.DATA_LOSS,
        _RELATION,
        "Only the first pair of a survey is stored.",
        wrap={
            "survey.store": lambda original, site, room, answers: original(
                site, room, dict([next(iter(answers.items()))])
            )
        },
    ),
    Fault(
        "surveys.merged",
        ("LC-SURVEY-008",),
        _LISTED,
        _STATE,
        _RELATION,
        "A later survey is merged into the earlier one.",
        wrap={"survey.store": _merged},
    ),
    Fault(
        "surveys.first-stays",
        ("LC-SURVEY-008",),
        _LISTED,
        Kind.DATA_LOSS,
        _RELATION,
        "A later survey changes nothing.",
        wrap={"survey.store": _only_first},
    ),
    Fault(
        "surveys.unknown-name-refuses",
        ("LC-SURVEY-009",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "One unknown name refuses the whole survey.",
        wrap={"survey.collect": _strict_names},
    ),
    Fault(
        "surveys.unknown-name-kept",
        ("LC-SURVEY-009",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "Beside a valid pair unknown names are kept as well.",
        wrap={"survey.collect": _keeps_all},
    ),
    Fault(
        "surveys.any-name",
        ("LC-SURVEY-010",),
        _SURVEY,
        _VALID,
        _LIVE,
        "Any name is taken with a rating of 1 to 5.",
        wrap=_accepts(lambda name, value, before: before or value in ("1", "2", "3", "4", "5")),
    ),
    Fault(
        "surveys.empty-accepted",
        ("LC-SURVEY-011",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "An empty list is stored as a survey.",
        wrap={"survey.collect": _empty_is_fine},
    ),
    Fault(
        "surveys.rating-of-0",
        ("LC-SURVEY-012",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "A rating of 0 is accepted.",
        wrap=_accepts(lambda name, value, before: before or (name in SURVEY_ITEMS and value == "0")),
    ),
    Fault(
        "surveys.rating-of-6",
        ("LC-SURVEY-012",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "A rating of 6 is accepted.",
        wrap=_accepts(lambda name, value, before: before or (name in SURVEY_ITEMS and value == "6")),
    ),
    Fault(
        "surveys.rating-of-5-missing",
        ("LC-SURVEY-013",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "The rating 5 is not accepted: the scale ends one too early.",
        wrap=_accepts(lambda name, value, before: before and (name not in SURVEY_ITEMS or value != "5")),
    ),
    Fault(
        "surveys.rating-of-1-missing",
        ("LC-SURVEY-013",),
        _SURVEY,
        _VALID,
        Depth.RARE_INPUT,
        "The rating 1 is not accepted: the scale begins one too late.",
        wrap=_accepts(lambda name, value, before: before and (name not in SURVEY_ITEMS or value != "1")),
    ),
    Fault(
        "surveys.item-spelt-rightly",
        ("LC-SURVEY-014",),
        _SURVEY,
        _VALID,
        _LIVE,
        "The item agentResposiveness is known in its right spelling only.",
        wrap=_accepts(lambda name, value, before: (before and name not in _CORRECT) or name in _CORRECT.values()),
    ),
    Fault(
        "surveys.feedback-is-a-rating",
        ("LC-SURVEY-015",),
        _SURVEY,
        _VALID,
        _LIVE,
        "The item additionalFeedback takes ratings only.",
        wrap=_accepts(lambda name, value, before: before and (name in SURVEY_ITEMS or value in "12345")),
    ),
    Fault(
        "surveys.open-rooms-only",
        ("LC-SURVEY-016",),
        _SURVEY,
        _VALID,
        _LIVE,
        "A closed room takes no survey.",
        wrap={"operation.surveyRoom": _open_only},
    ),
    Fault(
        "surveys.token-unchecked",
        ("LC-SURVEY-017",),
        _SURVEY,
        Kind.AUTHORISATION,
        _LIVE,
        "With an unknown token the survey refuses the room instead: invalid-room.",
        wrap=unchecked_token("surveyRoom"),
    ),
    Fault(
        "surveys.unknown-room-code",
        ("LC-SURVEY-018",),
        _SURVEY,
        _VALID,
        Depth.SHALLOW,
        "A survey about an unknown room is refused with invalid-data.",
        wrap=otherwise("surveyRoom", "rooms.require_of_visitor", "invalid-data"),
    ),
    Fault(
        "surveys.unknown-room-accepted",
        ("LC-SURVEY-018",),
        _SURVEY,
        _VALID,
        Depth.SHALLOW,
        "A survey about an unknown room is answered with success.",
        wrap=forgiven(
            "surveyRoom",
            "invalid-room",
            lambda site, call: success(
                rid=call.body["rid"], data={each["name"]: each["value"] for each in call.body["data"]}
            ),
        ),
    ),
    Fault(
        "surveys.refused-empties",
        ("LC-SURVEY-019",),
        _LISTED,
        _STATE,
        _RELATION,
        "A survey that is refused empties the stored feedback.",
        wrap={"operation.surveyRoom": _empties_first},
    ),
    Fault(
        "surveys.every-room",
        ("LC-SURVEY-020",),
        _LISTED,
        _STATE,
        _RELATION,
        "Feedback is stored in all rooms of the visitor.",
        wrap={"survey.store": _all_rooms},
    ),
    Fault(
        "surveys.text-in-one-line",
        ("LC-SURVEY-021",),
        _LISTED,
        Kind.ENCODING,
        Depth.RARE_INPUT,
        "Line breaks and repeated blanks of a feedback are stored as one blank.",
        wrap={"survey.store": _stored_as(lambda text: " ".join(text.split()))},
    ),
    Fault(
        "surveys.text-escaped",
        ("LC-SURVEY-021",),
        _LISTED,
        Kind.ENCODING,
        Depth.RARE_INPUT,
        "A feedback is stored with its markup escaped.",
        wrap={"survey.store": _stored_as(html.escape)},
    ),
)
