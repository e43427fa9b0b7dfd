"""Conversations: random ones, drawn by hypothesis from the model alone, and a tour that meets every transition.

Nothing is sent while a conversation is drawn, so a seed gives the same conversations whatever a server answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from conformance.suite.property.model import State, Step
from conformance.suite.property.transitions import ACCEPTED, BY_NAME, Transition, under

_TALK: Final = frozenset({"sendMessage", "editMessage", "deleteMessage", "getHistory"})
_BEGIN: Final = frozenset({"registerVisitor", "openRoom", "getConfig"})
_TEXTS: Final = st.one_of(
    st.sampled_from(
        [
            "Where is my order?",
            "Grüße aus Köln",
            "שלום",
            "👩‍👩‍👧‍👦",
            '<b>bold</b> & "quoted"',
            "two\nlines",
            "  blanks  ",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=40),
)


class _Machine(RuleBasedStateMachine):
    """Draws one conversation; a subclass for each draw says under which routing method, and where it goes."""

    routing = ""
    without: frozenset[str] = frozenset()
    drawn: list[list[Step]]

    def __init__(self) -> None:
        super().__init__()
        self.state = State(self.routing, without=self.without)
        self.steps: list[Step] = []

    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """A visitor opens a room, or comes back to one."""
        self._draw(data, [each for each in under(self.routing) if each.operation in _BEGIN])

    @rule(data=st.data(), text=_TEXTS)
    @precondition(lambda self: self.state.rooms)
    def talk(self, data: st.DataObject, text: str) -> None:
        """A visitor writes, edits, deletes or reads."""
        self._draw(data, [each for each in under(self.routing) if each.operation in _TALK], text)

    @rule(data=st.data())
    @precondition(lambda self: self.state.rooms)
    def move(self, data: st.DataObject) -> None:
        """The chat is taken, transferred, forwarded, rated or closed."""
        other = _TALK | _BEGIN
        self._draw(data, [e for e in under(self.routing) if e.operation not in other and e.outcome == ACCEPTED])

    @rule(data=st.data(), text=_TEXTS)
    @precondition(lambda self: self.state.rooms)
    def err(self, data: st.DataObject, text: str) -> None:
        """Somebody does what must be refused."""
        self._draw(data, [each for each in under(self.routing) if each.outcome != ACCEPTED], text)

    def _draw(self, data: st.DataObject, among: list[Transition], text: str = "hello") -> None:
        possible = [(each, steps) for each in among if (steps := list(self.state.steps(each)))]
        if not possible:
            return
        transition, steps = data.draw(st.sampled_from(possible))
        step = replace(data.draw(st.sampled_from(steps)), number=len(self.steps) + 1, text=text)
        self.state.apply(transition, step)
        self.steps.append(step)

    def teardown(self) -> None:
        """Hand the conversation over."""
        if self.steps:
            self.drawn.append(self.steps)


def conversations(
    routing: str, seed: int, number: int, most_steps: int, without: frozenset[str] = frozenset()
) -> list[list[Step]]:
    """Random conversations of at most so many steps; the same arguments give the same ones."""
    if number <= 0:
        return []
    drawn: list[list[Step]] = []
    machine = type("Conversation", (_Machine,), {"routing": routing, "without": without, "drawn": drawn})
    run_state_machine_as_test(
        seeded(seed)(machine),
        settings=settings(
            max_examples=number,
            stateful_step_count=most_steps,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return drawn[:number]


def tour(routing: str, without: frozenset[str] = frozenset()) -> list[Step]:
    """A conversation that meets every transition of a routing method, each as soon as it is possible."""
    state = State(routing, without=without)
    wanted = {each.name for each in under(routing)} - without
    steps: list[Step] = []

    def go(transition: Transition, step: Step) -> None:
        taken = replace(step, number=len(steps) + 1, text=f"message {len(steps) + 1}")
        state.apply(transition, taken)
        steps.append(taken)

    met: set[str] = set()
    turn = 0
    while len(steps) < _LONGEST_TOUR and not wanted <= met:
        possible = {each.name: (each, found) for each, found in state.available()}
        # What changes little comes first: a room that was closed early would leave much unmet.
        fresh = sorted((name for name in possible if name not in met), key=lambda name: (_weight(BY_NAME[name]), name))
        name = fresh[0] if fresh else _ON_THE_WAY[turn % len(_ON_THE_WAY)]
        turn += not fresh
        if name in possible:
            met.add(name)
            transition, found = possible[name]
            # Visitors come in turn; of rooms and messages the newest are taken.
            last = turn // len(_ON_THE_WAY) if transition.operation == "openRoom" else -1
            go(transition, found[0] if fresh else found[last % len(found)])
    return steps


_LONGEST_TOUR: Final = 160
_ON_THE_WAY: Final = (
    "a visitor registers again",
    "a visitor opens a room",
    "a visitor sends a message",
    "a chat is taken",
    "a manager forwards to an agent",
    "a visitor closes his room",
)
"""What is done in turn, with what is newest, while a transition is still unmet: it makes states that others need."""


def _weight(transition: Transition) -> int:
    if transition.outcome != ACCEPTED:
        return 0
    order = {"deleteMessage": 3, "takeInquiry": 2, "forwardRoom": 4, "transferRoom": 5, "closeRoom": 6}
    return order.get(transition.operation, 1)
