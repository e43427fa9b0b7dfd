"""Transitions: what visitors and agents may do in a conversation, each with the answer that the contract promises.

A row says which call it is, in which state its room must be, who makes it, and what is wrong with it, if anything. The
names are those under which reached transitions are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from conformance.contract import Contract

AUTO, MANUAL = "Auto_Selection", "Manual_Selection"
ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
QUEUED, SERVED, CLOSED = "queued", "served", "closed"
OPEN: Final = (QUEUED, SERVED)
ANY: Final = (QUEUED, SERVED, CLOSED)


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing that can happen in a conversation.

    Attributes:
        name: In plain words; unique.
        operation: The ``operationId`` that is called.
        clause: The requirement that promises the answer; empty stands for the operation's own ``accepts`` clause.
        outcome: ``accepted``, ``refused`` (400 with whatever code), or the code of the refusal.
        phases: The states in which its room must be; empty where there is no room.
        caller: ``own`` (the visitor of the room), ``stranger`` (another visitor), ``unknown`` (a token of nobody),
            ``staff``.
        message: ``live``, ``deleted``, ``unknown``, ``foreign`` (another visitor's; the room is his own), or empty.
        target: ``agent``, ``same agent``, ``department``, ``same department``, ``unknown department``,
            ``department of the agent``, or empty.
        no_room: Whether the id of the room is one that nobody has.
        routing: The only routing method under which it is so, or ``None``.
        after: The requirement that promises what is found when the room or its history is read afterwards.
    """

    name: str
    operation: str
    clause: str = ""
    outcome: str = ACCEPTED
    phases: tuple[str, ...] = ()
    caller: str = "own"
    message: str = ""
    target: str = ""
    no_room: bool = False
    routing: str | None = None
    after: str = ""


def _t(name: str, operation: str, clause: str = "", outcome: str = ACCEPTED, **more: object) -> Transition:
    return Transition(name, operation, clause, outcome, **more)  # type: ignore[arg-type]


# fmt: off
TRANSITIONS: Final[tuple[Transition, ...]] = (
    # visitors and rooms
    _t("a visitor registers again", "registerVisitor", "LC-VISITOR-013"),
    _t("a visitor opens a room", "openRoom"),
    _t("a visitor reads his open room", "openRoom", "LC-ROOM-007", phases=OPEN),
    _t("a visitor asks for his closed room", "openRoom", "LC-ROOM-009", phases=(CLOSED,), after="LC-ROOM-010"),
    _t("a stranger asks for an open room", "openRoom", "LC-ISOLATION-001", "cannot-access-room", phases=OPEN,
       caller="stranger"),
    _t("nobody asks for an open room", "openRoom", "LC-ROOM-013", "invalid-token", phases=OPEN, caller="unknown"),
    _t("a visitor looks at the configuration", "getConfig", "LC-CONFIG-014"),
    # messages
    _t("a visitor sends a message", "sendMessage", phases=OPEN, after="LC-MESSAGE-009"),
    _t("a visitor writes to a closed room", "sendMessage", "LC-MESSAGE-017", "room-closed", phases=(CLOSED,),
       after="LC-MESSAGE-018"),
    _t("a stranger writes to a room", "sendMessage", "LC-ISOLATION-008", "invalid-room", phases=OPEN,
       caller="stranger", after="LC-ISOLATION-009"),
    _t("nobody writes to a room", "sendMessage", "LC-MESSAGE-015", "invalid-token", phases=OPEN, caller="unknown"),
    _t("a visitor writes to no room", "sendMessage", "LC-MESSAGE-016", "invalid-room", no_room=True),
    _t("a visitor edits a message", "editMessage", phases=OPEN, message="live", after="LC-MESSAGE-036"),
    _t("a visitor edits in a closed room", "editMessage", "LC-MESSAGE-044", phases=(CLOSED,), message="live",
       after="LC-MESSAGE-044"),
    _t("a visitor edits a deleted message", "editMessage", "LC-MESSAGE-056", "invalid-message", phases=ANY,
       message="deleted", after="LC-MESSAGE-053"),
    _t("a visitor edits no message", "editMessage", "LC-MESSAGE-040", "invalid-message", phases=OPEN,
       message="unknown"),
    _t("a stranger edits in a room", "editMessage", "LC-ISOLATION-010", "invalid-room", phases=ANY, caller="stranger",
       message="live", after="LC-ISOLATION-012"),
    _t("a visitor edits a foreign message", "editMessage", "LC-ISOLATION-011", "error-action-not-allowed", phases=OPEN,
       message="foreign", after="LC-ISOLATION-012"),
    _t("nobody edits a message", "editMessage", "LC-MESSAGE-041", "invalid-token", phases=OPEN, caller="unknown",
       message="live", after="LC-MESSAGE-046"),
    _t("a visitor edits in no room", "editMessage", "LC-MESSAGE-042", "invalid-room", phases=OPEN, message="live",
       no_room=True, after="LC-MESSAGE-046"),
    _t("a visitor deletes a message", "deleteMessage", phases=OPEN, message="live", after="LC-MESSAGE-053"),
    _t("a visitor deletes in a closed room", "deleteMessage", "LC-MESSAGE-061", phases=(CLOSED,), message="live",
       after="LC-MESSAGE-061"),
    _t("a visitor deletes a message twice", "deleteMessage", "LC-MESSAGE-055", "invalid-message", phases=ANY,
       message="deleted"),
    _t("a visitor deletes no message", "deleteMessage", "LC-MESSAGE-057", "invalid-message", phases=OPEN,
       message="unknown", after="LC-MESSAGE-062"),
    _t("a stranger deletes in a room", "deleteMessage", "LC-ISOLATION-014", "invalid-room", phases=ANY,
       caller="stranger", message="live", after="LC-ISOLATION-016"),
    _t("a visitor deletes a foreign message", "deleteMessage", "LC-ISOLATION-015", "error-action-not-allowed",
       phases=OPEN, message="foreign", after="LC-ISOLATION-016"),
    _t("nobody deletes a message", "deleteMessage", "LC-MESSAGE-058", "invalid-token", phases=OPEN, caller="unknown",
       message="live", after="LC-MESSAGE-062"),
    _t("a visitor deletes in no room", "deleteMessage", "LC-MESSAGE-059", "invalid-room", phases=OPEN, message="live",
       no_room=True, after="LC-MESSAGE-062"),
    _t("a visitor reads the history", "getHistory", phases=OPEN, after="LC-MESSAGE-084"),
    _t("a visitor reads the history of a closed room", "getHistory", "LC-MESSAGE-080", phases=(CLOSED,),
       after="LC-LIFE-018"),
    _t("a stranger reads the history", "getHistory", "LC-ISOLATION-018", "invalid-room", phases=ANY,
       caller="stranger"),
    _t("nobody reads the history", "getHistory", "LC-MESSAGE-077", "invalid-token", phases=ANY, caller="unknown"),
    _t("a visitor reads the history of no room", "getHistory", "LC-MESSAGE-078", "invalid-room", no_room=True),
    # agents and inquiries
    _t("a visitor reads who serves him", "getAgentInfo", "LC-AGENT-004", phases=(SERVED,)),
    _t("a visitor reads who served him", "getAgentInfo", "LC-AGENT-009", phases=(CLOSED,)),
    _t("a visitor who waits reads who serves him", "getAgentInfo", "LC-AGENT-008", "invalid-agent", phases=(QUEUED,),
       routing=MANUAL),
    _t("a stranger reads who serves a room", "getAgentInfo", "LC-ISOLATION-019", "invalid-room", phases=(SERVED,),
       caller="stranger"),
    _t("nobody reads who serves a room", "getAgentInfo", "LC-AGENT-006", "invalid-token", phases=(SERVED,),
       caller="unknown"),
    _t("a visitor reads who serves no room", "getAgentInfo", "LC-AGENT-007", "invalid-room", no_room=True),
    _t("an agent reads a waiting inquiry", "getInquiry", "LC-INQUIRY-047", phases=(QUEUED,), caller="staff",
       routing=MANUAL),
    _t("an agent reads a taken inquiry", "getInquiry", "LC-INQUIRY-025", phases=(SERVED,), caller="staff",
       routing=MANUAL),
    _t("an agent reads the inquiry of a served room", "getInquiry", "LC-INQUIRY-048", phases=(SERVED,), caller="staff",
       routing=AUTO),
    _t("an agent reads the inquiry of a closed room", "getInquiry", "LC-INQUIRY-051", phases=(CLOSED,),
       caller="staff"),
    _t("an agent reads the inquiry of no room", "getInquiry", "LC-INQUIRY-050", caller="staff", no_room=True),
    _t("a chat is taken", "takeInquiry", phases=(QUEUED,), caller="staff", target="agent", routing=MANUAL,
       after="LC-INQUIRY-024"),
    _t("a chat is taken twice", "takeInquiry", "LC-INQUIRY-027", "error-not-allowed", phases=(SERVED,), caller="staff",
       target="agent", routing=MANUAL, after="LC-INQUIRY-028"),
    _t("a closed chat is taken", "takeInquiry", "LC-INQUIRY-034", "error-not-allowed", phases=(CLOSED,),
       caller="staff", target="agent", routing=MANUAL),
    _t("no chat is taken", "takeInquiry", "LC-INQUIRY-029", "error-not-allowed", caller="staff", target="agent",
       no_room=True, routing=MANUAL),
    # transfers and forwards
    _t("a visitor transfers his room", "transferRoom", phases=(SERVED,), target="department", routing=AUTO,
       after="LC-TRANSFER-007"),
    _t("a visitor sends his room back to the queue", "transferRoom", phases=OPEN, target="department", routing=MANUAL,
       after="LC-TRANSFER-008"),
    _t("a visitor transfers to the same department", "transferRoom", "LC-TRANSFER-016",
       "error-forwarding-chat-same-department", phases=(SERVED,), target="same department", routing=AUTO,
       after="LC-TRANSFER-020"),
    _t("a visitor transfers to the department of his agent", "transferRoom", "LC-TRANSFER-018", REFUSED,
       phases=(SERVED,), target="department of the agent", routing=AUTO, after="LC-TRANSFER-020"),
    _t("a visitor transfers to no department", "transferRoom", "LC-TRANSFER-019", REFUSED, phases=(SERVED,),
       target="unknown department", routing=AUTO, after="LC-TRANSFER-020"),
    _t("a visitor transfers a closed room", "transferRoom", "LC-TRANSFER-013", REFUSED, phases=(CLOSED,),
       target="department"),
    _t("a stranger transfers a room", "transferRoom", "LC-ISOLATION-004", "invalid-room", phases=OPEN,
       caller="stranger", target="department", after="LC-ISOLATION-005"),
    _t("nobody transfers a room", "transferRoom", "LC-TRANSFER-015", "invalid-token", phases=OPEN, caller="unknown",
       target="department"),
    _t("a visitor transfers no room", "transferRoom", "LC-TRANSFER-014", "invalid-room", target="department",
       no_room=True),
    _t("a manager forwards to an agent", "forwardRoom", phases=(SERVED,), caller="staff", target="agent",
       after="LC-TRANSFER-029"),
    _t("a manager forwards to the same agent", "forwardRoom", "LC-TRANSFER-037",
       "error-selected-agent-room-agent-are-same", phases=(SERVED,), caller="staff", target="same agent",
       after="LC-TRANSFER-043"),
    _t("a manager forwards to a department", "forwardRoom", phases=(SERVED,), caller="staff", target="department",
       routing=AUTO, after="LC-TRANSFER-032"),
    _t("a manager forwards to the queue of a department", "forwardRoom", phases=(SERVED,), caller="staff",
       target="department", routing=MANUAL, after="LC-TRANSFER-033"),
    _t("a manager forwards to the same department", "forwardRoom", "LC-TRANSFER-041",
       "error-forwarding-chat-same-department", phases=(SERVED,), caller="staff", target="same department",
       after="LC-TRANSFER-043"),
    _t("a manager forwards to nobody", "forwardRoom", phases=(SERVED,), caller="staff", after="LC-TRANSFER-042"),
    _t("a manager forwards a closed room", "forwardRoom", "LC-TRANSFER-040", "room-closed", phases=(CLOSED,),
       caller="staff", target="agent"),
    _t("a manager forwards no room", "forwardRoom", "LC-TRANSFER-038", "error-invalid-room", caller="staff",
       target="agent", no_room=True),
    # the end
    _t("a visitor closes his room", "closeRoom", phases=OPEN, after="LC-ROOM-042"),
    _t("a visitor closes his room twice", "closeRoom", "LC-ROOM-039", "room-closed", phases=(CLOSED,),
       after="LC-LIFE-017"),
    _t("a stranger closes a room", "closeRoom", "LC-ISOLATION-002", "invalid-room", phases=OPEN, caller="stranger",
       after="LC-ISOLATION-003"),
    _t("nobody closes a room", "closeRoom", "LC-ROOM-041", "invalid-token", phases=OPEN, caller="unknown"),
    _t("a visitor closes no room", "closeRoom", "LC-ROOM-040", "invalid-room", no_room=True),
    _t("a visitor rates an open room", "surveyRoom", phases=OPEN, after="LC-SURVEY-007"),
    _t("a visitor rates a closed room", "surveyRoom", "LC-SURVEY-016", phases=(CLOSED,), after="LC-SURVEY-007"),
    _t("a stranger rates a room", "surveyRoom", "LC-ISOLATION-006", "invalid-room", phases=ANY, caller="stranger",
       after="LC-ISOLATION-007"),
    _t("nobody rates a room", "surveyRoom", "LC-SURVEY-017", "invalid-token", phases=ANY, caller="unknown"),
    _t("a visitor rates no room", "surveyRoom", "LC-SURVEY-018", "invalid-room", no_room=True),
    _t("a visitor asks for the transcript", "requestTranscript", phases=OPEN),
    _t("a visitor asks for the transcript of a closed room", "requestTranscript", "LC-TRANSCRIPT-006",
       phases=(CLOSED,)),
    _t("a stranger asks for the transcript", "requestTranscript", "LC-ISOLATION-020", "error-invalid-room", phases=ANY,
       caller="stranger"),
    _t("nobody asks for the transcript", "requestTranscript", "LC-TRANSCRIPT-008", "error-invalid-room", phases=ANY,
       caller="unknown"),
    _t("a visitor asks for the transcript of no room", "requestTranscript", "LC-TRANSCRIPT-009", "error-invalid-room",
       no_room=True),
)
# fmt: on
"""Every transition of the model."""

BY_NAME: Final = {each.name: each for each in TRANSITIONS}
MORE_CLAUSES: Final = (
    "LC-ROOM-019",
    "LC-ROOM-021",
    "LC-TRANSFER-030",
    "LC-TRANSFER-031",
    "LC-MESSAGE-037",
    "LC-ROOM-005",
    "LC-ROOM-014",
    "LC-ROOM-017",
    "LC-ROOM-006",
    "LC-ROOM-037",
    "LC-ROOM-038",
    "LC-ROOM-048",
    "LC-MESSAGE-005",
    "LC-MESSAGE-006",
    "LC-MESSAGE-007",
    "LC-MESSAGE-026",
    "LC-MESSAGE-031",
    "LC-MESSAGE-032",
    "LC-MESSAGE-051",
    "LC-MESSAGE-053",
    "LC-MESSAGE-067",
    "LC-MESSAGE-068",
    "LC-SURVEY-005",
    "LC-SURVEY-006",
    "LC-TRANSCRIPT-005",
    "LC-TRANSFER-005",
    "LC-TRANSFER-006",
    "LC-LIFE-001",
    "LC-LIFE-002",
    "LC-LIFE-003",
    "LC-LIFE-012",
    "LC-LIFE-030",
    "LC-CONFIG-017",
    "LC-CONFIG-018",
    "LC-INQUIRY-045",
    "LC-ISOLATION-023",
)
"""Further clauses that reading back or looking into an answer judges, whatever the transition was."""
BY_HAND_CLAUSES: Final = ("LC-ROOM-029",)
"""Those of them that speak of manual selection only."""


def under(routing: str) -> tuple[Transition, ...]:
    """The transitions that there are under one routing method."""
    return tuple(each for each in TRANSITIONS if each.routing in (None, routing))


def absent(contract: Contract) -> frozenset[str]:
    """The names of the transitions whose clause does not hold for the target's version, or is not in the contract."""

    def holds(clause: str) -> bool:
        found = contract.requirements.get(clause)
        return found is not None and contract.applies(found)

    return frozenset(each.name for each in TRANSITIONS if each.clause and not holds(each.clause))
