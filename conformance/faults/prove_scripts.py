"""Running the reproductions of a fault: curl lines by bash, the Python script by Python, against fresh servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conformance.contract.exchange import Exchange, Response
from conformance.faults.model import Fault
from conformance.faults.prove_again import NAME, Played, filled, play, response_of
from conformance.faults.prove_compare import Likeness, first_difference, likeness
from conformance.faults.prove_shorten import Shortener, measured
from conformance.faults.servers import faulty_server
from conformance.report.pick import pick
from conformance.report.reproduce import Reproduction, reproduce
from conformance.report.script import RUN, Plan, plan, variable_of

_SECONDS: Final = 60.0
_TIMES: Final = 25
"""How often scripts are run whose requests have to meet, until they do."""
_TIMES_OF_LUCK: Final = 3
"""How often scripts are run that show a fault by luck, as with a list that is sorted by ids."""
_SURE: Final = 6
"""How often a sequence is played in memory that may show a fault by luck."""
_CONTROLS: Final = 3
_UNANSWERED: Final = re.compile(r"curl: \((?:18|28|52|56)\)|httpx\.(?:ReadTimeout|ReadError|RemoteProtocolError)")
_PLAYS: Final = 40
_START: Final = re.compile(r"^HTTP/[0-9.]+ [0-9]{3}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Witness:
    """What showed a fault, as a test recorded it.

    Attributes:
        pointer: Where in the last answer the wrong value stood.
        steps: The exchanges that are known to show it, and all that they need; the last one decides.
        whole: The same with all that the test sent before.
        after: All that the test sent until some requests after the deciding one, and what that needs: some tests judge
            a request by what is read afterwards.
    """

    pointer: str | None
    steps: tuple[Exchange, ...]
    whole: tuple[Exchange, ...]
    after: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What became of the reproductions of one fault.

    Attributes:
        fault, requirement, check, operation: What it is about.
        curl: How like the recorded answer the last answer of the curl lines is.
        python: The same for the Python script.
        requests: How many requests show it.
        preparing: How many come before them that only set the stage.
        recorded: How many requests the trail had before it was made small.
        times: How often the scripts had to be run.
        why: What went wrong, empty where both show the fault.
        script: The curl script, where something went wrong.
        sent: What the requests that show it are, by operation.
    """

    fault: str
    requirement: str = ""
    check: str = ""
    operation: str = ""
    curl: Likeness = Likeness.NONE
    python: Likeness = Likeness.NONE
    requests: int = 0
    preparing: int = 0
    recorded: int = 0
    times: int = 1
    why: str = ""
    script: str = ""
    sent: tuple[str, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether both scripts show the fault."""
        return Likeness.NONE not in (self.curl, self.python)


def reproduced(fault: Fault, witness: Witness, secrets: Mapping[str, str], requirement: str, check: str) -> Reproduced:
    """Make the reproduction of a fault small, write its scripts, run them against fresh servers, and compare.

    Args:
        fault: The fault.
        witness: What showed it.
        secrets: What the scripts may ask for, by the names of placeholders.
        requirement: The clause under which it was found.
        check: The check that found it.
    """
    deciding = witness.steps[-1]
    operation = deciding.operation or ""
    if deciding.response is None:
        return _unanswered(Reproduced(fault.id, requirement, check, operation), fault, witness, secrets)
    pointer, answer = witness.pointer, deciding.response
    recorded, steps, like, luck, patient = 0, list(witness.steps), Likeness.NONE, False, False
    for candidate, patient in _candidates(fault, witness, secrets):
        recorded = len(candidate)
        if candidate[-1] is not deciding:
            pointer, answer = None, candidate[-1].response or answer
        steps, like = Shortener(fault, answer, pointer, secrets, patient).shorten(candidate)
        if like is not Likeness.NONE:
            sure = Shortener(fault, answer, pointer, secrets, patient, plays=_SURE)
            waits = any(each.pause_s for each in plan(steps).steps)
            luck = not waits and sure.judge(steps) is Likeness.NONE
            steps = sure.shorten(candidate)[0] if luck else steps
            break
    made = plan(steps)
    requests, preparing = measured(made)
    text = reproduce(steps, "http://127.0.0.1:3000", seed=1, item="", requirement=requirement)
    control = play(made, fault, secrets, faulty=False, patient=patient)
    times, likes, outputs = 1, [Likeness.NONE, Likeness.NONE], ["", ""]
    for kind in (0, 1):
        for attempt in range(1, _attempts(made, luck) + 1):
            outputs[kind] = _run(text, kind, fault, made, secrets)
            likes[kind] = _compare(outputs[kind], answer, pointer, made, control, patient)
            times = max(times, attempt)
            if likes[kind] is not Likeness.NONE:
                break
    why = ""
    if Likeness.NONE in likes:
        which = likes.index(Likeness.NONE)
        why = f"in memory: {like.value}; the {('curl', 'Python')[which]} script ended with {outputs[which][-300:]!r}"
    return Reproduced(
        fault.id,
        requirement,
        check,
        operation,
        likes[0],
        likes[1],
        requests,
        preparing,
        recorded,
        times,
        why,
        text.curl if why else "",
        tuple(each.exchange.operation or each.request.method for each in made.steps if not each.preparing),
    )


def _candidates(
    fault: Fault, witness: Witness, secrets: Mapping[str, str]
) -> Iterator[tuple[tuple[Exchange, ...], bool]]:
    """Sequences that may show the fault, and whether each is to be played slowly, so that times tell something."""
    yield witness.steps, False
    yield witness.whole, False
    yield witness.steps, True
    read = _read_afterwards(fault, witness, secrets)
    if read:
        yield read, False
        yield read, True


def _attempts(made: Plan, luck: bool) -> int:
    if any(each.together for each in made.steps):
        return _TIMES
    return _TIMES_OF_LUCK if luck else 1


def _unanswered(found: Reproduced, fault: Fault, witness: Witness, secrets: Mapping[str, str]) -> Reproduced:
    """Run the scripts of a request without an answer: both end without one, and a correct server answers."""
    made = plan(witness.steps)
    control = play(made, fault, secrets, faulty=False)
    if control is None or len(control.answers) != len(made.steps):
        return replace(found, why="a server without the fault does not answer either")
    text = reproduce(witness.steps, "http://127.0.0.1:3000", seed=1, item="", requirement=found.requirement)
    said = [_run(text, kind, fault, made, secrets) for kind in (0, 1)]
    likes = [
        Likeness.SAME if len(answers_in(each)) == len(made.steps) - 1 and _UNANSWERED.search(each) else Likeness.NONE
        for each in said
    ]
    requests, preparing = measured(made)
    sent = tuple(each.exchange.operation or each.request.method for each in made.steps if not each.preparing)
    missed = likes.index(Likeness.NONE) if Likeness.NONE in likes else None
    return replace(
        found,
        curl=likes[0],
        python=likes[1],
        requests=requests,
        preparing=preparing,
        recorded=len(witness.steps),
        sent=sent,
        why="" if missed is None else f"the {('curl', 'Python')[missed]} script ended with {said[missed][-300:]!r}",
        script="" if missed is None else text.curl,
    )


def _read_afterwards(fault: Fault, witness: Witness, secrets: Mapping[str, str]) -> tuple[Exchange, ...]:
    """All that was sent up to the first answer in which the fault shows; empty where it shows in none."""
    everything = witness.after or witness.whole
    made = plan(everything)
    decided = next((place for place, each in enumerate(everything) if each.id == witness.steps[-1].id), 0)
    for start in dict.fromkeys((decided, 0)):
        for _ in range(_PLAYS if any(each.together for each in made.steps) else 1):
            shown = play(made, fault, secrets, part=True, patient=True)
            controls = [play(made, fault, secrets, faulty=False, part=True, patient=True) for _ in range(_CONTROLS)]
            good = [each for each in controls if each is not None]
            if shown is None or not good:
                return ()
            number = first_difference(made, shown, good, start)
            if number is not None:
                return everything[: number + 1]
    return ()


def _run(text: Reproduction, kind: int, fault: Fault, made: Plan, secrets: Mapping[str, str]) -> str:
    """Run one script against a fresh server with the fault, and give what it prints."""
    command = ["bash", "-c", text.curl] if kind == 0 else [sys.executable, "-c", text.python]
    with faulty_server(fault) as url:
        environment = {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]),  # noqa: PTH120
            "LC_ALL": "C.UTF-8",
            "URL": str(url),
            RUN: NAME,
            **{variable_of(name): value for name, value in secrets.items()},
            **{variable_of(name): "Lc1!again-and-again" for name in made.made},
        }
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return "nothing in time"
    said = done.stdout.decode("utf-8", "replace")
    return said if done.returncode == 0 else f"{said}\nended with {done.returncode}: {done.stderr.decode()[-300:]}"


def _compare(
    said: str, recorded: Response, pointer: str | None, made: Plan, control: Played | None, patient: bool
) -> Likeness:
    """Compare the last answer that a script printed with the recorded one."""
    answers = answers_in(said)
    if len(answers) != len(made.steps) or "\nended with " in said[-400:]:
        return Likeness.NONE
    shown = Played(tuple(answers), _values(answers, made), patient)
    return likeness(recorded, pointer, made, shown, control)


def _values(answers: Sequence[Response], made: Plan) -> dict[str, str]:
    """Which value each variable of a script had, from the answers that it printed."""
    values: dict[str, str] = {RUN: NAME}
    for step, answer in zip(made.steps, answers, strict=True):
        for binding in step.bindings:
            try:
                values[binding.variable] = str(pick(answer.body.json, filled(binding.path, values)))
            except (LookupError, TypeError, ValueError, StopIteration):
                continue
    return values


def answers_in(said: str) -> list[Response]:
    """The answers in what a script printed."""
    starts = [found.start() for found in _START.finditer(said)]
    made: list[Response] = []
    for start, end in zip(starts, [*starts[1:], len(said)], strict=True):
        head, _, body = said[start:end].replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.split("\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        made.append(response_of(int(first.split()[1]), headers, body.strip("\n").encode()))
    return made
